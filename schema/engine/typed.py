"""Puts a record's type beside it where it is executed and the schema alone does not tell which type that is."""

from __future__ import annotations

from dataclasses import replace

from db.engine.plan.roots import Root, RootNode, RootNodes, RootSearch
from db.engine.plan.selection import ObjectSelection, Typename

TYPE = "@type"
"""The key that tells a record's type: no client can ask for such a key."""


def named(root: Root) -> Root:
    """The root with its records' types beside them where the schema does not tell them."""
    match root:
        case RootNode(_, ObjectSelection() as asked):
            return replace(root, object=with_type(asked))
        case RootNodes():
            return replace(root, objects=tuple(map(with_type, root.objects)))
        case RootSearch():
            return root.of(with_type)
    return root


def with_type(asked: ObjectSelection) -> ObjectSelection:
    """The record with its type beside it."""
    return replace(asked, parts=((TYPE, Typename(asked.entity.name)), *asked.parts))
