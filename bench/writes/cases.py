"""The writes that are measured, and what each connection sends of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from bench.limit.deeds import LONGEST
from bench.writes.lanes import NUMBER, VERSION
from bench.writes.places import Place

__all__ = ["CASES", "LONGEST", "NUMBER", "VERSION", "Case", "Deed", "Kind", "deed", "lane"]

LISTS = 4
"""A batch of a thousand: four root fields, each with as many as a list may hold."""


class Kind(StrEnum):
    """What a request does."""

    CREATE = "create"
    UPDATE = "update"
    BATCH = "batch"


@dataclass(frozen=True)
class Case:
    """One of the loads."""

    name: str
    title: str
    kinds: Sequence[Kind]
    connections: int = 1
    spread: bool = False
    """Whether all small tenants are written to, by turns, rather than the large one."""

    @property
    def settling(self) -> float:
        """Seconds before the first run, in which each connection meets each tenant's statements."""
        return 8.0 if self.spread else 1.0


CASES = (
    Case("W1", "one opportunity is created", [Kind.CREATE]),
    Case("W2", "three fields of an opportunity are changed, by its version", [Kind.UPDATE]),
    Case("W3", "1,000 opportunities are created in one mutation", [Kind.BATCH]),
    Case("W4", "W1 and W2 by turns, in one tenant", [Kind.CREATE, Kind.UPDATE], 16),
    Case("W5", "W1 and W2 by turns, in fifty tenants", [Kind.CREATE, Kind.UPDATE], 16, True),
)


@dataclass(frozen=True)
class Deed:
    """One request, whoever is asked: which tenant, and which values by the names of the contract."""

    kind: Kind
    place: Place
    values: Sequence[Mapping[str, Any]]
    """One input; of a batch all of them."""
    record: UUID | None = None
    """What is changed."""


def created(place: Place, account: UUID, name: str = "") -> dict[str, Any]:
    """An input as a client sends it: stage, owner and probability are the server's to choose."""
    return {
        "name": f"Chairs for the new office {name}{NUMBER}",
        "account": account,
        "type": place.type,
        "currency": "EUR",
        "amount": f"{NUMBER}.50",
        "expectedCloseOn": "2026-09-30",
        "note": f"They asked for an offer in writing, and called back twice: {NUMBER}.",
    }


def changed() -> dict[str, Any]:
    """Three fields, none of which was so before."""
    return {
        "name": f"Chairs and desks {NUMBER}",
        "amount": f"{NUMBER}.75",
        "note": f"They want desks, too: {NUMBER}.",
    }


def deed(kind: Kind, place: Place, number: int = 0, record: UUID | None = None) -> Deed:
    """A request of one kind; `number` lets accounts and records take turns."""
    accounts, records = place.accounts, place.records
    if kind is Kind.UPDATE:
        return Deed(kind, place, [changed()], record or records[number % len(records)])
    if kind is Kind.CREATE:
        return Deed(kind, place, [created(place, accounts[number % len(accounts)])])
    values = [
        created(place, accounts[at % len(accounts)], f"{at} ") for at in range(LISTS * LONGEST)
    ]
    return Deed(kind, place, values)


def lane(case: Case, places: Sequence[Place], number: int) -> Iterator[Deed]:
    """What one of the connections sends again and again: no two change the same record."""
    if case.spread:
        small = places[1:]
        # Each begins elsewhere, so that they do not all come to a tenant at once.
        begins = number * len(small) // case.connections
        for place in [*small[begins:], *small[:begins]]:
            yield from (deed(kind, place, number) for kind in case.kinds)
        return
    place = places[0]
    rounds = 1 if Kind.BATCH in case.kinds else len(place.records) // case.connections
    for at in range(rounds):
        yield from (deed(kind, place, number + at * case.connections) for kind in case.kinds)
