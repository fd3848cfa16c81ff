"""Business rules and value types: pure functions and immutable values, without I/O or clock."""
