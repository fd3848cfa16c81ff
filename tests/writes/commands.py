"""Commands of one generated mutation and the GraphQL document that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.writes.kinds import KINDS

Input = dict[str, Any]


@dataclass(frozen=True)
class Command:
    """One root field: what is done to one record, or to many."""

    entity: str
    action: str
    inputs: tuple[Input, ...]
    many: bool = False
    all_or_none: bool | None = None

    @property
    def by_itself(self) -> bool:
        """Whether each input stands by itself, so that the field as a whole cannot fail."""
        return self.many and self.all_or_none is False

    @property
    def one(self) -> str:
        """The name of the record in a payload."""
        return self.entity[0].lower() + self.entity[1:]

    @property
    def input_type(self) -> str:
        """The input's type; deletes and restores have one for all."""
        return (
            "RecordInput"
            if self.action in ("Delete", "Restore")
            else f"{self.entity}{self.action}Input"
        )

    def root(self, alias: str) -> str:
        """The root field under this alias, with the payload it selects."""
        payload = f"id {self.one} {{ id version {KINDS[self.entity].selection} }} userErrors {{ code message path }}"
        if not self.many:
            return f"{alias}: {self.one}{self.action}(input: ${alias}) {{ {payload} }}"
        choice = "" if self.all_or_none is None else f", allOrNone: {str(self.all_or_none).lower()}"
        return (
            f"{alias}: {self.one}{self.action}Many(inputs: ${alias}{choice}) "
            f"{{ results {{ {payload} }} userErrors {{ code message path }} }}"
        )


@dataclass(frozen=True)
class Mutation:
    """What one persona asks in one request."""

    persona: str
    commands: tuple[Command, ...]
    key: str | None = None

    @property
    def document(self) -> str:
        """The document; its variables are named as its root fields."""
        types = [
            f"$r{n}: [{command.input_type}!]!" if command.many else f"$r{n}: {command.input_type}!"
            for n, command in enumerate(self.commands)
        ]
        roots = "\n".join(command.root(f"r{n}") for n, command in enumerate(self.commands))
        return f"mutation ({', '.join(types)}) {{\n{roots}\n}}"

    @property
    def variables(self) -> dict[str, Any]:
        """The inputs by the names of the root fields."""
        return {
            f"r{n}": list(command.inputs) if command.many else command.inputs[0]
            for n, command in enumerate(self.commands)
        }
