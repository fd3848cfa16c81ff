"""Sends requests as a persona and searches each response for values hidden from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.leaks.channels import edges
from tests.leaks.truth import Truth, leaks
from tests.proof.contract import MONEY, REFERENCES, fields, spelled_id, stored
from tests.proof.lock import ENTITIES
from tests.proof.rights import Level, attribute_level, attributes, is_closed, level, readable
from tests.proof.values import shown
from tests.support.world import Answer, World

Denied = set[tuple[str, str, str]]


@dataclass(frozen=True)
class Probe:
    """Sends requests as one persona and asserts that nothing hidden is in the responses."""

    world: World
    persona: str
    truth: Truth
    forbidden: frozenset[str]
    cells: Counter[str]

    async def ask(self, query: str, **headers: str) -> Answer:
        """Send a request; assert that the response contains no forbidden text."""
        return await self._checked(query, self.forbidden, headers)

    async def ask_allowing(self, query: str, known: Set[str]) -> Answer:
        """Like `ask`, but allow `known` texts, which the test computed from visible data."""
        return await self._checked(query, self.forbidden - known, {})

    async def _checked(
        self, query: str, forbidden: frozenset[str], headers: Mapping[str, str]
    ) -> Answer:
        answer = await self.world.ask(self.persona, query, {}, tenant=self.truth.tenant, **headers)
        found = {text for text in leaks(answer, forbidden) if text not in query}  # no echoes
        assert not found, f"{self.persona} reads {sorted(found)[:5]} with {query}"
        return answer

    async def refused(self, query: str, *expected: tuple[str, str], **headers: str) -> Answer:
        """Assert that the whole operation is refused and names the expected and only closed fields."""
        answer = await self.ask(query, **headers)
        where = f"{self.persona}: {query}\n{answer.body.decode()}"
        assert answer.codes == ["FIELD_FORBIDDEN"], where
        assert answer.json.get("data") is None, where
        named = {(f["type"], f["field"]) for f in answer.json["errors"][0]["extensions"]["fields"]}
        assert set(expected) <= named, where
        for type_name, field in named:
            assert self.is_closed_name(type_name, field), where
        return answer

    async def count(self, aliases: Mapping[str, str]) -> dict[str, int]:
        """Total counts of lists, each under an alias."""
        parts = " ".join(f"{alias}: {query}" for alias, query in aliases.items())
        answer = await self.ask(f"{{ {parts} }}")
        assert "errors" not in answer.json, f"{self.persona}: {parts}\n{answer.body.decode()}"
        return {alias: read["totalCount"] for alias, read in answer.data.items()}

    def has_closed_parent(self, type_name: str) -> bool:
        """Whether a required parent of the entity is closed, so that none of its records is visible."""
        parents = ENTITIES[type_name].parents
        return any(is_closed(self.persona, parent.to) and not parent.optional for parent in parents)

    def is_closed_name(self, type_name: str, field: str) -> bool:
        """Whether the persona has no right to a field, attribute or type named in a refusal."""
        if is_closed(self.persona, type_name):
            return True
        if field in attributes(type_name):
            return attribute_level(self.persona, type_name, field) is Level.HIDDEN
        if not field or field not in fields(type_name):
            return False
        return level(self.persona, type_name, field) is Level.HIDDEN

    def denials(self, type_name: str, names: Iterable[str] | None = None) -> Denied:
        """The expected denials for a selection of these fields."""
        if is_closed(self.persona, type_name):
            return {(type_name, "", "object")}
        found: Denied = set()
        for name in fields(type_name) if names is None else names:
            match level(self.persona, type_name, name):
                case Level.HIDDEN:
                    found.add((type_name, name, "hidden"))
                case Level.RULED:
                    found.add((type_name, name, "status"))
                case Level.CLOSED:
                    found.add((target_of(type_name, name), "", "object"))
                case Level.OPEN:
                    pass
        return found

    def assert_record(self, type_name: str, node: Mapping[str, Any]) -> None:
        """Assert that each field of a record has the stored value, or null if it is not readable."""
        row = next(
            row for id, row in self.truth.rows[type_name].items() if node["id"].endswith(id.hex)
        )
        assert node["id"] == spelled_id(type_name, row["id"])
        assert row["id"] in self.truth.visible(self.persona, type_name), f"{self.persona} {node}"
        for name in fields(type_name):
            where = f"{self.persona} {type_name}.{name} of {node['id']}: {node[name]}"
            if name == "attributes":
                self._assert_attributes(type_name, node[name], where)
            elif name == "history" and readable(self.persona, type_name, name, row):
                entries = self.truth.readable_history(self.persona, row["id"])
                assert node[name]["totalCount"] == len(entries), where
            elif not readable(self.persona, type_name, name, row):
                assert node[name] is None, where
            elif (
                name in stored(type_name)
                or name in REFERENCES[type_name]
                or name in ENTITIES[type_name].computed
            ):
                value = self.truth.value(type_name, name, row)
                if (target := REFERENCES[type_name].get(name)) is not None:
                    value = value if value in self.truth.visible(self.persona, target) else None
                assert _same(type_name, name, value, node[name]), where
            else:
                assert node[name] is not None, where

    def _assert_attributes(self, type_name: str, read: list[Any], where: str) -> None:
        expected = [
            key
            for key in sorted(attributes(type_name))
            if attribute_level(self.persona, type_name, key) is Level.OPEN
        ]
        assert sorted(value["key"] for value in read) == expected, where


def denied(answer: Answer) -> Denied:
    """The denials listed in a response."""
    access = answer.json.get("extensions", {}).get("access", {"denied": []})
    return {(one["type"], one["field"], one["reason"]) for one in access["denied"]}


def target_of(type_name: str, field: str) -> str:
    """The target type of a link."""
    return next(edge.target for edge in edges(type_name) if edge.name == field)


def _same(type_name: str, field: str, stored: Any, read: Any) -> bool:
    if stored is None or read is None:
        return stored is read
    if field in MONEY[type_name]:
        return bool(read["amount"] == shown(stored, read["currency"]))
    if target := REFERENCES[type_name].get(field):
        return bool(read == {"id": spelled_id(target, stored)})
    if isinstance(stored, Decimal):
        return bool(read == f"{stored:f}")
    if isinstance(stored, datetime):
        return bool(read == stored.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    if isinstance(stored, date):
        return bool(read == stored.isoformat())
    return bool(stored == read)
