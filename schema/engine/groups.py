"""Reads groups of records: keys, tests and order of groups, and the fields selected of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from graphql import FieldNode

from db.engine.dependencies import Dependency, FieldOf, RowsOf
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference
from db.engine.model import Model
from db.engine.plan.group_selection import (
    Bucket,
    ByKey,
    ByMeasure,
    GroupKey,
    GroupList,
    GroupOrder,
    Groups,
    Having,
    HavingAll,
    HavingAny,
    HavingNot,
    HavingTest,
    KeyPart,
    KeyParts,
    KeyRecord,
    KeyValue,
    Measured,
)
from db.engine.plan.selection import BindParam, Function, Measure, ObjectSelection, Op
from domain.codes import Code, Refused
from domain.message import Message
from schema.engine.filters import (
    Filters,
    bind_param,
    check_depth,
    constant_of,
    direction,
    list_of,
    object_of,
    only_one,
    optional_bind_param,
    tested,
)

KEYS = 8
"""Maximum keys of one grouping."""
PAGE = 100
"""Groups per page, by default."""
ONE_KEY = Message(
    "Each item of `groupBy` names exactly one key, such as [{stage: {record: true}}, {createdAt: MONTH}]."
)
ONE_ORDER = Message(
    "Each item of `orderBy` names exactly one key, such as [{count: DESC}, {key: {stage: {position: ASC}}}]."
)
IN_CURRENCY = "Sums of different currencies cannot be compared. Add `currency`, such as EUR."


class GroupReader(Protocol):
    """The reader of the operation that contains the groups."""

    model: Model
    depends_on: set[Dependency]
    filter_depends_on: set[Dependency]
    filters: Filters

    def fields(self, nodes: list[FieldNode], name: str) -> dict[str, list[FieldNode]]:
        """The fields selected on a type, by response key."""

    def object(self, nodes: list[FieldNode], entity: Entity) -> ObjectSelection:
        """The selection on a record."""

    def measured(self, entity: Entity, what: Field | Reference) -> None:
        """Add the dependencies of a measure of a field or reference."""

    def measure(self, nodes: list[FieldNode], entity: Entity) -> Measure | str | None:
        """`count`, or an aggregate of fields; None for other names."""


def read_groups(
    reader: GroupReader,
    number: int,
    nodes: list[FieldNode],
    entity: Entity,
    given: Mapping[str, object],
) -> Groups:
    """Reads a root field that groups records."""
    reader.depends_on.add(RowsOf(entity.name))
    read = _Read(reader, entity, tuple(_keys(reader, entity, given.get("groupBy") or [])))
    having = given.get("having")
    return Groups(
        number=number,
        entity=entity,
        condition=reader.filters.condition(entity, given.get("filter")),
        keys=read.keys,
        having=None if having is None else read.having(object_of(having)),
        order=tuple(read.order(item) for item in list_of(given.get("orderBy") or [])),
        size=optional_bind_param(given.get("first")) or BindParam((), PAGE),
        skip=optional_bind_param(given.get("skip")),
        zone=optional_bind_param(given.get("timeZone")) or BindParam((), "UTC"),
        parts=tuple(
            (key, read.part(inner))
            for key, inner in reader.fields(nodes, f"{entity.name}Groups").items()
        ),
    )


def _keys(reader: GroupReader, entity: Entity, given: object) -> list[GroupKey]:
    keys = [_key(reader, entity, item) for item in list_of(given)]
    names = [key.name for key in keys]
    if len(keys) > KEYS:
        raise Refused(
            Code.QUERY_TOO_COMPLEX,
            Message("`groupBy` takes at most {limit} keys. Remove some.", limit=KEYS),
        )
    for name in names:
        if names.count(name) > 1:
            message = Message(
                "`groupBy` contains {name} twice. Keep the smaller time unit.", name=".".join(name)
            )
            raise Refused(Code.BAD_USER_INPUT, message)
    return keys


def _key(reader: GroupReader, entity: Entity, item: object) -> GroupKey:
    path: list[Reference] = []
    while True:
        reader.filter_depends_on.add(RowsOf(entity.name))
        name, value = only_one(item, ONE_KEY)
        if name not in entity.references:
            break
        reader.filter_depends_on.add(FieldOf(entity.name, name))
        path.append(entity.references[name])
        check_depth(len(path))
        entity, item = reader.model.entities[entity.references[name].target], value
    constant = constant_of(value)
    if constant is False:
        message = Message(
            "`groupBy` contains `{name}: false`. Omit it, or set it to true.", name=name
        )
        raise Refused(Code.BAD_USER_INPUT, message)
    if name == "record":
        return GroupKey(tuple(path), entity, None)
    reader.filter_depends_on.add(FieldOf(entity.name, name))
    bucket = None if constant is True else Bucket(str(getattr(constant, "value", constant)))
    return GroupKey(tuple(path), entity, entity.fields[name], bucket)


class _Read:
    """Reads the rest of a grouping once its keys are known."""

    def __init__(self, reader: GroupReader, entity: Entity, keys: tuple[GroupKey, ...]) -> None:
        self._reader = reader
        self._entity = entity
        self.keys = keys
        self._numbers = {key.name: number for number, key in enumerate(keys)}

    # --- which groups, and in which order --------------------------------------------------------

    def having(self, given: Mapping[str, object]) -> Having:
        """Tests of groups, combined with AND."""
        terms: list[Having] = []
        for name, value in given.items():
            self._reader.filters.count()
            if value is None:
                continue
            if name in ("and", "or"):
                items = tuple(
                    self.having(object_of(item)) for item in list_of(value) if item is not None
                )
                terms.append(HavingAll(items) if name == "and" else HavingAny(items))
            elif name == "not":
                terms.append(HavingNot(self.having(object_of(value))))
            elif name == "count":
                terms += self._tests(Measured(), object_of(value), name)
            else:
                for field, tests in object_of(value).items():
                    if tests is not None:
                        terms += self._of_field(Function(name), field, dict(object_of(tests)))
        return HavingAll(tuple(terms))

    def _of_field(self, function: Function, name: str, tests: dict[str, object]) -> list[Having]:
        where = f"{function.value}.{name}"
        return self._tests(self._measured(function, name, tests), tests, where)

    def _tests(self, measured: Measured, tests: Mapping[str, object], where: str) -> list[Having]:
        return [HavingTest(measured, Op(op), tested(op, v, where)) for op, v in tests.items()]

    def _measured(self, function: Function, name: str, given: dict[str, object]) -> Measured:
        """The measure; for money, `currency` is removed from `given`."""
        field = self._entity.fields[name]
        self._reader.measured(self._entity, field)
        if field.kind is not Kind.MONEY:
            return Measured(function, field)
        currency = given.pop("currency", None)
        if currency is None:
            raise Refused(
                Code.BAD_USER_INPUT,
                Message(
                    "{function}.{name}: {remedy}",
                    function=function.value,
                    name=name,
                    remedy=IN_CURRENCY,
                ),
            )
        return Measured(function, field, bind_param(currency))

    def order(self, item: object) -> GroupOrder:
        """One sort key of the groups."""
        name, value = only_one(item, ONE_ORDER)
        if name == "key":
            return self._by_key(value)
        if name == "count":
            return ByMeasure(Measured(), *direction(value))
        field, wanted = only_one(value, ONE_ORDER)
        given = dict(wanted) if isinstance(wanted, dict) else {"direction": wanted}
        measured = self._measured(Function(name), field, given)
        return ByMeasure(measured, *direction(given.get("direction")))

    def _by_key(self, value: object) -> ByKey:
        """An order by a key itself, or by a field of the key's record."""
        (asked,) = self._reader.filters.order(self._entity, [value])
        last = asked.field.name if asked.field else ""
        way = tuple(reference.name for reference in asked.path)
        if asked.attribute is None and (*way, last) in self._numbers:
            return ByKey(self._numbers[(*way, last)], asked)
        for length in range(len(way), -1, -1):
            number = self._numbers.get((*way[:length], "record"))
            if number is not None:
                return ByKey(number, replace(asked, path=asked.path[length:]))
        name = ".".join((*way, last))
        message = Message(
            "`orderBy` uses the key {name}, which is not in `groupBy`. Add it there.", name=name
        )
        raise Refused(Code.BAD_USER_INPUT, message)

    # --- what is shown ---------------------------------------------------------------------------

    def part(self, nodes: list[FieldNode]) -> GroupList | str:
        """A field of the groups: their total count, or the groups themselves."""
        name = nodes[0].name.value
        if name != "groups":
            return name if name == "groupCount" else f"{self._entity.name}Groups"
        parts: list[tuple[str, KeyParts | Measure | str]] = []
        for key, inner in self._reader.fields(nodes, f"{self._entity.name}Group").items():
            if inner[0].name.value == "key":
                parts.append((key, self._key_parts(inner, self._entity, ())))
            else:
                measure = self._reader.measure(inner, self._entity)
                parts.append((key, measure or f"{self._entity.name}Group"))
        return GroupList(tuple(parts))

    def _key_parts(self, nodes: list[FieldNode], entity: Entity, way: tuple[str, ...]) -> KeyParts:
        parts: list[tuple[str, KeyPart]] = []
        for key, inner in self._reader.fields(nodes, f"{entity.name}GroupKey").items():
            name = inner[0].name.value
            if name == "__typename":
                parts.append((key, f"{entity.name}GroupKey"))
            elif name in entity.references:
                target = self._reader.model.entities[entity.references[name].target]
                parts.append((key, self._key_parts(inner, target, (*way, name))))
            else:
                number = self._number((*way, name))
                shown = name == "record"
                record = KeyRecord(number, self._reader.object(inner, entity)) if shown else None
                parts.append((key, record or KeyValue(number)))
        return KeyParts(f"{entity.name}GroupKey", tuple(parts))

    def _number(self, name: tuple[str, ...]) -> int:
        if name not in self._numbers:
            message = Message(
                "The key {name} is selected, but not in `groupBy`. Add it there.",
                name=".".join(name),
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        return self._numbers[name]
