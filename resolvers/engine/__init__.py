"""The machinery of deeds: it knows no area."""
