"""The root field that searches records of all types: its arguments and its hits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from db.engine.declare import SEARCH
from db.engine.model import Model
from domain.described import DescribedEnum
from schema.engine.enums import graphql_enum
from schema.engine.generate import Spec, argument, make, put

HIT = "SearchHit"


def search_root(model: Model, entities: Iterable[str]) -> tuple[Spec, list[StrawberryArgument]]:
    """The root field and its arguments, over the entities that have searched fields."""
    kinds = [name for name in entities if model.entities[name].searched]
    members = {_upper_snake(name): (name, f"{name} records.") for name in kinds}
    types: Any = DescribedEnum("SearchType", members)  # type: ignore[arg-type]  # made of the declarations
    put("SearchType", graphql_enum(types, doc="Object type that can be searched."))
    hit: list[Spec] = [
        ("node", "Node", "Record."),
        ("matched", "list[str]", "Readable fields that contain searched words."),
    ]
    make(HIT, hit, "Record that matches a search.")
    text = argument(
        "text",
        "str",
        "Words of at least two characters. Each occurs in a field of the record; of telephone numbers, digits count.",
    )
    text.type_annotation.annotation = "str"
    arguments = [
        text,
        argument("first", "int", "Maximum number of hits, 1 to 50. Default: 20."),
        argument(
            "types", "list[SearchType]", "Object types to search. Default: all visible types."
        ),
    ]
    found = (
        "Records of all types that contain the words, ignoring case and accents: equal values first, then beginnings, "
        "then parts, then similar names."
    )
    return (SEARCH, f"list[{HIT}] | None", found), arguments


def _upper_snake(name: str) -> str:
    """`OpportunityType` → `OPPORTUNITY_TYPE`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper()
