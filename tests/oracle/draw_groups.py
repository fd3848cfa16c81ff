"""Random groups: keys of every kind, `having`, `orderBy` and selections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.oracle.draw_having import Measured
from tests.oracle.draw_lists import Arguments, random_measures
from tests.oracle.group_rules import GroupBy
from tests.oracle.groups import Grouping
from tests.oracle.inputs import DIRECTIONS, Word
from tests.oracle.lists import Reader
from tests.oracle.writing import Part
from tests.proof.contract import fields, inputs, named, object_type

if TYPE_CHECKING:
    from tests.oracle.draw import Drawer, Path

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Kiritimati",
)
BUCKETS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")
MAX_DEPTH = 2


def random_groups(drawer: Drawer, head: str, root: str, entity: str, path: Path) -> Part:
    """A root field that returns groups."""
    rng = drawer.rng
    arguments = Arguments(drawer, object_type("Query").fields[root].args)
    arguments.give("filter", 0.35, lambda: drawer.inputs.filter(entity))
    keys = random_keys(drawer, entity)
    if keys or drawer.chance(0.3):
        arguments.give("groupBy", 1, lambda: [nested(key.path, key.bucket) for key in keys])
    zone = arguments.give("timeZone", 0.4, lambda: rng.choice(ZONES)) or "UTC"
    if entity in drawer.viewer.grants_by_entity:
        grouping = Grouping(Reader(drawer.viewer), entity, keys, ZoneInfo(zone))
        measured = Measured(drawer, grouping)
        arguments.give("having", 0.4, measured.having)
        arguments.give("orderBy", 0.55, lambda: _order(drawer, measured, keys))
    first = arguments.give("first", 0.8, lambda: rng.choice((1, 2, 5, 5, 10, 30, 100)))
    arguments.give("skip", 0.3, lambda: rng.choice((0, 1, 2, 7, 50, 10_000)))
    first = int(first or 100)
    drawer.nodes += 1
    parts = []
    if drawer.chance(0.92):
        selection = _group(drawer, entity, keys, first, (*path, "groups"))
        parts.append(Part("groups", selection))
    if not parts or drawer.chance(0.5):
        parts.append(Part("groupCount"))
    return Part(arguments.after(head), drawer.writer.selection(f"{entity}Groups", parts))


def nested(path: Sequence[str], last: Any) -> Any:
    """`("stage", "record")` → `{"stage": {"record": last}}`."""
    for name in reversed(path):
        last = {name: last}
    return last


def random_keys(drawer: Drawer, entity: str) -> list[GroupBy]:
    """Zero or more different keys."""
    wanted = drawer.rng.choice((0, 1, 1, 1, 2, 2, 3, 4))
    picked = (_key(drawer, entity, (), MAX_DEPTH) for _ in range(wanted))
    found = {key.path: key for key in picked if key}
    return list(found.values())


def _key(drawer: Drawer, entity: str, path: tuple[str, ...], depth: int) -> GroupBy | None:
    """A random key; mostly over references, rarely by a field that is unique per record."""
    names = []
    for name in inputs(f"{entity}GroupBy"):
        if name == "record":
            names += [name] * (4 if path else 1)
        elif drawer.inputs.bold or drawer.inputs.open(entity, name):
            link = fields(entity)[name].kind == "REFERENCE"
            names += [name] * ((3 if depth else 0) if link else 2)
    if not names:
        return None
    name = drawer.rng.choice(names)
    path = (*path, name)
    if name == "record":
        return GroupBy(path, True)
    field = fields(entity)[name]
    if field.kind == "REFERENCE":
        return _key(drawer, field.type, path, depth - 1)
    spans = named(inputs(f"{entity}GroupBy")[name]) == "DateBucket"
    return GroupBy(path, Word(drawer.rng.choice(BUCKETS)) if spans else True)


def _order(drawer: Drawer, measured: Measured, keys: list[GroupBy]) -> list[dict[str, Any]]:
    wanted = drawer.rng.choice((0, 1, 1, 1, 2, 2, 3))
    picked = [
        _key_order(drawer, measured.grouping.entity, drawer.rng.choice(keys))
        if keys and drawer.chance(0.5)
        else measured.order()
        for _ in range(wanted)
    ]
    return [one for one in picked if one]


def _key_order(drawer: Drawer, entity: str, key: GroupBy) -> dict[str, Any] | None:
    """An order by a key; if the key is a record, by one of its fields."""
    if key.path[-1] != "record":
        orderable = inputs(f"{_owner(entity, key)}Order")
        if key.path[-1] not in orderable:
            return None
        return {"key": nested(key.path, Word(drawer.rng.choice(DIRECTIONS)))}
    of = _owner(entity, key)
    if of not in drawer.viewer.grants_by_entity:
        return None
    if drawer.chance(0.3):
        inner: dict[str, Any] = {"id": Word(drawer.rng.choice(DIRECTIONS))}
    else:
        picked = drawer.inputs.order(of)
        if not picked:
            return None
        inner = picked[0]
    return {"key": nested(key.path[:-1], inner)}


def _owner(entity: str, key: GroupBy) -> str:
    """The entity of the last part of a key."""
    for name in key.path[:-1]:
        entity = fields(entity)[name].type
    return entity


def _group(drawer: Drawer, entity: str, keys: list[GroupBy], first: int, path: Path) -> str:
    parts = random_measures(drawer, entity, f"{entity}Group")
    drawer.nodes += first
    if drawer.chance(0.85):
        chosen = [key for key in keys if drawer.chance(0.85)]
        if chosen or drawer.chance(0.3):
            shown = [(key.path, key) for key in chosen]
            keyed = KeySelection(drawer, first).of(entity, shown, (*path, "key"))
            parts.append(Part("key", keyed))
    if not parts or drawer.chance(0.6):
        parts.append(Part("count"))
    return drawer.writer.selection(f"{entity}Group", parts)


@dataclass(frozen=True)
class KeySelection:
    """Random selection of the keys of groups."""

    drawer: Drawer
    times: int

    def of(self, entity: str, shown: list[tuple[tuple[str, ...], GroupBy]], path: Path) -> str:
        """A selection of the keys, given with the rest of their paths at this entity."""
        parts = [] if shown and self.drawer.chance(0.9) else [Part("__typename")]
        taken: set[str] = set()
        for name in dict.fromkeys(rest[0] for rest, _ in shown):
            key = self.drawer.key(name, taken)
            if key is None:
                continue
            head = name if key == name else f"{key}: {name}"
            inner = (*path, key)
            below = [(rest[1:], one) for rest, one in shown if rest[0] == name and rest[1:]]
            if name == "record":
                few = 1 if self.times <= 10 else 0
                selection = self.drawer.object(entity, few, self.times, inner)
                parts.append(Part(head, selection))
            elif below:
                parts.append(Part(head, self.of(fields(entity)[name].type, below, inner)))
            else:
                parts.append(Part(head))
        type_ = f"{entity}GroupKey"
        return self.drawer.writer.selection(type_, parts or [Part("__typename")])
