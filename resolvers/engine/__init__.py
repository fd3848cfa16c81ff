"""The command engine. It is independent of areas and entities."""
