"""A separate tenant for each module of tests of employees, users and their rights."""

from tests.sales.conftest import tenant

__all__ = ["tenant"]
