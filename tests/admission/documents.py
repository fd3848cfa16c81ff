"""Generates random documents whose fields often share a response name, from a seed."""

from __future__ import annotations

import random

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
)

from tests.admission.world import world

_CONDITIONS = ("Cat", "Dog", "Named", "Node", "Pet", "Person", "Toy")
_ARGUMENTS = {
    "prefix": ('prefix: "a"', 'prefix: "b"', "prefix: $v"),
    "role": ("role: KEEPER", "role: BREEDER"),
    "first": ("first: 1", "first: 2", "first: $n"),
    "text": ('text: "a"', 'text: """a"""', "text: $v"),
    "number": ("number: 1", "number: 2"),
    "filter": (
        "filter: {lives: {eq: 1, gt: 2}}",
        "filter: {lives: {gt: 2, eq: 1}}",
        "filter: {or: [{lives: {eq: 1}}, {lives: {gt: 2}}]}",
        "filter: {or: [{lives: {gt: 2}}, {lives: {eq: 1}}]}",
    ),
}


class DocumentGenerator:
    """Generates one document; `conflict` is the probability that a field gets the response name of another."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.conflict = self.random.choice((0.0, 0.02, 0.1))
        self.wild = self.random.random() < 0.1
        self.fragments = {
            f"F{number}": self.random.choice(_CONDITIONS)
            for number in range(self.random.randint(0, 5))
        }
        self.left = self.random.randint(5, 40)

    def document(self, *, tidy: bool = False) -> str:
        """Return a document of one operation and fragments, of which some may be unused.

        A tidy one uses all its variables and fragments, so that only merging can fail.
        """
        query = world().query_type
        assert query is not None
        body = self.selections(query, 4, 0)
        if tidy:
            used = [f'u{name}: node(id: "1") {{ ...{name} }}' for name in self.fragments]
            used += ["uV: echo(text: $v)", "uN: people(first: $n) { totalCount }"]
            body = f"{{ {' '.join(used)} ... {body} }}"
        parts = [f"query ($v: String, $n: Int) {body}"]
        for position, (name, on) in enumerate(self.fragments.items()):
            self.left += 8
            kind = world().type_map[on]
            parts.append(f"fragment {name} on {on} {self.selections(kind, 3, position + 1)}")
        return "\n".join(parts)

    def selections(self, kind: GraphQLNamedType, depth: int, position: int) -> str:
        """Return a selection set; only fragments after `position` are spread (or any, if wild)."""
        chosen = [self.selection(kind, depth, position) for _ in range(self.random.randint(1, 5))]
        return "{ " + " ".join(chosen) + " }"

    def selection(self, kind: GraphQLNamedType, depth: int, position: int) -> str:
        self.left -= 1
        roll = self.random.random()
        if roll < 0.2 and depth > 0 and self.left > 0:
            on = self.condition(kind)
            body = self.selections(world().type_map[on] if on else kind, depth - 1, position)
            return f"... on {on} {body}" if on else f"... {body}"
        if roll < 0.4:
            names = list(self.fragments)[0 if self.wild else position :]
            fitting = [name for name in names if self.wild or self.fits(kind, name)]
            if fitting:
                return f"...{self.random.choice(fitting)}"
        return self.field(kind, depth, position)

    def condition(self, kind: GraphQLNamedType) -> str:
        if self.wild:
            return self.random.choice(_CONDITIONS)
        return self.random.choice(["", *(on for on in _CONDITIONS if self.overlaps(kind, on))])

    def fits(self, kind: GraphQLNamedType, fragment: str) -> bool:
        return self.overlaps(kind, self.fragments[fragment])

    def overlaps(self, kind: GraphQLNamedType, on: str) -> bool:
        return bool(_possible(kind) & _possible(world().type_map[on]))

    def field(self, kind: GraphQLNamedType, depth: int, position: int) -> str:
        fields = dict(getattr(kind, "fields", {}))
        deep = depth > 0 and self.left > 0
        names = [n for n, f in fields.items() if deep or not is_composite_type(_named(f))]
        if not names or self.random.random() < 0.05:
            return self.alias() + "__typename"
        name = self.random.choice(names)
        definition = fields[name]
        arguments = [
            self.random.choice(_ARGUMENTS[argument])
            for argument in definition.args
            if argument in _ARGUMENTS and self.random.random() < self.conflict * 2
        ]
        if "id" in definition.args:
            arguments.append('id: "1"')
        if "ids" in definition.args:
            arguments.append('ids: ["1"]')
        self.random.shuffle(arguments)
        called = f"{name}({', '.join(arguments)})" if arguments else name
        named = _named(definition)
        below = self.selections(named, depth - 1, position) if is_composite_type(named) else ""
        return f"{self.alias()}{called} {below}"

    def alias(self) -> str:
        return self.random.choice(("a: ", "b: ", "id: ")) if self.rolls() else ""

    def rolls(self) -> bool:
        return self.random.random() < self.conflict


def _named(definition: GraphQLField) -> GraphQLNamedType:
    return get_named_type(definition.type)


def _possible(kind: GraphQLNamedType) -> set[str]:
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        return {each.name for each in world().get_possible_types(kind)}
    return {kind.name} if isinstance(kind, GraphQLObjectType) else set()
