"""Refusals and denials of a document, which depend on the document and the rights but not on rows (D-30, D-31)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import FieldNode

from tests.oracle.documents import Document
from tests.oracle.group_rules import GroupBy, group_keys, measured_by, refused_groups
from tests.oracle.lists import Refused, as_list, refused_field, refused_filter, refused_order
from tests.oracle.pages import refused_count, refused_page
from tests.proof.contract import BY_ID, fields, measure_type, roots
from tests.proof.oracle import Viewer

Denied = tuple[str, str, str]


@dataclass
class Survey:
    """Traversal of one document for one viewer."""

    viewer: Viewer
    document: Document
    denied: set[Denied] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)

    def root(self, nodes: list[FieldNode]) -> None:
        name, arguments = nodes[0].name.value, self.document.arguments(nodes[0])
        if name in ("node", "nodes"):
            for text in as_list(arguments["id" if name == "node" else "ids"]):
                # Denials follow from the type in an id, also if the record does not exist.
                if entity := BY_ID.get(text.rpartition("_")[0]):
                    self._record(entity, nodes, lists_denials=True)
        elif name == "viewer":
            self._record("User", nodes, lists_denials=True)
        elif name != "__typename":
            kind, entity = roots()[name]
            surveys = {"MANY": self._list, "GROUPS": self._groups}
            surveys.get(kind, self._record)(entity, nodes, lists_denials=True)

    def _entity_is_open(self, entity: str, *, lists_denials: bool) -> bool:
        """Whether denials below an entity are listed; below a denied entity only refusals count."""
        if entity in self.viewer.grants_by_entity:
            return lists_denials
        if lists_denials:
            self.denied.add((entity, "", "object"))
        return False

    def _record(self, entity: str, nodes: list[FieldNode], *, lists_denials: bool) -> None:
        lists_denials = self._entity_is_open(entity, lists_denials=lists_denials)
        for parts in self.document.collect(entity, nodes).values():
            name = parts[0].name.value
            if name == "__typename":
                continue
            target, closed = fields(entity)[name], self.viewer.closed(entity, name)
            if lists_denials and closed:
                self.denied.add(closed)
            elif lists_denials and name in self.viewer.grants_by_entity[entity].ruled:
                self.denied.add((entity, name, "status"))
            if target.kind == "REFERENCE":
                self._record(target.type, parts, lists_denials=lists_denials and not closed)
            elif target.kind == "LIST":
                self._list(target.type, parts, lists_denials=lists_denials and not closed)

    def _list(self, entity: str, nodes: list[FieldNode], *, lists_denials: bool) -> None:
        lists_denials = self._entity_is_open(entity, lists_denials=lists_denials)
        arguments = self.document.arguments(nodes[0])
        parts = self.document.collect(f"{entity}Connection", nodes).values()
        used = arguments.get("filter") is not None or bool(arguments.get("orderBy"))
        used = used or any(inner[0].name.value == "aggregate" for inner in parts)
        if used and entity not in self.viewer.grants_by_entity:
            self.refused.append(("FIELD_FORBIDDEN", entity))
        self.refused += refused_filter(self.viewer, entity, arguments.get("filter"))
        self.refused += refused_order(self.viewer, entity, arguments.get("orderBy"))
        self.refused += refused_page(arguments)
        for inner in parts:
            name = inner[0].name.value
            if name == "nodes":
                self._record(entity, inner, lists_denials=lists_denials)
            elif name == "totalCount":
                self.refused += refused_count(self.document.arguments(inner[0]))
            elif name == "aggregate":
                type_ = f"{entity}Aggregate"
                self.refused += self._measures(entity, type_, inner, lists_denials=lists_denials)
            elif name == "edges":
                edge = self.document.collect(f"{entity}Edge", inner).values()
                for node in (one for one in edge if one[0].name.value == "node"):
                    self._record(entity, node, lists_denials=lists_denials)

    def _measures(
        self, entity: str, type_: str, nodes: list[FieldNode], *, lists_denials: bool
    ) -> Iterator[Refused]:
        """An aggregate of a field with a status rule is listed, because it covers only some records."""
        for parts in self.document.collect(type_, nodes).values():
            measure = parts[0].name.value
            if measure == "key":
                continue
            for inner in self.document.collect(measure_type(entity, measure), parts).values():
                name = inner[0].name.value
                if name == "__typename":
                    continue
                self._ruled(entity, name, lists_denials=lists_denials)
                yield from refused_field(self.viewer, entity, fields(entity)[name])

    def _ruled(self, entity: str, name: str, *, lists_denials: bool) -> None:
        if lists_denials and name in self.viewer.grants_by_entity[entity].ruled:
            self.denied.add((entity, name, "status"))

    def _groups(self, entity: str, nodes: list[FieldNode], *, lists_denials: bool) -> None:
        lists_denials = self._entity_is_open(entity, lists_denials=lists_denials)
        arguments = self.document.arguments(nodes[0])
        refused = list(refused_groups(self.viewer, entity, arguments))
        self.refused += refused
        keys = group_keys(arguments.get("groupBy"))
        if not refused:
            steps = [step for key in keys for step in key.steps(entity)]
            steps += [(entity, name) for name in measured_by(arguments)]
            for of, name in steps:
                self._ruled(of, name, lists_denials=lists_denials)
        for parts in self.document.collect(f"{entity}Groups", nodes).values():
            if parts[0].name.value == "groups":
                type_ = f"{entity}Group"
                self.refused += self._measures(entity, type_, parts, lists_denials=lists_denials)
                for inner in self.document.collect(type_, parts).values():
                    if inner[0].name.value == "key":
                        self._key(entity, (), inner, keys, lists_denials=lists_denials)

    def _key(
        self,
        entity: str,
        path: tuple[str, ...],
        nodes: list[FieldNode],
        keys: list[GroupBy],
        *,
        lists_denials: bool,
    ) -> None:
        """Selected keys must be grouped by; a record that is a key has a selection like any other."""
        for parts in self.document.collect(f"{entity}GroupKey", nodes).values():
            name = parts[0].name.value
            if name == "__typename":
                continue
            inner = (*path, name)
            if name != "record" and fields(entity)[name].kind == "REFERENCE":
                self._key(
                    fields(entity)[name].type, inner, parts, keys, lists_denials=lists_denials
                )
                continue
            if inner not in [key.path for key in keys]:
                self.refused.append(("BAD_USER_INPUT", ".".join(inner)))
            if name == "record":
                self._record(entity, parts, lists_denials=lists_denials)
