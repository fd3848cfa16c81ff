"""Of the records that belong together exactly one holds something: who that is, and who comes after him (D-12)."""

from collections.abc import Iterable
from uuid import UUID

from domain.violations import Row


def holder(rows: Iterable[Row], column: str, wanted: UUID | None = None) -> UUID | None:
    """Which of the records holds what `column` says.

    The one that is `wanted`, if it is among them; else the one that does; else the oldest that remains.
    """
    found = sorted(rows, key=lambda each: (each["created_at"], each["id"]))
    if wanted in [each["id"] for each in found]:
        return wanted
    holding = [each["id"] for each in found if each[column]]
    return next(iter([*holding, *(each["id"] for each in found)]), None)
