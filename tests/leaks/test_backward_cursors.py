"""Backward paging: cursors are bound to user and list as in forward paging, and both directions give the same list."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks.probe import Probe
from tests.leaks.test_cursors import OTHER_LISTS, START, TENANTS
from tests.leaks.test_noninterference import observed
from tests.leaks.truth import Truth
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World

CURSOR_ARGUMENTS = ("last: 3, before", "last: 3, after", "first: 3, before", "before")


async def ask(world: World, persona: str, arguments: str, tenant: str = "acme") -> Answer:
    """A list of opportunities with these arguments."""
    inner = "totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    query = f"{{ opportunities({arguments}) {{ {inner} }} }}"
    return await world.ask(persona, query, tenant=tenant)


async def cursors(world: World, persona: str, arguments: str, tenant: str = "acme") -> list[str]:
    """The cursors of a page in the middle of a list."""
    answer = await ask(world, persona, f"last: 6, {arguments}", tenant)
    return [edge["cursor"] for edge in answer.data["opportunities"]["edges"]]


@covers("D-38")
@pytest.mark.parametrize("arguments", CURSOR_ARGUMENTS)
async def test_cursor_of_another_user_is_refused(world: World, arguments: str) -> None:
    """Each persona's cursor with the other personas of all tenants, in each paging argument."""
    places = [(persona, tenant) for persona in PERSONAS for tenant in TENANTS]
    made = {place: (await cursors(world, place[0], START, place[1]))[2] for place in places}
    refusals = {
        place: observed(await ask(world, place[0], f'{START}, {arguments}: "nonsense"', place[1]))
        for place in places
    }
    for at, (owner, cursor) in enumerate(made.items()):
        own = await ask(world, owner[0], f'{START}, {arguments}: "{cursor}"', owner[1])
        assert own.codes == []
        for place in places[at % 3 :: 3]:
            if place != owner:
                other = await ask(world, place[0], f'{START}, {arguments}: "{cursor}"', place[1])
                assert other.codes == ["BAD_CURSOR"]
                assert observed(other) == refusals[place], (owner, place)


@covers("D-38")
@pytest.mark.parametrize("other", OTHER_LISTS)
async def test_cursor_of_another_list_is_refused(world: World, other: str) -> None:
    """A cursor is valid for its order and filter only, in each paging argument."""
    cursor = (await cursors(world, "rep1", START))[2]
    for arguments in CURSOR_ARGUMENTS:
        answer = await ask(world, "rep1", f'{other}, {arguments}: "{cursor}"')
        assert answer.codes == ["BAD_CURSOR"]
        assert observed(answer) == observed(
            await ask(world, "rep1", f'{START}, {arguments}: "nonsense"')
        )


@covers("D-38")
async def test_each_of_two_cursors_must_be_valid(world: World) -> None:
    """With `after` and `before`, one invalid cursor refuses the request."""
    good = await cursors(world, "rep1", START)
    bad = (await cursors(world, "rep1", "orderBy: [{ name: ASC }]"))[0]
    both = f'{START}, after: "%s", before: "%s"'
    assert (await ask(world, "rep1", both % (good[0], good[5]))).codes == []
    for pair in ((good[0], bad), (bad, good[5]), (bad, bad), ("", good[5]), (good[0], "x")):
        assert (await ask(world, "rep1", both % pair)).codes == ["BAD_CURSOR"], pair


@covers("D-38")
async def test_cursor_of_another_root_or_nesting_is_refused(world: World) -> None:
    """A cursor is valid for its root field, and not interchangeable with that of a nested list."""
    cursor = (await cursors(world, "rep1", "orderBy: [{ name: ASC }]"))[2]
    for root in ("accounts", "employees", "stages"):
        query = f'{{ {root}(orderBy: [{{ name: ASC }}], before: "{cursor}") {{ totalCount }} }}'
        assert (await world.ask("rep1", query)).codes == ["BAD_CURSOR"]
    nested = "stages(first: 1) { nodes { opportunities(last: 2, orderBy: [{ name: ASC }]%s) { edges { cursor } } } }"
    refused = await world.ask("rep1", "{ " + nested % f', before: "{cursor}"' + " }")
    assert refused.codes == ["BAD_CURSOR"]
    inner = await world.ask("rep1", "{ " + nested % "" + " }")
    edge = inner.data["stages"]["nodes"][0]["opportunities"]["edges"][0]
    back = await ask(world, "rep1", f'orderBy: [{{ name: ASC }}], before: "{edge["cursor"]}"')
    assert back.codes == ["BAD_CURSOR"]


@covers("D-38")
async def test_cursor_sorted_by_hidden_field_is_refused(world: World) -> None:
    """An administrator's cursor sorted by margin or net margin, sent by a user who may not read the margin."""
    for order in ("margin", "netMargin"):
        cursor = (await cursors(world, "admin", f"orderBy: [{{ {order}: ASC }}]"))[2]
        arguments = f"last: 3, orderBy: [{{ {order}: ASC }}], before"
        forged = await ask(world, "limited", f'{arguments}: "{cursor}"')
        garbage = await ask(world, "limited", f'{arguments}: "nonsense"')
        assert observed(forged) == observed(garbage)
        assert forged.codes[0] in {"BAD_CURSOR", "FIELD_FORBIDDEN"}


@covers("D-38")
async def test_cursor_length_is_independent_of_masked_values(world: World) -> None:
    """A masked value, also a computed one, is encoded as null."""
    for field in ("commission", "netMargin"):
        arguments = (
            f"last: 100, filter: {{ status: {{ ne: WON }} }}, orderBy: [{{ {field}: DESC }}]"
        )
        answer = await ask(world, "rep1", arguments)
        edges = answer.data["opportunities"]["edges"]
        assert len({len(edge["cursor"]) for edge in edges}) == 1
        assert len(edges) > 20


ORDERS = (
    "",
    "orderBy: [{ commission: ASC }], ",
    "orderBy: [{ netMargin: DESC_NULLS_FIRST }, { name: ASC }], ",
    "orderBy: [{ weighted: DESC }], ",
    "orderBy: [{ account: { name: ASC } }], filter: { commission: { isNull: true } }, ",
)
REFUSED = {"FIELD_FORBIDDEN"}


async def all_ids(world: World, persona: str, order: str, *, back: bool) -> list[str] | None:
    """All IDs of a list, read page by page; None if the order is forbidden."""
    found: list[str] = []
    size, cursor = "last: 37" if back else "first: 37", ""
    while True:
        answer = await ask(world, persona, f"{order}{size}{cursor}")
        if answer.codes:
            assert set(answer.codes) == REFUSED, answer.body
            return None
        page = answer.data["opportunities"]
        ids = [edge["node"]["id"] for edge in page["edges"]]
        found = [*ids, *found] if back else [*found, *ids]
        info: dict[str, Any] = page["pageInfo"]
        if not info["hasPreviousPage" if back else "hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        end = info["startCursor" if back else "endCursor"]
        cursor = f', {"before" if back else "after"}: "{end}"'


@covers("D-32", "D-38")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_backward_paging_equals_forward_paging(
    world: World, truth: Truth, cells: Counter[str], persona: str, order: str
) -> None:
    """Both directions give the same records in the same order, all of them visible."""
    forward = await all_ids(world, persona, order, back=False)
    assert forward == await all_ids(world, persona, order, back=True)
    probe = Probe(world, persona, truth, frozenset(), cells)
    if forward is not None:
        visible = {f"opp_{id.hex}" for id in truth.visible(persona, "Opportunity")}
        assert set(forward) <= visible
        assert "filter" in order or len(forward) == len(visible)
    else:
        assert probe.persona in {"support", "limited"}
    cells["backward"] += len(forward or [0])


@covers("D-32", "D-43")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_limited_count_includes_only_visible_records(
    world: World, truth: Truth, persona: str
) -> None:
    """`totalCount(atMost:)` is the smaller of the limit and the number of visible records."""
    total = len(truth.visible(persona, "Opportunity"))
    for most in (1, total - 1, total, total + 1, 100_000):
        if most > 0:
            query = f"{{ opportunities {{ totalCount(atMost: {most}) }} }}"
            read = (await world.ask(persona, query)).data["opportunities"]
            assert read["totalCount"] == min(most, total)
