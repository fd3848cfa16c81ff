"""Compares the change log and history rows of a step with its effect."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from tests.writes.images import Images, plain
from tests.writes.kinds import KINDS, RIGHTS, Row
from tests.writes.rights import SetUp
from tests.writes.spelling import name_of, said, text_of
from tests.writes.state import State, Touch
from tests.writes.tenant import Tenant


async def log(tenant: Tenant, user: UUID, since: int, before: Images, after: Images) -> None:
    """One position for the step, with the images of every row that it changed, in a row."""
    entries = await tenant.fetch(
        "SELECT * FROM @.change_log WHERE position > $1 ORDER BY position, number", since
    )
    changed = {
        (entity, identity)
        for entity in KINDS
        for identity, row in after[entity].items()
        if before[entity].get(identity) != row
    }
    position, _ = await tenant.head()
    noted = {(each["entity"], each["record_id"]) for each in entries}
    assert changed <= noted, f"not in the log: {changed - noted}"
    assert position == since + (1 if entries else 0), f"{since} became {position}"
    assert {each["position"] for each in entries} <= {since + 1}
    numbers = [each["number"] for each in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    assert not numbers or numbers[0] in (0, 1), numbers
    assert {each["user_id"] for each in entries} <= {user}
    assert len({(each["request_id"], each["at"]) for each in entries}) <= 1
    assert all(each["access"] == (each["entity"] in RIGHTS) for each in entries)
    standing: dict[tuple[str, UUID], Row | None] = {}
    for each in entries:
        key = (each["entity"], each["record_id"])
        was = standing.get(key, before[key[0]].get(key[1]))
        image, then = plain(each["before"]), plain(each["after"])
        assert image == was, f"{key}: before is {image}, and it was {was}"
        assert then is not None
        differs = {name for name in then if image is None or image[name] != then[name]}
        counted = differs - {"version", "updated_at"}
        if each["kind"] == "UPDATED":
            assert counted == set(each["changed"]), (key, each["changed"], differs)
        assert set(each["changed"]) <= differs, (key, each["changed"], differs)
        assert (each["kind"] == "CREATED") == (image is None), key
        standing[key] = then
    for key, then in standing.items():
        assert then == after[key[0]][key[1]], f"{key}: the last image is not the row"


async def history(
    tenant: Tenant, setup: SetUp, user: UUID, known: set[UUID], state: State
) -> set[UUID]:
    """One row for each changed field, and one for each record that came or went; returns the new ones."""
    found = await tenant.fetch(
        "SELECT * FROM @.history WHERE NOT id = ANY($1::uuid[])", list(known)
    )
    assert {row["user_id"] for row in found} <= {user}
    often = Counter((touch.entity, touch.id) for touch in state.touches)
    for touch in state.touches:
        rows = [row for row in found if row["record_id"] == touch.id]
        assert rows, f"no history of {touch}"
        assert {row["entity"] for row in rows} == {touch.entity}
        if touch.id in state.loose or often[touch.entity, touch.id] > 1:
            continue
        got = {
            (row["kind"], row["field"], row["before"], row["after"], row["record_version"])
            for row in rows
            if not (touch.kind != "UPDATED" and row["field"] == "headOffice")
        }
        expected = _told(setup, state, touch)
        assert got == expected, f"history of {touch.entity}: {got} instead of {expected}"
    touched = {touch.id for touch in state.touches} | state.loose
    assert {row["record_id"] for row in found} <= touched, "history rows of an untouched record"
    return {row["id"] for row in found}


def _told(setup: SetUp, state: State, touch: Touch) -> set[tuple[Any, ...]]:
    if touch.kind != "UPDATED":
        return {(touch.kind, None, None, None, touch.version)}
    told = set()
    after = state.tables[touch.entity][touch.id]
    before = {**after, **{name: was for name, (was, _) in touch.fields.items()}}
    for column, (was, became) in touch.fields.items():
        if column == "custom":
            told |= _custom(setup, touch, was, became)
            continue
        name = name_of(touch.entity, column)
        spelled_out = (
            said(touch.entity, name, was, before),
            said(touch.entity, name, became, after),
        )
        told.add(("UPDATED", name, *spelled_out, touch.version))
    return told


def _custom(setup: SetUp, touch: Touch, was: Row, became: Row) -> set[tuple[Any, ...]]:
    keys = {
        str(row["id"]): key
        for (entity, key), row in setup.attributes.items()
        if entity == touch.entity
    }
    return {
        ("UPDATED", keys[i], text_of(was.get(i)), text_of(became.get(i)), touch.version)
        for i in {*was, *became}
        if was.get(i) != became.get(i)
    }
