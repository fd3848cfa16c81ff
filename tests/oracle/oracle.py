"""The naive oracle: from rows, a persona and a document to the answer that the house has to give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import FieldNode

from tests.oracle.contract import fields, roots
from tests.oracle.documents import Document, read
from tests.oracle.lists import (
    KINDS,
    Key,
    Reader,
    Refused,
    compare_values,
    listed,
    order_keys,
    ordered,
    refused_field,
    refused_filter,
    refused_order,
)
from tests.oracle.measures import measured
from tests.oracle.rights import Sight
from tests.oracle.rows import Row
from tests.oracle.values import minor, read_id, rounded, spelled, spelled_id

PAGE = 25
Denied = tuple[str, str, str]


@dataclass(frozen=True)
class Cursor:
    """Some cursor: it is opaque, but it is that of this record."""

    entity: str
    identity: UUID


@dataclass
class Expected:
    """What the house has to answer."""

    data: dict[str, Any] | None
    denied: set[Denied] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    """Refusals; the house tells one of them, which is not laid down."""


@dataclass
class Oracle:
    """Answers one document for one viewer."""

    sight: Sight
    document: Document
    cursors: Mapping[str, Cursor]
    """What cursors of earlier answers stand for."""
    denied: set[Denied] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = Reader(self.sight)

    def answer(self) -> Expected:
        top = self.document.top()
        for nodes in top.values():
            self._survey_root(nodes)
        if self.refused:
            return Expected(None, set(), {code for code, _ in self.refused})
        data = {key: self._root(nodes) for key, nodes in top.items()}
        return Expected(data, self.denied)

    # What is refused or denied depends on the document alone, so it is looked at before any row.

    def _survey_root(self, nodes: list[FieldNode]) -> None:
        name, arguments = nodes[0].name.value, self.document.arguments(nodes[0])
        if name in ("node", "nodes"):
            for text in listed(arguments["id" if name == "node" else "ids"]):
                if known := read_id(text):
                    self._survey_record(known[0], nodes, named=True)
        elif name == "viewer":
            self._survey_record("User", nodes, named=True)
        elif name != "__typename":
            kind, entity = roots()[name]
            survey = self._survey_record if kind == "ONE" else self._survey_list
            survey(entity, nodes, named=True)

    def _survey_module(self, entity: str, *, named: bool) -> bool:
        """Whether what lies below an entity is named; below a denied one it is only refused."""
        if entity in self.sight.modules:
            return named
        if named:
            self.denied.add((entity, "", "module"))
        return False

    def _survey_record(self, entity: str, nodes: list[FieldNode], *, named: bool) -> None:
        named = self._survey_module(entity, named=named)
        for parts in self.document.collect(entity, nodes).values():
            name = parts[0].name.value
            if name == "__typename":
                continue
            wanted, closed = fields(entity)[name], self.sight.closed(entity, name)
            if named and closed:
                self.denied.add(closed)
            elif named and name in self.sight.modules[entity].ruled:
                self.denied.add((entity, name, "status"))
            if wanted.kind == "REFERENCE":
                self._survey_record(wanted.type, parts, named=named and not closed)
            elif wanted.kind == "LIST":
                self._survey_list(wanted.type, parts, named=named and not closed)

    def _survey_list(self, entity: str, nodes: list[FieldNode], *, named: bool) -> None:
        named = self._survey_module(entity, named=named)
        arguments = self.document.arguments(nodes[0])
        parts = self.document.collect(f"{entity}Connection", nodes).values()
        used = arguments.get("filter") is not None or bool(arguments.get("orderBy"))
        used = used or any(inner[0].name.value == "aggregate" for inner in parts)
        if used and entity not in self.sight.modules:
            self.refused.append(("FIELD_FORBIDDEN", entity))
        self.refused += refused_filter(self.sight, entity, arguments.get("filter"))
        self.refused += refused_order(self.sight, entity, arguments.get("orderBy"))
        first = arguments.get("first")
        if first is not None and not 1 <= first <= 100:
            self.refused.append(("BAD_USER_INPUT", f"first: {first}"))
        for inner in parts:
            name = inner[0].name.value
            if name == "nodes":
                self._survey_record(entity, inner, named=named)
            elif name == "aggregate":
                self.refused += self._survey_aggregate(entity, inner, named=named)
            elif name == "edges":
                edge = self.document.collect(f"{entity}Edge", inner).values()
                for node in (one for one in edge if one[0].name.value == "node"):
                    self._survey_record(entity, node, named=named)

    def _survey_aggregate(
        self, entity: str, nodes: list[FieldNode], *, named: bool
    ) -> Iterator[Refused]:
        """A measure of a field ruled by status is named: it is of some records only."""
        for parts in self.document.collect(f"{entity}Aggregate", nodes).values():
            measure = parts[0].name.value.capitalize()
            for inner in self.document.collect(f"{entity}{measure}", parts).values():
                name = inner[0].name.value
                if name == "__typename":
                    continue
                if named and name in self.sight.modules[entity].ruled:
                    self.denied.add((entity, name, "status"))
                yield from refused_field(self.sight, entity, fields(entity)[name])

    # The answer itself.

    def _root(self, nodes: list[FieldNode]) -> Any:
        name, arguments = nodes[0].name.value, self.document.arguments(nodes[0])
        if name == "__typename":
            return "Query"
        if name == "viewer":
            return self._record("User", self.sight.user["id"], nodes)
        if name == "node":
            return self._by_id(arguments["id"], None, nodes)
        if name == "nodes":
            return [self._by_id(text, None, nodes) for text in listed(arguments["ids"])]
        kind, entity = roots()[name]
        if kind == "ONE":
            return self._by_id(arguments["id"], entity, nodes)
        if entity not in self.sight.modules:
            return None
        return self._list(entity, list(self.sight.rows[entity].values()), nodes)

    def _by_id(self, text: str, entity: str | None, nodes: list[FieldNode]) -> Any:
        known = read_id(text)
        if known is None or entity not in (None, known[0]):
            return None
        return self._record(*known, nodes)

    def _record(self, entity: str, identity: UUID | None, nodes: list[FieldNode]) -> Any:
        row = self.sight.record(entity, identity)
        return None if row is None else self._object(entity, row, nodes)

    def _object(self, entity: str, row: Row, nodes: list[FieldNode]) -> dict[str, Any]:
        selected = self.document.collect(entity, nodes)
        return {key: self._field(entity, row, parts) for key, parts in selected.items()}

    def _field(self, entity: str, row: Row, nodes: list[FieldNode]) -> Any:
        name = nodes[0].name.value
        if name == "__typename":
            return entity
        if name == "id":
            return spelled_id(entity, row["id"])
        if self.sight.closed(entity, name):
            return None
        wanted = fields(entity)[name]
        if wanted.kind == "REFERENCE":
            return self._record(wanted.type, self.reader.value(entity, row, wanted), nodes)
        if wanted.kind == "LIST":
            return self._list(wanted.type, self.reader.below(entity, row, wanted), nodes)
        if wanted.kind == "ATTRIBUTES":
            return self._attributes(entity, row, nodes)
        value = self.reader.value(entity, row, wanted)
        if wanted.kind == "MONEY":
            return None if value is None else self.money(value, row["currency"], nodes)
        return spelled(value)

    def money(
        self, amount: Any, currency: str, nodes: list[FieldNode], more: int = 0
    ) -> dict[str, Any]:
        known = {
            "amount": spelled(rounded(amount, minor(currency) + more)),
            "currency": currency,
        }
        return self.shaped("Money", known, nodes)

    def shaped(
        self, type_: str, known: Mapping[str, Any], nodes: Iterable[FieldNode]
    ) -> dict[str, Any]:
        """An object of plain values, as far as it is selected."""
        selected = self.document.collect(type_, nodes)
        full = {**known, "__typename": type_}
        return {key: full[parts[0].name.value] for key, parts in selected.items()}

    def _attributes(self, entity: str, row: Row, nodes: list[FieldNode]) -> list[dict[str, Any]]:
        keys = self.document.arguments(nodes[0]).get("keys")
        known = {one["key"]: one for one in self.sight.modules[entity].attributes}
        wanted = known if keys is None else dict.fromkeys(listed(keys))
        return [self._attribute(entity, row, known[key], nodes) for key in wanted if key in known]

    def _attribute(
        self, entity: str, row: Row, definition: Row, nodes: list[FieldNode]
    ) -> dict[str, Any]:
        value = spelled(self.reader.attribute(entity, row, definition["key"]))
        plain = {name: definition[name] for name in ("key", "label", "kind")}
        values = {
            name: value if definition["kind"] == kind else None for name, (kind, _) in KINDS.items()
        }
        return self.shaped("AttributeValue", {**plain, **values}, nodes)

    def _list(self, entity: str, rows: list[Row], nodes: list[FieldNode]) -> dict[str, Any]:
        arguments = self.document.arguments(nodes[0])
        found = [r for r in rows if self.reader.meets(entity, r, arguments.get("filter"))]
        keys = order_keys(entity, arguments.get("orderBy"))
        whole = ordered(self.reader, entity, found, keys)
        after = arguments.get("after")
        rest = whole if after is None else self._after(entity, whole, keys, self.cursors[after])
        page = rest[: arguments.get("first") or PAGE]
        parts: dict[str, Any] = {
            "__typename": f"{entity}Connection",
            "totalCount": len(found),
        }
        return {
            key: parts[inner[0].name.value]
            if inner[0].name.value in parts
            else self._part(entity, inner, found, page, (after is not None, len(page) < len(rest)))
            for key, inner in self.document.collect(f"{entity}Connection", nodes).items()
        }

    def _after(self, entity: str, whole: list[Row], keys: list[Key], cursor: Cursor) -> list[Row]:
        """What follows the place of a record, whether it is in this list or in one beside it."""
        place = self.reader.sort_values(entity, self.sight.rows[entity][cursor.identity], keys)
        return [
            row
            for row in whole
            if compare_values(keys, self.reader.sort_values(entity, row, keys), place) > 0
        ]

    def _part(
        self,
        entity: str,
        nodes: list[FieldNode],
        found: list[Row],
        page: list[Row],
        around: tuple[bool, bool],
    ) -> Any:
        match nodes[0].name.value:
            case "nodes":
                return [self._object(entity, row, nodes) for row in page]
            case "edges":
                return [self._edge(entity, row, nodes) for row in page]
            case "pageInfo":
                ends: list[Cursor | None] = [Cursor(entity, row["id"]) for row in page]
                ends = ends or [None]
                known = {
                    "hasPreviousPage": around[0],
                    "hasNextPage": around[1],
                    "startCursor": ends[0],
                    "endCursor": ends[-1],
                }
                return self.shaped("PageInfo", known, nodes)
        return measured(self, entity, found, nodes)

    def _edge(self, entity: str, row: Row, nodes: list[FieldNode]) -> dict[str, Any]:
        selected = self.document.collect(f"{entity}Edge", nodes)
        known = {"cursor": Cursor(entity, row["id"]), "__typename": f"{entity}Edge"}
        return {
            key: self._object(entity, row, parts)
            if (name := parts[0].name.value) == "node"
            else known[name]
            for key, parts in selected.items()
        }


def expect(
    sight: Sight,
    query: str,
    variables: Mapping[str, Any] | None = None,
    cursors: Mapping[str, Cursor] | None = None,
) -> Expected:
    """What the house has to answer this viewer."""
    return Oracle(sight, read(query, variables or {}), cursors or {}).answer()
