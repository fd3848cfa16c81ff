"""Rows related to opportunities: stage history, contacts with their roles, and related accounts."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from uuid import UUID

from tenancy.demo.rows import Draw, Row, Rows
from tenancy.demo.words import NOTES, PARTS

ROLES, RELATED = 60, 40
STAGE_COUNTS = (2, 1, 3, 2)
"""Number of stages that each opportunity has been in, cyclically."""


def around(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of these tables."""
    stages: dict[UUID, list[UUID]] = {}
    for row in made["pipeline_stage"]:
        stages.setdefault(row["type_id"], []).append(row["stage_id"])
    draw = Draw(slug, "stage_history", now)
    entries: list[Row] = []
    for number, row in enumerate(made["opportunity"]):
        many = STAGE_COUNTS[number % len(STAGE_COUNTS)]
        entries += _stage_history(draw, len(entries), row, stages[row["type_id"]], many)
    return {
        "stage_history": entries,
        "opportunity_contact": _roles(Draw(slug, "opportunity_contact", now), made),
        "opportunity_account": _related(Draw(slug, "opportunity_account", now), made),
    }


def _stage_history(
    draw: Draw, before: int, row: Row, stages: Sequence[UUID], many: int
) -> list[Row]:
    """The stage history of an opportunity, without gaps from its creation to its last change."""
    path = [row["stage_id"]]
    while len(path) < many:
        path.insert(0, draw.rng.choice([stage for stage in stages if stage != path[0]]))
    span = row["updated_at"] - row["created_at"]
    moments = [row["created_at"] + span * at / many for at in range(many)]
    return [
        {
            **draw.key(before + at),
            "opportunity_id": row["id"],
            "stage_id": stage,
            "entered_at": entered,
            "left_at": left,
            "seconds": None if left is None else round((left - entered).total_seconds()),
            **draw.stamps_within(row),
        }
        for at, (stage, (entered, left)) in enumerate(
            zip(path, pairwise([*moments, None]), strict=True), 1
        )
    ]


def _roles(draw: Draw, made: Mapping[str, Sequence[Row]]) -> list[Row]:
    rows = []
    for number in range(1, ROLES + 1):
        opportunity, person = (draw.rng.choice(made[of]) for of in ("opportunity", "person"))
        rows.append(
            {
                **draw.key(number),
                "opportunity_id": opportunity["id"],
                "person_id": person["id"],
                "role": f"{draw.rng.choice(PARTS)} ({draw.slug})",
                **draw.stamps_within(opportunity, person, deleted=number % 19 == 0),
            }
        )
    return rows


def _related(draw: Draw, made: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Related accounts, other than the opportunity's own."""
    rows = []
    selected = draw.rng.sample(made["opportunity"], RELATED)
    for number, opportunity in enumerate(selected, 1):
        own = opportunity["account_id"]
        account = draw.rng.choice([each for each in made["account"] if each["id"] != own])
        rows.append(
            {
                **draw.key(number),
                "opportunity_id": opportunity["id"],
                "account_id": account["id"],
                "note": draw.note(NOTES),
                **draw.stamps_within(opportunity, account, deleted=number % 13 == 0),
            }
        )
    return rows
