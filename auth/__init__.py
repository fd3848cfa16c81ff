"""Authentication and authorization: sign-in, sessions, and one policy per area. Executes nothing."""
