"""Authentication and authorization: sign-in, sessions, and the row policies of the areas. It executes no GraphQL operations."""
