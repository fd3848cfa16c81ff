"""Hands over what exactly one of several records holds, so that at no moment two of them do (D-12)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from db.engine.write.row_json import Row
from domain.holders import holder
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.settling import Deed


def hand_over(
    deed: Deed, column: str, name: str, kept: Iterable[Row], drafts: list[Draft]
) -> Row | None:
    """Settle on the one of the drafts and `kept` rows that holds `column`, which the API calls `name`.

    All of them belong together, and are locked. Whoever asked last comes first; what others lose is noted
    to be written before the drafts, and what one of them gains after them.
    """
    drafted = {each.after["id"] for each in drafts}
    others = [row for row in kept if row["id"] not in drafted]
    staying = [] if deed is Deed.DELETE else [each.after for each in drafts]
    chosen = holder([*others, *staying], column, _wanted(deed, column, name, drafts))
    for row in staying:
        row[column] = row["id"] == chosen
    for draft in drafts:
        had = draft.before is not None and draft.before[column]
        draft.early = had and not draft.after[column]
    for row in others:
        if row[column] != (row["id"] == chosen):
            other = Other(drafts[0].entity, row, {**row, column: row["id"] == chosen})
            (drafts[0].then if other.after[column] else drafts[0].first).append(other)
    return next((row for row in (*others, *staying) if row["id"] == chosen), None)


def _wanted(deed: Deed, column: str, name: str, drafts: list[Draft]) -> UUID | None:
    """The one that was asked for last."""
    if deed is not Deed.SAVE:
        return None
    asked = [each.after["id"] for each in drafts if each.given.get(name) and each.after[column]]
    return asked[-1] if asked else None
