"""Hooks and commands of activities: the account whose timeline shows them, and completion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeAlias
from uuid import UUID

from db.activities import Activity
from db.api import MODEL
from db.engine.capabilities import timeline_of
from db.engine.hidden import each_of
from db.people import Affiliation, Person
from domain.activities import employers
from domain.codes import UserErrorCode
from domain.columns import named
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset, Saved, assign
from resolvers.engine.command import Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import after_change

SUBJECTS = MODEL.of(Activity).subjects
"""The possible subjects of activities."""
COLUMNS = tuple(each.column.key for each in SUBJECTS)
CUSTOMERS = {each.column.key: name for each in SUBJECTS if (name := timeline_of(each.record))}
"""The subject's column with the account of the timeline, by the activity's column; for persons see `employers`."""
[PERSON] = (each.column for each in SUBJECTS if each.record is Person)
MOVABLE = tuple(each for each in SUBJECTS if CUSTOMERS.get(each.column.key, "id") != "id")
"""Subjects whose account can change."""
MAX_MOVED = 5_000
"""Maximum activities that one command may move to another account."""
TOO_MANY = Message(
    "The change would move more than {limit} activities to another account. Change fewer records"
    " at once.",
    limit=MAX_MOVED,
)
Subject: TypeAlias = tuple[str, UUID]
"""The subject of an activity: the activity's column, and the record's id."""
Moved: TypeAlias = Mapping[Subject, tuple[AnyChangeset, UUID | None]]
"""Subjects that move to another account: the causing changeset, and the account."""


@dataclass(frozen=True, kw_only=True)
class CompleteInput:
    """Activity to complete, with the hours worked."""

    done_at: datetime | None = sets(
        Activity.done_at, "Completion time. Default: unchanged if set, else now."
    )
    hours: Decimal | None = sets(Activity.hours, "Hours worked. Default: unchanged.")
    overtime: bool | None = sets(Activity.overtime, "Whether the hours are overtime.")


@command(
    Activity,
    "complete",
    input=CompleteInput,
    requires=Writes(Activity.done_at),
    doc="Mark an activity as done.",
)
async def complete(ctx: Context, items: Saved[Activity]) -> None:
    """Set the completion time. Default: the current time."""
    for item in items:
        item.record.done_at = item.record.done_at or ctx.now


@after_change(Activity, Affiliation, *(each.record for each in MOVABLE))
async def keep_timelines(ctx: Context, items: list[AnyChangeset]) -> None:
    """Set each activity's account from its subject, also when the subject moves to another account."""
    moved = {
        subject: (item, account) for item in items for subject, account in _moved_subjects(item)
    }
    new_activities = [
        (each, row, subject)
        for each in items
        for row in _new_activities(each)
        if (subject := _subject(row))
    ]
    person_ids = {
        id
        for name, id in (*moved, *(subject for _, _, subject in new_activities))
        if name == PERSON.key
    }
    employers_by_person = await _employers(ctx, person_ids, items)
    for item, row, subject in new_activities:
        row.customer_id = _account_of(item, subject, employers_by_person)
    await _move_activities(ctx, items, moved, employers_by_person)


def _moved_subjects(item: AnyChangeset) -> Iterator[tuple[Subject, UUID | None]]:
    """Existing subjects that move to another account, including all persons with changed affiliations."""
    for _, job in item.changes_of(Affiliation):
        yield (PERSON.key, job.person_id), None
    for each in MOVABLE:
        customer = CUSTOMERS[each.column.key]
        for before, after in item.changes_of(each.record):
            if before is not None and getattr(before, customer) != getattr(after, customer):
                yield (each.column.key, after.id), getattr(after, customer)


def _subject(row: Activity) -> Subject | None:
    """The subject of an activity; None if it does not have exactly one."""
    subjects = named(row, COLUMNS)
    return subjects[0] if len(subjects) == 1 else None


def _new_activities(item: AnyChangeset) -> Iterator[Activity]:
    """Activities that a changeset creates or restores."""
    for before, after in item.changes_of(Activity):
        restored = before is not None and before.deleted_at and after.deleted_at is None
        if before is None or restored:
            yield after


async def _employers(
    ctx: Context, persons: set[UUID], items: list[AnyChangeset]
) -> Mapping[UUID, UUID]:
    """Account by person, after the changesets are written."""
    if not persons:
        return {}
    existing = await ctx.trusted(Affiliation).select(Affiliation.person_id, persons)
    changed = {job.id: job for each in items for _, job in each.changes_of(Affiliation)}
    unchanged = [row for row in existing if row.id not in changed]
    return each_of(unchanged).decide(lambda jobs: employers([*jobs, *changed.values()]))


def _account_of(
    item: AnyChangeset, subject: Subject, employers_by_person: Mapping[UUID, UUID]
) -> UUID | None:
    """The account of an activity that is created or restored, alone or with its subject."""
    name, id = subject
    if name == PERSON.key:
        return employers_by_person.get(id)
    of = item.parent if item.entity.type_ is Activity else item.record
    account: UUID | None = getattr(of, CUSTOMERS[name], None) if name in CUSTOMERS else None
    return account


async def _move_activities(
    ctx: Context, items: list[AnyChangeset], moved: Moved, employers_by_person: Mapping[UUID, UUID]
) -> None:
    """Move activities to the new account of their subject."""
    ids = {row.id for each in items for _, row in each.changes_of(Activity)}
    count = 0
    for column in (PERSON, *(each.column for each in MOVABLE)):
        subjects = [id for name, id in moved if name == column.key]
        activities = await ctx.trusted(Activity).by_for_update(column, subjects)
        for each in subjects:
            changeset, account = moved[column.key, each]
            account = employers_by_person.get(each) if column is PERSON else account
            for row in activities[each]:
                if row.id not in ids and row.decide(partial(_is_elsewhere, account)):
                    changeset.also_change(row, assign(Activity.customer_id, account))
                    count += 1
    if count > MAX_MOVED:
        for changeset in {id(changeset): changeset for changeset, _ in moved.values()}.values():
            changeset.violation(Violation(UserErrorCode.INVALID, TOO_MANY))


def _is_elsewhere(account: UUID | None, activity: Activity) -> bool:
    return activity.customer_id != account


AREA = Area("activities", commands=(complete,), after_change=(keep_timelines,))
