"""Who is it, and what may they: sign-in, sessions, and one policy per area. Executes nothing."""
