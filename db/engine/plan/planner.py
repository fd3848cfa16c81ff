"""Compiles a selection to a plan: one statement, its parameters, and the fields denied to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, assert_never

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    Uuid,
    func,
    select,
    true,
)

from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependencies,
    Dependency,
    FieldOf,
    ListPermissionsOf,
    PermissionsOf,
    RowsOf,
    SearchOf,
    TrashOf,
    TypePermissionsOf,
    ordered,
)
from db.engine.fields import Kind
from db.engine.gate import Authorizer, Compiled, FieldAccess, Gate, SecuredView, VisibilityForm
from db.engine.model import Model
from db.engine.plan.connection import connection
from db.engine.plan.emit import array
from db.engine.plan.group_selection import Groups
from db.engine.plan.groups import groups
from db.engine.plan.hits import hits, searchable
from db.engine.plan.roots import Find, Root, RootNode, RootNodes, RootOne, RootSearch, Selection
from db.engine.plan.selection import BindParam, ConnectionSelection, ObjectSelection, search_of
from db.engine.plan.shape import record
from db.engine.plan.source import (
    CLOSED,
    CURSOR_MARK,
    Binding,
    CursorKey,
    CursorOf,
    Joined,
    Pages,
    Scope,
    join_laterals,
)
from db.engine.plan.where import where
from db.engine.sql import Bool, Column, Concat, Query, Sql, StringAgg, or_null, parameter

T = TypeVar("T")


@dataclass(frozen=True)
class Denied:
    """A selected field that is not readable, with the reason: `hidden`, `status`, `object` or `feature`."""

    entity: str
    field: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """A compiled read, valid for every caller with the same permission shape."""

    compiled: Compiled | None
    """None where every root is closed, so that no statement runs."""
    columns: tuple[str, ...]
    """The roots that are columns of the statement; the others are null."""
    bindings: Mapping[str, Binding | CursorKey]
    range_checks: tuple[Binding, ...]
    denied: tuple[Denied, ...]
    cursors: bool
    uses_id_in: bool
    """Whether a root list uses the form `ID_IN` (D-52)."""
    searches: bool = False

    @property
    def needs_custom_plan(self) -> bool:
        """Whether Postgres plans it for each set of parameters, because they determine the row count."""
        return self.uses_id_in or self.searches

    def arguments(
        self,
        variables: Mapping[str, object],
        authorizer: Authorizer,
        cursors: Mapping[CursorOf, tuple[str | None, ...]],
    ) -> list[object]:
        """The parameter values of the statement, in order. Raises Refused."""
        for bound in self.range_checks:
            bound.encode(resolve(bound.slot, variables))
        if self.compiled is None:
            return []
        return [
            self._argument(name, variables, authorizer, cursors)
            for name in self.compiled.parameters
        ]

    def _argument(
        self,
        name: str,
        variables: Mapping[str, object],
        authorizer: Authorizer,
        cursors: Mapping[CursorOf, tuple[str | None, ...]],
    ) -> object:
        binding = self.bindings.get(name)
        if binding is None:
            return authorizer.value(name)
        if isinstance(binding, CursorKey):
            key = cursors[binding.cursor][binding.index]
            return None if key is None else binding.decode(key)
        return binding.encode(resolve(binding.slot, variables))


def resolve(slot: BindParam, variables: Mapping[str, object]) -> object:
    """Value of a slot: a constant, a list of slots, or the value in the variables at its path."""
    if not slot.path:
        several = slot.constant
        return (
            [resolve(item, variables) for item in several]
            if isinstance(several, tuple)
            else several
        )
    value: Any = variables
    for step in slot.path:
        value = value[step]
    return value


def resolve_as(kind: type[T], slot: BindParam, variables: Mapping[str, object]) -> T:
    """Value of a slot, of a type that validation has checked. Raises TypeError for any other type."""
    value = resolve(slot, variables)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not {kind.__name__}: validation did not check it")
    return value


@dataclass(frozen=True)
class Forbidden:
    """The closed dependencies of a filter, an order or an aggregate: the operation is refused (D-31)."""

    closed: tuple[Dependency, ...]


def compile_plan(
    selection: Selection, authorizer: Authorizer, model: Model, pages: Pages
) -> Plan | Forbidden:
    """Compile an operation for a permission shape. The result does not depend on ids or values."""
    refused = closed(selection.filter_depends_on, authorizer) or _unsearchable(
        selection, authorizer
    )
    if refused:
        return Forbidden(refused)
    scope = Scope(Gate(authorizer), model, pages)
    texts: list[tuple[str, Sql]] = []
    for key, root in selection.roots:
        text = _root(scope, root)
        if text is not None:
            texts.append((key, text))
    compiled = None
    if texts:
        columns = [
            func.convert_to(text, Concat(["UTF8"])).label(f"r{i}")
            for i, (_, text) in enumerate(texts)
        ]
        compiled = scope.gate.compile(select(*columns))
    return Plan(
        compiled=compiled,
        columns=tuple(key for key, _ in texts),
        bindings=scope.bindings,
        range_checks=tuple(scope.range_checks),
        denied=denied(scope),
        cursors=compiled is not None and CURSOR_MARK in compiled.sql,
        uses_id_in=any(
            isinstance(root, ConnectionSelection | Groups)
            and authorizer.may_see(root.entity.name)
            and authorizer.form(root.entity.name) is VisibilityForm.ID_IN
            for _, root in selection.roots
        ),
        searches=scope.searches,
    )


def closed(dependencies: Dependencies, authorizer: Authorizer) -> tuple[Dependency, ...]:
    """The dependencies that the caller may not filter, sort or aggregate by (D-31), in order."""
    return tuple(each for each in ordered(dependencies) if not readable(authorizer, each))


def _unsearchable(selection: Selection, authorizer: Authorizer) -> tuple[Dependency, ...]:
    """The searched fields of a search over all entities, if none of them is readable."""
    for _, root in selection.roots:
        if isinstance(root, RootSearch) and not any(searchable(authorizer, k) for k in root.kinds):
            return tuple(search_of(kind.entity) for kind in root.kinds)
    return ()


def denied(scope: Scope) -> tuple[Denied, ...]:
    """The selected fields that the plan does not show, sorted."""
    return tuple(Denied(*name, reason) for name, reason in sorted(scope.denied.items()))


def readable(authorizer: Authorizer, dependency: Dependency) -> bool:
    """Whether the caller may filter, sort or aggregate by a dependency."""
    match dependency:
        case (
            RowsOf(entity)
            | FieldOf(entity, "id")
            | AttributesOf(entity)
            | PermissionsOf(entity)
            | TypePermissionsOf(entity)
            | ListPermissionsOf(entity)
        ):
            return authorizer.may_see(entity)
        case FieldOf(entity, field):
            return (
                authorizer.may_see(entity)
                and authorizer.right(entity, field) is not FieldAccess.HIDDEN
            )
        case AttributeOf(entity, key):
            return authorizer.may_see(entity) and authorizer.attribute(entity, key) is not None
        case SearchOf(entity, fields):
            rights = (authorizer.right(entity, field) for field in fields)
            return authorizer.may_see(entity) and any(
                each is not FieldAccess.HIDDEN for each in rights
            )
        case TrashOf(entity):
            return authorizer.may_see(entity) and authorizer.may_restore(entity)
        case _:
            assert_never(dependency)


def _root(scope: Scope, root: Root) -> Sql | None:
    """The JSON text of a root field; None where its entity is closed."""
    match root:
        case ConnectionSelection():
            if not _open(scope, root.entity.name):
                return None
            statement = connection(scope, root, None, record)
            return statement.scalar_subquery()
        case Groups():
            if not _open(scope, root.entity.name):
                return None
            return groups(scope, root, partial(_belongs, scope, root))
        case RootOne():
            if not _open(scope, root.object.entity.name):
                return None
            return or_null(_single(scope, root).scalar_subquery())
        case RootNode():
            if root.object is None or not _open(scope, root.object.entity.name):
                return Concat(["null"])
            return or_null(_single(scope, RootOne(Find.ID, root.object, root.id)).scalar_subquery())
        case RootNodes():
            return _nodes(scope, root)
        case RootSearch():
            return hits(scope, root, record)


def _belongs(scope: Scope, root: Groups, view: SecuredView) -> Bool:
    return true() if root.condition is None else where(scope, view, root.condition)


def _open(scope: Scope, entity: str) -> bool:
    if scope.gate.authorizer.may_see(entity):
        return True
    scope.deny(entity, "", CLOSED)
    return False


def _single(scope: Scope, root: RootOne) -> Query:
    entity = root.object.entity
    view = scope.gate.see(entity)
    laterals: list[Joined] = []
    text = record(scope, view, root.object, laterals)
    statement = select(text.label("json")).select_from(join_laterals(view, laterals))
    if root.find is Find.SINGLETON:
        return statement
    if root.find is Find.VIEWER or root.id is None:
        id_: Sql = parameter("viewer:user", Uuid())
    else:
        id_ = scope.bind(root.id, Kind.ID, entity.prefix)
    return statement.where(view.column("id") == id_)


def _nodes(scope: Scope, root: RootNodes) -> Sql:
    """Records in the order of the requested ids, null for ids without a visible record."""
    open_ones = [each for each in root.objects if _open(scope, each.entity.name)]
    arrays = [
        scope.bind(root.ids, Kind.ID, each.entity.prefix, many=True, keep=True, as_=ARRAY(Uuid()))
        for each in open_ones
    ] or [scope.bind(root.ids, Kind.TEXT, many=True, as_=ARRAY(Text()))]
    names = [f"id_{index}" for index in range(len(arrays))]
    requested = (
        func.unnest(*arrays).table_valued(*names, with_ordinality="place").render_derived("asked")
    )
    columns = [_nodes_of(scope, each, name) for each, name in zip(open_ones, names, strict=False)]
    text: Sql = func.coalesce(*columns, Concat(["null"])) if columns else Concat(["null"])
    joined = StringAgg(text, Column("asked", "place", Integer()))
    return array(select(joined).select_from(requested).scalar_subquery())


def _nodes_of(scope: Scope, each: ObjectSelection, name: str) -> Sql:
    view = scope.gate.see(each.entity)
    laterals: list[Joined] = []
    text = record(scope, view, each, laterals)
    statement = select(text).select_from(join_laterals(view, laterals))
    return statement.where(view.column("id") == Column("asked", name, Uuid())).scalar_subquery()
