"""The employee tree: who is below whom, through vacant posts, and whatever cycles somebody managed to make."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID


def reports(managers: Mapping[UUID, UUID | None]) -> dict[UUID, list[UUID]]:
    """Who is directly below whom."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for one, manager in managers.items():
        if manager is not None:
            found[manager].append(one)
    return dict(found)


def below(employee: UUID, reports: Mapping[UUID, Iterable[UUID]]) -> frozenset[UUID]:
    """The employee and everybody below, over all levels (D-09). Ends on cycles too."""
    found, waiting = {employee}, [employee]
    while waiting:
        for report in reports.get(waiting.pop(), ()):
            if report not in found:
                found.add(report)
                waiting.append(report)
    return frozenset(found)


def shared_upwards(
    employee: UUID,
    below: Iterable[UUID],
    opened: Mapping[UUID, frozenset[str] | None],
    entity: str,
) -> tuple[UUID, ...]:
    """Whose records of `entity` the employee sees as a superior: never more than their own role may (D-09).

    `opened` holds, for each employee with a user, the entities that the user's profiles open; None for
    all. A post without a user has no role of its own, so it takes nothing away.
    """
    return tuple(sorted(one for one in below if one == employee or _opens(opened, one, entity)))


def _opens(opened: Mapping[UUID, frozenset[str] | None], one: UUID, entity: str) -> bool:
    entities = opened.get(one)
    return entities is None or entity in entities
