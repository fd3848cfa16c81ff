"""What a live list may be filtered by: nobody finds out by waiting for frames what he may not read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.leaks.channels import (
    SAMPLES,
    attribute_comparisons,
    comparisons,
    edges,
    filterable,
    operand,
)
from tests.live.property.client import Operation, Socket
from tests.live.property.documents import Document
from tests.live.property.place import Place, place
from tests.live.property.seen import ENTITY
from tests.live.property.watch import read
from tests.proof.rights import ONE_EACH, PERSONAS, Level, attribute_level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[Place]:
    async with place(world, "live-filters") as made:
        yield made


def _conditions(persona: str) -> list[tuple[bool, list[str]]]:
    """Whether he may filter so, and filters that differ by their values only."""
    found = []
    for name in filterable(ENTITY):
        may = level(persona, ENTITY, name) in (Level.OPEN, Level.RULED)
        for operator, kind in comparisons(ENTITY, name):
            samples = SAMPLES[kind]
            listed = [f"{name}: {{ {operator}: {operand(operator, samples, n)} }}" for n in range(2)]  # fmt: skip
            found.append((may, listed))
    for key, part, operator, kind in attribute_comparisons(ENTITY):
        may = attribute_level(persona, ENTITY, key) is Level.OPEN
        listed = [
            f'attribute: {{ key: "{key}", {part}: {{ {operator}: {operand(operator, SAMPLES[kind], n)} }} }}'
            for n in range(2)
        ]
        found.append((may, listed))
    found.append((True, ['search: "scratch_world"', 'search: "an xx"']))
    found.append((True, ['account: { search: "scratch_world" }', 'account: { search: "555" }']))
    return found + _through_links(persona)


def _through_links(persona: str) -> list[tuple[bool, list[str]]]:
    found = []
    for edge in edges(ENTITY):
        for name in filterable(edge.target):
            wanted = (level(persona, ENTITY, edge.name), level(persona, edge.target, name))
            may = not is_closed(persona, edge.target) and set(wanted) <= {Level.OPEN, Level.RULED}
            operator, kind = next(comparisons(edge.target, name))
            listed = [
                edge.condition(f"{name}: {{ {operator}: {operand(operator, SAMPLES[kind], n)} }}")
                for n in range(2)
            ]
            found.append((may, listed))
    return found


async def _tried(socket: Socket, condition: str) -> Operation:
    document = Document("filtered", "id", condition)
    made = await socket.subscribe(document.subscription, {"after": None})
    await socket.first(made)
    if made.frames:
        event = read(document, made.frames[0])
        assert event.kind == "SNAPSHOT"
        await socket.complete(made)
    return made


@covers("D-31", "D-51")
@pytest.mark.parametrize("persona", [who for who in PERSONAS if who in ONE_EACH])
async def test_filter_on_a_hidden_field_is_refused(here: Place, persona: str) -> None:
    """Whatever it is compared with, and wherever in the filter it stands, with the same words (127)."""
    socket = await here.connect(persona)
    tried: Counter[bool] = Counter()
    for number, (may, listed) in enumerate(_conditions(persona)):
        if number % 30 == 29:  # of one socket, so many messages a second and no more are taken
            await socket.close()
            socket = await here.connect(persona)
        made = [await _tried(socket, condition) for condition in listed[: 1 + (not may)]]
        if not may:
            made.append(await _tried(socket, f'or: [{{ name: {{ eq: "a" }} }}, {{ not: {{ {listed[0]} }} }}]'))  # fmt: skip
        codes = {each.code for each in made}
        assert codes == {None if may else "FIELD_FORBIDDEN"}, f"{persona}: {listed}: {codes}"
        said = {json.dumps(each.errors) for each in made}
        assert len(said) == 1, f"{persona}: {listed} is refused with {said}"
        tried[may] += 1
    assert tried[True], tried
    assert persona in ("admin", "rep1") or tried[False] > 10, tried
    await socket.close()
