"""Command declarations: typed input, required rights, description and handler. Importing has no side effects."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import Any, TypeAlias, TypeVar, cast, get_type_hints

from auth.engine.viewer import Viewer
from db.engine.base import Record, Standard
from db.engine.model import Model
from db.engine.plan.values import parse_id
from db.engine.row import AnyColumn
from domain.naming import camel
from resolvers.engine.changeset import Action, AnyChangeset, Params, without_failed
from resolvers.engine.context import Context
from resolvers.engine.create import create
from resolvers.engine.hooks import BeforeSave
from resolvers.engine.permissions import imply_read, imply_write
from resolvers.engine.update import update
from resolvers.engine.values import NO_ID

R = TypeVar("R", bound=Record)
InputType: TypeAlias = type[Any]
"""The class of a command's input: a dataclass with fields made by arg(), sets() and children()."""
Handler: TypeAlias = Callable[[Context, Any], Awaitable[None]]
Allowed: TypeAlias = Callable[[Viewer, str], bool]
"""Whether a viewer may run the command on an entity; checked again before a stored outcome is returned."""


class Writes:
    """Fields that the command sets itself; the caller needs the right to write them."""

    def __init__(self, *columns: AnyColumn) -> None:
        self.columns = tuple(column.key for column in columns)


class Reads:
    """Fields that only commands set; the caller needs the right to read them."""

    def __init__(self, *columns: AnyColumn) -> None:
        self.columns = tuple(column.key for column in columns)


class Runs(Enum):
    """When a command's handler runs during the preparation of its changesets."""

    ON_UPDATE = "on update"
    """On locked records, after the input's fields are set and references checked, before the hooks."""
    BEFORE_CREATE = "before create"
    """Before new records exist: the handler sets their parameters."""
    EXCLUSIVE = "exclusive"
    """Instead of the standard preparation: the handler calls the engine's functions itself."""


@dataclass(frozen=True)
class Argument:
    """A field of a command's input."""

    name: str
    """Name in the API."""
    attribute: str
    """Name in the input's class."""
    doc: str
    annotation: object
    """Its Python type."""
    required: bool
    column: str | None = None
    """The column it sets, like the field of an update."""
    of: type[Record] | None = None
    """For an id: the record type it identifies."""
    children: type[Record] | None = None
    """For a list: the type of the children."""


def arg(doc: str, *, of: type[Record] | None = None, required: bool = False) -> Any:
    """An input field that the handler reads; None if omitted."""
    return dataclasses.field(default=None, metadata={"doc": doc, "of": of, "required": required})


def sets(column: AnyColumn, doc: str, *, required: bool = False) -> Any:
    """An input field that sets the column of the same API name; requires the same right as an update."""
    metadata = {"doc": doc, "column": column.key, "required": required}
    return dataclasses.field(default=None, metadata=metadata)


def children(record: type[Record], doc: str) -> Any:
    """An input field with the complete, ordered list of children of one type, named like the reverse connection."""
    metadata = {"doc": doc, "children": record, "required": True}
    return dataclasses.field(default=None, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class NoInput:
    """ID of the record and its version."""


@dataclass(frozen=True)
class Command:
    """The implementation of a mutation. The mutation, its bulk form, input, payload and replay check are derived from it."""

    record: type[Record]
    name: str
    """The action, such as `set_items`."""
    doc: str
    prepare: Callable[[Context, list[AnyChangeset]], Awaitable[None]]
    """Prepares the changesets; afterwards those without errors can be written."""
    allowed: Allowed
    input: InputType | None = None
    """The class of its input; None for standard commands, whose input has the fields of the record."""
    takes_id: bool = True
    """Whether the input names an existing record by `id`."""
    takes_version: bool = True
    skips: frozenset[BeforeSave] = frozenset()
    """Hooks that do not run on its changesets."""
    action: Action = Action.UPDATE
    standard: Standard | None = None
    """The standard command that it implements, if it is one."""

    @property
    def suffix(self) -> str:
        """Part of the mutation's name after the record's name, such as `SetItems`."""
        return self.name[:1].upper() + camel(self.name)[1:]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The input's fields without `id` and `version`."""
        return () if self.input is None else _arguments(cast("Hashable", self.input))

    def read(self, model: Model, params: Params) -> object:
        """The typed input from the caller's parameters. An id of another type becomes `NO_ID`."""
        if self.input is None:
            return None
        values = {}
        for each in self.arguments:
            value = params.get(each.name) if each.children is None else None
            if each.of is not None and value is not None:
                value = parse_id(value, model.of(each.of).prefix) or NO_ID
            values[each.attribute] = value
        return self.input(**values)

    def settable(self, params: Params) -> dict[str, object]:
        """The parameters that set columns."""
        if self.input is None:
            return dict(params)
        names = {each.name for each in self.arguments if each.column is not None}
        return {name: value for name, value in params.items() if name in names}


@cache
def _arguments(input_type: InputType) -> tuple[Argument, ...]:
    hints = get_type_hints(input_type)
    return tuple(
        Argument(
            name=camel(each.name),
            attribute=each.name,
            doc=each.metadata["doc"],
            annotation=hints[each.name],
            required=each.metadata["required"],
            column=each.metadata.get("column"),
            of=each.metadata.get("of"),
            children=each.metadata.get("children"),
        )
        for each in dataclasses.fields(input_type)
    )


def command(
    record: type[R],
    name: str,
    *,
    doc: str,
    input: InputType = NoInput,
    requires: Writes | Reads | None = None,
    runs: Runs = Runs.ON_UPDATE,
    takes_version: bool = True,
    skips: tuple[BeforeSave, ...] = (),
    allowed: Allowed | None = None,
) -> Callable[[Handler], Command]:
    """Declare a command of one record type. It is registered by its area.

    `allowed` replaces the default permission check, which is the right to update (or create) such records.
    The handler gets all changesets of the request, with their typed inputs.
    """

    def declare(handler: Handler) -> Command:
        prepared: dict[Runs, Handler] = {
            Runs.ON_UPDATE: partial(_on_update, handler, requires),
            Runs.BEFORE_CREATE: partial(_before_create, handler),
            Runs.EXCLUSIVE: handler,
        }
        creates = runs is Runs.BEFORE_CREATE
        return Command(
            record,
            name,
            doc,
            prepared[runs],
            allowed or (may_create if creates else may_edit),
            input,
            takes_id=not creates,
            takes_version=takes_version and not creates,
            skips=frozenset(skips),
            action=Action.CREATE if creates else Action.UPDATE,
        )

    return declare


async def _on_update(
    handler: Handler, requires: Writes | Reads | None, ctx: Context, items: list[AnyChangeset]
) -> None:
    for item in items:
        for column in requires.columns if requires else ():
            name = item.entity.named[column].name
            if isinstance(requires, Writes):
                imply_write(item, name)
            else:
                imply_read(item, ctx.viewer, name)
    await update(ctx, items, handler)


async def _before_create(handler: Handler, ctx: Context, items: list[AnyChangeset]) -> None:
    await handler(ctx, items)
    await create(ctx, without_failed(items))


def may_create(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may create records of an entity."""
    return viewer.may_create(entity)


def may_edit(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may update any record of an entity."""
    return viewer.edits(entity) is not None


def may_delete(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may delete and restore any record of an entity."""
    return viewer.deletes(entity) is not None


def may_create_or_edit(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may upsert records of an entity."""
    return viewer.may_create(entity) or viewer.edits(entity) is not None


def may_duplicate(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may both create and update records of an entity."""
    return viewer.may_create(entity) and viewer.edits(entity) is not None
