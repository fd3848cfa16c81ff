"""A house of its own for each module, as deeds have it."""

from tests.deeds.conftest import desk, own

__all__ = ["desk", "own"]
