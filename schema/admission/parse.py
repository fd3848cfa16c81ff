"""Parses a text within the limits into a document, or refuses it with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import graphql
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Token,
    TokenKind,
)

from domain.message import Message

from .limits import Limits
from .refusal import DocumentError, DocumentRejected, problem_of, refuse
from .scan import scan


def parse(text: str, limits: Limits) -> DocumentNode:
    """Return the document of a text, with fragments free of cycles.

    Raises `DocumentRejected`: GRAPHQL_PARSE_FAILED for a text that is not GraphQL, QUERY_TOO_COMPLEX
    over a limit, BAD_USER_INPUT for a string or list that no field accepts, GRAPHQL_VALIDATION_FAILED
    for fragments that contain themselves.
    """
    scan(text, limits)
    try:
        document = graphql.parse(text, allow_empty_selection_sets=False)
    except graphql.GraphQLSyntaxError as error:
        raise DocumentRejected([problem_of("GRAPHQL_PARSE_FAILED", error)]) from None
    except RecursionError:
        raise refuse(
            "QUERY_TOO_COMPLEX", Message("The document is nested too deeply. Nest less deeply.")
        ) from None
    _check_tokens(text, document)
    _refuse_operations(document, limits)
    _refuse_fragments(document, limits)
    return document


def _check_tokens(text: str, document: DocumentNode) -> None:
    """Refuse strings that cannot be stored, and unlink the chain of tokens.

    The chain's links are reference cycles: they would keep every document until a full garbage
    collection, whose pause delays other requests. Nothing later follows them.
    """
    escapes = "\\u" in text
    token: Token | None = document.loc.start_token if document.loc else None
    unstorable: Token | None = None
    while token is not None:
        # The scan has refused the characters themselves; only an escape can still denote one.
        if escapes and token.kind is TokenKind.STRING and not _storable(token.value or ""):
            unstorable = unstorable or token
        following = token.next
        token.prev = token.next = None
        token = following
    if unstorable is not None:
        raise _unstorable(unstorable)


def _unstorable(token: Token) -> DocumentRejected:
    message = (
        "A string in the document contains the character NUL (U+0000) or half of a "
        "surrogate pair, which cannot be stored. Remove it."
    )
    return DocumentRejected(
        [DocumentError("BAD_USER_INPUT", message, ((token.line, token.column),))]
    )


def _storable(value: str) -> bool:
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _refuse_operations(document: DocumentNode, limits: Limits) -> None:
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    if len(operations) > limits.operations:
        raise refuse(
            "QUERY_TOO_COMPLEX",
            Message(
                "The document has {found} operations; the limit is {limit}. "
                "Send fewer operations per document.",
                found=len(operations),
                limit=limits.operations,
            ),
            nodes=operations[limits.operations :],
        )


def _refuse_fragments(document: DocumentNode, limits: Limits) -> None:
    """Refuse cycles and long chains, so that following spreads always ends."""
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    spreads = {name: list(_spreads(node.selection_set)) for name, node in fragments.items()}
    chain: dict[str, int] = {}
    for name in fragments:
        if name not in chain:
            _measure_chain(name, spreads, chain)
    for name, length in chain.items():
        if length > limits.fragment_chain:
            raise refuse(
                "QUERY_TOO_COMPLEX",
                Message(
                    "Fragments are nested {depth} levels deep; the limit is {limit}. "
                    "Spread fragments less deeply.",
                    depth=length,
                    limit=limits.fragment_chain,
                ),
                nodes=[fragments[name]],
            )


def _measure_chain(
    root: str, spreads: dict[str, list[FragmentSpreadNode]], chain: dict[str, int]
) -> None:
    """Store the nesting depth of fragments below `root`, without recursion."""
    path: list[tuple[str, Iterator[FragmentSpreadNode]]] = [(root, iter(spreads[root]))]
    on_path = {root}
    while path:
        name, rest = path[-1]
        for spread in rest:
            below = spread.name.value
            if below in on_path:
                raise refuse(
                    "GRAPHQL_VALIDATION_FAILED",
                    Message("Fragment '{name}' contains itself. Remove this spread.", name=below),
                    nodes=[spread],
                )
            if below in spreads and below not in chain:
                path.append((below, iter(spreads[below])))
                on_path.add(below)
                break
        else:
            chain[name] = 1 + max(
                (chain.get(spread.name.value, 0) for spread in spreads[name]), default=0
            )
            path.pop()
            on_path.discard(name)


def _spreads(selection_set: SelectionSetNode) -> Iterator[FragmentSpreadNode]:
    pending: list[SelectionNode] = list(selection_set.selections)
    while pending:
        selection = pending.pop()
        if isinstance(selection, FragmentSpreadNode):
            yield selection
            continue
        below: SelectionSetNode | None = getattr(selection, "selection_set", None)
        if below is not None:
            pending.extend(below.selections)


def selects_only(text: str, names: frozenset[str], limits: Limits) -> bool:
    """Whether a text is syntactically a document of mutations that select only these root fields."""
    try:
        document = parse(text, limits)
    except DocumentRejected:
        return False
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    return bool(operations) and all(
        each.operation is OperationType.MUTATION
        and all(
            isinstance(field, FieldNode) and field.name.value in names
            for field in each.selection_set.selections
        )
        for each in operations
    )
