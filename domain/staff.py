"""The employee hierarchy. Employees without users take part, and cycles are tolerated."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID


def reports(managers: Mapping[UUID, UUID | None]) -> dict[UUID, list[UUID]]:
    """Direct reports by manager."""
    direct: dict[UUID, list[UUID]] = defaultdict(list)
    for employee, manager in managers.items():
        if manager is not None:
            direct[manager].append(employee)
    return dict(direct)


def below(employee: UUID, reports: Mapping[UUID, Iterable[UUID]]) -> frozenset[UUID]:
    """The employee and all direct and indirect reports (D-09). Terminates on cycles."""
    all_reports, pending = {employee}, [employee]
    while pending:
        for report in reports.get(pending.pop(), ()):
            if report not in all_reports:
                all_reports.add(report)
                pending.append(report)
    return frozenset(all_reports)


def shared_upwards(
    employee: UUID,
    below: Iterable[UUID],
    granted: Mapping[UUID, frozenset[str] | None],
    entity: str,
) -> tuple[UUID, ...]:
    """The employees whose records of `entity` an employee sees: those below whose own profiles grant the entity (D-09).

    `granted` contains the granted entities by employee with a user; None for all entities. Employees without
    a user are included.
    """
    return tuple(
        sorted(each for each in below if each == employee or _is_granted(granted, each, entity))
    )


def _is_granted(granted: Mapping[UUID, frozenset[str] | None], employee: UUID, entity: str) -> bool:
    entities = granted.get(employee)
    return entities is None or entity in entities
