"""Groups of records: their keys, order, pages and aggregates (X-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from graphql import FieldNode

from tests.oracle.group_rules import GroupBy, group_keys, key_for, rest_of, sorts, tie
from tests.oracle.lists import Input, Key, Reader, as_list, order_paths, value_meets
from tests.oracle.measures import evaluate_aggregate, per_currency, plain
from tests.oracle.values import comparable, json_value
from tests.proof.contract import field_at, fields
from tests.proof.rows import Row

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle

PAGE = 100


@dataclass(frozen=True)
class Group:
    """Records with the same key values."""

    values: tuple[Any, ...]
    rows: list[Row]


@dataclass(frozen=True)
class Grouping:
    """Grouping of the records of an entity by keys."""

    reader: Reader
    entity: str
    keys: list[GroupBy]
    zone: ZoneInfo

    def groups(self, rows: list[Row]) -> list[Group]:
        """The groups of these rows; without a key, exactly one, also for no rows."""
        found: dict[tuple[Any, ...], list[Row]] = {} if self.keys else {(): []}
        for row in rows:
            values = (key.value(self.reader, self.entity, row, self.zone) for key in self.keys)
            found.setdefault(tuple(values), []).append(row)
        return [Group(values, kept) for values, kept in found.items()]

    def measure(self, group: Group, name: str, field: str, currency: str | None) -> Any:
        """An aggregate, rounded as in the response; for money, in one currency, or None."""
        if name == "count":
            return len(group.rows)
        of = fields(self.entity)[field]
        if of.kind == "MONEY":
            found = per_currency(self.reader, self.entity, name, of, group.rows)
            return found.get(str(currency))
        return plain(self.reader, self.entity, name, of, group.rows)

    def meets(self, group: Group, having: Input | None) -> bool:
        given = ((name, test) for name, test in (having or {}).items() if test is not None)
        return all(self._meets(group, name, test) for name, test in given)

    def _meets(self, group: Group, name: str, test: Any) -> bool:
        match name:
            case "and":
                return all(self.meets(group, one) for one in as_list(test))
            case "or":
                return any(self.meets(group, one) for one in as_list(test))
            case "not":
                return not self.meets(group, test)
            case "count":
                return value_meets(len(group.rows), test, "Int")
        given = ((field, tests) for field, tests in test.items() if tests is not None)
        return all(self._measure_meets(group, name, field, tests) for field, tests in given)

    def _measure_meets(self, group: Group, name: str, field: str, tests: Input) -> bool:
        of = fields(self.entity)[field]
        value = self.measure(group, name, field, tests.get("currency"))
        exact = of.kind == "MONEY" or name in ("sum", "avg")
        asked = {test: operand for test, operand in tests.items() if test != "currency"}
        return value_meets(value, asked, "Decimal" if exact else of.type)

    def ordered(self, groups: list[Group], order: Any) -> list[Group]:
        """Sort groups by the requested order and then by all keys, ascending."""
        wanted = [key for one in sorts(order) for key in self._sort(*one)]
        read = {group.values: [value(group) for _, value in wanted] for group in groups}

        def compare(left: Group, right: Group) -> int:
            pairs = zip(wanted, read[left.values], read[right.values], strict=True)
            for (key, _), one, other in pairs:
                if result := key.compare(one, other):
                    return result
            ties = [tuple(map(tie, group.values)) for group in (left, right)]
            return -1 if ties[0] < ties[1] else 1

        return sorted(groups, key=cmp_to_key(compare))

    def _sort(
        self, name: str, field: str, currency: str | None, inner: Any
    ) -> list[tuple[Key, Any]]:
        if name == "key":
            return [(key, self._key_value(key)) for key in order_paths(self.entity, inner)]
        return [(Key((), inner), lambda group: self.measure(group, name, field, currency))]

    def _key_value(self, wanted: Key) -> Any:
        key = key_for(self.keys, wanted.path)
        assert key is not None, f"{wanted.path} was not refused"
        if key.path == wanted.path:
            # Enum values are sorted as they are, as in lists.
            exact = field_at(self.entity, wanted.path).kind == "ENUM"
            at = self.keys.index(key)
            return lambda group: group.values[at] if exact else comparable(group.values[at])

        def read(group: Group) -> Any:
            found = key.row(self.reader, self.entity, group.rows[0])
            return None if found is None else rest_of(wanted, key).read(self.reader, *found)

        return read


def grouped_answer(oracle: Oracle, entity: str, nodes: list[FieldNode]) -> dict[str, Any]:
    """Expected response of a root field that returns groups."""
    arguments = oracle.document.arguments(nodes[0])
    keys = group_keys(arguments.get("groupBy"))
    zone = ZoneInfo(arguments.get("timeZone") or "UTC")
    grouping = Grouping(oracle.reader, entity, keys, zone)
    rows = list(oracle.viewer.rows[entity].values())
    found = [row for row in rows if oracle.reader.meets(entity, row, arguments.get("filter"))]
    met = [g for g in grouping.groups(found) if grouping.meets(g, arguments.get("having"))]
    start = arguments.get("skip") or 0
    page = grouping.ordered(met, arguments.get("orderBy"))
    page = page[start : start + (arguments.get("first") or PAGE)]
    known = {"groupCount": len(met), "__typename": f"{entity}Groups"}
    return {
        key: known[name]
        if (name := parts[0].name.value) in known
        else [_group(oracle, grouping, group, parts) for group in page]
        for key, parts in oracle.document.collect(f"{entity}Groups", nodes).items()
    }


def _group(
    oracle: Oracle, grouping: Grouping, group: Group, nodes: list[FieldNode]
) -> dict[str, Any]:
    entity = grouping.entity
    by_path = {key.path: value for key, value in zip(grouping.keys, group.values, strict=True)}
    return evaluate_aggregate(
        oracle,
        entity,
        f"{entity}Group",
        group.rows,
        nodes,
        lambda parts: _key(oracle, entity, (), parts, by_path),
    )


def _key(
    oracle: Oracle,
    entity: str,
    path: tuple[str, ...],
    nodes: list[FieldNode],
    values: Mapping[tuple[str, ...], Any],
) -> dict[str, Any]:
    """Expected value of a group's key, or of its part below a reference."""
    answered: dict[str, Any] = {}
    for key, parts in oracle.document.collect(f"{entity}GroupKey", nodes).items():
        name = parts[0].name.value
        inner = (*path, name)
        if name == "__typename":
            answered[key] = f"{entity}GroupKey"
        elif name == "record":
            row = oracle.viewer.record(entity, values[inner])
            answered[key] = None if row is None else oracle.record(entity, row, parts)
        elif inner in values:
            answered[key] = json_value(values[inner])
        else:
            answered[key] = _key(oracle, fields(entity)[name].type, inner, parts, values)
    return answered
