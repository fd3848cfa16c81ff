"""An entity as planner, gate and API see it: fields, references and ways back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Table

from db.engine.base import Record, Standard
from db.engine.capabilities import Subject
from db.engine.fields import Computed, Field, Reference, Reverse
from db.engine.searched import Searched
from domain.naming import camel
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
    merge_key: str | None = None
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
    has_groups: bool = False
    """Whether lists of them can be aggregated in groups."""
    is_singleton: bool = False
    """Whether a tenant has exactly one record, which is read without an id."""
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
    def parents(self) -> tuple[Reference, ...]:
        """The ways to what this is a part of: seen with all of those that are there, deleted with any."""
        return tuple(r for r in self.references.values() if r.exposed.owned)

    def parent_of(self, row: Record) -> Reference | None:
        """The relation to the first of a record's parents: the record belongs to whoever that belongs to."""
        return next((r for r in self.parents if getattr(row, r.column) is not None), None)

    @cached_property
    def parent_types(self) -> "tuple[Entity, ...]":
        """The kinds of records that this is a part of, in the order of the ways there."""
        return tuple(self.targets[way.name] for way in self.parents)

    @cached_property
    def nested_creates(self) -> "dict[str, Reference]":
        """The ways to what may be created along with it, by what the API calls that."""
        ways = (way for way in self.references.values() if way.exposed.nested_create)
        return {camel("new_" + way.column.removesuffix("_id")): way for way in ways}

    @cached_property
    def api_names(self) -> "dict[str, str]":
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
