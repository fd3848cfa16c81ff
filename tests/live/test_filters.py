"""Filters of live lists: a filter on a field that the caller may not read is refused, so that frames reveal nothing about it."""

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
from tests.live.property.seen import ENTITY
from tests.live.property.served_tenant import ServedTenant, open_tenant
from tests.live.property.watch import read
from tests.proof.rights import (
    PERSONA_PER_PROFILE,
    PERSONAS,
    Level,
    attribute_level,
    is_closed,
    level,
)
from tests.support.covers import covers
from tests.support.world import World


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "live-filters") as served:
        yield served


def _conditions(persona: str) -> list[tuple[bool, list[str]]]:
    """For each comparison, whether the persona may use it, and two filters that differ in their value only."""
    conditions = []
    for name in filterable(ENTITY):
        may = level(persona, ENTITY, name) in (Level.OPEN, Level.RULED)
        for operator, kind in comparisons(ENTITY, name):
            samples = SAMPLES[kind]
            listed = [f"{name}: {{ {operator}: {operand(operator, samples, n)} }}" for n in range(2)]  # fmt: skip
            conditions.append((may, listed))
    for key, part, operator, kind in attribute_comparisons(ENTITY):
        may = attribute_level(persona, ENTITY, key) is Level.OPEN
        listed = [
            f'attribute: {{ key: "{key}", {part}: {{ {operator}: {operand(operator, SAMPLES[kind], n)} }} }}'
            for n in range(2)
        ]
        conditions.append((may, listed))
    conditions.append((True, ['search: "desk"', 'search: "an xx"']))
    conditions.append((True, ['account: { search: "desk" }', 'account: { search: "555" }']))
    return conditions + _on_related_fields(persona)


def _on_related_fields(persona: str) -> list[tuple[bool, list[str]]]:
    conditions = []
    for edge in edges(ENTITY):
        for name in filterable(edge.target):
            levels = (level(persona, ENTITY, edge.name), level(persona, edge.target, name))
            may = not is_closed(persona, edge.target) and set(levels) <= {Level.OPEN, Level.RULED}
            operator, kind = next(comparisons(edge.target, name))
            listed = [
                edge.condition(f"{name}: {{ {operator}: {operand(operator, SAMPLES[kind], n)} }}")
                for n in range(2)
            ]
            conditions.append((may, listed))
    return conditions


async def _try(socket: Socket, condition: str) -> Operation:
    document = Document("filtered", "id", condition)
    operation = await socket.subscribe(document.subscription, {"after": None})
    await socket.wait_first(operation)
    if operation.frames:
        event = read(document, operation.frames[0])
        assert event.kind == "SNAPSHOT"
        await socket.complete(operation)
    return operation


@covers("D-31", "D-51")
@pytest.mark.parametrize("persona", [each for each in PERSONAS if each in PERSONA_PER_PROFILE])
async def test_filter_on_a_hidden_field_is_refused(tenant: ServedTenant, persona: str) -> None:
    """The error is the same for every value and every position in the filter."""
    socket = await tenant.connect(persona)
    tried: Counter[bool] = Counter()
    for number, (may, listed) in enumerate(_conditions(persona)):
        if number % 30 == 29:  # the rate of messages per socket is limited
            await socket.close()
            socket = await tenant.connect(persona)
        operations = [await _try(socket, condition) for condition in listed[: 1 + (not may)]]
        if not may:
            operations.append(await _try(socket, f'or: [{{ name: {{ eq: "a" }} }}, {{ not: {{ {listed[0]} }} }}]'))  # fmt: skip
        codes = {each.code for each in operations}
        assert codes == {None if may else "FIELD_FORBIDDEN"}, f"{persona}: {listed}: {codes}"
        errors = {json.dumps(each.errors) for each in operations}
        assert len(errors) == 1, f"{persona}: {listed} is refused with {errors}"
        tried[may] += 1
    assert tried[True], tried
    assert persona in ("admin", "rep1") or tried[False] > 10, tried
    await socket.close()
