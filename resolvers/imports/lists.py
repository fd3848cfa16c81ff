"""Imports the records that opportunities refer to: a pipeline with the file's stages, industries, products and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from db.accounts import Account
from db.engine.base import Record, Standard
from db.engine.row import AnyColumn
from db.products import ContractKind, Product, ProductCategory, UnitOfMeasure
from db.setup import Attribute, Industry, LostReason, OpportunityType, Preferences, Stage
from domain.imports.crm_sales import AccountRow, CrmSales, ImportedStage, ProductRow
from domain.setup import AttributeKind, StageKind
from resolvers.areas import REGISTRY
from resolvers.engine.changeset import Params
from resolvers.engine.context import Context
from resolvers.imports.work import Report, Work, create, global_id, levels

PIPELINE = "CRM sales opportunities"
"""Name of the opportunity type. Its existence means that an import has already started in the tenant."""
CURRENCY = "USD"
REASON = "Not stated"
UNIT, KIND = "piece", "Delivery"
STAGES: Mapping[ImportedStage, tuple[StageKind, int, str]] = {
    ImportedStage.PROSPECTING: (
        StageKind.OPEN,
        20,
        "Identified, but not contacted yet.",
    ),
    ImportedStage.ENGAGING: (StageKind.OPEN, 50, "In conversation about the product."),
    ImportedStage.WON: (StageKind.WON, 100, "They bought it."),
    ImportedStage.LOST: (StageKind.LOST, 0, "They did not buy it."),
}
"""Kind, probability and description of each stage, in order."""
ATTRIBUTES = {
    "yearEstablished": "Year established",
    "annualRevenue": "Annual revenue, in millions of US dollars",
}
"""Custom attributes for columns of accounts.csv without a field; all are numbers."""


@dataclass(frozen=True)
class Lists:
    """Ids of the pipeline, its stages and the lost reason."""

    pipeline: str
    stages: Mapping[ImportedStage, str]
    reason: str


async def pipeline(work: Work, ctx: Context) -> Lists:
    """Create the stages, the pipeline as the preferred type, and the lost reason, unless they exist."""
    stages = await work.ensure(ctx, Stage, Stage.name, {
            step.value: {"name": step.value, "kind": kind, "position": 20 + n, "description": text}
            for n, (step, (kind, _, text)) in enumerate(STAGES.items())
        },
    )  # fmt: skip
    activated = [
        {"stage": stages[step.value], "position": place, "probability": probability}
        for place, (step, (_, probability, _)) in enumerate(STAGES.items(), 1)
    ]
    existing = await work.known(ctx, OpportunityType, OpportunityType.name, [PIPELINE])
    type_params = {"name": PIPELINE, "defaultCurrency": CURRENCY, "stages": activated}
    type_ids = await work.ensure(
        ctx, OpportunityType, OpportunityType.name, {PIPELINE: type_params}
    )
    if not existing:
        preferences = global_id(Preferences, (await ctx.trusted(Preferences).get_one()).id)
        params = {"id": preferences, "defaultOpportunityType": type_ids[PIPELINE]}
        await work.all(ctx, REGISTRY.standard(Preferences, Standard.UPDATE), [params])
    reasons = await work.ensure(ctx, LostReason, LostReason.name, {REASON: {"name": REASON}})
    steps = {step: stages[step.value] for step in STAGES}
    return Lists(type_ids[PIPELINE], steps, reasons[REASON])


async def attributes(work: Work, ctx: Context) -> dict[str, str]:
    """Create the attributes of accounts unless they exist; ids by key."""
    params_by_name = {
        key: {"entity": "Account", "key": key, "label": label, "kind": AttributeKind.NUMBER}
        for key, label in ATTRIBUTES.items()
    }
    await work.ensure(ctx, Attribute, Attribute.key, params_by_name)
    return {
        k: str(id)
        for k, id in (await work.known(ctx, Attribute, Attribute.key, params_by_name)).items()
    }


async def products(work: Work, ctx: Context, files: CrmSales, report: Report) -> dict[str, str]:
    """Create the products with a category per series, unless they exist; ids by name."""
    series = {each.series for each in files.products if each.series}
    kinds = await work.ensure(ctx, ContractKind, ContractKind.name, {KIND: {"name": KIND}})
    params = {name: {"name": name, "contractKind": kinds[KIND]} for name in sorted(series)}
    categories = await work.ensure(ctx, ProductCategory, ProductCategory.name, params)
    units = await work.ensure(ctx, UnitOfMeasure, UnitOfMeasure.name, {UNIT: {"name": UNIT}})
    params_by_name = {e.name: _product(e, categories, units[UNIT]) for e in files.products}
    return await _ensure(work, ctx, Product, Product.external_id, params_by_name, report)


def _product(product: ProductRow, categories: Mapping[str, str], unit: str) -> Params:
    return {
        "name": product.name,
        "externalId": product.name,
        "category": categories.get(product.series),
        "unit": unit,
        "currency": CURRENCY,
        "price": product.price,
    }


async def accounts(
    work: Work, ctx: Context, files: CrmSales, owner: str, report: Report
) -> dict[str, str]:
    """Create the accounts, parents first, unless they exist; ids by name."""
    sectors = sorted({each.industry for each in files.accounts if each.industry})
    industries = await work.ensure(ctx, Industry, Industry.name, {n: {"name": n} for n in sectors})
    by_name = {each.name: each for each in files.accounts}
    ids: dict[str, str] = {}
    for group in levels({name: each.parent for name, each in by_name.items()}, ()):
        for name in group:
            parent = by_name[name].parent
            if parent is not None and parent not in ids:
                report(name, f"subsidiary_of {parent!r} was left out", "left empty")
        params_by_name = {name: _account(by_name[name], industries, ids, owner) for name in group}
        ids |= await _ensure(work, ctx, Account, Account.external_id, params_by_name, report)
    return ids


def _account(
    account: AccountRow, industries: Mapping[str, str], ids: Mapping[str, str], owner: str
) -> Params:
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


async def _ensure(
    work: Work,
    ctx: Context,
    record: type[Record],
    column: AnyColumn,
    params_by_name: Mapping[str, Params],
    report: Report,
) -> dict[str, str]:
    """Ids of existing records with these external ids, and of those that could be created."""
    existing = await work.known(ctx, record, column, params_by_name)
    missing = {name: params for name, params in params_by_name.items() if name not in existing}
    existing |= await work.each(ctx, create(record), missing, report)
    return {name: global_id(record, id) for name, id in existing.items()}
