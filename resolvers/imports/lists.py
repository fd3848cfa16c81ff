"""What imported opportunities refer to: the stages of the file as a pipeline of its own, industries, products and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from db.engine.write import statements as store
from db.engine.write.unit_of_work import UnitOfWork
from domain.imports.crm_sales import Account, Book, Product, Step
from domain.setup import AttributeKind, StageKind
from resolvers.imports.work import Tell, Work, levels, spelled

PIPELINE = "CRM sales opportunities"
"""The type of the opportunities; that a tenant has it tells that the import was begun in it."""
CURRENCY = "USD"
REASON = "Not stated"
UNIT, KIND = "piece", "Delivery"
STAGES: Mapping[Step, tuple[StageKind, int, str]] = {
    Step.PROSPECTING: (StageKind.OPEN, 20, "They were named; nobody has spoken with them yet."),
    Step.ENGAGING: (StageKind.OPEN, 50, "We are speaking with them about the product."),
    Step.WON: (StageKind.WON, 100, "They bought it."),
    Step.LOST: (StageKind.LOST, 0, "They did not buy it."),
}
"""Kind, probability and description of each stage, in their order."""
ATTRIBUTES = {
    "yearEstablished": "Year established",
    "annualRevenue": "Annual revenue, in millions of US dollars",
}
"""What the file says of accounts that has no field of its own, all of it numbers."""


@dataclass(frozen=True)
class Lists:
    """The ids of what opportunities are created with."""

    pipeline: str
    stages: Mapping[Step, str]
    reason: str


async def pipeline(work: Work, unit: UnitOfWork) -> Lists:
    """The stages, their pipeline, which is preferred from now on, and why things are lost."""
    stages = await work.ensure(
        unit, "Stage", "name",
        {
            step.value: {"name": step.value, "kind": kind, "position": 20 + n, "description": says}
            for n, (step, (kind, _, says)) in enumerate(STAGES.items())
        },
    )  # fmt: skip
    uses = [
        {"stage": stages[step.value], "position": place, "probability": likely}
        for place, (step, (_, likely, _)) in enumerate(STAGES.items(), 1)
    ]
    known = await work.known(unit, "OpportunityType", "name", [PIPELINE])
    kind = {"name": PIPELINE, "defaultCurrency": CURRENCY, "stages": uses}
    made = await work.ensure(unit, "OpportunityType", "name", {PIPELINE: kind})
    if not known:
        row = await store.only(unit.connection, unit.model.entities["Preferences"])
        given = {"id": spelled("Preferences", row["id"]), "defaultOpportunityType": made[PIPELINE]}
        await work.all(unit, "Preferences", "Update", [given])
    reasons = await work.ensure(unit, "LostReason", "name", {REASON: {"name": REASON}})
    steps = {step: stages[step.value] for step in STAGES}
    return Lists(made[PIPELINE], steps, reasons[REASON])


async def attributes(work: Work, unit: UnitOfWork) -> dict[str, str]:
    """The ids of the attributes of accounts, by their keys, as profiles name them."""
    wanted = {
        key: {"entity": "Account", "key": key, "label": label, "kind": AttributeKind.NUMBER}
        for key, label in ATTRIBUTES.items()
    }
    await work.ensure(unit, "Attribute", "key", wanted)
    return {k: str(id) for k, id in (await work.known(unit, "Attribute", "key", wanted)).items()}


async def products(work: Work, unit: UnitOfWork, book: Book, tell: Tell) -> dict[str, str]:
    """The products by name, in a category for each series, which is delivered once."""
    series = {each.series for each in book.products if each.series}
    kinds = await work.ensure(unit, "ContractKind", "name", {KIND: {"name": KIND}})
    given = {name: {"name": name, "contractKind": kinds[KIND]} for name in sorted(series)}
    categories = await work.ensure(unit, "ProductCategory", "name", given)
    units = await work.ensure(unit, "Unit", "name", {UNIT: {"name": UNIT}})
    wanted = {e.name: _product(e, categories, units[UNIT]) for e in book.products}
    return await _kept(work, unit, "Product", wanted, tell)


def _product(product: Product, categories: Mapping[str, str], unit: str) -> dict[str, Any]:
    return {
        "name": product.name,
        "externalId": product.name,
        "category": categories.get(product.series),
        "unit": unit,
        "currency": CURRENCY,
        "price": product.price,
    }


async def accounts(
    work: Work, unit: UnitOfWork, book: Book, owner: str, tell: Tell
) -> dict[str, str]:
    """The accounts by name, each after the one it is a part of."""
    sectors = sorted({each.industry for each in book.accounts if each.industry})
    industries = await work.ensure(unit, "Industry", "name", {n: {"name": n} for n in sectors})
    by_name = {each.name: each for each in book.accounts}
    ids: dict[str, str] = {}
    for group in levels({name: each.parent for name, each in by_name.items()}, ()):
        for name in group:
            parent = by_name[name].parent
            if parent is not None and parent not in ids:
                tell(name, f"subsidiary_of {parent!r} was left out", "left empty")
        wanted = {name: _account(by_name[name], industries, ids, owner) for name in group}
        ids |= await _kept(work, unit, "Account", wanted, tell)
    return ids


def _account(
    account: Account, industries: Mapping[str, str], ids: Mapping[str, str], owner: str
) -> dict[str, Any]:
    numbers = {"yearEstablished": account.established, "annualRevenue": account.revenue}
    return {
        "name": account.name,
        "externalId": account.name,
        "owner": owner,
        "industry": industries.get(account.industry or ""),
        "employeeCount": account.employees,
        "country": account.country,
        "parent": ids.get(account.parent or ""),
        "attributes": [
            {"key": key, "number": Decimal(number)}
            for key, number in numbers.items()
            if number is not None
        ],
    }


async def _kept(
    work: Work,
    unit: UnitOfWork,
    entity: str,
    wanted: Mapping[str, dict[str, Any]],
    tell: Tell,
) -> dict[str, str]:
    """Those that are known by these external ids, and those that could be made."""
    known = await work.known(unit, entity, "external_id", wanted)
    missing = {name: given for name, given in wanted.items() if name not in known}
    known |= await work.each(unit, entity, "Create", missing, tell)
    return {name: spelled(entity, id) for name, id in known.items()}
