"""Rows of the activities: done or planned, in turn on each type of record that can have some."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from db.activities import Activity
from tenancy.demo.accounts import owners
from tenancy.demo.lists import ACTIVITY_CATEGORIES
from tenancy.demo.rows import Draw, Row, Rows, made_id, subjects
from tenancy.demo.words import ERRANDS, NOTES

ACTIVITIES = 200


def activities(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "activity", now)
    primary = {row["case_id"]: row["account_id"] for row in made["case_account"] if row["primary"]}
    numbered = enumerate(owners(draw, ACTIVITIES), 1)
    return {
        "activity": [_activity(draw, number, owner, made, primary) for number, owner in numbered]
    }


def _activity(
    draw: Draw,
    number: int,
    owner: int,
    made: Mapping[str, Sequence[Row]],
    primary: Mapping[UUID, UUID],
) -> Row:
    rng, columns = draw.rng, subjects(Activity, made)
    column = columns[number % len(columns)]
    kind = column.removesuffix("_id")
    record = rng.choice(made[kind])
    done = rng.random() < 0.6
    moment = datetime.combine(draw.day(-90, -1), time(rng.randint(8, 17), 30), UTC)
    return {
        **draw.key(number),
        "subject": rng.choice(ERRANDS),
        "note": draw.note(NOTES),
        "category_id": made_id("activity_category", rng.randint(1, len(ACTIVITY_CATEGORIES)))
        if number % 9
        else None,
        "owner_id": made_id("employee", owner),
        "planned_at": moment + timedelta(days=0 if done else 120) if number % 4 else None,
        "done_at": moment + timedelta(hours=1) if done else None,
        "hours": Decimal(rng.randint(1, 32)) / 4 if done else None,
        "overtime": done and rng.random() < 0.2,
        "customer_id": _customer(kind, record, primary),
        **{name: record["id"] if name == column else None for name in columns},
        **draw.stamps_within(record, deleted=number % 31 == 0),
    }


def _customer(kind: str, record: Row, primary: Mapping[UUID, UUID]) -> UUID | None:
    """The account of the subject record; None for a person, who can have several or none."""
    account: UUID | None = (
        record["id"] if kind == "account" else record.get("account_id", primary.get(record["id"]))
    )
    return account
