"""Defines the limits of a document, with the defaults for every tenant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a document. They are inclusive: a count equal to the limit passes.

    `depth` counts fields from the root to a leaf without the connection wrappers; `single_use` names
    root fields of which an operation may select one, once. `merge_steps` bounds the work of deciding
    whether fields merge.
    """

    characters: int = 15_000
    tokens: int = 2_000
    brackets: int = 64
    depth: int = 12
    introspection_depth: int = 20
    aliases: int = 30
    directives: int = 20
    operations: int = 10
    fragment_chain: int = 100
    merge_steps: int = 10_000
    errors: int = 5
    page: int = 100
    default_page: int = 25
    default_groups: int = 100
    live: int = 1_000
    default_live: int = 250
    list_items: int = 250
    nodes: int = 10_000
    fields: int = 100_000
    single_use: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset({"edges", "node", "nodes", "pageInfo"})
