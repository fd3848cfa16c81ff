"""Writes down what was sold: contracts by kind, and where something was sold before, the difference (D-04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from db import contract_facts
from db.engine.write import statements as store
from db.engine.write.row_json import Row, blank
from db.engine.write.unit_of_work import UnitOfWork
from domain.contracts import (
    SAME,
    ContractStatus,
    Entry,
    Held,
    Kind,
    Ledger,
    by_kind,
    last_day,
    ledger,
    status_on,
    term,
)
from domain.numbering import number
from domain.violations import Violation
from resolvers.engine.drafts import Draft, Other

ZERO = Decimal()


@dataclass(frozen=True)
class Facts:
    """What is known of all opportunities that are sold at once."""

    items: Mapping[UUID, list[Row]]
    """Of each quote, in their order."""
    contracts: Mapping[UUID, list[Row]]
    """Of each opportunity."""
    lines: Mapping[UUID, list[Row]]
    """Of each contract: those in force."""
    kinds: Mapping[UUID, Kind]
    """Of the products."""
    usual: Kind | None
    roots: Mapping[UUID, UUID]


async def keep_contracts(unit: UnitOfWork, drafts: list[Draft], active: Mapping[UUID, Row]) -> None:
    """Prepare the contracts of these opportunities, each sold on its active quote, which is accepted thereby.

    Where one is sold without a quote, nothing of what was sold on an earlier one holds any more.
    """
    if not drafts:
        return
    facts = await _facts(unit, drafts, active)
    entity = unit.model.entities["Quote"]
    for draft in drafts:
        quote = active.get(draft.after["id"])
        if quote is not None and quote["accepted_at"] is None:
            draft.then.append(Other(entity, quote, {**quote, "accepted_at": unit.now}))
        items = facts.items.get(quote["id"], []) if quote is not None else []
        items = sorted(items, key=lambda row: (row["position"], row["id"]))
        sold = by_kind(items, facts.kinds, facts.usual, facts.roots)
        if isinstance(sold, Violation):
            draft.fault(sold)
            continue
        contracts = facts.contracts.get(draft.after["id"], [])
        held = [
            Held(facts.roots.get(line["quote_item_id"]), contract["kind_id"], line)
            for contract in contracts
            for line in facts.lines.get(contract["id"], [])
        ]
        Book(unit, draft, contracts).enter(ledger(sold, held))


async def _facts(unit: UnitOfWork, drafts: list[Draft], active: Mapping[UUID, Row]) -> Facts:
    connection, entities = unit.connection, unit.model.entities
    ids = [each.after["id"] for each in drafts]
    quotes = [active[id]["id"] for id in ids if id in active]
    items = await store.look(connection, entities["QuoteItem"], "quote_id", quotes)
    contracts = await store.among(connection, entities["Contract"], "opportunity_id", ids)
    lines = await _in_force(unit, contracts)
    products = {item["product_id"] for item in items} - {None}
    origins = {item["id"] for item in items} | {each["quote_item_id"] for each in lines} - {None}
    return Facts(
        _by(items, "quote_id"),
        _by(contracts, "opportunity_id"),
        _by(lines, "contract_id"),
        await contract_facts.kinds(connection, products) if products else {},
        await contract_facts.usual_kind(connection),
        await contract_facts.roots(connection, origins) if origins else {},
    )


async def _in_force(unit: UnitOfWork, contracts: Sequence[Row]) -> list[Row]:
    if not contracts:
        return []
    known = [each["id"] for each in contracts]
    entity = unit.model.entities["ContractLine"]
    lines = await store.among(unit.connection, entity, "contract_id", known)
    return [line for line in lines if line["ended_on"] is None]


def _by(rows: Iterable[Row], column: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


class Book:
    """The contracts of one opportunity, with what a sale writes into them."""

    def __init__(self, unit: UnitOfWork, draft: Draft, contracts: Iterable[Row]) -> None:
        self._unit = unit
        self._draft = draft
        self._day: date = draft.after["closed_on"]
        self._known: dict[UUID, Row] = {row["id"]: row for row in contracts}
        self._made: dict[UUID, Row] = {}
        self._changed: set[UUID] = set()
        self._terms: dict[UUID, Kind] = {}
        self._lines: dict[UUID, list[Row]] = defaultdict(list)

    def enter(self, change: Ledger) -> None:
        """Prepare every line and every contract that changes."""
        lines = self._unit.model.entities["ContractLine"]
        for row in change.stay:
            self._lines[row["contract_id"]].append(dict(row))
        for row in change.end:
            self._changed.add(row["contract_id"])
            ended = {**row, "ended_on": last_day(row["starts_on"], self._day)}
            self._draft.then.append(Other(lines, dict(row), ended))
        made = [self._line(entry) for entry in change.enter]
        self._keep_contracts()
        self._draft.new += [(lines, row) for row in made]

    def _line(self, entry: Entry) -> Row:
        sold, old = entry.sold, entry.replaces
        contract = old["contract_id"] if old else self._contract(sold.kind, sold.row["currency"])
        row = blank(self._unit.model.entities["ContractLine"], self._unit.new_id(), self._unit.now)
        row |= {name: sold.row[name] for name in SAME}
        row |= {
            "contract_id": contract,
            "quote_item_id": sold.row["id"],
            "replaces_id": old["id"] if old else None,
            "position": old["position"] if old else sold.row["position"],
            "revision": old["revision"] + 1 if old else 1,
            "starts_on": self._day,
        }
        self._lines[contract].append(row)
        self._changed.add(contract)
        self._terms[contract] = sold.kind
        return row

    def _contract(self, kind: Kind, currency: str) -> UUID:
        """The opportunity's contract of a kind; a new one where there is none."""
        for id, row in (self._known | self._made).items():
            if (row["kind_id"], row["currency"]) == (kind.id, currency):
                return id
        made = self._unit.new_id()
        self._made[made] = self._new(made, kind, currency)
        return made

    def _new(self, id: UUID, kind: Kind, currency: str) -> Row:
        of = self._draft.after
        row = blank(self._unit.model.entities["Contract"], id, self._unit.now)
        return self._lasting(kind, row) | {
            "number": number("K", row["id"]),
            "name": of["name"],
            "account_id": of["account_id"],
            "opportunity_id": of["id"],
            "owner_id": of["owner_id"],
            "kind_id": kind.id,
            "time_based": kind.time_based,
            "currency": currency,
        }

    def _lasting(self, kind: Kind, row: Row) -> Row:
        """A contract that comes into force on the day of the sale, for as long as its kind lasts."""
        lasting = {**row, **term(kind, self._day)}
        lasting["starts_on"] = row["starts_on"] or self._day
        return lasting | {"status": status_on(lasting, self._unit.now.date()).value}

    def _keep_contracts(self) -> None:
        """What their lines in force come to; what has none any more has ended."""
        entity = self._unit.model.entities["Contract"]
        for row in self._made.values():
            self._draft.new.append((entity, row | self._sum(row["id"])))
        for id, before in self._known.items():
            if id in self._changed:
                after = {**before, **self._sum(id), "revision": before["revision"] + 1}
                self._draft.then.append(Other(entity, before, self._in_force(id, after)))

    def _in_force(self, id: UUID, row: Row) -> Row:
        if not self._lines[id]:
            ended = last_day(row["starts_on"], self._day)
            status = ContractStatus.ENDED.value
            return row | {"status": status, "ends_on": ended, "renewal_months": None}
        if row["status"] == ContractStatus.ENDED and id in self._terms:
            return self._lasting(self._terms[id], row)
        return row

    def _sum(self, contract: UUID) -> dict[str, Any]:
        rows = self._lines[contract]
        return {name: sum((row[name] or ZERO for row in rows), ZERO) for name in ("net", "total")}
