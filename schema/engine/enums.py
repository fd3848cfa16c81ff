"""From enumerations to GraphQL enums, with a description of each value."""

from __future__ import annotations

from enum import StrEnum
from typing import cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from domain.codes import UserErrorCode
from domain.described import DescribedEnum


def graphql_enum(kind: type[DescribedEnum], name: str = "", doc: str = "") -> type:
    """A GraphQL enum with the docstring of the enumeration and the descriptions of its members."""
    name, doc = name or kind.__name__, doc or (kind.__doc__ or "")
    return _described(kind, name, doc, {each.name: each.description for each in kind})


def error_code_enum() -> type:
    """The codes of `userErrors`; each is described by the situation in which it is returned."""
    doc = "Why a mutation was not carried out."
    situations = {each.name: each.when for each in UserErrorCode}
    return _described(UserErrorCode, UserErrorCode.__name__, doc, situations)


def _described(kind: type[StrEnum], name: str, doc: str, descriptions: dict[str, str]) -> type:
    strawberry.enum(kind, name=name, description=doc)
    definition = cast("StrawberryEnumDefinition", vars(kind)["__strawberry_definition__"])
    for value in definition.values:
        value.description = descriptions[value.name]
    return kind
