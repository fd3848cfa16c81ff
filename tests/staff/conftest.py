"""A tenant of its own for each module about employees, users and their rights."""

from tests.sales.conftest import own

__all__ = ["own"]
