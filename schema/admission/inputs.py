"""Measures page sizes, list lengths and conditions in literals and in variables sent as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql.language import (
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)

from domain.message import Message

from .explain import found_value, of_literal
from .limits import Limits
from .refusal import DocumentRejected, refuse


def check_variables(values: Mapping[str, object], names: frozenset[str], limits: Limits) -> None:
    """Raise `DocumentRejected` (BAD_USER_INPUT) for lists that are too long and strings that cannot be stored.

    Only declared variables are checked. One pass, without recursion.
    """
    for name in names & values.keys():
        pending = [values[name]]
        while pending:
            value = pending.pop()
            if isinstance(value, str):
                _check_text(name, value)
            elif isinstance(value, list | tuple):
                if len(value) > limits.list_items:
                    raise refuse(
                        "BAD_USER_INPUT",
                        Message(
                            "Variable '${name}' contains a list of {found:,} items; the limit is "
                            "{limit}. Split it over several requests.",
                            name=name,
                            found=len(value),
                            limit=limits.list_items,
                        ),
                    )
                pending.extend(value)
            elif isinstance(value, Mapping):
                pending.extend(value.values())


def _check_text(name: str, value: str) -> None:
    wrong = "\x00" in value
    if not wrong and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            wrong = True
    if wrong:
        raise refuse(
            "BAD_USER_INPUT",
            Message(
                "Variable '${name}' contains the character NUL (U+0000) or half of a surrogate "
                "pair, which cannot be stored. Remove it.",
                name=name,
            ),
        )


class MeasuredInputs:
    """The variables of one request; each is measured once, on first use."""

    def __init__(self, operation: OperationDefinitionNode, values: Mapping[str, object]) -> None:
        """Take the values as sent; defaults come from the operation."""
        self._values = values
        self._defaults = {
            node.variable.name.value: node.default_value
            for node in operation.variable_definitions or ()
        }
        self._measured: dict[str, int] = {}

    def page(self, name: str) -> object:
        """Return the page size in a variable: as sent, or its default, or None."""
        if name in self._values:
            return self._values[name]
        return literal_page(self._defaults.get(name))

    def length(self, name: str) -> int:
        """Return the number of items in a variable; a value that is not a list counts as one."""
        value = self._values.get(name)
        if isinstance(value, list | tuple):
            return len(value)
        default = self._defaults.get(name)
        if value is None and isinstance(default, ListValueNode):
            return len(default.values)
        return 1

    def conditions(self, name: str) -> int:
        """Return the number of conditions in a variable, as sent or by its default."""
        known = self._measured.get(name)
        if known is None:
            default = self._defaults.get(name)
            if name in self._values:
                known = count_conditions(self._values[name])
            else:
                known = literal_conditions(default).fixed if default else 0
            self._measured[name] = known
        return known


REST_BY_PAGE = Message("Request the rest with the next page.")
REST_BY_QUERY = Message("Request the rest with a query.")


def literal_page(node: ValueNode | None) -> object:
    """Return the page size of a literal: an int, None if absent, otherwise the node."""
    if node is None or isinstance(node, NullValueNode):
        return None
    return int(node.value) if isinstance(node, IntValueNode) else node


def page_size(
    argument: str, value: object, limits: Limits, node: ValueNode, *, live: bool = False
) -> int | None:
    """Return a valid page size, or None if absent; `live` for the window of a live list.

    Raises `DocumentRejected` naming the argument and its range: LIST_TOO_LONG for a window that is too
    large, otherwise BAD_USER_INPUT.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad_page(argument, value, limits, node, live=live)
    most = limits.live if live else limits.page
    if not 1 <= value <= most or value != int(value):
        raise _bad_page(argument, value, limits, node, live=live)
    return int(value)


def _bad_page(
    argument: str, value: object, limits: Limits, node: ValueNode, *, live: bool
) -> DocumentRejected:
    most = limits.live if live else limits.page
    too_long = live and isinstance(value, int | float) and value > most
    found = found_value(of_literal(value) if isinstance(value, ValueNode) else value)
    message = Message(
        "`{argument}` must be a whole number from 1 to {limit}, not {found}. {remedy}",
        argument=argument,
        limit=most,
        found=found,
        remedy=REST_BY_QUERY if live else REST_BY_PAGE,
    )
    if too_long:
        return refuse("LIST_TOO_LONG", message, nodes=[node], input=(argument,), limit=most)
    return refuse("BAD_USER_INPUT", message, nodes=[node], input=(argument,))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The number of conditions in a literal, and the variables that contain more."""

    fixed: int
    variables: tuple[str, ...] = ()


def literal_conditions(node: ValueNode) -> Conditions:
    """Count the conditions of a literal: each value in its objects; a list of values counts as one."""
    fixed = 0
    variables: list[str] = []
    pending: list[ValueNode] = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, VariableNode):
            variables.append(value.name.value)
        elif isinstance(value, ObjectValueNode):
            pending.extend(item.value for item in value.fields)
        elif isinstance(value, ListValueNode):
            nested = [item for item in value.values if isinstance(item, ObjectValueNode)]
            pending.extend(nested)
            fixed += len(nested) < len(value.values)
        else:
            fixed += 1
    return Conditions(fixed, tuple(variables))


def count_conditions(given: object) -> int:
    """Count the conditions of a value sent as JSON, by the rule for literals."""
    count = 0
    pending = [given]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            nested = [item for item in value if isinstance(item, Mapping)]
            pending.extend(nested)
            count += len(nested) < len(value)
        else:
            count += value is not None
    return count
