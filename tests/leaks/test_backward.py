"""Cursors of pages read backward are as tightly bound as those of pages read forward, and show the same list."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks.probe import Probe
from tests.leaks.test_cursors import OTHER_LISTS, START, TENANTS
from tests.leaks.test_two_worlds import seen
from tests.leaks.truth import Truth
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World

WAYS = ("last: 3, before", "last: 3, after", "first: 3, before", "before")


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
@pytest.mark.parametrize("way", WAYS)
async def test_only_for_whom_it_was_made(world: World, way: str) -> None:
    """Case 6: every cursor with every persona of every tenant, whichever way it is read on from."""
    places = [(persona, tenant) for persona in PERSONAS for tenant in TENANTS]
    made = {place: (await cursors(world, place[0], START, place[1]))[2] for place in places}
    refusals = {
        place: seen(await ask(world, place[0], f'{START}, {way}: "nonsense"', place[1]))
        for place in places
    }
    for at, (owner, cursor) in enumerate(made.items()):
        own = await ask(world, owner[0], f'{START}, {way}: "{cursor}"', owner[1])
        assert own.codes == []
        for place in places[at % 3 :: 3]:
            if place != owner:
                other = await ask(world, place[0], f'{START}, {way}: "{cursor}"', place[1])
                assert other.codes == ["BAD_CURSOR"]
                assert seen(other) == refusals[place], (owner, place)


@covers("D-38")
@pytest.mark.parametrize("other", OTHER_LISTS)
async def test_only_for_its_list(world: World, other: str) -> None:
    """Another order or filter is another list, whichever way it is read on from."""
    cursor = (await cursors(world, "rep1", START))[2]
    for way in WAYS:
        answer = await ask(world, "rep1", f'{other}, {way}: "{cursor}"')
        assert answer.codes == ["BAD_CURSOR"]
        assert seen(answer) == seen(await ask(world, "rep1", f'{START}, {way}: "nonsense"'))


@covers("D-38")
async def test_both_cursors_must_be_of_the_list(world: World) -> None:
    """One that is good lends nothing to the other."""
    good = await cursors(world, "rep1", START)
    bad = (await cursors(world, "rep1", "orderBy: [{ name: ASC }]"))[0]
    both = f'{START}, after: "%s", before: "%s"'
    assert (await ask(world, "rep1", both % (good[0], good[5]))).codes == []
    for pair in ((good[0], bad), (bad, good[5]), (bad, bad), ("", good[5]), (good[0], "x")):
        assert (await ask(world, "rep1", both % pair)).codes == ["BAD_CURSOR"], pair


@covers("D-38")
async def test_only_for_its_place(world: World) -> None:
    """Another root, or a nested list, is another list."""
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
async def test_over_a_hidden_field(world: World) -> None:
    """An administrator's, sorted by what is computed of the margin, opens nothing without the margin."""
    for order in ("margin", "netMargin"):
        cursor = (await cursors(world, "admin", f"orderBy: [{{ {order}: ASC }}]"))[2]
        arguments = f"last: 3, orderBy: [{{ {order}: ASC }}], before"
        forged = await ask(world, "limited", f'{arguments}: "{cursor}"')
        garbage = await ask(world, "limited", f'{arguments}: "nonsense"')
        assert seen(forged) == seen(garbage)
        assert forged.codes[0] in {"BAD_CURSOR", "FIELD_FORBIDDEN"}


@covers("D-38")
async def test_lengths_tell_nothing_of_masked_values(world: World) -> None:
    """What is computed of a ruled value is as empty in a cursor as an empty one."""
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


async def walked(world: World, persona: str, order: str, *, back: bool) -> list[str] | None:
    """All ids of a list, read page by page; None where the order is closed."""
    found: list[str] = []
    way, cursor = "last: 37" if back else "first: 37", ""
    while True:
        answer = await ask(world, persona, f"{order}{way}{cursor}")
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
async def test_backward_shows_what_forward_shows(
    world: World, truth: Truth, cells: Counter[str], persona: str, order: str
) -> None:
    """The same records in the same order, and none that is out of sight."""
    forward = await walked(world, persona, order, back=False)
    assert forward == await walked(world, persona, order, back=True)
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
async def test_counting_at_most(world: World, truth: Truth, persona: str) -> None:
    """A count that stops early counts nothing that is out of sight."""
    everything = len(truth.visible(persona, "Opportunity"))
    for most in (1, everything - 1, everything, everything + 1, 100_000):
        if most > 0:
            query = f"{{ opportunities {{ totalCount(atMost: {most}) }} }}"
            read = (await world.ask(persona, query)).data["opportunities"]
            assert read["totalCount"] == min(most, everything)
