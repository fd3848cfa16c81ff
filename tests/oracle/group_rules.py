"""Arguments of groups: keys, `having` and `orderBy`, and the rules that refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.lists import (
    Input,
    Key,
    Reader,
    Refused,
    as_list,
    order_paths,
    refused_field,
    refused_filter,
    refused_order,
    refused_tests,
)
from tests.oracle.values import fold
from tests.proof.contract import fields
from tests.proof.oracle import Viewer
from tests.proof.rows import Row

MAX_KEYS = 8
SIZES = {"first": (1, 100), "skip": (0, 10_000)}
CLOSED_IS_REFUSED = False
"""Whether groups of a closed entity are refused also without arguments that select groups."""


@dataclass(frozen=True)
class GroupBy:
    """A group key: a path over references to a field or to `record`, with the bucket of a date."""

    path: tuple[str, ...]
    bucket: str | bool

    def steps(self, entity: str) -> Iterator[tuple[str, str]]:
        """Pairs of entity and field along the path."""
        for name in self.path:
            if name != "record":
                yield entity, name
                entity = fields(entity)[name].type

    def row(self, reader: Reader, entity: str, row: Row) -> tuple[str, Row] | None:
        """The entity and the record of the last part of the path; None if a record on the path is not visible."""
        for name in self.path[:-1]:
            field = fields(entity)[name]
            linked = reader.linked(entity, row, field)
            if linked is None:
                return None
            entity, row = field.type, linked
        return entity, row

    def value(self, reader: Reader, entity: str, row: Row, zone: ZoneInfo) -> Any:
        """The key value of a record: the id of a record, the first day of a date bucket, or the field value."""
        found = self.row(reader, entity, row)
        if found is None:
            return None
        entity, row = found
        if self.path[-1] == "record":
            return row["id"]
        value = reader.value(entity, row, fields(entity)[self.path[-1]])
        if isinstance(value, datetime):
            value = value.astimezone(zone).date()
        return first_day(value, str(self.bucket)) if isinstance(value, date) else value


def first_day(day: date, bucket: str) -> date:
    match bucket:
        case "YEAR":
            return day.replace(month=1, day=1)
        case "QUARTER":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "MONTH":
            return day.replace(day=1)
        case "WEEK":
            return day - timedelta(days=day.weekday())
    return day


def group_keys(asked: Any) -> list[GroupBy]:
    return [_key(one, ()) for one in as_list(asked)]


def _key(asked: Input, path: tuple[str, ...]) -> GroupBy:
    ((name, inner),) = asked.items()
    if isinstance(inner, Mapping):
        return _key(inner, (*path, name))
    return GroupBy((*path, name), inner)


def tie(value: Any) -> tuple[Any, ...]:
    """Sort key for ties between groups: nulls last, texts folded and then exact."""
    if value is None:
        return (1,)
    return (0, fold(value), value) if isinstance(value, str) else (0, value)


def sorts(order: Any) -> Iterator[tuple[str, str, str | None, Any]]:
    """Each sort key of groups: aggregate, field, currency and direction; for a group key, its order."""
    for one in as_list(order):
        ((name, inner),) = one.items()
        if name in ("count", "key"):
            yield name, "", None, inner
            continue
        ((field, direction),) = inner.items()
        if isinstance(direction, Mapping):
            yield name, field, direction.get("currency"), direction.get("direction")
        else:
            yield name, field, None, direction


def tests(having: Input | None) -> Iterator[tuple[str, str, Input]]:
    """Each condition on an aggregate: function, field and operators."""
    for name, inner in (having or {}).items():
        if inner is None:
            continue
        if name in ("and", "or", "not"):
            for one in as_list(inner):
                yield from tests(one)
        elif name == "count":
            yield name, "", inner
        else:
            yield from ((name, field, test) for field, test in inner.items() if test is not None)


def measured_by(arguments: Mapping[str, Any]) -> set[str]:
    """Fields whose aggregates occur in `having` or `orderBy`; a currency without an operator is no condition."""
    tested = tests(arguments.get("having"))
    found = {field for _, field, test in tested if test.keys() - {"currency"}}
    found |= {field for _, field, _, _ in sorts(arguments.get("orderBy"))}
    return found - {""}


def key_for(keys: list[GroupBy], path: tuple[str, ...]) -> GroupBy | None:
    """The group key for the path of an order: the same path, or the record at its start."""
    for key in keys:
        if key.path == path:
            return key
    for key in keys:
        if key.path[-1] == "record" and key.path[:-1] == path[: len(key.path) - 1]:
            return key
    return None


def rest_of(order: Key, key: GroupBy) -> Key:
    """The rest of a sort key below a record."""
    return Key(order.path[len(key.path) - 1 :], order.direction, order.attribute)


# Refusals.


def refused_groups(viewer: Viewer, entity: str, arguments: Mapping[str, Any]) -> Iterator[Refused]:
    """Refusals of groups that follow from their arguments, independent of rows."""
    if entity not in viewer.grants_by_entity and (CLOSED_IS_REFUSED or _decides(arguments)):
        yield "FIELD_FORBIDDEN", entity
    for name, (least, most) in SIZES.items():
        size = arguments.get(name)
        if size is not None and not least <= size <= most:
            yield "BAD_USER_INPUT", f"{name}: {size}"
    yield from refused_filter(viewer, entity, arguments.get("filter"))
    keys = group_keys(arguments.get("groupBy"))
    if len(keys) > MAX_KEYS:
        yield "QUERY_TOO_COMPLEX", f"{len(keys)} keys"
    if len({key.path for key in keys}) < len(keys) or any(key.bucket is False for key in keys):
        yield "BAD_USER_INPUT", "groupBy"
    for key in keys:
        yield from _refused_key(viewer, entity, key)
    for _, name, asked in tests(arguments.get("having")):
        yield from refused_tests(entity, asked)
        if name:
            yield from _refused_measure(viewer, entity, name, asked.get("currency"))
    yield from _refused_sorts(viewer, entity, keys, arguments.get("orderBy"))


def _decides(arguments: Mapping[str, Any]) -> bool:
    """Whether an argument selects or sorts groups."""
    tests = any(arguments.get(name) is not None for name in ("filter", "having"))
    return tests or any(arguments.get(name) for name in ("groupBy", "orderBy"))


def _refused_key(viewer: Viewer, entity: str, key: GroupBy) -> Iterator[Refused]:
    for of, name in key.steps(entity):
        if of not in viewer.grants_by_entity:
            yield "FIELD_FORBIDDEN", of
            return
        yield from refused_field(viewer, of, fields(of)[name])


def _refused_measure(
    viewer: Viewer, entity: str, name: str, currency: str | None
) -> Iterator[Refused]:
    field = fields(entity)[name]
    yield from refused_field(viewer, entity, field)
    if field.kind == "MONEY" and currency is None:
        yield "BAD_USER_INPUT", f"{name}: currency"


def _refused_sorts(
    viewer: Viewer, entity: str, keys: list[GroupBy], order: Any
) -> Iterator[Refused]:
    for name, field, currency, inner in sorts(order):
        if name == "key":
            yield from refused_order(viewer, entity, inner)
            for wanted in order_paths(entity, inner):
                if key_for(keys, wanted.path) is None:
                    yield "BAD_USER_INPUT", ".".join(wanted.path)
        elif field:
            yield from _refused_measure(viewer, entity, field, currency)
