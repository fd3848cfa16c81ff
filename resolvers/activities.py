"""Activities: the account whose timeline each of them is in, and the command that completes one."""

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
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset, Saved, to
from resolvers.engine.command import Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import after_change

SUBJECTS = MODEL.of(Activity).subjects
"""The types of records with activities."""
COLUMNS = tuple(each.column.key for each in SUBJECTS)
CUSTOMERS = {each.column.key: name for each in SUBJECTS if (name := timeline_of(each.record))}
"""The column of the activity's record that holds the account of the timeline; for a person see `employers`."""
[PERSON] = (each.column for each in SUBJECTS if each.record is Person)
MOVING = tuple(each for each in SUBJECTS if CUSTOMERS.get(each.column.key, "id") != "id")
"""Those that can come to another account."""
AT_ONCE = 5_000
"""Activities that follow one command to another account."""
TOO_MANY = (
    f"The change would move more than {AT_ONCE} activities to another account. Change fewer records"
    " at once."
)
Subject: TypeAlias = tuple[str, UUID]
"""The record that an activity is on: the activity's column, and the id."""
Moved: TypeAlias = Mapping[Subject, tuple[AnyChangeset, UUID | None]]
"""Records that come to another account: the changeset by which they do, and that account."""


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
    """A planned activity is done, at the latest now."""
    for item in items:
        item.record.done_at = item.record.done_at or ctx.now


@after_change(Activity, Affiliation, *(each.record for each in MOVING))
async def keep_timelines(ctx: Context, items: list[AnyChangeset]) -> None:
    """Every activity is in the timeline of the account that the record it is on belongs to."""
    moved = {on: (item, account) for item in items for on, account in _moved(item)}
    begun = [(each, row, on) for each in items for row in _begun(each) if (on := _subject(row))]
    asked = {id for name, id in (*moved, *(on for _, _, on in begun)) if name == PERSON.key}
    working = await _employers(ctx, asked, items)
    for item, row, on in begun:
        row.customer_id = _customer(item, on, working)
    await _follow(ctx, items, moved, working)


def _moved(item: AnyChangeset) -> Iterator[tuple[Subject, UUID | None]]:
    """Existing records that come to another account; all persons whose jobs change may do so."""
    for _, job in item.changes_of(Affiliation):
        yield (PERSON.key, job.person_id), None
    for each in MOVING:
        customer = CUSTOMERS[each.column.key]
        for before, after in item.changes_of(each.record):
            if before is not None and getattr(before, customer) != getattr(after, customer):
                yield (each.column.key, after.id), getattr(after, customer)


def _subject(row: Activity) -> Subject | None:
    """What an activity is on; None if it is not on exactly one record."""
    found = named(row, COLUMNS)
    return found[0] if len(found) == 1 else None


def _begun(item: AnyChangeset) -> Iterator[Activity]:
    """Activities that are created or restored with a changeset."""
    for before, after in item.changes_of(Activity):
        restored = before is not None and before.deleted_at and after.deleted_at is None
        if before is None or restored:
            yield after


async def _employers(
    ctx: Context, persons: set[UUID], items: list[AnyChangeset]
) -> Mapping[UUID, UUID]:
    """The accounts where these persons work once the changesets are written."""
    if not persons:
        return {}
    kept = await ctx.trusted(Affiliation).select(Affiliation.person_id, persons)
    changed = {job.id: job for each in items for _, job in each.changes_of(Affiliation)}
    staying = [row for row in kept if row.id not in changed]
    return each_of(staying).decide(lambda jobs: employers([*jobs, *changed.values()]))


def _customer(item: AnyChangeset, on: Subject, working: Mapping[UUID, UUID]) -> UUID | None:
    """The account of an activity that is created or restored, by itself or with the record that it is on."""
    name, id = on
    if name == PERSON.key:
        return working.get(id)
    of = item.parent if item.entity.type_ is Activity else item.record
    found: UUID | None = getattr(of, CUSTOMERS[name], None) if name in CUSTOMERS else None
    return found


async def _follow(
    ctx: Context, items: list[AnyChangeset], moved: Moved, working: Mapping[UUID, UUID]
) -> None:
    """Move activities along to the account that the records they are on come to."""
    own = {row.id for each in items for _, row in each.changes_of(Activity)}
    count = 0
    for column in (PERSON, *(each.column for each in MOVING)):
        subjects = [id for name, id in moved if name == column.key]
        activities = await ctx.trusted(Activity).by_for_update(column, subjects)
        for each in subjects:
            cause, account = moved[column.key, each]
            account = working.get(each) if column is PERSON else account
            for row in activities[each]:
                if row.id not in own and row.decide(partial(_is_elsewhere, account)):
                    cause.also_change(row, to(Activity.customer_id, account))
                    count += 1
    if count > AT_ONCE:
        for cause in {id(cause): cause for cause, _ in moved.values()}.values():
            cause.violation(Violation(UserErrorCode.INVALID, TOO_MANY))


def _is_elsewhere(account: UUID | None, activity: Activity) -> bool:
    return activity.customer_id != account


AREA = Area("activities", commands=(complete,), after_change=(keep_timelines,))
