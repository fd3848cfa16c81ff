"""Conversion of names."""

import pytest

from domain.naming import camel


@pytest.mark.parametrize(
    ("snake", "name"), [("name", "name"), ("expected_close_on", "expectedCloseOn"), ("a_b", "aB")]
)
def test_camel(snake: str, name: str) -> None:
    assert camel(snake) == name
