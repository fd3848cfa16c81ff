"""The only access to rows of records: `see` returns a view of the rows and columns that a caller may see.

A statement that names a table of records directly does not compile (`db/engine/seal.py`).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import (
    Boolean,
    FromClause,
    Text,
    and_,
    case,
    null,
    select,
    type_coerce,
)
from sqlalchemy.sql.elements import ClauseElement

from db.engine.dependencies import Dependencies
from db.engine.entity import Entity
from db.engine.fields import Field
from db.engine.seal import DIALECT, SealedCompiler, Unsealed
from db.engine.sql import Bool, Column, Concat, Query, Sql, SqlType, one_of
from domain.access import AttributeRights

__all__ = [
    "Authorizer",
    "Compiled",
    "FieldAccess",
    "Gate",
    "SecuredView",
    "Unsealed",
    "VisibilityForm",
]


class FieldAccess(StrEnum):
    """Whether a field may be read: always, in some statuses of the record, or never."""

    READABLE = "READABLE"
    CONDITIONAL = "CONDITIONAL"
    HIDDEN = "HIDDEN"


class VisibilityForm(StrEnum):
    """SQL form of the condition for the rows a caller may see (D-52)."""

    PREDICATE = "PREDICATE"
    """`own OR shared`: for queries where another index selects few rows first."""
    ID_IN = "ID_IN"
    """`id IN (own UNION ALL shared)`: for root lists of callers with few visible rows."""


class Authorizer(Protocol):
    """The rights of one caller. Implemented by auth/; db/ knows no roles or profiles."""

    def may_see(self, entity: str) -> bool:
        """Whether the caller may see records of the entity at all."""

    def is_off(self, entity: str) -> bool:
        """Whether the entity's feature is switched off for all users."""

    def rows(self, entity: Entity, form: VisibilityForm) -> Bool | None:
        """The visibility condition on the entity's table; None for all rows."""

    def right(self, entity: str, name: str) -> FieldAccess:
        """The right on a field or a reference."""

    def write_condition(self, entity: Entity, *, deletes: bool) -> Bool | bool:
        """Which visible rows the caller may change or delete: a condition on the table, or True (all) or False (none)."""

    def type_access(self, entity: Entity) -> Mapping[str, object]:
        """The caller's permissions on an entity's records, as in the API's `TypePermissions`."""

    def writable(self, entity: Entity) -> Iterable[str]:
        """Writable fields, in a fixed order. Conditional ones are writable only in the statuses in which they are readable."""

    def may_restore(self, entity: str) -> bool:
        """Whether the trash is readable, which it is if the caller may restore some of its records."""

    def attribute(self, entity: str, key: str) -> AttributeRights | None:
        """The custom attribute with this key; None if it does not exist or is not readable."""

    def attributes(self, entity: str) -> Iterable[AttributeRights]:
        """All readable custom attributes, in a fixed order."""

    def form(self, entity: str) -> VisibilityForm:
        """The SQL form for a root list."""

    def value(self, name: str) -> object:
        """The value of a parameter that the authorizer's conditions use."""

    def rights_key(self, depends_on: Dependencies) -> Hashable:
        """A cache key: the part of the caller's rights that these dependencies name. IDs are parameters (D-55)."""


class SecuredView(FromClause):
    """The rows of one entity that a caller may see, with masked columns. Postgres inlines it like a view.

    Only the columns in use are in its list, which keeps the SQL short.
    """

    __visit_name__ = "seen"
    inherit_cache = False
    named_with_column = True

    def __init__(
        self,
        entity: Entity,
        authorizer: Authorizer,
        form: VisibilityForm,
        name: str,
        *,
        trashed: bool = False,
    ) -> None:
        self.entity = entity
        self._trashed = trashed
        self.name = name
        self._authorizer = authorizer
        self._form = form
        self._select_list: dict[str, Sql] = {}
        self._fields: dict[str, str] = {}
        """The field whose right masks each label."""

    @property
    def _from_objects(self) -> list[FromClause]:
        return [self]

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A column, masked by the right on the API field `under` (default: the field of the column)."""
        stored, kind = self._stored(name)
        field = under or self._field_of(name)
        expression = self._masked(stored, kind, field)
        self._check_mask(label or name, field)
        return self._list(label or name, expression, kind)

    def unmasked_column(self, name: str) -> Column:
        """An unmasked column, for rules only. Values in responses use `column`."""
        stored = self.entity.table.c[name]
        return self._list(f"fact_{name}", stored, stored.type)

    def _check_mask(self, label: str, field: str) -> None:
        """Refuse a label with two different masks, because the second would replace the first."""
        other = self._fields.setdefault(label, field)
        rights = {self._authorizer.right(self.entity.name, each) for each in (field, other)}
        if other != field and rights != {FieldAccess.READABLE}:
            raise Unsealed(f"{self.entity.name}: {label} is masked as {other} and as {field}.")

    def condition_on(self, name: str, condition: Callable[[Column], Bool]) -> Bool:
        """A condition on a column, false where the column is masked. So the caller must not negate it.

        For a conditional field the mask is `status = ANY(…) AND condition`, because no index supports
        a condition on the CASE (D-51).
        """
        field = self._field_of(name)
        if self._authorizer.right(self.entity.name, field) is not FieldAccess.CONDITIONAL:
            return condition(self.column(name))
        stored, kind = self._stored(name)
        status = self._list("status_", self._status(), Text())
        raw = self._list(f"{name}_raw", stored, kind)
        return and_(one_of(status, self._statuses(field), Text()), condition(raw))

    def select(self) -> Query:
        """The subquery. It has no LIMIT, DISTINCT or other clause that prevents Postgres from inlining it."""
        table, name = self.entity.table, self.entity.name
        listed: list[Sql] = [v.label(label) for label, v in self._select_list.items()]
        conditions: list[Bool] = []
        if not self.entity.is_trace:
            deleted = table.c.deleted_at
            conditions.append(deleted.is_not(null()) if self._trashed else deleted.is_(null()))
        rows = self._authorizer.rows(self.entity, self._form)
        if rows is not None:
            conditions.append(rows)
        if not self._authorizer.may_see(name):
            raise Unsealed(
                f"{name} is closed to this caller: the planner must check may_see() first."
            )
        return select(*(listed or [table.c.id])).select_from(table).where(*conditions)

    def _list(self, label: str, value: Sql, kind: SqlType) -> Column:
        self._select_list[label] = value
        return Column(self.name, label, kind)

    def _stored(self, name: str) -> tuple[Sql, SqlType]:
        """A column of the table, or the SQL of an expression field."""
        field = self.entity.formulas.get(name)
        if field is not None and field.formula is not None and field.sql_type is not None:
            return field.formula(_Inputs(self.entity, field)), field.sql_type
        kept = self.entity.table.c[name]
        return kept, kept.type

    def _field_of(self, column: str) -> str:
        if column == self.entity.record:
            return "id"
        if (name := self.entity.api_names.get(column)) is not None:
            return name
        raise Unsealed(f"{self.entity.name}.{column} is internal: no caller sees it.")

    def _masked(self, stored: Sql, kind: SqlType, field: str) -> Sql:
        if field == "id":
            return stored
        right = self._authorizer.right(self.entity.name, field)
        if right is FieldAccess.READABLE:
            return stored
        if right is FieldAccess.HIDDEN:
            return type_coerce(null(), kind)
        return case((one_of(self._status(), self._statuses(field), Text()), stored))

    def condition_column(self, label: str, condition: Bool) -> Column:
        """A condition of the authorizer on the row, as a column."""
        return self._list(label, condition, Boolean())

    def attribute(self, attribute: AttributeRights) -> Sql:
        """The jsonb value of a readable custom attribute."""
        if self._authorizer.attribute(self.entity.name, attribute.key) != attribute:
            raise Unsealed(f"{attribute.key} is closed to this caller.")
        stored = self.entity.table.c[self.entity.attributes or ""]
        column = self._list(stored.name, stored, stored.type)
        return column.op("->")(Concat([attribute.id]))

    def _status(self) -> Sql:
        return self.entity.table.c[self.entity.status or ""]

    def _statuses(self, field: str) -> str:
        return f"statuses:{self.entity.name}.{field}"


class _Inputs:
    """The columns in an expression's `inputs`. Others are refused, because its right follows from those only."""

    def __init__(self, entity: Entity, field: Field) -> None:
        self._entity = entity
        self._needs = {entity.fields[name].column for name in field.inputs}
        self._name = field.name

    def __getattr__(self, name: str) -> Sql:
        if name not in self._needs:
            raise Unsealed(f"{self._entity.name}.{self._name} uses {name}: add it to its inputs=.")
        return self._entity.table.c[name]


@dataclass(frozen=True)
class Compiled:
    """A statement's text and the names of its parameters, in positional order."""

    sql: str
    parameters: tuple[str, ...]


class Gate:
    """Access to records with one caller's rights. Only this gate compiles statements with the views it returned."""

    def __init__(self, authorizer: Authorizer) -> None:
        self.authorizer = authorizer
        self._issued: set[int] = set()
        self._views: list[SecuredView] = []
        """Keeps the views alive, because `_issued` knows them by identity."""
        self._count: dict[str, int] = {}

    def see(
        self,
        entity: Entity,
        form: VisibilityForm = VisibilityForm.PREDICATE,
        *,
        trashed: bool = False,
    ) -> SecuredView:
        """The rows of `entity` that the caller may see, usable as a table; with `trashed`, those in the trash."""
        name = entity.table.name
        self._count[name] = self._count.get(name, 0) + 1
        view = SecuredView(
            entity, self.authorizer, form, f"{name}_{self._count[name]}", trashed=trashed
        )
        self._views.append(view)
        self._issued.add(id(view))
        return view

    def compile(self, statement: ClauseElement) -> Compiled:
        """Render a statement. Raises Unsealed if it names a record's table in any other way."""
        compiler = SealedCompiler(DIALECT, statement, issued=lambda view: id(view) in self._issued)
        names = tuple(compiler.positiontup or ())
        return Compiled(compiler.string, names)
