"""Row policies: which rows are the viewer's own, for profiles that make only OWN rows visible."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import (
    Table,
    Text,
    Uuid,
    and_,
    exists,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.expression import false

from db.engine.base import Record, Trace
from db.engine.capabilities import Ownable, Shareable
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.gate import VisibilityForm
from db.engine.model import Model
from db.engine.sql import Bool, Concat, IntLiteral, Query, TableColumn, one_of, parameter

OWNERS = "owners:{entity}"
"""Parameter: the employees whose records count as the viewer's own."""
READABLE_ATTRIBUTES = "viewer:attributes"
"""Parameter: the ids of the custom attributes that a viewer may read."""
HISTORY_KEYS = "viewer:history_keys"
"""Parameter: the readable history keys: `Account.name` for a field, and `Account.` for the record."""
HISTORY_KEYS_BY_STATUS = "viewer:history_keys_by_status"
"""Parameter: the readable history keys of fields restricted by status, each with a status: `Deal.fee:WON`."""


class ByCondition(ABC):
    """Source of rows that a condition on the row describes."""

    @abstractmethod
    def predicate(self, entity: Entity) -> Bool:
        """The condition on the entity's own table."""

    def ids(self, entity: Entity) -> Query:
        """The ids of the rows that match it."""
        return select(entity.table.c.id).where(self.predicate(entity))


@dataclass(frozen=True)
class Owned(ByCondition):
    """Rows owned by the viewer or by an employee below them in the reporting tree."""

    column: TableColumn

    def predicate(self, entity: Entity) -> Bool:
        return one_of(self.column, OWNERS.format(entity=entity.name), Uuid())


@dataclass(frozen=True)
class SharingRules:
    """A table of sharing rules: rows with the value in `shared_value` are visible to the role in `role`."""

    shared_value: TableColumn
    role: TableColumn

    @property
    def parameter(self) -> str:
        """The parameter with the values that are shared with the viewer's roles."""
        return f"shared:{self.shared_value}:{self.role}"


@dataclass(frozen=True)
class SharedByRule(ByCondition):
    """Rows with a value that a sharing rule shares with the viewer's roles."""

    column: TableColumn
    rules: SharingRules

    def predicate(self, entity: Entity) -> Bool:
        return one_of(self.column, self.rules.parameter, Uuid())


@dataclass(frozen=True)
class Shared:
    """Rows shared with the viewer one by one, by rows of another table."""

    record: TableColumn
    employee: TableColumn

    def predicate(self, entity: Entity) -> Bool:
        listed = select(IntLiteral(1)).select_from(self.record.table)
        return exists(listed.where(self.record == entity.table.c.id, self._shared_with_viewer))

    def ids(self, entity: Entity) -> Query:
        return select(self.record).where(self._shared_with_viewer)

    @property
    def _shared_with_viewer(self) -> Bool:
        live = self.record.table.c.deleted_at.is_(None)
        return and_(self.employee == parameter("viewer:employee", Uuid()), live)


@dataclass(frozen=True)
class Referenced(ByCondition):
    """Rows that a non-deleted row of another table references."""

    column: TableColumn

    def predicate(self, entity: Entity) -> Bool:
        table = self.column.table
        references = select(IntLiteral(1)).select_from(table).correlate(entity.table)
        live = table.c.deleted_at.is_(None)
        return exists(references.where(self.column == entity.table.c.id, live))


@dataclass(frozen=True)
class OwnRecords(ByCondition):
    """Rows of the viewer's own user."""

    column: TableColumn

    def predicate(self, entity: Entity) -> Bool:
        mine: Bool = self.column == parameter("viewer:user", Uuid())
        return mine


@dataclass(frozen=True)
class ReadableHistory(ByCondition):
    """History entries of fields that the viewer may read, by the current status of their records.

    `statuses` are the status columns of restricted fields, by the name of each entity that has one.
    """

    key: TableColumn
    record: TableColumn
    entity: TableColumn
    statuses: Mapping[str, TableColumn]

    def predicate(self, entity: Entity) -> Bool:
        found = one_of(self.key, HISTORY_KEYS, Text())
        for name, status in self.statuses.items():
            now = select(status).where(status.table.c.id == self.record).scalar_subquery()
            readable_now = one_of(Concat([self.key, ":", now]), HISTORY_KEYS_BY_STATUS, Text())
            found = or_(found, and_(self.entity == Concat([name]), readable_now))
        return found


@dataclass(frozen=True)
class Readable(ByCondition):
    """Definitions of custom attributes whose values the viewer may read."""

    column: TableColumn

    def predicate(self, entity: Entity) -> Bool:
        return one_of(self.column, READABLE_ATTRIBUTES, Uuid())


Source = Owned | SharedByRule | Shared | Referenced | Readable | OwnRecords | ReadableHistory


@dataclass(frozen=True, eq=False)
class Policy:
    """The rows of an entity that are visible with the scope OWN: the union of `rows`."""

    record: type[Record | Trace]
    rows: tuple[Source, ...]
    restricts: bool = False
    """Whether it also applies where a profile makes ALL rows visible: restrictions take precedence (D-10)."""
    exempts_full: bool = False
    """Whether a restricting policy does not apply to viewers with full rights."""

    def __post_init__(self) -> None:
        """Raise TypeError for a share on an entity that is not declared as shareable."""
        shared = any(isinstance(each, Shared | SharedByRule) for each in self.rows)
        if shared and not issubclass(self.record, Shareable):
            raise TypeError(f"{self.entity} is shared by its policy: make the class Shareable.")

    @property
    def entity(self) -> str:
        """The name of the entity."""
        return self.record.__name__


def owned(record: type[Record]) -> Policy:
    """The default policy: own rows are those owned by the viewer or an employee below them."""
    return Policy(record, rows=(Owned(record.__table__.c[record.__owner__ or ""]),))


@dataclass(frozen=True, eq=False)
class Policies:
    """The policies by entity: that of its area, or of an Ownable entity otherwise. Other entities have no own rows."""

    by_entity: Mapping[str, Policy]

    @classmethod
    def of_areas(cls, model: Model | None = None, /, **areas: tuple[Policy, ...]) -> Policies:
        """Combine the areas' policies, and add the default for each Ownable entity without one.

        Raises TypeError, naming both areas, if an entity has two.
        """
        found: dict[str, Policy] = {}
        declared: dict[str, str] = {}
        for area, policies in areas.items():
            for policy in policies:
                name = policy.entity
                if name in found:
                    raise TypeError(
                        f"{name} has two policies, in auth/{declared[name]}.py and in "
                        f"auth/{area}.py: keep one and list all sources in its `rows`."
                    )
                found[name], declared[name] = policy, area
        for entity in model.entities.values() if model else ():
            if issubclass(entity.type_, Ownable) and not entity.parents:
                found.setdefault(entity.name, owned(entity.type_))
        return cls(MappingProxyType(found))

    def of(self, entity: str) -> Policy | None:
        """The policy of an entity."""
        return self.by_entity.get(entity)

    def is_restricted(self, entity: str, *, full: bool) -> bool:
        """Whether an entity's policy also applies to viewers of ALL rows, and to those with `full` rights."""
        policy = self.of(entity)
        return policy is not None and policy.restricts and not (full and policy.exempts_full)

    def own_rows_condition(self, entity: Entity, form: VisibilityForm) -> Bool:
        """The condition on the entity's own table for a viewer with own rows."""
        sources = self._sources(entity)
        if form is VisibilityForm.ID_IN and sources:
            return entity.table.c.id.in_(union_all(*(source.ids(entity) for source in sources)))
        return or_(false(), *(source.predicate(entity) for source in sources))

    def visibility_tables(self, entity: Entity) -> set[Table]:
        """The other tables that decide which rows of the entity are the viewer's own."""
        sources = self._sources(entity)
        shared = {source.record.table for source in sources if isinstance(source, Shared)}
        return shared | {
            source.column.table for source in sources if isinstance(source, Referenced)
        }

    def sharing_rules(self) -> tuple[SharingRules, ...]:
        """The tables of sharing rules that policies use."""
        sources = [source for policy in self.by_entity.values() for source in policy.rows]
        return tuple(source.rules for source in sources if isinstance(source, SharedByRule))

    def _sources(self, entity: Entity) -> tuple[Source, ...]:
        policy = self.of(entity.name)
        return () if policy is None else policy.rows


def parent_condition(
    entity: Entity, relation: Reference, parent: Entity, rows: Bool | None
) -> Bool:
    """The condition that the parent in this relation is among these rows (None: all) and not in the trash."""
    table, link = parent.table, entity.table.c[relation.column]
    parents = select(IntLiteral(1)).select_from(table).correlate(entity.table)
    live = table.c.deleted_at.is_(None)
    found = exists(parents.where(table.c.id == link, live, *([] if rows is None else [rows])))
    return or_(link.is_(None), found) if relation.nullable else found


def no_parent_condition(entity: Entity, relation: Reference) -> Bool:
    """The condition that a row has no parent in this relation, for viewers that cannot see such parents."""
    return entity.table.c[relation.column].is_(None) if relation.nullable else false()


def owner_condition(entity: Entity, *, below: bool) -> Bool:
    """The condition that the owner of a row, or of its first parent, is the viewer or an employee below them."""
    if entity.owner is not None:
        column = entity.table.c[entity.owner]
        if below:
            return one_of(column, OWNERS.format(entity=entity.name), Uuid())
        mine: Bool = column == parameter("viewer:employee", Uuid())
        return mine
    found: list[Bool] = []
    earlier: list[TableColumn] = []
    for relation, parent in zip(entity.parents, entity.parent_types, strict=True):
        link = entity.table.c[relation.column]
        if parent.owner is not None:
            parents = select(IntLiteral(1)).select_from(parent.table).correlate(entity.table)
            owned = exists(
                parents.where(parent.table.c.id == link, owner_condition(parent, below=below))
            )
            found.append(and_(*(each.is_(None) for each in earlier), owned))
        earlier.append(link)
    return or_(false(), *found)
