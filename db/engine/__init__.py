"""The machinery of the store; it knows no area."""
