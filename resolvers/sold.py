"""Writes down what was sold: contracts by kind, and where something was sold before, the difference (D-04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from db import contract_facts
from db.engine.write import store
from db.engine.write.image import Row, blank
from db.engine.write.unit import Unit
from domain.codes import Problem
from domain.contracts import SAME, ContractStatus, Entry, Held, Kind, Ledger, by_kind, ledger, term
from domain.faults import Fault
from domain.numbering import number
from resolvers.engine.drafts import Draft, Other

NO_KIND = "There is no kind of contract yet: create one, so that it is known what a sale makes."
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
    usual: Kind
    roots: Mapping[UUID, UUID]


async def keep_contracts(unit: Unit, drafts: list[Draft], active: Mapping[UUID, Row]) -> None:
    """Prepare the contracts of these opportunities, each sold on its active quote, which is accepted thereby."""
    if not drafts:
        return
    facts = await _facts(unit, drafts, active)
    if facts is None:
        for draft in drafts:
            draft.fault(Fault(Problem.INVALID, NO_KIND))
        return
    entity = unit.model.entities["Quote"]
    for draft in drafts:
        quote = active[draft.after["id"]]
        if quote["accepted_at"] is None:
            draft.then.append(Other(entity, quote, {**quote, "accepted_at": unit.now}))
        contracts = facts.contracts.get(draft.after["id"], [])
        items = sorted(facts.items.get(quote["id"], []), key=lambda row: row["position"])
        sold = by_kind(items, facts.kinds, facts.usual, facts.roots)
        held = [
            Held(facts.roots.get(line["quote_item_id"]), contract["kind_id"], line)
            for contract in contracts
            for line in facts.lines.get(contract["id"], [])
        ]
        Book(unit, draft, contracts).enter(ledger(sold, held))


async def _facts(unit: Unit, drafts: list[Draft], active: Mapping[UUID, Row]) -> Facts | None:
    connection, entities = unit.connection, unit.model.entities
    usual = await contract_facts.usual_kind(connection)
    if usual is None:
        return None
    quotes = [active[each.after["id"]]["id"] for each in drafts]
    items = await store.look(connection, entities["QuoteItem"], "quote_id", quotes)
    ids = [each.after["id"] for each in drafts]
    contracts = await store.among(connection, entities["Contract"], "opportunity_id", ids)
    known = [each["id"] for each in contracts]
    kept = (
        await store.among(connection, entities["ContractLine"], "contract_id", known)
        if known
        else []
    )
    lines = [line for line in kept if line["ended_on"] is None]
    products = {item["product_id"] for item in items if item["product_id"] is not None}
    origins = {item["id"] for item in items} | {each["quote_item_id"] for each in lines} - {None}
    return Facts(
        _by(items, "quote_id"),
        _by(contracts, "opportunity_id"),
        _by(lines, "contract_id"),
        await contract_facts.kinds(connection, products) if products else {},
        usual,
        await contract_facts.roots(connection, origins) if origins else {},
    )


def _by(rows: list[Row], column: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


class Book:
    """The contracts of one opportunity, with what a sale writes into them."""

    def __init__(self, unit: Unit, draft: Draft, contracts: list[Row]) -> None:
        self._unit = unit
        self._draft = draft
        self._day: date = draft.after["closed_on"]
        self._known = {(row["kind_id"], row["currency"]): row for row in contracts}
        self._made: dict[tuple[UUID, str], Row] = {}
        self._changed: set[UUID] = set()
        self._sums: dict[UUID, list[Row]] = defaultdict(list)

    def enter(self, change: Ledger) -> None:
        """Prepare every line and every contract that changes."""
        lines = self._unit.model.entities["ContractLine"]
        for row in change.stay:
            self._sums[row["contract_id"]].append(dict(row))
        for row in change.end:
            self._changed.add(row["contract_id"])
            self._draft.then.append(Other(lines, dict(row), {**row, "ended_on": self._day}))
        made = [self._line(entry, place) for place, entry in enumerate(change.enter, 1)]
        self._keep_contracts()
        self._draft.new += [(lines, row) for row in made]

    def _line(self, entry: Entry, place: int) -> Row:
        sold, old = entry.sold, entry.replaces
        contract = self._contract(sold.kind, sold.row["currency"])
        row = blank(self._unit.model.entities["ContractLine"], self._unit.new_id(), self._unit.now)
        row |= {name: sold.row[name] for name in SAME}
        row |= {
            "contract_id": contract["id"],
            "quote_item_id": sold.row["id"],
            "replaces_id": old["id"] if old else None,
            "position": old["position"] if old else sold.row["position"],
            "revision": old["revision"] + 1 if old else 1,
            "starts_on": self._day,
        }
        self._sums[contract["id"]].append(row)
        self._changed.add(contract["id"])
        return row

    def _contract(self, kind: Kind, currency: str) -> Row:
        """The opportunity's contract of a kind; a new one where there is none."""
        key = (kind.id, currency)
        if key not in self._known and key not in self._made:
            self._made[key] = self._new(kind, currency)
        return self._known.get(key) or self._made[key]

    def _new(self, kind: Kind, currency: str) -> Row:
        entity, of = self._unit.model.entities["Contract"], self._draft.after
        row = blank(entity, self._unit.new_id(), self._unit.now)
        return row | {
            "number": number("K", row["id"]),
            "name": of["name"],
            "account_id": of["account_id"],
            "opportunity_id": of["id"],
            "owner_id": of["owner_id"],
            "kind_id": kind.id,
            "time_based": kind.time_based,
            "currency": currency,
            **term(kind, self._day),
        }

    def _keep_contracts(self) -> None:
        """What their lines in force come to; what has none any more has ended."""
        entity = self._unit.model.entities["Contract"]
        for row in self._made.values():
            self._draft.new.append((entity, row | self._sum(row["id"])))
        for before in self._known.values():
            if before["id"] in self._changed:
                after = {**before, **self._sum(before["id"]), "revision": before["revision"] + 1}
                in_force = bool(self._sums[before["id"]])
                after["status"] = (
                    ContractStatus.ACTIVE if in_force else ContractStatus.ENDED
                ).value
                if not in_force:
                    after["ends_on"] = max(self._day, before["starts_on"] or self._day)
                self._draft.then.append(Other(entity, before, after))

    def _sum(self, contract: UUID) -> dict[str, Any]:
        rows = self._sums[contract]
        return {name: sum((row[name] or ZERO for row in rows), ZERO) for name in ("net", "total")}
