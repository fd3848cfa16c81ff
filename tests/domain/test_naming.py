"""How names are spelled, as tables of cases."""

import pytest

from domain.naming import camel


@pytest.mark.parametrize(
    ("kept", "spoken"), [("name", "name"), ("expected_close_on", "expectedCloseOn"), ("a_b", "aB")]
)
def test_camel(kept: str, spoken: str) -> None:
    assert camel(kept) == spoken
