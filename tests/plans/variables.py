"""Random variables by GraphQL type: forms, which contain everything that parsing depends on, and values of a form."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse_type,
    type_from_ast,
)
from hypothesis import strategies as st

from db.api import MODEL
from schema.api import GRAPHQL
from schema.engine.filters import LISTS

PREFIXES = ("opp", "acc", "emp", "zzz", "xyz")
KEYS = ("tier", "seats", "a", "a_b", "ab")
SOME = (
    *("and", "or", "not", "search", "attribute", "id", "name", "status", "amount", "locked"),
    *("account", "owner", "contacts", "createdAt", "expectedCloseOn", "probability"),
)
"""Fields used of an input with many fields."""
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "String": st.sampled_from(["", "a", "value", "list", "%", 'a"b', "a, b", "null", "x" * 30]),
    "Int": st.integers(1, 100),
    "Decimal": st.sampled_from(["0", "1", "1.0", "-7", "12.50"]),
    "Date": st.sampled_from(["2024-02-29", "2026-01-01"]),
    "DateTime": st.sampled_from(["2024-02-29T00:00:00Z", "2026-01-01T12:00:00+01:00"]),
    "TimeZone": st.sampled_from(["UTC", "Europe/Amsterdam"]),
}
"""Values that are bound as parameters and do not affect parsing, by scalar."""


@dataclass(frozen=True)
class Leaf:
    """Any value of a scalar."""

    values: st.SearchStrategy[Any]


@dataclass(frozen=True)
class Word:
    """A value that parsing depends on: an enum value, a boolean or an attribute key."""

    word: object
    others: tuple[object, ...] = field(default=(), compare=False)
    """Other values of the type."""


@dataclass(frozen=True)
class Id:
    """An id with this prefix."""

    prefix: str


@dataclass(frozen=True)
class Fields:
    """An object with exactly these fields."""

    parts: dict[str, Form]
    one_of: bool = False
    """Whether the input is `@oneOf`: exactly one field, not null."""


@dataclass(frozen=True)
class Items:
    """A list whose items are parsed individually; of ids, only the set of prefixes matters."""

    parts: list[Form]
    is_set: bool


@dataclass(frozen=True)
class Compared:
    """A list of bound values, by whether it contains null and whether it exceeds the limit."""

    values: st.SearchStrategy[Any]
    has_null: bool
    too_many: bool
    nullable: bool
    """Whether the type allows null items."""


Form: TypeAlias = "Leaf | Word | Id | Fields | Items | Compared | None"


def structure(form: Form) -> Hashable:
    """The facts that distinguish the forms of a type."""
    match form:
        case None:
            return None
        case Leaf():
            return "any"
        case Word(word):
            return "word", word
        case Id(prefix):
            return "id", prefix if prefix in MODEL.by_prefix else ""
        case Fields(parts):
            return frozenset((name, structure(part)) for name, part in parts.items())
        case Items(parts, is_set):
            found = [structure(part) for part in parts]
            return frozenset(found) if is_set else tuple(found)
        case Compared(_, has_null, too_many, _):
            return has_null, too_many


def values(form: Form) -> st.SearchStrategy[Any]:
    """Values of a form, in the format of a request."""
    match form:
        case None:
            return st.none()
        case Leaf(found):
            return found
        case Word(word):
            return st.just(word)
        case Id(prefix):
            return st.sampled_from("0123abc").map(lambda digit: f"{prefix}_{digit * 32}")
        case Fields(parts):
            return st.fixed_dictionaries({name: values(part) for name, part in parts.items()})
        case Items(parts):
            return st.tuples(*map(values, parts)).map(list)
        case Compared(found, has_null, too_many, _):
            few = st.lists(found, max_size=3)
            many = found.map(lambda value: [value] * (LISTS + 1))
            none = [None] if has_null else []
            return (many if too_many else few).map(lambda several: several + none)


def changes(form: Form) -> list[Form]:
    """The forms that differ from this one in a single place."""
    match form:
        case None | Leaf():
            return []
        case Word(word, others):
            return [Word(other, others) for other in others if other != word]
        case Id(prefix):
            return [Id(other) for other in PREFIXES if other != prefix]
        case Fields(parts, one_of):
            fewer: list[Form] = [
                Fields({name: part for name, part in parts.items() if name != removed})
                for removed in parts
            ]
            null: list[Form] = [
                Fields({**parts, name: None}) for name, part in parts.items() if part is not None
            ]
            inner: list[Form] = [
                Fields({**parts, name: other}, one_of)
                for name, part in parts.items()
                for other in changes(part)
            ]
            return inner if one_of else fewer + null + inner
        case Items(parts, is_set):
            shorter: list[Form] = [
                Items(parts[:place] + parts[place + 1 :], is_set) for place in range(len(parts))
            ]
            changed: list[Form] = [
                Items([*parts[:place], other, *parts[place + 1 :]], is_set)
                for place, part in enumerate(parts)
                for other in changes(part)
            ]
            return [*shorter, *changed, Items(parts[::-1], is_set)]
        case Compared(found, has_null, too_many, nullable):
            other: list[Form] = [Compared(found, not has_null, too_many, nullable)]
            return [*other * nullable, Compared(found, has_null, not too_many, nullable)]


def forms(kind: Any, depth: int = 3) -> st.SearchStrategy[Form]:
    """Forms of a type, with objects nested at most `depth` levels."""
    if is_non_null_type(kind):
        return _present(kind.of_type, depth)
    return st.one_of(*[_present(kind, depth)] * 4, st.none())


def _present(kind: Any, depth: int) -> st.SearchStrategy[Form]:
    if is_list_type(kind):
        return _list(kind.of_type, depth)
    if isinstance(kind, GraphQLInputObjectType):
        return _object(kind, depth)
    if isinstance(kind, GraphQLEnumType):
        return _words(*sorted(kind.values))
    if kind.name == "Boolean":
        return _words(False, True)
    if kind.name == "AttributeKey":
        return _words(*KEYS)
    if kind.name == "ID":
        return st.sampled_from(PREFIXES).map(Id)
    return st.just(Leaf(LEAVES[kind.name]))


def _words(*known: object) -> st.SearchStrategy[Form]:
    return st.sampled_from(known).map(lambda word: Word(word, known))


def _object(kind: GraphQLInputObjectType, depth: int) -> st.SearchStrategy[Form]:
    """An object with its required fields and at most two others, or exactly one field if it is `@oneOf`."""
    known = {
        name: field.type
        for name, field in kind.fields.items()
        if depth > 0 or not isinstance(get_named_type(field.type), GraphQLInputObjectType)
    }
    if len(known) > len(SOME):
        known = {name: of for name, of in known.items() if name in SOME}
    needed = {name for name, of in known.items() if is_non_null_type(of)}
    if not known:
        return st.just(Fields({}))
    one_of = kind.extensions["strawberry-definition"].is_one_of
    least, most = (1, 1) if one_of else (0, 2)
    names = st.sets(st.sampled_from(sorted(known)), min_size=least, max_size=most)

    def of(chosen: set[str]) -> st.SearchStrategy[Form]:
        parts = {
            name: _present(known[name], depth - 1) if one_of else forms(known[name], depth - 1)
            for name in sorted(chosen | needed)
        }
        return st.fixed_dictionaries(parts).map(lambda found: Fields(found, one_of))

    return names.flatmap(of)


def _list(kind: Any, depth: int) -> st.SearchStrategy[Form]:
    named = get_named_type(kind)
    is_read = named.name in ("AttributeKey", "SearchType", "ID")
    if isinstance(named, GraphQLInputObjectType) or is_read:
        items = st.lists(forms(kind, depth - 1), max_size=2)
        return items.map(lambda parts: Items(parts, named.name == "ID"))
    nullable = not is_non_null_type(kind)
    null = st.booleans() if nullable else st.just(False)
    long = st.sampled_from([False, False, True])
    if isinstance(named, GraphQLEnumType):
        compared: st.SearchStrategy[Any] = st.sampled_from(sorted(named.values))
    else:
        compared = LEAVES.get(named.name, st.booleans())
    return st.builds(Compared, st.just(compared), null, long, st.just(nullable))


def input_type(text: str) -> Any:
    """The input type of a type reference such as `[ID!]!`."""
    found: Any = type_from_ast(GRAPHQL, parse_type(text))
    return found
