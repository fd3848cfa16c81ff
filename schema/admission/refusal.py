"""The error that refuses a document, with its message and code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from graphql import GraphQLError
from graphql.language import Node

from domain.message import Message

Code = Literal[
    "BAD_REQUEST",
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "LIST_TOO_LONG",
    "QUERY_TOO_COMPLEX",
]

# A message may quote a name from the document, and a name may be as long as the document.
_LONGEST_MESSAGE = 300
_MOST_LOCATIONS = 5


@dataclass(frozen=True, slots=True)
class DocumentError:
    """One reason for a refusal; locations are (line, column) pairs that count from 1."""

    code: Code
    message: str
    locations: tuple[tuple[int, int], ...] = ()
    input: tuple[str | int, ...] = ()
    """Path to a value: the argument or variable, then fields and positions below it."""
    limit: int | None = None
    """The largest allowed value, where the code does not imply it."""


class DocumentRejected(Exception):
    """The document, or the variables sent with it, are refused."""

    def __init__(self, errors: Sequence[DocumentError]) -> None:
        """Store the problems, of which there is at least one."""
        super().__init__("; ".join(problem.message for problem in errors))
        self.errors = tuple(errors)


def refuse(
    code: Code,
    message: Message,
    *,
    nodes: Iterable[Node] = (),
    input: tuple[str | int, ...] = (),
    limit: int | None = None,
) -> DocumentRejected:
    """Return (not raise) a refusal with one problem, located at the given nodes; `input` leads to the value."""
    return DocumentRejected([replace(located(code, message, nodes), input=input, limit=limit)])


def located(code: Code, message: Message, nodes: Iterable[Node] = ()) -> DocumentError:
    """Return a problem located at the first few of the given nodes."""
    shown = [node for _, node in zip(range(_MOST_LOCATIONS), nodes, strict=False)]
    return problem_of(code, GraphQLError(message, shown or None))


def problem_of(code: Code, error: GraphQLError) -> DocumentError:
    """Return the problem for a graphql-core error, with its message shortened."""
    message = error.message
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "…"
    places = (error.locations or [])[:_MOST_LOCATIONS]
    locations = tuple((place.line, place.column) for place in places)
    return DocumentError(code, message, locations, tuple((error.extensions or {}).get("input", ())))
