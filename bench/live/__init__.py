"""The live list, measured beside Strawberry's own loop: a thousand who watch the same."""
