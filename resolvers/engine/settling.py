"""What an area has to say before records of a kind are kept: facts are looked up, rules of domain/ asked, the rest follows."""

from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from functools import cache

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.model import Entity
from db.engine.write.unit_of_work import UnitOfWork
from resolvers.engine.drafts import Draft


class Deed(Enum):
    """What is about to be done with the drafts."""

    SAVE = "save"
    DELETE = "delete"
    RESTORE = "restore"


Settle = Callable[[UnitOfWork, Deed, list[Draft]], Awaitable[None]]
_settles: dict[str, list[Settle]] = {}


def settles(record: type[Record]) -> Callable[[Settle], Settle]:
    """Let a function see every draft of `record` before it is kept, whoever made it.

    It may set what the caller left open, note faults, and name other records that change along. An area
    that has something to say of another one's records is asked after that one.
    """

    def remember(settle: Settle) -> Settle:
        _settles.setdefault(record.__name__, []).append(settle)
        return settle

    return remember


Follow = Callable[[UnitOfWork, Deed, list[Draft]], Awaitable[None]]
_follows: list[tuple[frozenset[str], Follow]] = []


def follows(*records: type[Record]) -> Callable[[Follow], Follow]:
    """Let a function see all drafts once they are settled, where any of these kinds is changed with them or along.

    So an area keeps what follows from records of areas that do not know it. It may note faults, name
    further records that change along, and complete what others named.
    """

    def remember(follow: Follow) -> Follow:
        _follows.append((frozenset(record.__name__ for record in records), follow))
        return follow

    return remember


Check = Callable[[UnitOfWork, list[Draft]], Awaitable[None]]
_checks: dict[str, Check] = {}


def checks(*records: type[Record]) -> Callable[[Check], Check]:
    """Let a function see what became of these kinds of records, before anything of it lasts.

    What it notes as a fault is taken back.
    """

    def remember(check: Check) -> Check:
        _checks.update((record.__name__, check) for record in records)
        return check

    return remember


Prepare = Callable[[UnitOfWork, Viewer, list[Draft]], Awaitable[None]]
_prepares: dict[tuple[str, str], Prepare] = {}


def prepares(record: type[Record], verb: str) -> Callable[[Prepare], Prepare]:
    """Let a function prepare what is done with `record` by a word of its area's own, from draft to settled.

    Without one, such a deed is a change of a record that is there, which `settles` sees with its verb.
    """

    def remember(prepare: Prepare) -> Prepare:
        _prepares[record.__name__, verb] = prepare
        return prepare

    return remember


def prepared(entity: Entity, verb: str) -> Prepare | None:
    """How an area prepares such a deed, if it has a way of its own."""
    return _prepares.get((entity.name, verb))


async def check(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Ask the areas about what is kept now."""
    for asked in dict.fromkeys(_checks[d.entity.name] for d in drafts if d.entity.name in _checks):
        await asked(unit, [each for each in drafts if _checks.get(each.entity.name) is asked])


async def settle(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Ask the areas, one kind of record after the other."""
    for entity in kinds(drafts):
        for asked in _settles.get(entity.name, ()):
            mine = [each for each in drafts if each.entity is entity and not each.failed]
            if mine:
                await asked(unit, deed, mine)
    if deed is Deed.SAVE:
        await follow(unit, deed, drafts)


async def follow(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Ask the areas for what follows, now that it is known what goes along with the drafts."""
    live: list[Draft] = []
    changed: set[str] | None = None
    for names, asked in _follows:
        if changed is None:
            live = [each for each in drafts if not each.failed]
            changed = {entity.name for each in live for entity, _, _ in each.changes()}
        if not names.isdisjoint(changed):
            await asked(unit, deed, live)
            changed = None  # it may have noted faults, and named others that change along


def kinds(drafts: Iterable[Draft]) -> list[Entity]:
    """The kinds of these records, each after those that it points to."""
    return sorted({each.entity for each in drafts}, key=_place)


@cache
def _place(entity: Entity) -> int:
    return entity.table.metadata.sorted_tables.index(entity.table)
