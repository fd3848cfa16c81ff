"""Text of a random operation: values as literals or variables, selections plain or in fragments."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLNullableInputType,
)

from tests.oracle.inputs import Word

MAX_VARIABLES = 20


class Part(NamedTuple):
    """A selected field; directives go between its head and its selection set."""

    head: str
    body: str = ""

    def text(self, directive: str = "") -> str:
        return f"{self.head}{directive} {self.body}".rstrip()


@dataclass
class Writer:
    """Builder of one operation's variables and fragments."""

    rng: random.Random
    declared: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)
    by_type: dict[str, list[str]] = field(default_factory=dict)
    """Reusable fragments by type."""

    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def variable(self, type_: str, value: Any, *, given: bool = True) -> str:
        """Declare a variable; with `given` false it has neither a value nor a default."""
        name = f"v{len(self.declared)}"
        self.declared[name] = type_
        if not given:
            return f"${name}"
        if self.chance(0.2):
            self.declared[name] += f" = {graphql_literal(value)}"
        else:
            self.given[name] = value
        return f"${name}"

    def value(self, value: Any, type_: GraphQLInputType) -> str:
        """A value of an input type, as a literal or as a variable."""
        if len(self.declared) < MAX_VARIABLES and self.chance(0.12):
            return self.variable(str(type_), value)
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if value is None:
            return "null"
        if isinstance(bare, GraphQLList) and isinstance(value, list):
            return "[" + ", ".join(self.value(one, bare.of_type) for one in value) + "]"
        if isinstance(bare, GraphQLInputObjectType):
            return self._object(value, bare)
        return graphql_literal(value)

    def _object(self, value: dict[str, Any], type_: GraphQLInputObjectType) -> str:
        """An input object; the variable of a `@oneOf` member must be non-null."""
        members: dict[str, str] = {}
        for name, inner in value.items():
            member: GraphQLInputType = type_.fields[name].type
            if type_.is_one_of:
                member = GraphQLNonNull(_nullable(member))
            members[name] = self.value(inner, member)
        spare = [n for n in type_.fields if n not in members]
        if spare and not type_.is_one_of and self.chance(0.03):
            name = self.rng.choice(spare)
            member = type_.fields[name].type
            if not isinstance(member, GraphQLNonNull):
                members[name] = self.variable(str(member), None, given=False)
        return "{" + ", ".join(f"{name}: {inner}" for name, inner in members.items()) + "}"

    def selection(self, type_: str, parts: Sequence[Part]) -> str:
        """A selection set of these parts, some in fragments and some with directives."""
        rest = [part.text(self._directive(0.04)) for part in parts]
        if len(rest) > 1 and self.chance(0.25):
            cut = self.rng.randrange(1, len(rest))
            wrapped, rest = rest[cut:], rest[:cut]
            rest.append(self._fragment(type_, wrapped))
        if (known := self.by_type.get(type_)) and self.chance(0.3):
            rest.append(f"...{self.rng.choice(known)}{self._directive(0.2)}")
        self.rng.shuffle(rest)
        return "{ " + " ".join(rest) + " }"

    def _fragment(self, type_: str, parts: Sequence[str]) -> str:
        body = "{ " + " ".join(parts) + " }"
        if self.chance(0.5):
            condition = f" on {type_}" if self.chance(0.8) else ""
            return f"...{condition}{self._directive(0.2)} {body}"
        name = f"f{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {type_} {body}"
        # Plain fields can be merged everywhere, except keys, which not every group has.
        if all(part.isalnum() for part in parts) and not type_.endswith("GroupKey"):
            self.by_type.setdefault(type_, []).append(name)
        return f"...{name}{self._directive(0.2)}"

    def _directive(self, of: float) -> str:
        if not self.chance(of):
            return ""
        name, condition = self.rng.choice(("skip", "include")), self.chance(0.5)
        if len(self.declared) < MAX_VARIABLES and self.chance(0.7):
            return f" @{name}(if: {self.variable('Boolean!', condition)})"
        return f" @{name}(if: {graphql_literal(condition)})"

    def document(self, selection: str) -> str:
        declared = ", ".join(f"${name}: {type_}" for name, type_ in self.declared.items())
        head = f"query Q({declared})" if declared else "query Q"
        return "\n".join([f"{head} {selection}", *self.fragments.values()])


def _nullable(type_: GraphQLInputType) -> GraphQLNullableInputType:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def graphql_literal(value: Any) -> str:
    """A value as a GraphQL literal."""
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{name}: {graphql_literal(inner)}" for name, inner in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(graphql_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=len(str(value)) % 2 == 0)
