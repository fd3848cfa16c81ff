"""A separate tenant for each module of tests of employees, users and their rights."""

from tests.sales.conftest import own

__all__ = ["own"]
