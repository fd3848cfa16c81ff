"""Writes sold items into contracts by kind; for a repeated sale, the difference to the previous one (D-04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from db import contract_facts
from db.contracts import Contract, ContractLine
from db.engine.hidden import Hidden, HiddenRow, combined, each_of
from db.engine.row import carry_over
from db.quotes import Quote, QuoteItem
from db.sales import Opportunity
from domain.contracts import (
    LINE_CONTENT_COLUMNS,
    ContractDiff,
    ContractStatus,
    ContractTerm,
    CurrentLine,
    KindTerms,
    NewLine,
    SoldContent,
    assign_kinds,
    compute_term,
    diff_lines,
    last_day,
    status_on,
)
from domain.violations import Violation
from resolvers.engine.changeset import Assignment, Changeset, assign
from resolvers.engine.context import Context

ZERO = Decimal()


@dataclass(frozen=True)
class SaleFacts:
    """The data that determines the contracts of a sold opportunity."""

    items: Sequence[QuoteItem]
    """Lines of the accepted quote."""
    contracts: Sequence[Contract]
    """Existing contracts of the opportunity."""
    lines: Sequence[ContractLine]
    """Lines of these contracts that are in force."""
    kinds: Mapping[UUID, KindTerms]
    """Contract kind by product."""
    default_kind: KindTerms | None
    """Kind of items without a product, and of products without a kind."""
    roots: Mapping[UUID, UUID]
    """Original quote line by copied quote line."""

    def diff_lines(self) -> ContractDiff | Violation:
        """The difference to the contracts of previous sales."""
        items = sorted(self.items, key=lambda row: (row.position, row.id))
        sold = assign_kinds(items, self.kinds, self.default_kind, self.roots)
        if isinstance(sold, Violation):
            return sold
        kinds = {contract.id: contract.kind_id for contract in self.contracts}
        current_lines = [
            CurrentLine(
                self.roots.get(line.quote_item_id or line.id), kinds[line.contract_id], line
            )
            for contract in self.contracts
            for line in self.lines
            if line.contract_id == contract.id
        ]
        return diff_lines(sold, current_lines)


async def write_contracts(
    ctx: Context,
    items: Sequence[Changeset[Opportunity, object]],
    active: Mapping[UUID, HiddenRow[Quote]],
) -> None:
    """Prepare the contracts of sold opportunities, and accept their active quotes.

    A sale without a quote ends all contract lines of earlier sales.
    """
    if not items:
        return
    facts = await _facts(ctx, [each.record.id for each in items], active)
    for item in items:
        quote = active.get(item.record.id)
        if quote is not None and quote.decide(lambda row: row.accepted_at is None):
            item.also_change(quote, assign(Quote.accepted_at, ctx.now))
        facts[item.record.id].decide(ContractWriter(ctx, item).write)


async def _facts(
    ctx: Context, ids: Sequence[UUID], active: Mapping[UUID, HiddenRow[Quote]]
) -> dict[UUID, Hidden[SaleFacts]]:
    """The facts of each sold opportunity, by id."""
    quotes = {id: active[id].id for id in ids if id in active}
    items = await ctx.trusted(QuoteItem).by(QuoteItem.quote_id, quotes.values())
    contracts = await ctx.trusted(Contract).by_for_update(Contract.opportunity_id, ids)
    contract_ids = [each.id for group in contracts.values() for each in group]
    lines = await ctx.trusted(ContractLine).by_for_update(ContractLine.contract_id, contract_ids)
    sold = each_of(item for group in items.values() for item in group)
    current_lines = each_of(line for group in lines.values() for line in group)
    products = sold.decide(lambda rows: {row.product_id for row in rows if row.product_id})
    origins = sold.decide(lambda rows: {row.id for row in rows})
    origins |= current_lines.decide(
        lambda rows: {r.quote_item_id for r in rows if r.quote_item_id and r.ended_on is None}
    )
    kinds = await contract_facts.kinds(ctx.unit.connection, products)
    default_kind = await contract_facts.default_kind(ctx.unit.connection)
    roots = await contract_facts.roots(ctx.unit.connection, origins)
    return {
        id: combined(
            SaleFacts,
            each_of(items.get(quotes.get(id, id), ())),
            each_of(contracts[id]),
            each_of(line for each in contracts[id] for line in lines[each.id]).map(
                _filter_in_force
            ),
            kinds,
            default_kind,
            roots,
        )
        for id in ids
    }


def _filter_in_force(lines: Sequence[ContractLine]) -> list[ContractLine]:
    return [line for line in lines if line.ended_on is None]


class ContractWriter:
    """Writes the contracts of one sold opportunity."""

    def __init__(self, ctx: Context, item: Changeset[Opportunity, object]) -> None:
        self._ctx = ctx
        self._item = item
        self._day: date = item.record.closed_on or ctx.today
        self._existing: dict[UUID, Contract] = {}
        self._new: dict[UUID, Contract] = {}
        self._changed: set[UUID] = set()
        self._kinds: dict[UUID, KindTerms] = {}
        self._lines: dict[UUID, list[SoldContent]] = defaultdict(list)

    def write(self, facts: SaleFacts) -> None:
        """Prepare all changed contracts and contract lines."""
        change = facts.diff_lines()
        if isinstance(change, Violation):
            self._item.violation(change)
            return
        self._existing = {contract.id: contract for contract in facts.contracts}
        for line in change.unchanged:
            self._lines[line.contract_id].append(line)
        for line in change.ended:
            self._changed.add(line.contract_id)
            ended = last_day(line.starts_on, self._day)
            self._item.also_change(cast("ContractLine", line), assign(ContractLine.ended_on, ended))
        created = [self._line(entry) for entry in change.added]
        self._write_contracts()
        for line in created:
            self._item.also_create(line)

    def _line(self, entry: NewLine) -> ContractLine:
        sold, old = entry.sold, entry.replaces
        contract = old.contract_id if old else self._contract(sold.kind, sold.row.currency)
        line = self._ctx.unit.blank(ContractLine)
        carry_over(cast("QuoteItem", sold.row), line, LINE_CONTENT_COLUMNS)
        line.contract_id = contract
        line.quote_item_id = sold.row.id
        line.replaces_id = old.id if old else None
        line.position = old.position if old else sold.row.position
        line.revision = old.revision + 1 if old else 1
        line.starts_on = self._day
        self._lines[contract].append(line)
        self._changed.add(contract)
        self._kinds[contract] = sold.kind
        return line

    def _contract(self, kind: KindTerms, currency: str) -> UUID:
        """Id of the opportunity's contract of a kind and currency; a new one if there is none."""
        for id, row in (self._existing | self._new).items():
            if (row.kind_id, row.currency) == (kind.id, currency):
                return id
        created = self._build(kind, currency)
        self._new[created.id] = created
        return created.id

    def _build(self, kind: KindTerms, currency: str) -> Contract:
        opportunity = self._item.record
        contract = self._ctx.unit.blank(Contract)
        contract.name = opportunity.name
        contract.account_id = opportunity.account_id
        contract.opportunity_id = opportunity.id
        contract.owner_id = opportunity.owner_id
        contract.kind_id = kind.id
        contract.time_based = kind.time_based
        contract.currency = currency
        terms = compute_term(kind, self._day)
        contract.starts_on, contract.ends_on = terms.starts_on, terms.ends_on
        contract.renewal_months, contract.remind_on = terms.renewal_months, terms.remind_on
        contract.status = status_on(contract, self._ctx.today)
        return contract

    def _write_contracts(self) -> None:
        """Set the totals of changed contracts from their lines in force; a contract without lines ends."""
        for contract in self._new.values():
            contract.net, contract.total = self._sums(contract.id)
            self._item.also_create(contract)
        for id, before in self._existing.items():
            if id in self._changed:
                net, total = self._sums(id)
                self._item.also_change(
                    before,
                    assign(Contract.net, net),
                    assign(Contract.total, total),
                    assign(Contract.revision, before.revision + 1),
                    *self._lasting(id, before),
                )

    def _lasting(self, id: UUID, before: Contract) -> Sequence[Assignment[object]]:
        """The term of a changed contract: without lines it ends, with new lines an ended contract is in force again."""
        if not self._lines[id]:
            return (
                assign(Contract.status, ContractStatus.ENDED),
                assign(Contract.ends_on, last_day(before.starts_on, self._day)),
                assign(Contract.renewal_months, None),
            )
        if before.status == ContractStatus.ENDED and id in self._kinds:
            begin = before.starts_on or self._day
            # The sale may be dated before the contract's start, which must not end it earlier.
            terms: ContractTerm = compute_term(self._kinds[id], max(begin, self._day))
            return (
                assign(Contract.starts_on, begin),
                assign(Contract.ends_on, terms.ends_on),
                assign(Contract.renewal_months, terms.renewal_months),
                assign(Contract.remind_on, terms.remind_on),
                assign(Contract.status, status_on(terms, self._ctx.today)),
            )
        return ()

    def _sums(self, contract: UUID) -> tuple[Decimal, Decimal]:
        rows = self._lines[contract]
        net = sum((row.net or ZERO for row in rows), ZERO)
        return net, sum((row.total or ZERO for row in rows), ZERO)
