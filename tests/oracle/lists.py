"""Records and order of a list: two-valued filters (D-41) and stable orders (D-38)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from tests.oracle.values import comparable, fold, parse_scalar, phone_digits, read_id, search_words
from tests.proof.computed import field_value
from tests.proof.contract import Field, attribute_key, fields, lists
from tests.proof.lock import ENTITIES
from tests.proof.oracle import Viewer
from tests.proof.rows import Row

Input = Mapping[str, Any]

KINDS = {
    "text": ("TEXT", "String"),
    "number": ("NUMBER", "Decimal"),
    "date": ("DATE", "Date"),
    "boolean": ("BOOLEAN", "Boolean"),
}
"""Fields of a custom attribute's filter and value, with their kind and scalar."""


def as_list(value: Any) -> list[Any]:
    """A list input; GraphQL coerces a single value to a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


@dataclass(frozen=True)
class Reader:
    """Reader of visible records' values, null where a status rule masks them."""

    viewer: Viewer

    def value(self, entity: str, row: Row, field: Field) -> Any:
        """The stored value; for money, the amount."""
        allowed = self.viewer.grants_by_entity[entity].ruled.get(field.name)
        if allowed is not None and row[ENTITIES[entity].status or ""] not in allowed:
            return None
        return field_value(entity, field.name, row)

    def linked(self, entity: str, row: Row, field: Field) -> Row | None:
        """The target of a reference, if the reference and the target are readable."""
        return self.viewer.record(field.type, self.value(entity, row, field))

    def below(self, entity: str, row: Row, field: Field) -> list[Row]:
        """The records of a list field, without those whose back reference is not readable."""
        target, way = lists()[entity, field.name]
        found = self.viewer.below(entity, field.name, row)
        if way.name not in target.links:
            return found  # a history entry has no readable back reference
        back = fields(target.name)[way.name]
        return [one for one in found if self.value(target.name, one, back) is not None]

    def attribute(self, entity: str, row: Row, key: str) -> Any:
        definition = self.definition(entity, key)
        assert definition is not None, f"{key} was not refused"
        kept = row["custom"].get(str(definition["id"]))
        return parse_scalar(kept, "Date") if definition["kind"] == "DATE" else kept

    def definition(self, entity: str, key: str) -> Row | None:
        known = self.viewer.grants_by_entity[entity].attributes
        return next((one for one in known if one["key"] == key), None)

    def meets(self, entity: str, row: Row, test: Input | None) -> bool:
        """Whether a record matches a filter; an absent or null member is no condition."""
        given = ((name, inner) for name, inner in (test or {}).items() if inner is not None)
        return all(self._meets(entity, row, name, inner) for name, inner in given)

    def _meets(self, entity: str, row: Row, name: str, test: Any) -> bool:
        if name == "and":
            return all(self.meets(entity, row, inner) for inner in as_list(test))
        if name == "or":
            return any(self.meets(entity, row, inner) for inner in as_list(test))
        if name == "not":
            return not self.meets(entity, row, test)
        if name == "attribute" and attribute_key(entity, "Filter"):
            return self._attribute_meets(entity, row, test)
        if name == "search":
            return all(self._holds(entity, row, word) for word in search_words(test))
        field = fields(entity)[name]
        if field.kind == "REFERENCE":
            linked = self.linked(entity, row, field)
            return linked is not None and self.meets(field.type, linked, test)
        if field.kind == "LIST":
            return self._list_meets(entity, row, field, test)
        if name == "id":
            return _id_meets(entity, row, test)
        kind = "Decimal" if field.kind == "MONEY" else field.type
        return value_meets(self.value(entity, row, field), test, kind)

    def _holds(self, entity: str, row: Row, word: str) -> bool:
        """Whether a word is a substring of a readable searched field."""
        digits = phone_digits(word)
        for name in ENTITIES[entity].search:
            value = (
                None
                if self.viewer.closed(entity, name)
                else self.value(entity, row, fields(entity)[name])
            )
            if value is None:
                continue
            if name in ENTITIES[entity].digits:
                if digits and digits in "".join(filter(str.isdigit, value.replace("(0)", ""))):
                    return True
            elif fold(word) in fold(value):
                return True
        return False

    def _list_meets(self, entity: str, row: Row, field: Field, test: Input) -> bool:
        below = self.below(entity, row, field)
        given = {name: inner for name, inner in test.items() if inner is not None}
        met = {
            name: [self.meets(field.type, one, inner) for one in below]
            for name, inner in given.items()
        }
        return (
            ("some" not in met or any(met["some"]))
            and ("none" not in met or not any(met["none"]))
            and ("every" not in met or all(met["every"]))
        )

    def _attribute_meets(self, entity: str, row: Row, test: Input) -> bool:
        value = self.attribute(entity, row, test["key"])
        return all(
            value_meets(value, inner, KINDS[name][1])
            for name, inner in test.items()
            if name != "key" and inner is not None
        )

    def sort_values(self, entity: str, row: Row, keys: list[Key]) -> list[Any]:
        return [key.read(self, entity, row) for key in keys]


def _id_meets(entity: str, row: Row, test: Input) -> bool:
    """Whether the record's id matches; an id of another or an unknown type matches no record (D-32, D-42)."""

    def is_it(text: str) -> bool:
        return read_id(text) == (entity, row["id"])

    tests: dict[str, Callable[[Any], bool]] = {
        "eq": is_it,
        "ne": lambda text: not is_it(text),
        "in": lambda texts: any(map(is_it, as_list(texts))),
        "notIn": lambda texts: not any(map(is_it, as_list(texts))),
    }
    return all(tests[name](operand) for name, operand in test.items())


def value_meets(value: Any, test: Input, kind: str) -> bool:
    """Whether a value matches every operator of a filter on this scalar or enum."""
    return all(_fulfils(value, name, operand, kind) for name, operand in test.items())


def _fulfils(value: Any, name: str, operand: Any, kind: str) -> bool:
    if name == "isNull":
        return (value is None) is operand
    if name in ("ne", "notIn"):  # complements, so a null value matches
        return not _fulfils(value, {"ne": "eq", "notIn": "in"}[name], operand, kind)
    if value is None:
        return False
    if name == "in":
        return any(value == parse_scalar(one, kind) for one in as_list(operand))
    other = parse_scalar(operand, kind)
    if name == "eq":
        return bool(value == other)
    if name == "contains":
        return fold(other) in fold(value)
    if name == "startsWith":
        return fold(value).startswith(fold(other))
    left, right = comparable(value), comparable(other)
    return bool(
        {
            "lt": left < right,
            "lte": left <= right,
            "gt": left > right,
            "gte": left >= right,
        }[name]
    )


@dataclass(frozen=True)
class Key:
    """A sort key: a path over references to a field or a custom attribute."""

    path: tuple[str, ...]
    direction: str
    attribute: str | None = None

    def read(self, reader: Reader, entity: str, row: Row) -> Any:
        """The value to compare; None if a reference on the path is null or not visible."""
        for name in self.path[:-1]:
            field = fields(entity)[name]
            linked = reader.linked(entity, row, field)
            if linked is None:
                return None
            entity, row = field.type, linked
        if self.attribute is not None:
            return comparable(reader.attribute(entity, row, self.attribute))
        field = fields(entity)[self.path[-1]]
        value = reader.value(entity, row, field)
        # Enum values are sorted as text: E_INVOICE comes after EMAIL.
        return value if field.kind == "ENUM" else comparable(value)

    def compare(self, left: Any, right: Any) -> int:
        """Compare two values; negative if the left one comes first."""
        if left is None or right is None:
            first = -1 if self.direction.endswith("NULLS_FIRST") else 1
            return 0 if left is right else (first if left is None else -first)
        if left == right:
            return 0
        return (-1 if left < right else 1) * (-1 if self.direction.startswith("DESC") else 1)


def order_keys(entity: str, order: Any) -> list[Key]:
    """The requested sort keys, followed by the id in the direction of the last one."""
    keys = order_paths(entity, order)
    down = bool(keys) and keys[-1].direction.startswith("DESC")
    return [*keys, Key(("id",), "DESC" if down else "ASC")]


def order_paths(entity: str, order: Any) -> list[Key]:
    """The requested sort keys."""
    return [key for one in as_list(order) for key in _keys(entity, one, ())]


def _keys(entity: str, order: Input, path: tuple[str, ...]) -> Iterator[Key]:
    for name, inner in order.items():
        if name == "attribute" and attribute_key(entity, "Order"):
            yield Key((*path, name), inner["direction"], inner["key"])
        elif isinstance(inner, str):
            yield Key((*path, name), inner)
        else:
            yield from _keys(fields(entity)[name].type, inner, (*path, name))


def sort_rows(reader: Reader, entity: str, rows: list[Row], keys: list[Key]) -> list[Row]:
    values = {row["id"]: reader.sort_values(entity, row, keys) for row in rows}

    def compare(left: Row, right: Row) -> int:
        return compare_values(keys, values[left["id"]], values[right["id"]])

    return sorted(rows, key=cmp_to_key(compare))


def compare_values(keys: list[Key], left: list[Any], right: list[Any]) -> int:
    for key, one, other in zip(keys, left, right, strict=True):
        if result := key.compare(one, other):
            return result
    return 0


Refused = tuple[str, str]
"""An error code and its subject."""


def refused_filter(viewer: Viewer, entity: str, test: Input | None) -> Iterator[Refused]:
    """Refusals of a filter, independent of rows (D-31)."""
    for name, inner in (test or {}).items():
        if inner is None:
            continue
        if name in ("and", "or", "not"):
            for one in as_list(inner):
                yield from refused_filter(viewer, entity, one)
        elif name == "attribute" and attribute_key(entity, "Filter"):
            yield from refused_attribute(viewer, entity, inner["key"])
            for member in KINDS:
                yield from refused_tests(entity, inner.get(member))
        elif name == "search":
            if all(viewer.closed(entity, each) for each in ENTITIES[entity].search):
                yield "FIELD_FORBIDDEN", f"{entity}.search"
            if not search_words(inner):
                yield "BAD_USER_INPUT", "search"
        else:
            yield from _refused_member(viewer, entity, fields(entity)[name], inner)


def _refused_member(viewer: Viewer, entity: str, field: Field, inner: Input) -> Iterator[Refused]:
    yield from refused_field(viewer, entity, field)
    if field.kind in ("REFERENCE", "LIST"):
        if field.type in viewer.grants_by_entity:
            tests = [inner] if field.kind == "REFERENCE" else list(inner.values())
            for one in tests:
                yield from refused_filter(viewer, field.type, one)
    else:
        yield from refused_tests(entity, inner)


def refused_tests(entity: str, tests: Input | None) -> Iterator[Refused]:
    """Refusals of null operands such as `eq: null`; `isNull` replaces them."""
    for name, operand in (tests or {}).items():
        if operand is None:
            yield "BAD_USER_INPUT", f"{entity}: {name}: null"


def refused_field(viewer: Viewer, entity: str, field: Field) -> Iterator[Refused]:
    """Refusal of a field, reference or list that may not occur in a clause."""
    if closed := viewer.closed(entity, field.name):
        yield "FIELD_FORBIDDEN", ".".join(closed[:2])
    if field.kind == "REFERENCE" and field.type not in viewer.grants_by_entity:
        yield "FIELD_FORBIDDEN", field.type


def refused_attribute(viewer: Viewer, entity: str, key: str) -> Iterator[Refused]:
    if Reader(viewer).definition(entity, key) is None:
        yield "FIELD_FORBIDDEN", f"{entity}.{key}"


def refused_order(viewer: Viewer, entity: str, order: Any) -> Iterator[Refused]:
    for one in as_list(order):
        for name, inner in one.items():
            if name == "attribute" and attribute_key(entity, "Order"):
                yield from refused_attribute(viewer, entity, inner["key"])
                continue
            field = fields(entity)[name]
            yield from refused_field(viewer, entity, field)
            if field.kind == "REFERENCE" and field.type in viewer.grants_by_entity:
                yield from refused_order(viewer, field.type, inner)
