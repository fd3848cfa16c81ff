"""Executes commands: it knows no area and names no entity."""
