"""What imported opportunities refer to: the stages of the file as a pipeline of its own, industries, products and accounts."""

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
from resolvers.imports.work import Tell, Work, create, global_id, levels

PIPELINE = "CRM sales opportunities"
"""The type of the opportunities; that a tenant has it tells that the import was begun in it."""
CURRENCY = "USD"
REASON = "Not stated"
UNIT, KIND = "piece", "Delivery"
STAGES: Mapping[ImportedStage, tuple[StageKind, int, str]] = {
    ImportedStage.PROSPECTING: (
        StageKind.OPEN,
        20,
        "They were named; nobody has spoken with them yet.",
    ),
    ImportedStage.ENGAGING: (StageKind.OPEN, 50, "We are speaking with them about the product."),
    ImportedStage.WON: (StageKind.WON, 100, "They bought it."),
    ImportedStage.LOST: (StageKind.LOST, 0, "They did not buy it."),
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
    stages: Mapping[ImportedStage, str]
    reason: str


async def pipeline(work: Work, ctx: Context) -> Lists:
    """The stages, their pipeline, which is preferred from now on, and why things are lost."""
    stages = await work.ensure(ctx, Stage, Stage.name, {
            step.value: {"name": step.value, "kind": kind, "position": 20 + n, "description": says}
            for n, (step, (kind, _, says)) in enumerate(STAGES.items())
        },
    )  # fmt: skip
    uses = [
        {"stage": stages[step.value], "position": place, "probability": likely}
        for place, (step, (_, likely, _)) in enumerate(STAGES.items(), 1)
    ]
    known = await work.known(ctx, OpportunityType, OpportunityType.name, [PIPELINE])
    kind = {"name": PIPELINE, "defaultCurrency": CURRENCY, "stages": uses}
    made = await work.ensure(ctx, OpportunityType, OpportunityType.name, {PIPELINE: kind})
    if not known:
        preferences = global_id(Preferences, (await ctx.trusted(Preferences).get_one()).id)
        given = {"id": preferences, "defaultOpportunityType": made[PIPELINE]}
        await work.all(ctx, REGISTRY.standard(Preferences, Standard.UPDATE), [given])
    reasons = await work.ensure(ctx, LostReason, LostReason.name, {REASON: {"name": REASON}})
    steps = {step: stages[step.value] for step in STAGES}
    return Lists(made[PIPELINE], steps, reasons[REASON])


async def attributes(work: Work, ctx: Context) -> dict[str, str]:
    """The ids of the attributes of accounts, by their keys, as profiles name them."""
    wanted = {
        key: {"entity": "Account", "key": key, "label": label, "kind": AttributeKind.NUMBER}
        for key, label in ATTRIBUTES.items()
    }
    await work.ensure(ctx, Attribute, Attribute.key, wanted)
    return {
        k: str(id) for k, id in (await work.known(ctx, Attribute, Attribute.key, wanted)).items()
    }


async def products(work: Work, ctx: Context, book: CrmSales, tell: Tell) -> dict[str, str]:
    """The products by name, in a category for each series, which is delivered once."""
    series = {each.series for each in book.products if each.series}
    kinds = await work.ensure(ctx, ContractKind, ContractKind.name, {KIND: {"name": KIND}})
    given = {name: {"name": name, "contractKind": kinds[KIND]} for name in sorted(series)}
    categories = await work.ensure(ctx, ProductCategory, ProductCategory.name, given)
    units = await work.ensure(ctx, UnitOfMeasure, UnitOfMeasure.name, {UNIT: {"name": UNIT}})
    wanted = {e.name: _product(e, categories, units[UNIT]) for e in book.products}
    return await _ensure(work, ctx, Product, Product.external_id, wanted, tell)


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
    work: Work, ctx: Context, book: CrmSales, owner: str, tell: Tell
) -> dict[str, str]:
    """The accounts by name, each after the one it is a part of."""
    sectors = sorted({each.industry for each in book.accounts if each.industry})
    industries = await work.ensure(ctx, Industry, Industry.name, {n: {"name": n} for n in sectors})
    by_name = {each.name: each for each in book.accounts}
    ids: dict[str, str] = {}
    for group in levels({name: each.parent for name, each in by_name.items()}, ()):
        for name in group:
            parent = by_name[name].parent
            if parent is not None and parent not in ids:
                tell(name, f"subsidiary_of {parent!r} was left out", "left empty")
        wanted = {name: _account(by_name[name], industries, ids, owner) for name in group}
        ids |= await _ensure(work, ctx, Account, Account.external_id, wanted, tell)
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
    wanted: Mapping[str, Params],
    tell: Tell,
) -> dict[str, str]:
    """Those that are known by these external ids, and those that could be made."""
    known = await work.known(ctx, record, column, wanted)
    missing = {name: given for name, given in wanted.items() if name not in known}
    known |= await work.each(ctx, create(record), missing, tell)
    return {name: global_id(record, id) for name, id in known.items()}
