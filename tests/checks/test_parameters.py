"""The check of parametrized tests finds names that a test does not take."""

import ast

import pytest

from tests.checks.parameters import fixture_parameters, unused_parameters

TEST = """
@pytest.mark.parametrize("{names}", [])
async def test_one(size: int) -> None: ...

@pytest.fixture
def tenant(persona: str) -> None: ...
"""


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("size", []),
        ("size, count", ["3 test_one does not take `count`, which it is parametrized with"]),
        ("size, persona", []),
    ],
)
def test_parameters_that_neither_test_nor_fixture_takes_are_found(
    names: str, found: list[str]
) -> None:
    tree = ast.parse(TEST.format(names=names))
    assert list(unused_parameters(tree, set(fixture_parameters(tree)))) == found
