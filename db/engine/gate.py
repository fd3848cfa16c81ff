"""The one door to the rows of records: `see` hands out the rows and columns a caller may see, and nothing else compiles."""

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

__all__ = ["Authorizer", "Compiled", "Form", "Gate", "Right", "SecuredView", "Unsealed"]


class Right(StrEnum):
    """What a caller may do with a field: read it, read it in some statuses, or not know it."""

    OPEN = "OPEN"
    CONDITIONAL = "CONDITIONAL"
    CLOSED = "CLOSED"


class Form(StrEnum):
    """SQL form of the condition for the rows a caller may see (D-52)."""

    PREDICATE = "PREDICATE"
    """`own OR shared`: right wherever an index leads to few rows first."""
    ID_IN = "ID_IN"
    """`id IN (own UNION ALL shared)`: right for a root list of a viewer with few rows."""


class Authorizer(Protocol):
    """Who asks, and what they may see. auth/ implements it; db/ asks it and knows no roles."""

    def may_see(self, entity: str) -> bool:
        """Whether any row of the entity may be seen."""

    def is_off(self, entity: str) -> bool:
        """Whether it is switched off, so that no user sees any of it."""

    def rows(self, entity: Entity, form: Form) -> Bool | None:
        """The condition on the entity's table, or None for all rows."""

    def right(self, entity: str, name: str) -> Right:
        """What may be done with a field or a reference."""

    def scope(self, entity: Entity, *, deletes: bool) -> Bool | bool:
        """Which of the rows that may be seen may be changed, or deleted: a condition on the entity's table, or all or none."""

    def type_access(self, entity: Entity) -> Mapping[str, object]:
        """The caller's permissions on an entity's records, as in the API's `TypePermissions`."""

    def writable(self, entity: Entity) -> Iterable[str]:
        """The fields that may be written, in a fixed order; of those ruled by status, where it opens them."""

    def may_restore(self, entity: str) -> bool:
        """Whether the trash is readable: it is if the caller may restore some of its records."""

    def attribute(self, entity: str, key: str) -> AttributeRights | None:
        """The custom attribute with this key, if it exists and is readable: the two are not told apart."""

    def attributes(self, entity: str) -> Iterable[AttributeRights]:
        """All readable custom attributes, in a fixed order."""

    def form(self, entity: str) -> Form:
        """Which form suits a root list."""

    def value(self, name: str) -> object:
        """The value of a parameter that the guard's own conditions use."""

    def project(self, depends_on: Dependencies) -> Hashable:
        """The part of the caller's rights that these dependencies name: no ids, which are bound (D-55)."""


class SecuredView(FromClause):
    """The rows of one entity that a caller may see, columns masked. Postgres pulls it up like a view.

    Only the columns asked of it are in its list, so the SQL stays short enough to read.
    """

    __visit_name__ = "seen"
    inherit_cache = False
    named_with_column = True

    def __init__(
        self, entity: Entity, authorizer: Authorizer, form: Form, name: str, *, bin: bool = False
    ) -> None:
        self.entity = entity
        self._bin = bin
        self.name = name
        self._authorizer = authorizer
        self._form = form
        self._listed: dict[str, Sql] = {}
        self._fields: dict[str, str] = {}
        """The field that each label is masked as."""

    @property
    def _from_objects(self) -> list[FromClause]:
        return [self]

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A column, masked by the right on the API's field `under` (default: the one it belongs to)."""
        kept, kind = self._kept(name)
        field = under or self._field_of(name)
        masked = self._masked(kept, kind, field)
        self._check_mask(label or name, field)
        return self._list(label or name, masked, kind)

    def fact(self, name: str) -> Column:
        """A column as it is kept, for rules to decide by: what is told of it is asked for by `column`."""
        kept = self.entity.table.c[name]
        return self._list(f"fact_{name}", kept, kept.type)

    def _check_mask(self, label: str, field: str) -> None:
        """One label stands for one mask: a second would silently replace the first."""
        other = self._fields.setdefault(label, field)
        rights = {self._authorizer.right(self.entity.name, each) for each in (field, other)}
        if other != field and rights != {Right.OPEN}:
            raise Unsealed(f"{self.entity.name}: {label} is masked as {other} and as {field}.")

    def test(self, name: str, condition: Callable[[Column], Bool]) -> Bool:
        """A positive condition on a column, false where the column is masked.

        For a field ruled by status the mask is said as `status = ANY(…) AND condition`, because a
        condition on the CASE would read every row (D-51).
        """
        field = self._field_of(name)
        if self._authorizer.right(self.entity.name, field) is not Right.CONDITIONAL:
            return condition(self.column(name))
        kept, kind = self._kept(name)
        status = self._list("status_", self._status(), Text())
        raw = self._list(f"{name}_raw", kept, kind)
        return and_(one_of(status, self._statuses(field), Text()), condition(raw))

    def select(self) -> Query:
        """The statement this stands for. Never LIMIT, DISTINCT or anything else that stops pulling up."""
        table, name = self.entity.table, self.entity.name
        listed: list[Sql] = [v.label(label) for label, v in self._listed.items()]
        conditions: list[Bool] = []
        if not self.entity.is_trace:
            deleted = table.c.deleted_at
            conditions.append(deleted.is_not(null()) if self._bin else deleted.is_(null()))
        rows = self._authorizer.rows(self.entity, self._form)
        if rows is not None:
            conditions.append(rows)
        if not self._authorizer.may_see(name):
            raise Unsealed(f"{name} is closed to this caller: the planner must not come here.")
        return select(*(listed or [table.c.id])).select_from(table).where(*conditions)

    def _list(self, label: str, value: Sql, kind: SqlType) -> Column:
        self._listed[label] = value
        return Column(self.name, label, kind)

    def _kept(self, name: str) -> tuple[Sql, SqlType]:
        """A column of the table, or what an expression makes of several."""
        field = self.entity.formulas.get(name)
        if field is not None and field.formula is not None and field.kept is not None:
            return field.formula(_Inputs(self.entity, field)), field.kept
        kept = self.entity.table.c[name]
        return kept, kept.type

    def _field_of(self, column: str) -> str:
        if column == self.entity.record:
            return "id"
        if (name := self.entity.api_names.get(column)) is not None:
            return name
        raise Unsealed(f"{self.entity.name}.{column} is internal: no caller sees it.")

    def _masked(self, kept: Sql, kind: SqlType, field: str) -> Sql:
        if field == "id":
            return kept
        right = self._authorizer.right(self.entity.name, field)
        if right is Right.OPEN:
            return kept
        if right is Right.CLOSED:
            return type_coerce(null(), kind)
        return case((one_of(self._status(), self._statuses(field), Text()), kept))

    def mark(self, label: str, condition: Bool) -> Column:
        """A condition of the guard's on the row, as a column."""
        return self._list(label, condition, Boolean())

    def attribute(self, attribute: AttributeRights) -> Sql:
        """The jsonb value of a readable custom attribute."""
        if self._authorizer.attribute(self.entity.name, attribute.key) != attribute:
            raise Unsealed(f"{attribute.key} is closed to this caller.")
        kept = self.entity.table.c[self.entity.attributes or ""]
        listed = self._list(kept.name, kept, kept.type)
        return listed.op("->")(Concat([attribute.id]))

    def _status(self) -> Sql:
        return self.entity.table.c[self.entity.status or ""]

    def _statuses(self, field: str) -> str:
        return f"statuses:{self.entity.name}.{field}"


class _Inputs:
    """The table's columns that an expression says it needs, and no others: its right follows from theirs."""

    def __init__(self, entity: Entity, field: Field) -> None:
        self._entity = entity
        self._needs = {entity.fields[name].column for name in field.needs}
        self._name = field.name

    def __getattr__(self, name: str) -> Sql:
        if name not in self._needs:
            raise Unsealed(f"{self._entity.name}.{self._name} uses {name}: add it to its needs=.")
        return self._entity.table.c[name]


@dataclass(frozen=True)
class Compiled:
    """A statement's text and the names of its parameters, in the order of their numbers."""

    sql: str
    parameters: tuple[str, ...]


class Gate:
    """One caller's door. What it hands out compiles here and nowhere else."""

    def __init__(self, authorizer: Authorizer) -> None:
        self.authorizer = authorizer
        self._issued: set[int] = set()
        self._kept: list[SecuredView] = []
        self._count: dict[str, int] = {}

    def see(self, entity: Entity, form: Form = Form.PREDICATE, *, bin: bool = False) -> SecuredView:
        """The rows of `entity` that the caller may see, usable as a table; with `bin`, the deleted ones."""
        name = entity.table.name
        self._count[name] = self._count.get(name, 0) + 1
        seen = SecuredView(entity, self.authorizer, form, f"{name}_{self._count[name]}", bin=bin)
        self._kept.append(seen)
        self._issued.add(id(seen))
        return seen

    def compile(self, statement: ClauseElement) -> Compiled:
        """Render a statement. Raises Unsealed if it names a record's table in any other way."""
        compiler = SealedCompiler(DIALECT, statement, issued=lambda seen: id(seen) in self._issued)
        names = tuple(compiler.positiontup or ())
        return Compiled(compiler.string, names)
