"""Rows of the labels: tags on records of each type, and favorites of the personas."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from db.labels import Favorite, Tagging
from tenancy.demo.lists import TAGS
from tenancy.demo.people import NUMBERS, PERSONAS
from tenancy.demo.rows import Draw, Row, Rows, made_id, subjects

TAGGED, FAVORITES = 12, 2
"""Number of tagged records per type, and of favorites per persona and type."""


def labels(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table; the tags are in `lists`."""
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
    """Favorites, also of records that the user cannot see, as after a change of rights."""
    number, columns = 0, subjects(Favorite, made)
    for persona in PERSONAS:
        for column in columns:
            for record in draw.rng.sample(made[column.removesuffix("_id")], FAVORITES):
                number += 1
                yield {
                    **draw.key(number),
                    "user_id": made_id("user", NUMBERS[persona]),
                    **{name: record["id"] if name == column else None for name in columns},
                    **draw.stamps_within(record, deleted=number % 17 == 0),
                }
