"""The engine of rights, independent of the areas."""
