"""Declares commands: a typed input, the rights that callers need, a description and a handler. Importing registers nothing."""

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
from resolvers.engine.changeset import Action, AnyChangeset, Params, live
from resolvers.engine.context import Context
from resolvers.engine.create import create
from resolvers.engine.hooks import BeforeSave
from resolvers.engine.permissions import imply_read, imply_write
from resolvers.engine.update import update
from resolvers.engine.values import NO_ID

R = TypeVar("R", bound=Record)
InputType: TypeAlias = type[Any]
"""The class of a command's input: a dataclass whose fields are made by arg(), sets() and children()."""
Handler: TypeAlias = Callable[[Context, Any], Awaitable[None]]
Allowed: TypeAlias = Callable[[Viewer, str], bool]
"""Whether a viewer may still do such a thing with records of an entity: asked before a replay is answered."""


class Writes:
    """The caller must be allowed to write these fields, which the command sets by itself."""

    def __init__(self, *columns: AnyColumn) -> None:
        self.columns = tuple(column.key for column in columns)


class Reads:
    """The caller must be allowed to read these fields, which no input names and only commands set."""

    def __init__(self, *columns: AnyColumn) -> None:
        self.columns = tuple(column.key for column in columns)


class Runs(Enum):
    """Where in the preparation of its changesets a command's handler runs."""

    ON_UPDATE = "on update"
    """On locked records, once the fields of the input are set and its references checked, before the hooks."""
    BEFORE_CREATE = "before create"
    """On nothing yet: it fills in the parameters that the new records are created with."""
    ALONE = "alone"
    """It does everything by itself, with the functions of the engine."""


@dataclass(frozen=True)
class Argument:
    """A field of a command's input."""

    name: str
    """As the API spells it."""
    attribute: str
    """As the input's class spells it."""
    doc: str
    annotation: object
    """Its Python type."""
    required: bool
    column: str | None = None
    """The column that it sets, as an update would."""
    of: type[Record] | None = None
    """For an id: the type of record that it leads to."""
    children: type[Record] | None = None
    """For a list: the type of the children that it gives."""


def arg(doc: str, *, of: type[Record] | None = None, required: bool = False) -> Any:
    """A field of an input that the handler reads; None where the caller leaves it out."""
    return dataclasses.field(default=None, metadata={"doc": doc, "of": of, "required": required})


def sets(column: AnyColumn, doc: str, *, required: bool = False) -> Any:
    """A field of an input that sets a column of the same API name, with the right that an update needs."""
    metadata = {"doc": doc, "column": column.key, "required": required}
    return dataclasses.field(default=None, metadata=metadata)


def children(record: type[Record], doc: str) -> Any:
    """A field of an input with all children of one type in their order, under the name of the reverse connection."""
    metadata = {"doc": doc, "children": record, "required": True}
    return dataclasses.field(default=None, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class NoInput:
    """ID of the record and its version."""


@dataclass(frozen=True)
class Command:
    """What a mutation runs. Mutation, bulk form, input, payload and replay check follow from it."""

    record: type[Record]
    name: str
    """What is done, as in `set_items`."""
    doc: str
    prepare: Callable[[Context, list[AnyChangeset]], Awaitable[None]]
    """When it returns, those changesets with which nothing is wrong can be written."""
    allowed: Allowed
    input: InputType | None = None
    """The class of its input; None for standard commands, which take the fields of the record."""
    takes_id: bool = True
    """Whether the input names an existing record by `id`."""
    takes_version: bool = True
    skips: frozenset[BeforeSave] = frozenset()
    """The hooks that do not run on its changesets."""
    action: Action = Action.UPDATE
    standard: Standard | None = None
    """Which of the commands of all records it is."""

    @property
    def suffix(self) -> str:
        """What the mutation is called after the record's name, such as `SetItems`."""
        return self.name[:1].upper() + camel(self.name)[1:]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The fields of its own input, but for `id` and `version`."""
        return () if self.input is None else _arguments(cast("Hashable", self.input))

    def read(self, model: Model, params: Params) -> object:
        """The typed input of what the caller sent. An id of another type leads to no record."""
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
        """Those of the parameters that set columns."""
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
    """Declare a command of one record type. It exists once its area lists it.

    `allowed` says who may do it at all, where that is not who may update (or create) such records.

    The handler is given the changesets of the type with their typed inputs, and decides for all of them at once.
    """

    def declare(handler: Handler) -> Command:
        ways: dict[Runs, Handler] = {
            Runs.ON_UPDATE: partial(_on_update, handler, requires),
            Runs.BEFORE_CREATE: partial(_before_create, handler),
            Runs.ALONE: handler,
        }
        creates = runs is Runs.BEFORE_CREATE
        return Command(
            record,
            name,
            doc,
            ways[runs],
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
    await create(ctx, live(items))


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
    """Whether the viewer may do what an upsert does."""
    return viewer.may_create(entity) or viewer.edits(entity) is not None


def may_duplicate(viewer: Viewer, entity: str) -> bool:
    """Whether the viewer may create records beside those that they may update."""
    return viewer.may_create(entity) and viewer.edits(entity) is not None
