"""Explains why a value does not fit its input type, in words that name the place and the remedy."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLScalarType,
    Undefined,
    is_non_null_type,
)
from graphql.language import (
    EnumValueNode,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)
from graphql.pyutils import suggestion_list
from graphql.type import is_list_type, is_required_input_field
from graphql.utilities import value_from_ast_untyped

from domain.message import Message

MAX_ERRORS = 20
"""Maximum number of explanations of the variables of a request, or of a literal."""
MAX_SUGGESTED = 64
"""Maximum characters of a name for which a similar one is searched."""
MAX_LISTED = 20
"""Maximum number of enum values that a message lists."""
MAX_QUOTED = 40
"""Maximum characters of a text that a message quotes."""
MAX_PLACE = 80
"""Maximum characters of a place that a message quotes, from its end."""
MISSING = Message("{place} is required. Send a value of type {type}.")
NULL = Message("{place} cannot be null. Send a value of type {type}.")
NOT_OBJECT = Message("{place} must be an object of type {type}, not {found}.")
UNKNOWN = Message("{type} has no field `{name}`. Check the name in the schema.")
SIMILAR = Message("{type} has no field `{name}`. Did you mean `{similar}`?")
NOT_LISTED = Message("{place} must be one of {values}, not {found}.")
NOT_A_VALUE = Message("{place} must be a value of {type}, not {found}. Did you mean {similar}?")
NO_VALUE = Message(
    "{place} must be a value of {type}, not {found}. Check the values in the schema."
)
QUOTED = Message("{place} must be an enum value. Write {value} without quotation marks.")
WRONG_KIND = Message("{place} must be {expected}, not {found}.")
EXPECTED = {
    "String": Message("text"),
    "Int": Message("a whole number"),
    "Boolean": Message("true or false"),
    "ID": Message("an ID, as text"),
    "Float": Message("a number"),
}
"""What the scalars of GraphQL accept. Other scalars raise ValueError with a message of this kind."""
INT_RANGE = Message("a whole number from -2147483648 to 2147483647")
FOUND = {
    "text": Message("the text {value}"),
    "name": Message("the name {value}"),
    "number": Message("the number {value}"),
    "list": Message("a list"),
    "object": Message("an object"),
    "null": Message("null"),
}


class EnumName(str):
    """An enum value in a document: a name without quotation marks."""

    __slots__ = ()


class LiteralText(str):
    """A text in a document: in quotation marks, so that it is no enum value."""

    __slots__ = ()


class _Variable:
    """Stands for a variable in a literal; its value is checked when the variable is."""


VARIABLE = _Variable()


@dataclass(frozen=True, slots=True)
class InputError:
    """One reason why a value is refused, and its path below the argument or variable."""

    path: tuple[str | int, ...]
    message: Message


def explain(value: object, kind: GraphQLInputType, name: str) -> list[InputError]:
    """The reasons why a value does not fit a type; `name` is the argument, or the variable as `$name`."""
    return list(islice(_explain(value, kind, name, ()), MAX_ERRORS))


def of_literal(node: ValueNode) -> object:
    """The value of a literal as if it were sent as JSON; variables become `VARIABLE`."""
    if isinstance(node, VariableNode):
        return VARIABLE
    if isinstance(node, EnumValueNode):
        return EnumName(node.value)
    if isinstance(node, StringValueNode):
        return LiteralText(node.value)
    if isinstance(node, ListValueNode):
        return [of_literal(each) for each in node.values]
    if isinstance(node, ObjectValueNode):
        return {each.name.value: of_literal(each.value) for each in node.fields}
    return value_from_ast_untyped(node)


def node_at(node: ValueNode, path: Sequence[str | int]) -> ValueNode:
    """The innermost literal on a path below a literal."""
    for step in path:
        below: Iterable[ValueNode] = ()
        if isinstance(node, ListValueNode) and isinstance(step, int):
            below = node.values[step : step + 1]
        elif isinstance(node, ObjectValueNode):
            below = (each.value for each in node.fields if each.name.value == step)
        node = next(iter(below), node)
    return node


def nearest(name: str, options: Collection[str]) -> str | None:
    """The option that is most similar to a misspelled name; None if none is similar."""
    if len(name) > MAX_SUGGESTED:
        return None
    return next(iter(suggestion_list(name, options)), None)


def _explain(
    value: object, kind: GraphQLInputType, place: str, path: tuple[str | int, ...]
) -> Iterator[InputError]:
    if value is VARIABLE:
        return
    if is_non_null_type(kind):
        if value is Undefined:
            yield InputError(path, MISSING.fill(place=_quoted(place), type=kind))
            return
        if value is None:
            yield InputError(path, NULL.fill(place=_quoted(place), type=kind))
            return
        kind = kind.of_type
    if value is None or value is Undefined:
        return
    if is_list_type(kind):
        if isinstance(value, list | tuple):
            for number, each in enumerate(value):
                yield from _explain(each, kind.of_type, f"{place}[{number}]", (*path, number))
        else:  # a single value stands for a list of one
            yield from _explain(value, kind.of_type, place, path)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _explain_object(value, kind, place, path)
    elif isinstance(kind, GraphQLEnumType):
        yield from _explain_enum(value, kind, place, path)
    elif isinstance(kind, GraphQLScalarType):
        yield from _explain_scalar(value, kind, place, path)


def _explain_object(
    value: object, kind: GraphQLInputObjectType, place: str, path: tuple[str | int, ...]
) -> Iterator[InputError]:
    if not isinstance(value, Mapping):
        message = NOT_OBJECT.fill(place=_quoted(place), type=kind, found=found_value(value))
        yield InputError(path, message)
        return
    for name, field in kind.fields.items():
        if name in value:
            yield from _explain(value[name], field.type, f"{place}.{name}", (*path, name))
        elif is_required_input_field(field):
            message = MISSING.fill(place=_quoted(f"{place}.{name}"), type=field.type)
            yield InputError((*path, name), message)
    for name in value:
        if name in kind.fields:
            continue
        similar = nearest(str(name), kind.fields)
        message = UNKNOWN if similar is None else SIMILAR
        yield InputError(
            (*path, _shortened(str(name))),
            message.fill(type=kind, name=_shortened(str(name)), similar=similar),
        )


def _explain_enum(
    value: object, kind: GraphQLEnumType, place: str, path: tuple[str | int, ...]
) -> Iterator[InputError]:
    found, name = found_value(value), _quoted(place)
    if isinstance(value, str) and value in kind.values:
        if isinstance(value, LiteralText):
            yield InputError(path, QUOTED.fill(place=name, value=value))
        return
    if len(kind.values) <= MAX_LISTED:
        message = NOT_LISTED.fill(place=name, values=", ".join(kind.values), found=found)
    elif isinstance(value, str) and (similar := nearest(value, kind.values)):
        message = NOT_A_VALUE.fill(place=name, type=kind, found=found, similar=similar)
    else:
        message = NO_VALUE.fill(place=name, type=kind, found=found)
    yield InputError(path, message)


def _explain_scalar(
    value: object, kind: GraphQLScalarType, place: str, path: tuple[str | int, ...]
) -> Iterator[InputError]:
    expected: object = EXPECTED.get(kind.name, kind.name)
    if kind.name == "Int" and type(value) is int:
        expected = INT_RANGE
    try:
        # A name is no value of any scalar, whatever it looks like.
        sent = object() if isinstance(value, EnumName) else value
        fits = kind.coerce_input_value(sent) is not Undefined
    except ValueError as error:
        fits = False
        expected = error.args[0] if error.args else expected
    except Exception:  # noqa: BLE001 - GraphQL's own scalars raise GraphQLError
        fits = False
    if not fits:
        message = WRONG_KIND.fill(place=_quoted(place), expected=expected, found=found_value(value))
        yield InputError(path, message)


def found_value(value: object) -> str:
    """What was found instead, in words."""
    match value:
        case None:
            return FOUND["null"]
        case EnumName():
            return FOUND["name"].fill(value=_shortened(value))
        case str():
            return FOUND["text"].fill(value=json.dumps(_shortened(value), ensure_ascii=False))
        case list() | tuple():
            return FOUND["list"]
        case Mapping():
            return FOUND["object"]
        case bool():
            return json.dumps(value)
    return FOUND["number"].fill(value=_shortened(str(value)))


def _quoted(place: str) -> str:
    is_long = len(place) > MAX_PLACE
    return f"`…{place[-MAX_PLACE:]}`" if is_long else f"`{place}`"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"
