"""Fills a tenant from the files of "CRM Sales Opportunities", and lets a second run find everything there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from domain.imports.crm_sales import AccountRow, CrmSales, DealRow, ProductRow
from domain.imports.csv_files import Finding
from domain.imports.events import events
from resolvers.imports.deals import Deals, ImportTargets
from resolvers.imports.lists import accounts, attributes, pipeline, products
from resolvers.imports.rights import DIRECTOR, give_roles
from resolvers.imports.staff import Login, Secret, employ, posts
from resolvers.imports.work import Tell, at, work_of
from resolvers.operator import OperatorSession

Read = AccountRow | ProductRow | DealRow


@dataclass
class ImportResult:
    """What came of an import."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many records of a type a command was carried out on, by type and command."""
    there: int = 0
    """Opportunities that the tenant had already."""
    logins: list[Login] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Screen:
    """Where an import shows how far it is."""

    advance: Callable[[int], None]
    logins: Callable[[list[Login]], None]
    """Told with what new users sign in, as soon as they may."""


def steps(book: CrmSales) -> int:
    """How many commands the opportunities take."""
    return sum(len(events(each, None, known=False) or ()) for each in book.deals)


async def keep(
    operator: OperatorSession, book: CrmSales, secret: Secret, screen: Screen
) -> ImportResult:
    """Everything that was read, by the commands that users have. Raises TenantError."""
    came = ImportResult(findings=list(book.findings))
    async with work_of(operator) as work:
        came.done = work.done
        async with work.transaction() as ctx:
            lists = await pipeline(work, ctx)
            own = await attributes(work, ctx)
        async with work.transaction() as ctx:
            roles = await give_roles(work, ctx, own)
        async with work.transaction() as ctx:
            team = posts(book.sellers, operator.tenant.slug)
            sellers, came.logins = await employ(work, ctx, team, roles, secret)
        screen.logins(came.logins)
        director = next(n for n, each in team.items() if each.role == DIRECTOR)
        async with work.transaction() as ctx:
            if book.deals:
                ctx.unit.now = at(min(each.since for each in book.deals))
            told = teller(came.findings, "products.csv", book.products)
            offered = await products(work, ctx, book, told)
            told = teller(came.findings, "accounts.csv", book.accounts)
            customers = await accounts(work, ctx, book, sellers[director], told)
        known = ImportTargets(lists, offered, customers, sellers)
        told = teller(came.findings, "sales_pipeline.csv", book.deals)
        deals = Deals(work, known, told, screen.advance)
        await deals.keep(book.deals)
        came.there = deals.there
    return came


def teller(findings: list[Finding], file: str, records: Iterable[Read]) -> Tell:
    """Notes findings about what was read from a file, by the names or ids of its records."""
    lines = {each.id if isinstance(each, DealRow) else each.name: each.line for each in records}

    def tell(name: str, what: str, done: str) -> None:
        findings.append(Finding(file, lines[name], what, done))

    return tell
