"""The GraphQL contract. No SQL, no permissions, no decisions."""
