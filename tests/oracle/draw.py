"""Random valid operations over the entire schema, within the limits and reproducible by seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.draw_groups import random_groups
from tests.oracle.draw_lists import Place, random_list
from tests.oracle.inputs import Inputs
from tests.oracle.writing import Part, Writer
from tests.proof.contract import PREFIXES, Field, fields, interfaces, object_type, roots
from tests.proof.oracle import Viewer

MAX_NODES = 400
MAX_ALIASES = 28
MAX_DIRECTIVES = 20
MAX_CHARACTERS = 7_000
MAX_DEPTH = 4

Path = tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A query with its variables; `paged` maps a cursor variable to the path of its list."""

    query: str
    variables: dict[str, Any]
    paged: dict[str, Path]


@dataclass
class Drawer:
    """Generator of one operation for a viewer."""

    rng: random.Random
    viewer: Viewer
    nodes: float = 0
    aliases: int = 0
    paged: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inputs = Inputs(self.rng, self.viewer, bold=self.rng.random() < 0.12)
        self.writer = Writer(self.rng)

    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def operation(self) -> Operation:
        parts: list[Part] = []
        taken: set[str] = set()
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            name = self.rng.choice(self._weighted())
            key = self.key(name, taken)
            if key is not None:
                parts.append(self._root(name, key))
        if self.chance(0.05):
            parts.append(Part("__typename"))
        query = self.writer.document(self.writer.selection("Query", parts))
        return Operation(query, self.writer.given, self.paged)

    def _weighted(self) -> list[str]:
        """Root fields; those of accessible entities occur more often."""
        open_ = [
            name for name, (_, entity) in roots().items() if entity in self.viewer.grants_by_entity
        ]
        lists = [name for name in open_ if roots()[name][0] == "MANY"]
        rich = ["opportunities"] * 14 + ["accounts"] * 9 + ["employees"] * 4
        rich += ["opportunitiesAggregate"] * 14 + ["accountsAggregate"] * 6
        return [*rich, *lists, *lists, *open_, *roots(), "viewer", "node", "nodes"]

    def key(self, name: str, taken: set[str]) -> str | None:
        """An unused response key; None if the limit of aliases is reached."""
        if name not in taken and not self.chance(0.1):
            taken.add(name)
            return name
        if self.aliases >= MAX_ALIASES:
            return None
        self.aliases += 1
        return f"a{self.aliases}"

    def _root(self, name: str, key: str) -> Part:
        head = name if key == name else f"{key}: {name}"
        if name == "viewer":
            return Part(head, self.object("User", MAX_DEPTH, 1, (key,)))
        if name == "node":
            identity = self.inputs.identity()
            argument = self._argument(name, "id", identity)
            return Part(f"{head}(id: {argument})", self._any([identity], key))
        if name == "nodes":
            ids = [self.inputs.identity() for _ in range(self.rng.choice((1, 2, 3, 5)))]
            argument = self._argument(name, "ids", ids)
            return Part(f"{head}(ids: {argument})", self._any(ids, key))
        kind, entity = roots()[name]
        if kind == "ONE":
            argument = self._argument(name, "id", self.inputs.identity(entity))
            return Part(f"{head}(id: {argument})", self.object(entity, MAX_DEPTH, 1, (key,)))
        if kind == "SINGLE":
            return Part(head, self.object(entity, MAX_DEPTH, 1, (key,)))
        if kind == "GROUPS":
            return random_groups(self, head, name, entity, (key,))
        return random_list(self, head, Place("Query", name, entity, MAX_DEPTH, 1, (key,)))

    def _argument(self, root: str, name: str, value: Any) -> str:
        return self.writer.value(value, object_type("Query").fields[root].args[name].type)

    def _any(self, ids: list[str], key: str) -> str:
        """A selection on `Node`: many fields of one type, few of others and of interfaces."""
        known = {id_.partition("_")[0] for id_ in ids}
        entities = _entities(known)
        parts = ["id", "__typename"]
        if entities:
            entity = self.rng.choice(entities)
            parts.append(f"... on {entity} {self.object(entity, 2, len(ids), (key,))}")
        for other in ("Account", "Role", "Opportunity"):
            if self.chance(0.3):
                parts.append(f"... on {other} {{ version createdAt }}")
        for interface in ("Record", "Owned", "Node"):
            if self.chance(0.4):
                known_types = ("Account", "Opportunity", "User")
                narrower = self.rng.choice(known_types[: 2 if interface == "Owned" else 3])
                narrow = f"... on {narrower} {{ version }}"
                parts.append(self._interface(interface, narrow).text())
        return "{ " + " ".join(parts) + " }"

    def object(self, entity: str, depth: int, times: float, path: Path) -> str:
        """A selection of fields of an entity; `times` is the estimated number of its objects."""
        self.nodes += times
        known = fields(entity).values()
        plain = [f for f in known if f.kind in ("SCALAR", "ENUM", "MONEY")]
        chosen = self.rng.sample(plain, min(len(plain), self.rng.choice((1, 2, 3, 5, 8))))
        if depth and self.nodes < MAX_NODES:
            links = [f for f in known if f.kind == "REFERENCE" and self.chance(0.3)]
            lists = [f for f in known if f.kind == "LIST" and self.chance(0.22)]
            chosen += links + (lists if times <= 100 else [])
        chosen += [f for f in known if f.kind == "ATTRIBUTES" and self.chance(0.35)]
        taken: set[str] = set()
        parts = [Part("__typename")] if self.chance(0.08) else []
        for one in chosen:
            copies = 2 if one.kind in ("LIST", "ATTRIBUTES") and self.chance(0.1) else 1
            for _ in range(copies):
                if key := self.key(one.name, taken):
                    parts.append(self._field(entity, one, key, depth, times, path))
        if self.chance(0.12):
            shared = self.rng.choice(sorted(interfaces(entity)))
            narrow = "at" if entity == "HistoryEntry" else "createdAt"
            parts.append(self._interface(shared, f"... on {entity} {{ {narrow} }}"))
        return self.writer.selection(entity, parts or [Part("id")])

    def _interface(self, name: str, narrow: str) -> Part:
        """A fragment on an interface, with fields that can be merged everywhere."""
        known = {"Node": ["id"], "Record": ["id", "version", "createdAt", "updatedAt"]}
        plain = known.get(name, ["id", "owner { name initials title }"])
        parts = self.rng.sample([*plain, "__typename"], self.rng.choice((1, 2)))
        if self.chance(0.3):
            parts.append(narrow)
        return Part(f"... on {name}", f"{{ {' '.join(parts)} }}")

    def _field(
        self, entity: str, one: Field, key: str, depth: int, times: float, path: Path
    ) -> Part:
        head = one.name if key == one.name else f"{key}: {one.name}"
        if one.kind == "MONEY":
            return Part(head, self.some("Money", ["amount", "currency"]))
        if one.kind == "ATTRIBUTES":
            self.nodes += 4 * times
            values = ["key", "label", "kind", "text", "number", "date", "boolean"]
            return Part(head + self._keys(entity), self.some("AttributeValue", values))
        if one.kind == "REFERENCE":
            return Part(head, self.object(one.type, depth - 1, times, (*path, key)))
        if one.kind == "LIST":
            place = Place(entity, one.name, one.type, depth - 1, times, (*path, key))
            return random_list(self, head, place)
        return Part(head)

    def _keys(self, entity: str) -> str:
        if self.chance(0.5):
            return ""
        known = [r["key"] for r in self.viewer.all_rows.all("Attribute") if r["entity"] == entity]
        picked = self.rng.choices([*known, "unknown"], k=self.rng.choice((0, 1, 2, 4)))
        type_ = object_type(entity).fields["attributes"].args["keys"].type
        return f"(keys: {self.writer.value(picked, type_)})"

    def some(self, type_: str, names: list[str]) -> str:
        chosen = self.rng.sample(names, self.rng.randint(1, len(names)))
        return self.writer.selection(type_, [Part(name) for name in chosen])


def _entities(prefixes: set[str]) -> list[str]:
    return sorted(PREFIXES[prefix] for prefix in prefixes if prefix in PREFIXES)


def draw(seed: str, viewer: Viewer, max_characters: int = MAX_CHARACTERS) -> Operation:
    """The operation of a seed; repeats until one is within the limits."""
    rng = random.Random(seed)
    while True:
        drawer = Drawer(rng, viewer)
        operation = drawer.operation()
        directives = operation.query.count("@")
        if (
            drawer.nodes < 2 * MAX_NODES
            and len(operation.query) < max_characters
            and directives <= MAX_DIRECTIVES
        ):
            return operation
