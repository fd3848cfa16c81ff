"""Derived fields, computed in Python: errors, number of calls, and no caching across requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from db.api import MODEL
from db.engine.fields import Computed
from tests.support.covers import covers
from tests.support.world import World

QUERY = """
{
  employees(first: 100) { totalCount nodes { id name initials again: initials } }
  accounts(first: 3) { nodes { name owner { name initials } } }
}
"""

Work = Callable[..., Any]


@pytest.fixture
def initials() -> Iterator[Computed]:
    """The declaration of `initials`, whose function is restored after the test."""
    computed = MODEL.entities["Employee"].derived["initials"]
    kept = computed.function
    yield computed
    change(computed, kept)


def change(computed: Computed, function: Work) -> None:
    """Replace the function of a frozen declaration."""
    object.__setattr__(computed, "function", function)


def names(data: Any) -> list[str]:
    """Every name in the response that has initials."""
    owners = [node["owner"]["name"] for node in data["accounts"]["nodes"]]
    return [node["name"] for node in data["employees"]["nodes"]] + owners


@covers("D-43", "D-57")
async def test_failure_is_an_error_at_its_path_and_other_fields_are_returned(
    world: World, initials: Computed
) -> None:
    query = (
        "{ employees(first: 100) { totalCount nodes { id name initials } } stages { totalCount } }"
    )
    whole = (await world.ask("rep1", query)).data
    people = whole["employees"]["nodes"]
    counted = Counter(node["name"] for node in people)
    place = next(i for i, node in enumerate(people) if i > 2 and counted[node["name"]] == 1)
    work: Work = initials.function

    def broken(name: str) -> Any:
        if name == people[place]["name"]:
            raise ZeroDivisionError("an internal secret")
        return work(name)

    change(initials, broken)
    answer = await world.ask("rep1", query)
    people[place]["initials"] = None
    assert answer.status == 200
    assert answer.json["data"] == whole
    (error,) = answer.json["errors"]
    assert error["path"] == ["employees", "nodes", place, "initials"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert b"secret" not in answer.body
    assert b"ZeroDivision" not in answer.body


@covers("D-43")
async def test_every_failure_is_an_error_at_its_path(world: World, initials: Computed) -> None:
    def broken(name: str) -> Any:
        raise ValueError(name)

    change(initials, broken)
    answer = await world.ask("rep1", QUERY)
    paths = [tuple(error["path"]) for error in answer.json["errors"]]
    data = answer.json["data"]
    wanted: set[tuple[str | int, ...]] = {
        ("employees", "nodes", index, key)
        for index in range(len(data["employees"]["nodes"]))
        for key in ("initials", "again")
    }
    wanted |= {("accounts", "nodes", index, "owner", "initials") for index in range(3)}
    assert set(paths) == wanted
    assert len(paths) == len(wanted)
    assert set(answer.codes) == {"INTERNAL"}
    assert all(names(data))


@covers("D-57")
async def test_equal_inputs_are_computed_once_per_request_and_not_cached(
    world: World, initials: Computed
) -> None:
    work, seen = initials.function, Counter[str]()

    def counting(name: str) -> Any:
        seen[name] += 1
        return work(name)

    change(initials, counting)
    before = await world.ask("rep1", QUERY)
    assert set(seen) == set(names(before.data))
    assert set(seen.values()) == {1}, "once for each name, however often it is shown"
    assert len(names(before.data)) > len(seen), "some are shown more than once"
    change(initials, lambda name: f"<{counting(name)}>")
    after = await world.ask("rep1", QUERY)
    assert set(seen.values()) == {2}, "nothing of the first request is left in the second"
    for old, new in zip(
        before.data["employees"]["nodes"], after.data["employees"]["nodes"], strict=True
    ):
        assert new["initials"] == new["again"] == f"<{old['initials']}>"
