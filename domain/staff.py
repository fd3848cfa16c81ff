"""The employee tree: who is below whom, through vacant posts, and whatever cycles somebody managed to make."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID


def below(employee: UUID, managers: Mapping[UUID, UUID | None]) -> frozenset[UUID]:
    """The employee and everybody below, over all levels (D-09). Ends on cycles too."""
    reports: dict[UUID, list[UUID]] = defaultdict(list)
    for one, manager in managers.items():
        if manager is not None:
            reports[manager].append(one)
    found, waiting = {employee}, [employee]
    while waiting:
        for report in reports[waiting.pop()]:
            if report not in found:
                found.add(report)
                waiting.append(report)
    return frozenset(found)


def shared_upwards(
    employee: UUID,
    managers: Mapping[UUID, UUID | None],
    opened: Mapping[UUID, frozenset[str]],
    entity: str,
) -> tuple[UUID, ...]:
    """Whose records of `entity` the employee sees as a superior: never more than their own role may (D-09).

    `opened` holds, for each employee with a user, the entities that the user's profiles open. A post
    without a user has no role of its own, so it takes nothing away.
    """
    subordinates: Iterable[UUID] = below(employee, managers)
    return tuple(
        sorted(
            one
            for one in subordinates
            if one == employee or one not in opened or entity in opened[one]
        )
    )
