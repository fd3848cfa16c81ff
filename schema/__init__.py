"""What is spoken: the GraphQL contract. No SQL, no permissions, no decisions."""
