"""Registry of commands by mutation name: the standard commands of record types, and the commands of the areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from db.engine.base import Record, Standard
from db.engine.model import Model
from resolvers.engine.changeset import Action
from resolvers.engine.command import (
    Allowed,
    Command,
    Handler,
    may_create,
    may_create_or_edit,
    may_delete,
    may_edit,
)
from resolvers.engine.create import create
from resolvers.engine.delete import delete, restore
from resolvers.engine.hooks import AfterChange, BeforeSave, Hooks, Verify
from resolvers.engine.update import update
from resolvers.engine.upsert import upsert


@dataclass(frozen=True)
class Area:
    """The commands and hooks of an area, in order."""

    name: str
    commands: Sequence[Command] = ()
    before_save: Mapping[type[Record], Sequence[BeforeSave]] = field(default_factory=dict)
    after_change: Sequence[AfterChange] = ()
    verify: Sequence[Verify] = ()


class _Standard(NamedTuple):
    prepare: Handler
    allowed: Allowed
    doc: str


STANDARD: Mapping[Standard, _Standard] = {
    Standard.CREATE: _Standard(create, may_create, "Create a record."),
    Standard.UPDATE: _Standard(
        update,
        may_edit,
        "Update the fields that are sent; null clears a field.",
    ),
    Standard.DELETE: _Standard(delete, may_delete, "Move a record and its children to the trash."),
    Standard.RESTORE: _Standard(
        restore, may_delete, "Restore a record and its children from the trash."
    ),
    Standard.UPSERT: _Standard(
        upsert,
        may_create_or_edit,
        "Update the record with this `externalId`, or create it.",
    ),
}
ACTIONS: Mapping[Standard, Action] = {
    Standard.CREATE: Action.CREATE,
    Standard.UPDATE: Action.UPDATE,
    Standard.DELETE: Action.DELETE,
    Standard.RESTORE: Action.RESTORE,
    Standard.UPSERT: Action.UPDATE,  # becomes a create if the record does not exist
}


class CommandRegistry:
    """All commands and hooks. Raises TypeError for duplicate commands or hooks."""

    def __init__(self, model: Model, areas: Iterable[Area]) -> None:
        self.model = model
        self.areas = tuple(areas)
        self.commands: dict[str, Command] = {}
        self._standard: dict[tuple[type[Record], Standard], Command] = {}
        for entity in model.entities.values():
            for operation in Standard:
                command = _standard(entity.type_, operation)
                self._standard[entity.type_, operation] = command
                if operation in entity.commands:
                    self._add(command)
        for area in self.areas:
            for each in area.commands:
                self._add(each)
        self.hooks = _hooks(self.areas)

    def _add(self, command: Command) -> None:
        name = f"{self.model.of(command.record).singular}{command.suffix}"
        if name in self.commands:
            raise TypeError(f"{name} is declared twice: give one of the commands another name.")
        self.commands[name] = command

    def standard(self, record: type[Record], operation: Standard) -> Command:
        """A standard command of any record type, including types without such a mutation in the API."""
        return self._standard[record, operation]


def _standard(record: type[Record], operation: Standard) -> Command:
    prepare, allowed, doc = STANDARD[operation]
    return Command(
        record,
        operation.value,
        doc,
        prepare,
        allowed,
        input=None,
        takes_id=operation not in (Standard.CREATE, Standard.UPSERT),
        standard=operation,
        action=ACTIONS[operation],
    )


def _hooks(areas: Sequence[Area]) -> Hooks:
    """The hooks of all areas, in the order of the areas and of their lists."""
    before_save: dict[type[Record], tuple[BeforeSave, ...]] = {}
    for area in areas:
        for record, hooks in area.before_save.items():
            previous = before_save.get(record, ())
            duplicates = [hook.name for hook in hooks if hook in previous]
            if duplicates:
                raise TypeError(f"{record.__name__}: {', '.join(duplicates)} is listed twice.")
            before_save[record] = (*previous, *hooks)
    after = tuple(hook for area in areas for hook in area.after_change)
    return Hooks(before_save, after, tuple(check for area in areas for check in area.verify))
