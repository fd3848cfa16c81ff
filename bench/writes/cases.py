"""The write cases, and the requests that each connection sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from bench.limit.write_statements import LONGEST
from bench.writes.lanes import NUMBER, VERSION
from bench.writes.targets import WriteTarget

__all__ = [
    "CASES",
    "LONGEST",
    "NUMBER",
    "VERSION",
    "Case",
    "Kind",
    "WriteRequest",
    "lane",
    "write_request",
]

LISTS = 4
"""Root fields of a batch of 1,000; each has the maximum length of a list."""


class Kind(StrEnum):
    """Kind of a write."""

    CREATE = "create"
    UPDATE = "update"
    BATCH = "batch"


@dataclass(frozen=True)
class Case:
    """A measured load."""

    name: str
    title: str
    kinds: Sequence[Kind]
    connections: int = 1
    spread: bool = False
    """Whether the writes go to all small tenants in turn, rather than to the large one."""

    @property
    def settling(self) -> float:
        """Seconds of warm-up before the first run, in which each connection prepares the statements of each tenant."""
        return 8.0 if self.spread else 1.0


CASES = (
    Case("W1", "one opportunity is created", [Kind.CREATE]),
    Case("W2", "three fields of an opportunity are changed, by its version", [Kind.UPDATE]),
    Case("W3", "1,000 opportunities are created in one mutation", [Kind.BATCH]),
    Case("W4", "W1 and W2 alternating, in one tenant", [Kind.CREATE, Kind.UPDATE], 16),
    Case("W5", "W1 and W2 alternating, in fifty tenants", [Kind.CREATE, Kind.UPDATE], 16, True),
)


@dataclass(frozen=True)
class WriteRequest:
    """A write, independent of the contender: the tenant, and the values by their names in the contract."""

    kind: Kind
    target: WriteTarget
    values: Sequence[Mapping[str, Any]]
    """One input; several for a batch."""
    record: UUID | None = None
    """The updated record."""


def create_input(target: WriteTarget, account: UUID, name: str = "") -> dict[str, Any]:
    """The input of a new opportunity. The server sets stage, owner and probability."""
    return {
        "name": f"Chairs for the new office {name}{NUMBER}",
        "account": account,
        "type": target.type,
        "currency": "EUR",
        "amount": f"{NUMBER}.50",
        "expectedCloseOn": "2026-09-30",
        "note": f"They asked for an offer in writing, and called back twice: {NUMBER}.",
    }


def update_input() -> dict[str, Any]:
    """The input of an update of three fields, all with new values."""
    return {
        "name": f"Chairs and desks {NUMBER}",
        "amount": f"{NUMBER}.75",
        "note": f"They want desks, too: {NUMBER}.",
    }


def write_request(
    kind: Kind, target: WriteTarget, number: int = 0, record: UUID | None = None
) -> WriteRequest:
    """A request of one kind; `number` selects the account or record, modulo their number."""
    accounts, records = target.accounts, target.records
    if kind is Kind.UPDATE:
        return WriteRequest(
            kind, target, [update_input()], record or records[number % len(records)]
        )
    if kind is Kind.CREATE:
        return WriteRequest(kind, target, [create_input(target, accounts[number % len(accounts)])])
    values = [
        create_input(target, accounts[at % len(accounts)], f"{at} ")
        for at in range(LISTS * LONGEST)
    ]
    return WriteRequest(kind, target, values)


def lane(case: Case, targets: Sequence[WriteTarget], number: int) -> Iterator[WriteRequest]:
    """The requests that one connection repeats; no two connections update the same record."""
    if case.spread:
        small = targets[1:]
        # Each connection starts at another tenant, so that they do not write to the same one at once.
        begins = number * len(small) // case.connections
        for target in [*small[begins:], *small[:begins]]:
            yield from (write_request(kind, target, number) for kind in case.kinds)
        return
    target = targets[0]
    rounds = 1 if Kind.BATCH in case.kinds else len(target.records) // case.connections
    for at in range(rounds):
        yield from (
            write_request(kind, target, number + at * case.connections) for kind in case.kinds
        )
