"""Reads a valid operation into what is asked for: fragments opened, directives obeyed, fields merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from db.engine.model import Entity, Field, Kind, Model, Reverse
from db.engine.plan.ask import (
    Aggregate,
    Amount,
    Attributes,
    Connection,
    Edges,
    Find,
    InConnection,
    Measure,
    Nodes,
    Object,
    One,
    Outline,
    PageInfo,
    Root,
    RootNode,
    RootNodes,
    RootOne,
    Shown,
    Slot,
    TotalCount,
    Typename,
    Value,
    connections,
)
from domain.codes import Code, Refused
from schema.engine.expose import Exposed
from schema.engine.filters import LISTS, Filters
from schema.engine.literals import Arguments
from schema.engine.signature import signature

EXPANDED = 1_000
"""Fields of one operation, fragments opened: as many as compile in about a tenth of a second."""
PAGE = 25
"""Records on a page, if a client does not say (D-38)."""
Selected = dict[str, list[FieldNode]]


@dataclass(frozen=True)
class RootField:
    """What a field of Query stands for."""

    entity: str | None
    find: str
    """`ID`, `VIEWER`, `LIST`, `NODE` or `NODES`."""


def root_fields(exposed: Iterable[Exposed]) -> dict[str, RootField]:
    """Every field of Query that is answered from the database."""
    found = {
        "viewer": RootField("User", "VIEWER"),
        "node": RootField(None, "NODE"),
        "nodes": RootField(None, "NODES"),
    }
    for each in exposed:
        found[each.one] = RootField(each.entity, "ID")
        found[each.many] = RootField(each.entity, "LIST")
    return found


class Reader:
    """Reads one operation. `values` are its coerced variables, `declared` their types."""

    def __init__(
        self,
        schema: GraphQLSchema,
        model: Model,
        roots: Mapping[str, RootField],
        fragments: Mapping[str, FragmentDefinitionNode],
        values: Mapping[str, Any],
        declared: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._model = model
        self._roots = roots
        self._fragments = fragments
        self._values = values
        self._arguments = Arguments(values, declared)
        self._touched: set[tuple[str, str]] = set()
        self._decisive: set[tuple[str, str]] = set()
        self._filters = Filters(model, self._decisive)
        self._count = 0
        self._expanded = 0

    def read(self, operation: OperationDefinitionNode) -> Outline:
        """The operation's roots that the database answers; others, such as `__schema`, are left out."""
        fields = self.collect(operation.selection_set, "Query")
        roots = tuple(
            (key, self._root(nodes, self._roots[nodes[0].name.value]))
            for key, nodes in fields.items()
            if nodes[0].name.value in self._roots
        )
        touched = frozenset(self._touched | self._decisive)
        return Outline(roots, touched, frozenset(self._decisive), tuple(connections(roots)))

    def collect(
        self, selected: SelectionSetNode, name: str, found: Selected | None = None
    ) -> Selected:
        """The fields selected on a type, by response key, in the order of their first mention."""
        found = {} if found is None else found
        for node in selected.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                self._expanded += 1
                if self._expanded > EXPANDED:
                    raise Refused(
                        Code.QUERY_TOO_COMPLEX,
                        f"With its fragments opened, the operation selects more than {EXPANDED:,} "
                        "fields: ask for some of them in a request of their own.",
                    )
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(
                    node
                )
                continue
            spread: Any = node
            inner = (
                spread
                if isinstance(node, InlineFragmentNode)
                else self._fragments[spread.name.value]
            )
            on = inner.type_condition.name.value if inner.type_condition else name
            if on == name or (on == "Node" and name in self._model.entities):
                self.collect(inner.selection_set, name, found)
        return found

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            word = directive.name.value
            if word in ("skip", "include"):
                given = directive.arguments[0].value
                on = (
                    self._values.get(given.name.value)
                    if isinstance(given, VariableNode)
                    else given.value
                )
                if bool(on) is (word == "skip"):
                    return False
        return True

    def _fields(self, nodes: list[FieldNode], name: str) -> Selected:
        found: Selected = {}
        for node in nodes:
            if node.selection_set:
                self.collect(node.selection_set, name, found)
        return found

    def _names(self, nodes: list[FieldNode], name: str) -> tuple[tuple[str, str], ...]:
        return tuple((key, inner[0].name.value) for key, inner in self._fields(nodes, name).items())

    def _given(self, nodes: list[FieldNode], parent: str) -> dict[str, Any]:
        kind: Any = self._schema.type_map[parent]
        return self._arguments.of(nodes[0], kind.fields[nodes[0].name.value].args)

    # --- roots ---------------------------------------------------------------------------------

    def _root(self, nodes: list[FieldNode], root: RootField) -> Root:
        given = self._given(nodes, "Query")
        if root.find == "NODES":
            return self._nodes(nodes, given["ids"])
        if root.find == "NODE":
            entity = self._entity_of(given["id"])
            return RootNode(given["id"], self._object(nodes, entity) if entity else None)
        entity = self._model.entities[root.entity or ""]
        if root.find == "LIST":
            return self._connection(nodes, entity, None, given)
        return RootOne(Find(root.find), self._object(nodes, entity), given.get("id"))

    def _entity_of(self, id: Slot) -> Entity | None:
        return self._model.by_prefix.get(str(id.constant).rpartition("_")[0])

    def _nodes(self, nodes: list[FieldNode], ids: Slot) -> RootNodes:
        several = ids.constant if isinstance(ids.constant, list | tuple) else []
        if len(several) > LISTS:
            raise Refused(Code.BAD_USER_INPUT, f"`ids` takes at most {LISTS} values.")
        texts = [str(id.constant if isinstance(id, Slot) else id) for id in several]
        prefixes = {text.rpartition("_")[0] for text in texts}
        entities = [
            self._model.by_prefix[p] for p in sorted(prefixes) if p in self._model.by_prefix
        ]
        return RootNodes(ids, tuple(self._object(nodes, entity) for entity in entities))

    # --- records -------------------------------------------------------------------------------

    def _object(self, nodes: list[FieldNode], entity: Entity) -> Object:
        self._touched.add((entity.name, ""))
        fields = self._fields(nodes, entity.name)
        return Object(
            entity, tuple((key, self._shown(inner, entity)) for key, inner in fields.items())
        )

    def _shown(self, nodes: list[FieldNode], entity: Entity) -> Shown:
        name = nodes[0].name.value
        if name == "__typename":
            return Typename(entity.name)
        if name in entity.reverses:
            return self._reverse(nodes, entity, entity.reverses[name])
        self._touched.add((entity.name, name))
        if name == "attributes":
            return self._attributes(nodes, entity)
        if name in entity.references:
            reference = entity.references[name]
            return One(reference, self._object(nodes, self._model.entities[reference.target]))
        field = entity.fields[name]
        if field.kind is Kind.MONEY:
            return Amount(field, self._names(nodes, "Money"))
        return Value(field)

    def _attributes(self, nodes: list[FieldNode], entity: Entity) -> Attributes:
        keys = self._given(nodes, entity.name).get("keys")
        chosen = None if keys is None else tuple(str(key.constant) for key in keys)
        for key in chosen or ():
            self._touched.add((entity.name, f"attribute:{key}"))
        return Attributes(chosen, self._names(nodes, "AttributeValue"))

    def _reverse(self, nodes: list[FieldNode], entity: Entity, reverse: Reverse) -> Connection:
        self._touched |= {(reverse.source, reverse.reference), (reverse.source, "")}
        given = self._given(nodes, entity.name)
        return self._connection(nodes, self._model.entities[reverse.source], reverse, given)

    # --- lists ---------------------------------------------------------------------------------

    def _connection(
        self, nodes: list[FieldNode], entity: Entity, via: Reverse | None, given: dict[str, Any]
    ) -> Connection:
        self._count += 1
        number = self._count
        self._touched.add((entity.name, ""))
        condition = self._filters.condition(entity, given.get("filter"))
        order = self._filters.order(entity, given.get("orderBy"))
        bound, values = signature(entity.name, via, condition, order)
        fields = self._fields(nodes, f"{entity.name}Connection")
        parts = tuple((key, self._part(inner, entity)) for key, inner in fields.items())
        first = given.get("first")
        return Connection(
            number=number,
            entity=entity,
            via=via,
            condition=condition,
            order=order,
            first=Slot((), PAGE) if first is None else first,
            after=given.get("after"),
            parts=parts,
            signature=bound,
            values=values,
        )

    def _part(self, nodes: list[FieldNode], entity: Entity) -> InConnection:
        name = nodes[0].name.value
        match name:
            case "nodes":
                return Nodes(self._object(nodes, entity))
            case "edges":
                return self._edges(nodes, entity)
            case "pageInfo":
                return PageInfo(self._names(nodes, "PageInfo"))
            case "totalCount":
                return TotalCount()
            case "aggregate":
                return self._aggregate(nodes, entity)
        return Typename(f"{entity.name}Connection")

    def _edges(self, nodes: list[FieldNode], entity: Entity) -> Edges:
        parts: list[tuple[str, Object | str]] = []
        for key, inner in self._fields(nodes, f"{entity.name}Edge").items():
            name = inner[0].name.value
            if name == "node":
                parts.append((key, self._object(inner, entity)))
            else:
                parts.append((key, name if name == "cursor" else f"{entity.name}Edge"))
        return Edges(tuple(parts))

    def _aggregate(self, nodes: list[FieldNode], entity: Entity) -> Aggregate:
        self._decisive.add((entity.name, ""))
        parts: list[tuple[str, Measure | str]] = []
        for key, inner in self._fields(nodes, f"{entity.name}Aggregate").items():
            name = inner[0].name.value
            if name == "count":
                parts.append((key, name))
            elif name == "__typename":
                parts.append((key, f"{entity.name}Aggregate"))
            else:
                parts.append((key, self._measure(inner, entity, name)))
        return Aggregate(tuple(parts))

    def _measure(self, nodes: list[FieldNode], entity: Entity, function: str) -> Measure:
        name = f"{entity.name}{function.capitalize()}"
        parts: list[tuple[str, Field | str, tuple[tuple[str, str], ...]]] = []
        for key, inner in self._fields(nodes, name).items():
            word = inner[0].name.value
            if word == "__typename":
                parts.append((key, name, ()))
                continue
            self._decisive.add((entity.name, word))
            asked = self._names(inner, "Money") if entity.fields[word].kind is Kind.MONEY else ()
            parts.append((key, entity.fields[word], asked))
        return Measure(function, tuple(parts))
