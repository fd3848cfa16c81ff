"""Three-way merge: the requested values, the current values and the values of the version last read."""

from __future__ import annotations

from typing import Any

from tests.writes.entity_types import Row
from tests.writes.input_rules import Expectation, InputContext
from tests.writes.state import same
from tests.writes.value_text import field_name, field_text, text_of


def check_conflict(context: InputContext, expected: Expectation, row: Row, values: Row) -> None:
    """Expect CONFLICT for fields changed since the given version to a value other than the requested one."""
    read_version = context.input.get("version")
    if read_version is None or read_version == row["version"]:
        return
    base = context.state.versions.get(row["id"], {}).get(read_version)
    if any(change.id == row["id"] for change in context.state.changes):
        expected.allow(
            "CONFLICT", refusal=False
        )  # a change by the same mutation is not a concurrent change
        return
    if base is None:
        expected.allow("CONFLICT", refusal=False)
        expected.allow("INVALID", refusal=False)
        return
    fields: dict[str, tuple[Any, Any, Any]] = {}
    for column, mine in values.items():
        if column == "custom":
            fields |= _attributes(context, mine, row["custom"], base["custom"])
        elif not same(base[column], row[column]) and not same(mine, row[column]):
            name, after = field_name(context.entity, column), {**row, **values}
            sources = ((mine, after), (row[column], row), (base[column], base))
            texts = [field_text(context.entity, name, value, of) for value, of in sources]
            fields[name] = (texts[0], texts[1], texts[2])
    if fields:
        expected.error("CONFLICT", "version")
        expected.conflict = (row["version"], fields)


def _attributes(
    context: InputContext, mine: Row, theirs: Row, base: Row
) -> dict[str, tuple[Any, Any, Any]]:
    """The same for custom attributes, limited to the given keys."""
    fields = {}
    for entry in context.input["attributes"]:
        definition = context.setup.attributes.get((context.entity, entry["key"]))
        key = "" if definition is None else str(definition["id"])
        sources = mine.get(key), theirs.get(key), base.get(key)
        if sources[1] != sources[2] and sources[0] != sources[1]:
            fields[entry["key"]] = (text_of(sources[0]), text_of(sources[1]), text_of(sources[2]))
    return fields
