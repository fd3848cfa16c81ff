"""Entity: the metadata of an object type that the planner, the gate and the API use."""

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
    """An object type, read from the class that declares its table."""

    name: str
    prefix: str
    type_: type[Record]
    """The declaring class; typed rows have its columns."""
    table: Table
    doc: str
    fields: Mapping[str, Field]
    references: Mapping[str, Reference]
    derived: Mapping[str, Computed] = field(default_factory=dict)
    reverses: dict[str, Reverse] = field(default_factory=dict)
    targets: dict[str, "Entity"] = field(default_factory=dict)
    """Target entity by reference name."""
    attributes: str | None = None
    """The column with custom attributes, if the entity has any."""
    status: str | None = None
    """The column with the status that conditional field rights depend on."""
    owner: str | None = None
    """The column with the owning employee, which the scope OWN of a profile compares."""
    is_rights: bool = False
    """Whether its records define access rights."""
    is_replaceable: bool = False
    """Whether a delete can replace references to the record by another one."""
    merge_key: str | None = None
    """The column whose value a replacement must share."""
    is_trace: bool = False
    """Whether only the system writes it. Its rows have no version and are never deleted."""
    rule: Rule | None = None
    number_prefix: str | None = None
    """Prefix of its record numbers; None if it has none."""
    subjects: tuple[Subject, ...] = ()
    """The possible subjects; each record refers to exactly one. Empty unless the entity is `OnOne`."""
    searched: tuple[Searched, ...] = ()
    """Searched fields; the first is the display name."""
    commands: tuple[Standard, ...] = ()
    """Generated commands, besides reads."""
    is_created_along: bool = False
    """Whether records can be created nested in their parent even without a create command."""
    has_groups: bool = False
    """Whether the API has a grouped aggregation of them."""
    is_singleton: bool = False
    """Whether a tenant has exactly one record, read without an id."""
    is_live: bool = False
    """Whether the API has a subscription to their list."""
    plural: str = ""
    """Name of the list in the API, such as `accounts`."""
    record: str | None = None
    """Of the history: the internal column with the id of the record that an entry describes."""

    @property
    def singular(self) -> str:
        """Name of one record in the API, such as `account`."""
        return self.name[0].lower() + self.name[1:]

    @cached_property
    def parents(self) -> tuple[Reference, ...]:
        """References to parents: a record is visible if all its parents are, and deleted with any of them."""
        return tuple(r for r in self.references.values() if r.exposed.owned)

    def parent_of(self, row: Record) -> Reference | None:
        """Reference to the first parent that the record has; that parent determines the record's owner."""
        return next((r for r in self.parents if getattr(row, r.column) is not None), None)

    @cached_property
    def parent_types(self) -> "tuple[Entity, ...]":
        """The parent entities, in the order of `parents`."""
        return tuple(self.targets[reference.name] for reference in self.parents)

    @cached_property
    def nested_creates(self) -> "dict[str, Reference]":
        """References whose target can be created in the same input, by the name of the input field."""
        nested = (each for each in self.references.values() if each.exposed.nested_create)
        return {camel("new_" + each.column.removesuffix("_id")): each for each in nested}

    @cached_property
    def api_names(self) -> "dict[str, str]":
        """API name by column, of every field and reference."""
        named: list[Field | Reference] = [*self.references.values(), *self.fields.values()]
        return {each.column: each.name for each in reversed(named)}

    @cached_property
    def formulas(self) -> "dict[str, Field]":
        """Fields computed by an SQL expression, by their column name."""
        computed = (
            f for f in self.fields.values() if f.formula is not None and f.sql_type is not None
        )
        return {each.column: each for each in computed}

    @cached_property
    def written(self) -> dict[str, Field | Reference]:
        """Writable fields and references by API name; a profile may grant them."""
        named: dict[str, Field | Reference] = {**self.fields, **self.references}
        return {
            name: each for name, each in named.items() if each.exposed.write and not each.inputs
        }

    @cached_property
    def named(self) -> "dict[str, Field | Reference]":
        """Stored fields and references by column name."""
        each: list[Field | Reference] = [*self.fields.values(), *self.references.values()]
        return {one.column: one for one in each if not one.inputs}

    @cached_property
    def granted(self) -> frozenset[str]:
        """Names that a profile can grant: fields and references, but not the id, which every reader may see."""
        names = {*self.fields, *self.references} - {"id", *self.computed}
        return frozenset(names)

    @cached_property
    def statuses(self) -> frozenset[str]:
        """The possible values of the status column; empty without such a column."""
        words = next((f.enum for f in self.fields.values() if f.column == self.status), None)
        return frozenset(word.value for word in words or ())

    @cached_property
    def computed(self) -> dict[str, frozenset[str]]:
        """Computed fields with the fields they need: readable only where all of those are (D-57)."""
        expressions = {f.name: frozenset(f.inputs) for f in self.fields.values() if f.inputs}
        derived = {d.name: frozenset(f.name for f in d.inputs) for d in self.derived.values()}
        return expressions | derived

    def __hash__(self) -> int:
        return hash(self.name)
