"""Naive evaluation of a document over the rows of a tenant: the response that the application must return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import FieldNode

from tests.oracle.documents import Document, read
from tests.oracle.groups import grouped_answer
from tests.oracle.lists import KINDS, Reader, as_list, order_keys, sort_rows
from tests.oracle.measures import evaluate_aggregate
from tests.oracle.pages import Cursor, OrderedList, Page
from tests.oracle.survey import Denied, Survey
from tests.oracle.values import json_value, read_id
from tests.proof.contract import BY_ID, fields, roots, spelled_id
from tests.proof.oracle import Viewer
from tests.proof.rows import Row
from tests.proof.values import minor, rounded


@dataclass
class Expected:
    """The expected response."""

    data: dict[str, Any] | None
    denied: set[Denied] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    """Error codes of a refusal; the response contains at least one of them."""


@dataclass
class Oracle:
    """Evaluator of one document for one viewer."""

    viewer: Viewer
    document: Document
    cursors: Mapping[str, Cursor]
    """Records of the cursors in earlier responses."""

    def __post_init__(self) -> None:
        self.reader = Reader(self.viewer)

    def answer(self) -> Expected:
        """The expected response."""
        top = self.document.top()
        survey = Survey(self.viewer, self.document)
        for nodes in top.values():
            survey.root(nodes)
        if survey.refused:
            return Expected(None, set(), {code for code, _ in survey.refused})
        data = {key: self._root(nodes) for key, nodes in top.items()}
        return Expected(data, survey.denied)

    def _root(self, nodes: list[FieldNode]) -> Any:
        name, arguments = nodes[0].name.value, self.document.arguments(nodes[0])
        if name == "__typename":
            return "Query"
        if name == "viewer":
            return self._record("User", self.viewer.user["id"], nodes)
        if name == "node":
            return self._by_id(arguments["id"], None, nodes)
        if name == "nodes":
            return [self._by_id(text, None, nodes) for text in as_list(arguments["ids"])]
        kind, entity = roots()[name]
        if kind == "ONE":
            return self._by_id(arguments["id"], entity, nodes)
        if entity not in self.viewer.grants_by_entity:
            return None
        if kind == "SINGLE":
            [row] = self.viewer.rows[entity].values()
            return self.record(entity, row, nodes)
        if kind == "GROUPS":
            return grouped_answer(self, entity, nodes)
        return self._list(entity, list(self.viewer.rows[entity].values()), nodes)

    def _by_id(self, text: str, entity: str | None, nodes: list[FieldNode]) -> Any:
        known = read_id(text)
        if known is None or known[0] not in BY_ID.values() or entity not in (None, known[0]):
            return None
        return self._record(*known, nodes)

    def _record(self, entity: str, identity: UUID | None, nodes: list[FieldNode]) -> Any:
        row = self.viewer.record(entity, identity)
        return None if row is None else self.record(entity, row, nodes)

    def record(self, entity: str, row: Row, nodes: list[FieldNode]) -> dict[str, Any]:
        selected = self.document.collect(entity, nodes)
        return {key: self._field(entity, row, parts) for key, parts in selected.items()}

    def _field(self, entity: str, row: Row, nodes: list[FieldNode]) -> Any:
        name = nodes[0].name.value
        if name == "__typename":
            return entity
        if name == "id":
            return spelled_id(entity, row["id"])
        if self.viewer.closed(entity, name):
            return None
        target = fields(entity)[name]
        if target.kind == "REFERENCE":
            return self._record(target.type, self.reader.value(entity, row, target), nodes)
        if target.kind == "LIST":
            return self._list(target.type, self.reader.below(entity, row, target), nodes)
        if target.kind == "ATTRIBUTES":
            return self._attributes(entity, row, nodes)
        value = self.reader.value(entity, row, target)
        if target.kind == "MONEY":
            return None if value is None else self.money(value, row["currency"], nodes)
        return json_value(value)

    def money(self, amount: Any, currency: str, nodes: list[FieldNode]) -> dict[str, Any]:
        known = {"amount": json_value(rounded(amount, minor(currency))), "currency": currency}
        return self.shaped("Money", known, nodes)

    def shaped(
        self, type_: str, known: Mapping[str, Any], nodes: Iterable[FieldNode]
    ) -> dict[str, Any]:
        """The selected fields of an object of scalar values."""
        selected = self.document.collect(type_, nodes)
        full = {**known, "__typename": type_}
        return {key: full[parts[0].name.value] for key, parts in selected.items()}

    def _attributes(self, entity: str, row: Row, nodes: list[FieldNode]) -> list[dict[str, Any]]:
        keys = self.document.arguments(nodes[0]).get("keys")
        known = {one["key"]: one for one in self.viewer.grants_by_entity[entity].attributes}
        target = known if keys is None else dict.fromkeys(as_list(keys))
        return [self._attribute(entity, row, known[key], nodes) for key in target if key in known]

    def _attribute(
        self, entity: str, row: Row, definition: Row, nodes: list[FieldNode]
    ) -> dict[str, Any]:
        value = json_value(self.reader.attribute(entity, row, definition["key"]))
        plain = {name: definition[name] for name in ("key", "label", "kind")}
        values = {
            name: value if definition["kind"] == kind else None for name, (kind, _) in KINDS.items()
        }
        return self.shaped("AttributeValue", {**plain, **values}, nodes)

    def _list(self, entity: str, rows: list[Row], nodes: list[FieldNode]) -> dict[str, Any]:
        arguments = self.document.arguments(nodes[0])
        matching = [r for r in rows if self.reader.meets(entity, r, arguments.get("filter"))]
        keys = order_keys(entity, arguments.get("orderBy"))
        sorted_rows = sort_rows(self.reader, entity, matching, keys)
        page = OrderedList(self.reader, entity, sorted_rows, keys, self.cursors).page(arguments)
        return {
            key: self._part(entity, inner, matching, page)
            for key, inner in self.document.collect(f"{entity}Connection", nodes).items()
        }

    def _part(self, entity: str, nodes: list[FieldNode], matching: list[Row], page: Page) -> Any:
        match nodes[0].name.value:
            case "__typename":
                return f"{entity}Connection"
            case "totalCount":
                most = self.document.arguments(nodes[0]).get("atMost")
                return len(matching) if most is None else min(len(matching), most)
            case "nodes":
                return [self.record(entity, row, nodes) for row in page.rows]
            case "edges":
                return [self._edge(entity, row, nodes) for row in page.rows]
            case "pageInfo":
                return self.shaped("PageInfo", page.info(entity), nodes)
        return evaluate_aggregate(self, entity, f"{entity}Aggregate", matching, nodes)

    def _edge(self, entity: str, row: Row, nodes: list[FieldNode]) -> dict[str, Any]:
        selected = self.document.collect(f"{entity}Edge", nodes)
        known = {"cursor": Cursor(entity, row["id"]), "__typename": f"{entity}Edge"}
        return {
            key: self.record(entity, row, parts)
            if (name := parts[0].name.value) == "node"
            else known[name]
            for key, parts in selected.items()
        }


def expect(
    viewer: Viewer,
    query: str,
    variables: Mapping[str, Any] | None = None,
    cursors: Mapping[str, Cursor] | None = None,
) -> Expected:
    """The expected response for this viewer."""
    return Oracle(viewer, read(query, variables or {}), cursors or {}).answer()
