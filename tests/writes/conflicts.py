"""Three-way merge: the requested values, the current values and the values of the version last read."""

from __future__ import annotations

from typing import Any

from tests.writes.judge import Asked, Judged
from tests.writes.kinds import Row
from tests.writes.spelling import name_of, said, text_of
from tests.writes.state import same


def conflict(asked: Asked, judged: Judged, row: Row, values: Row) -> None:
    """Expect CONFLICT for fields changed since the given version to a value other than the requested one."""
    given = asked.input.get("version")
    if given is None or given == row["version"]:
        return
    base = asked.state.past.get(row["id"], {}).get(given)
    if any(touch.id == row["id"] for touch in asked.state.touches):
        judged.perhaps("CONFLICT")  # a change by the same mutation is not a concurrent change
        return
    if base is None:
        judged.perhaps("CONFLICT")
        judged.perhaps("INVALID", refusal=False)
        return
    found: dict[str, tuple[Any, Any, Any]] = {}
    for column, mine in values.items():
        if column == "custom":
            found |= _attributes(asked, mine, row["custom"], base["custom"])
        elif not same(base[column], row[column]) and not same(mine, row[column]):
            name, after = name_of(asked.entity, column), {**row, **values}
            ways = ((mine, after), (row[column], row), (base[column], base))
            told = [said(asked.entity, name, value, of) for value, of in ways]
            found[name] = (told[0], told[1], told[2])
    if found:
        judged.refuse("CONFLICT")
        judged.conflict = (row["version"], found)


def _attributes(asked: Asked, mine: Row, theirs: Row, base: Row) -> dict[str, tuple[Any, Any, Any]]:
    """The same for custom attributes, limited to the given keys."""
    found = {}
    for given in asked.input["attributes"]:
        definition = asked.setup.attributes.get((asked.entity, given["key"]))
        key = "" if definition is None else str(definition["id"])
        ways = mine.get(key), theirs.get(key), base.get(key)
        if ways[1] != ways[2] and ways[0] != ways[1]:
            found[given["key"]] = (text_of(ways[0]), text_of(ways[1]), text_of(ways[2]))
    return found
