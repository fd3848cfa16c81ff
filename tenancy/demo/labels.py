"""Rows of the labels: tags on records of every kind, and what those who sign in keep at hand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from db.labels import Favorite, Tagging
from tenancy.demo.lists import TAGS
from tenancy.demo.people import NUMBERS, PERSONAS
from tenancy.demo.rows import Draw, Row, Rows, made_id, subjects

TAGGED, KEEPS = 12, 2
"""How many records of each kind have a tag, and how many of each kind everybody keeps at hand."""


def labels(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """Every row of the area, by table; the tags themselves are among the lists."""
    return {
        "tagging": list(_taggings(Draw(slug, "tagging", now), made)),
        "favorite": list(_favorites(Draw(slug, "favorite", now), made)),
    }


def _taggings(draw: Draw, made: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    number = 0
    columns = subjects(Tagging, made)
    for column in columns:
        for record in draw.rng.sample(made[column.removesuffix("_id")], TAGGED):
            number += 1
            yield {
                **draw.key(number),
                "tag_id": made_id("tag", draw.rng.randint(1, len(TAGS) - 1)),
                **{name: record["id"] if name == column else None for name in columns},
                **draw.stamps_within(record, deleted=number % 19 == 0),
            }


def _favorites(draw: Draw, made: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    """Whether or not he sees the record: rights may have been taken from him since."""
    number, columns = 0, subjects(Favorite, made)
    for persona in PERSONAS:
        for column in columns:
            for record in draw.rng.sample(made[column.removesuffix("_id")], KEEPS):
                number += 1
                yield {
                    **draw.key(number),
                    "user_id": made_id("user", NUMBERS[persona]),
                    **{name: record["id"] if name == column else None for name in columns},
                    **draw.stamps_within(record, deleted=number % 17 == 0),
                }
