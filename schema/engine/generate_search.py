"""The root field that searches all kinds of records: its arguments, and what a hit tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument

from db.engine.declare import SEARCH
from db.engine.model import Model
from schema.engine.generate import Spec, argument, make, put

HIT = "SearchHit"


def search_root(model: Model, entities: Iterable[str]) -> tuple[Spec, list[StrawberryArgument]]:
    """The field and its arguments, over those of the entities that are searched by anything."""
    kinds = [name for name in entities if model.entities[name].searched]
    members = {_word(name): name for name in kinds}
    doc = "A kind of records that can be searched."
    types: Any = Enum("SearchType", members)  # type: ignore[misc]  # made of the declarations
    put("SearchType", strawberry.enum(types, description=doc))
    hit: list[Spec] = [
        ("node", "Node", "Record."),
        ("matched", "list[str]", "The fields that you may read in which something was found."),
    ]
    make(HIT, hit, "A record that a search found.")
    text = argument(
        "text",
        "str",
        "Words, each of them a piece of one of a record's fields: of a name, a number, an address; "
        "at least two characters. Of telephone numbers the digits are compared.",
    )
    text.type_annotation.annotation = "str"
    arguments = [
        text,
        argument("first", "int", "How many at most, 1 to 50; 20 if not given."),
        argument(
            "types", "list[SearchType]", "Only these kinds; all that you may see if not given."
        ),
    ]
    found = (
        "Records of all kinds that a text is found in, whatever case and accents: those first of which it is a whole "
        "value, then a beginning, then a piece; and if there is room, those that are called something spelt alike."
    )
    return (SEARCH, f"list[{HIT}] | None", found), arguments


def _word(name: str) -> str:
    """`OpportunityType` → `OPPORTUNITY_TYPE`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper()
