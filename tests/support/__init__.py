"""What tests share: the house with its demonstration, asked as a client asks it."""
