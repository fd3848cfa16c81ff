"""The declarations read back: every entity with its fields, references and ways back, as planner and API see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypedDict, cast

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
)

from db.engine.base import Record, Standard, Trace
from db.engine.capabilities import ExternallyIdentified, OnOne, Subject, letter_of
from db.engine.declare import Derived, Exposed, Expression, exposed
from db.engine.fields import Computed, Field, Kind, Reference, Reverse
from db.engine.searched import Searched, searched_by
from db.engine.sql import SqlType, TableColumn
from domain.naming import camel, plural
from domain.violations import Rule


@dataclass(frozen=True)
class Entity:
    """One kind of record, as declared by its table's class."""

    name: str
    prefix: str
    type_: type[Record]
    """The class that declares it, whose columns its typed rows have."""
    table: Table
    doc: str
    fields: Mapping[str, Field]
    references: Mapping[str, Reference]
    derived: Mapping[str, Computed] = field(default_factory=dict)
    reverses: dict[str, Reverse] = field(default_factory=dict)
    targets: dict[str, "Entity"] = field(default_factory=dict)
    """The entity that each reference leads to."""
    attributes: str | None = None
    """The column with custom attributes, if the entity carries any."""
    status: str | None = None
    """The column that rules per status look at."""
    owner: str | None = None
    """The column with the employee who may change it where a profile says OWN."""
    is_rights: bool = False
    """Whether it says who may what."""
    is_replaceable: bool = False
    """Whether another one can take its place wherever it is pointed to."""
    alike: str | None = None
    """The column that is the same in whatever takes its place."""
    is_trace: bool = False
    """Whether only the system writes it: it has no version, and is never deleted."""
    rule: Rule | None = None
    letter: str | None = None
    """What its numbers begin with, if it has numbers."""
    subjects: tuple[Subject, ...] = ()
    """The types of records of which it is on exactly one, if it is on one."""
    searched: tuple[Searched, ...] = ()
    """What it is searched by; the first is what it is called."""
    commands: tuple[Standard, ...] = ()
    """What callers can do with the records, besides reading them."""
    is_created_along: bool = False
    """Whether records can be created along with their parent, though not by themselves."""
    is_live: bool = False
    """Whether lists of them can be followed as they change."""
    plural: str = ""
    """What the API calls a list of them."""
    record: str | None = None
    """Of the history: the column with the id of the record it describes, which the API does not expose."""

    @property
    def singular(self) -> str:
        """What the API calls one of them."""
        return self.name[0].lower() + self.name[1:]

    @cached_property
    def wholes(self) -> tuple[Reference, ...]:
        """The ways to what this is a part of: seen with all of those that are there, deleted with any."""
        return tuple(r for r in self.references.values() if r.exposed.part)

    def parent_of(self, row: Record) -> Reference | None:
        """The relation to the first of a record's parents: the record belongs to whoever that belongs to."""
        return next((r for r in self.wholes if getattr(row, r.column) is not None), None)

    @cached_property
    def above(self) -> "tuple[Entity, ...]":
        """The kinds of records that this is a part of, in the order of the ways there."""
        return tuple(self.targets[way.name] for way in self.wholes)

    @cached_property
    def brings(self) -> "dict[str, Reference]":
        """The ways to what may be created along with it, by what the API calls that."""
        ways = (way for way in self.references.values() if way.exposed.brings)
        return {camel("new_" + way.column.removesuffix("_id")): way for way in ways}

    @cached_property
    def shown_as(self) -> "dict[str, str]":
        """The API's name of each column that a field or a reference shows."""
        named: list[Field | Reference] = [*self.references.values(), *self.fields.values()]
        return {each.column: each.name for each in reversed(named)}

    @cached_property
    def formulas(self) -> "dict[str, Field]":
        """The fields that an expression computes in SQL, by the column they stand for."""
        computed = (f for f in self.fields.values() if f.formula is not None and f.kept is not None)
        return {each.column: each for each in computed}

    @cached_property
    def written(self) -> dict[str, Field | Reference]:
        """What a caller may be granted to write, by its API name."""
        named: dict[str, Field | Reference] = {**self.fields, **self.references}
        return {name: each for name, each in named.items() if each.exposed.write and not each.needs}

    @cached_property
    def named(self) -> "dict[str, Field | Reference]":
        """The fields and references by the names of their columns."""
        each: list[Field | Reference] = [*self.fields.values(), *self.references.values()]
        return {one.column: one for one in each if not one.needs}

    @cached_property
    def granted(self) -> frozenset[str]:
        """What a profile can grant: fields, references and `attributes`. The id comes with the entity."""
        names = {*self.fields, *self.references} - {"id", *self.computed}
        return frozenset(names)

    @cached_property
    def statuses(self) -> frozenset[str]:
        """The words of the column that rules per status look at; none without such a column."""
        words = next((f.enum for f in self.fields.values() if f.column == self.status), None)
        return frozenset(word.value for word in words or ())

    @cached_property
    def computed(self) -> dict[str, frozenset[str]]:
        """What is computed, with the fields it needs: it may be read where all of those may (D-57)."""
        expressions = {f.name: frozenset(f.needs) for f in self.fields.values() if f.needs}
        derived = {d.name: frozenset(f.name for f in d.needs) for d in self.derived.values()}
        return expressions | derived

    def __hash__(self) -> int:
        return hash(self.name)


class Model:
    """All entities, by name, by id prefix and by table."""

    def __init__(self, records: Iterable[type[Record] | type[Trace]]) -> None:
        self.entities = {entity.name: entity for entity in map(_entity, records)}
        kinds = self.entities.values()
        self.history = next((kind for kind in kinds if kind.record is not None), None)
        """The entity with an entry for every change of a record; each record has a list of its own."""
        self.by_prefix = {kind.prefix: kind for kind in kinds if kind is not self.history}
        """What an id alone leads to: a change is seen with its record only."""
        self._by_type = {entity.type_: entity for entity in self.entities.values()}
        self.by_table = {entity.table.name: entity for entity in self.entities.values()}
        if len({kind.prefix for kind in kinds}) != len(self.entities):
            raise TypeError("Two entities share an id prefix; give one of them another __prefix__.")
        for entity in self.entities.values():
            for ref in entity.references.values():
                entity.targets[ref.name] = self.entities[ref.target]
                if ref.exposed.reverse:
                    self._add_reverse(entity, ref)
            if self.history is not None and not entity.is_trace:
                column, doc = self.history.record or "", "What was done to it, and when."
                way = Reverse("history", self.history.name, "id", column, doc)
                entity.reverses[way.name] = way

    def of(self, record: type[Record]) -> Entity:
        """The entity that a class declares."""
        return self._by_type[record]

    def parts(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """The kinds of records that are parts of this one, each with its way to the whole."""
        return self._parts.get(entity.name, [])

    def nested(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """Those of the parts that are created together with it, under the name of the way back."""
        return self._nested.get(entity.name, [])

    @cached_property
    def _parts(self) -> dict[str, list[tuple[Entity, Reference]]]:
        found: dict[str, list[tuple[Entity, Reference]]] = {}
        for entity in self.entities.values():
            for way in entity.wholes:
                found.setdefault(way.target, []).append((entity, way))
        return found

    @cached_property
    def _nested(self) -> dict[str, list[tuple[Entity, Reference]]]:
        return {
            name: [(part, way) for part, way in parts if way.exposed.reverse]
            for name, parts in self._parts.items()
        }

    def users(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """The kinds of records that point to this one, are no parts of it and hold it: while they do, it stays."""
        return [
            (each, ref)
            for each in self.entities.values()
            for ref in each.references.values()
            if ref.target == entity.name
            and not ref.exposed.part
            and ref.exposed.holds
            and not each.is_trace
        ]

    def _add_reverse(self, entity: Entity, ref: Reference) -> None:
        name = ref.exposed.reverse or ""
        target = self.entities[ref.target]
        if name in {*target.reverses, *target.fields, *target.references, *target.derived}:
            raise TypeError(f"{target.name}.{name} is declared twice; rename one reverse=.")
        doc = ref.exposed.reverse_doc
        target.reverses[name] = Reverse(name, entity.name, ref.name, ref.column, doc)

    @cached_property
    def granted(self) -> dict[str, frozenset[str]]:
        """Every entity with all that a profile can grant of it."""
        return {name: entity.granted for name, entity in self.entities.items()}

    @cached_property
    def computed(self) -> dict[str, dict[str, frozenset[str]]]:
        """Every entity with what is computed of its fields."""
        return {name: entity.computed for name, entity in self.entities.items()}


def _entity(record: type[Record] | type[Trace]) -> Entity:
    table = record.__table__
    fields: dict[str, Field] = {}
    references: dict[str, Reference] = {}
    attributes = None
    for column in table.columns:
        api = exposed(column.info) if "api" in column.info else _undeclared(table, column)
        if api is None:
            continue
        if api.attributes:
            attributes = column.name
        elif api.target:
            reference = _reference(column, api)
            references[reference.name] = reference
        else:
            value = _field(column, api)
            fields[value.name] = value
    for name, declared in vars(record).items():
        if isinstance(declared, Expression):
            made = _expression(name, declared, fields)
            fields[made.name] = made
    derived = {
        camel(name): _derived(name, declared, fields)
        for name, declared in vars(record).items()
        if isinstance(declared, Derived)
    }
    return Entity(
        record.__name__,
        record.__prefix__,
        cast("type[Record]", record),
        table,
        (record.__doc__ or "").strip(),
        fields,
        references,
        derived=derived,
        attributes=attributes,
        is_trace=issubclass(record, Trace),
        searched=searched_by(record, fields),
        **_kept_of(record),
    )


class _Kept(TypedDict, total=False):
    """What a record's class says beside its columns."""

    record: str | None
    plural: str
    commands: tuple[Standard, ...]
    is_created_along: bool
    is_live: bool
    status: str | None
    owner: str | None
    is_rights: bool
    is_replaceable: bool
    alike: str | None
    letter: str | None
    subjects: tuple[Subject, ...]
    rule: Rule | None


def _kept_of(record: type[Record] | type[Trace]) -> _Kept:
    """What a record's class says beside its columns."""
    if issubclass(record, Trace):
        return {"record": record.__record__, "plural": plural(record.__name__)}
    if Standard.UPSERT in record.__commands__ and not issubclass(record, ExternallyIdentified):
        raise TypeError(
            f"{record.__name__} is upserted by its external id: make it ExternallyIdentified."
        )
    if record.__owner__ is not None and record.__owner__ not in record.__table__.c:
        raise TypeError(f"{record.__name__} is Ownable: declare {record.__owner__}.")
    return {
        "commands": record.__commands__,
        "is_created_along": record.__along__,
        "is_live": record.__live__,
        "plural": record.__plural__ or plural(record.__name__),
        "status": record.__status__,
        "owner": record.__owner__,
        "is_rights": record.__rights__,
        "is_replaceable": record.__replaceable__,
        "alike": record.__alike__,
        "rule": record.__rule__,
        "letter": letter_of(record),
        "subjects": record.__subjects__ if issubclass(record, OnOne) else (),
    }


def _undeclared(table: Table, column: TableColumn) -> Exposed | None:
    raise TypeError(
        f"{table.name}.{column.name} is a bare mapped_column: "
        "declare it with field(), reference(), money() or internal() of db.engine.declare."
    )


def _reference(column: TableColumn, api: Exposed) -> Reference:
    if not column.name.endswith("_id") or api.target is None:
        raise TypeError(f"{column.name} is a reference, so its name must end in _id.")
    target = "".join(part.capitalize() for part in api.target.split("_"))
    name = api.name or camel(column.name.removesuffix("_id"))
    return Reference(name, column.name, target, column.comment or "", bool(column.nullable), api)


def _needed(name: str, needs: tuple[str, ...], fields: Mapping[str, Field]) -> list[Field]:
    """The fields that something computed is made of; a right to it follows from the rights to them."""
    known = {each.column: each for each in fields.values() if not each.needs}
    missing = [need for need in needs if need not in known]
    if missing or not needs:
        raise TypeError(
            f"{name} needs {missing or 'nothing'}: name fields of its own record in needs=."
        )
    return [known[need] for need in needs]


def _expression(name: str, declared: Expression, fields: Mapping[str, Field]) -> Field:
    kept, api = declared.kept, declared.exposed
    return Field(
        name=camel(name),
        column=name,
        kind=_kind(name, kept, api),
        doc=declared.doc,
        nullable=True,
        exposed=api,
        scale=int(kept.scale or 0) if isinstance(kept, Numeric) else 0,
        needs=tuple(each.name for each in _needed(name, declared.needs, fields)),
        formula=declared.formula,
        kept=kept,
    )


def _derived(name: str, declared: Derived, fields: Mapping[str, Field]) -> Computed:
    kind = _kind(name, declared.kept, Exposed())
    needs = tuple(_needed(name, declared.needs, fields))
    return Computed(camel(name), kind, declared.doc, needs, declared.function)


def _field(column: TableColumn, api: Exposed) -> Field:
    kind = _kind(column.name, column.type, api)
    kept = column.type
    words = cast("type[StrEnum]", kept.enum_class) if isinstance(kept, Enum) else None
    scale = int(kept.scale or 0) if isinstance(kept, Numeric) else 0
    name = api.name or camel(column.name)
    nullable = bool(column.nullable)
    return Field(name, column.name, kind, column.comment or "", nullable, api, words, scale)


_KINDS: tuple[tuple[type[SqlType], Kind], ...] = (
    (Enum, Kind.ENUM),
    (Uuid, Kind.ID),
    (Text, Kind.TEXT),
    (Integer, Kind.INT),
    (Numeric, Kind.DECIMAL),
    (Boolean, Kind.BOOLEAN),
    (DateTime, Kind.DATETIME),
    (Date, Kind.DATE),
)


def _kind(name: str, kept: SqlType, api: Exposed) -> Kind:
    if api.currency:
        return Kind.MONEY
    for known, kind in _KINDS:
        if isinstance(kept, known):
            return kind
    raise TypeError(f"{name}: the API has no words for {kept!r}; use internal().")
