"""The machinery of rights: it knows no area."""
