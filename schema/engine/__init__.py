"""The machinery of the contract: it knows no area."""
