"""Commands of one generated mutation and the GraphQL document that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.writes.entity_types import ENTITY_TYPES

Input = dict[str, Any]

ERRORS = "userErrors { code message path conflict { version fields { field mine theirs base } } }"


@dataclass(frozen=True)
class Command:
    """One root field: an action on one record or, with `many`, on several."""

    entity: str
    action: str
    inputs: tuple[Input, ...]
    many: bool = False
    all_or_none: bool | None = None

    @property
    def independent(self) -> bool:
        """Whether inputs succeed or fail independently, so that the root field never fails as a whole."""
        return self.many and self.all_or_none is False

    @property
    def one(self) -> str:
        """Field name of the record in a payload."""
        return self.entity[0].lower() + self.entity[1:]

    @property
    def input_type(self) -> str:
        """Name of the input type; deletes and restores of all entities share one."""
        return (
            "RecordInput"
            if self.action in ("Delete", "Restore")
            else f"{self.entity}{self.action}Input"
        )

    def root(self, alias: str) -> str:
        """The root field under this alias, with its selection."""
        payload = f"id {self.one} {{ id version {ENTITY_TYPES[self.entity].selection} }} {ERRORS}"
        if not self.many:
            return f"{alias}: {self.one}{self.action}(input: ${alias}) {{ {payload} }}"
        choice = "" if self.all_or_none is None else f", allOrNone: {str(self.all_or_none).lower()}"
        return (
            f"{alias}: {self.one}{self.action}Many(inputs: ${alias}{choice}) "
            f"{{ results {{ {payload} }} {ERRORS} }}"
        )


@dataclass(frozen=True)
class Mutation:
    """One mutation request of one persona."""

    persona: str
    commands: tuple[Command, ...]
    key: str | None = None

    @property
    def document(self) -> str:
        """The GraphQL document; its variables have the names of its root fields."""
        types = [
            f"$r{n}: [{command.input_type}!]!" if command.many else f"$r{n}: {command.input_type}!"
            for n, command in enumerate(self.commands)
        ]
        roots = "\n".join(command.root(f"r{n}") for n, command in enumerate(self.commands))
        return f"mutation ({', '.join(types)}) {{\n{roots}\n}}"

    @property
    def variables(self) -> dict[str, Any]:
        """The inputs by root field name."""
        return {
            f"r{n}": list(command.inputs) if command.many else command.inputs[0]
            for n, command in enumerate(self.commands)
        }
