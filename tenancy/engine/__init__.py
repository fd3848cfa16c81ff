"""The machinery of tenancy: it knows no area."""
