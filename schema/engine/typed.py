"""Adds a record's type to its row where it is executed in Python and its static type is abstract."""

from __future__ import annotations

from dataclasses import replace

from db.engine.plan.roots import Root, RootNode, RootNodes, RootSearch
from db.engine.plan.selection import ObjectSelection, Typename

TYPE = "@type"
"""The key of a record's type in its row; no response key can be equal to it."""


def named(root: Root) -> Root:
    """The root with the types of its records added where they are not static."""
    match root:
        case RootNode(_, ObjectSelection() as asked):
            return replace(root, object=with_type(asked))
        case RootNodes():
            return replace(root, objects=tuple(map(with_type, root.objects)))
        case RootSearch():
            return root.of(with_type)
    return root


def with_type(asked: ObjectSelection) -> ObjectSelection:
    """The record with its type added."""
    return replace(asked, parts=((TYPE, Typename(asked.entity.name)), *asked.parts))
