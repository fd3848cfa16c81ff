"""Imports the files of "CRM Sales Opportunities" into a tenant. A repeated import creates nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from domain.imports.crm_sales import AccountRow, CrmSales, DealRow, ProductRow
from domain.imports.csv_files import Finding
from domain.imports.events import events
from resolvers.imports.deals import Deals, ImportTargets
from resolvers.imports.lists import accounts, attributes, pipeline, products
from resolvers.imports.rights import DIRECTOR, create_roles
from resolvers.imports.staff import Login, Secret, employ, positions
from resolvers.imports.work import Report, at, work_of
from resolvers.operator import OperatorSession

Read = AccountRow | ProductRow | DealRow


@dataclass
class ImportResult:
    """The result of an import."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Number of records by type and command."""
    existing: int = 0
    """Number of opportunities that already existed."""
    logins: list[Login] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class ProgressDisplay:
    """Callbacks that report the progress of an import."""

    advance: Callable[[int], None]
    """Called with a number of completed steps."""
    logins: Callable[[list[Login]], None]
    """Called with the sign-in data of new users, as soon as these are committed."""


def steps(files: CrmSales) -> int:
    """Number of commands for the opportunities."""
    return sum(len(events(each, None, known=False) or ()) for each in files.deals)


async def import_files(
    operator: OperatorSession, files: CrmSales, secret: Secret, display: ProgressDisplay
) -> ImportResult:
    """Import the contents of all files. Raises TenantError."""
    result = ImportResult(findings=list(files.findings))
    async with work_of(operator) as work:
        result.done = work.done
        async with work.transaction() as ctx:
            lists = await pipeline(work, ctx)
            attribute_ids = await attributes(work, ctx)
        async with work.transaction() as ctx:
            roles = await create_roles(work, ctx, attribute_ids)
        async with work.transaction() as ctx:
            team = positions(files.sellers, operator.tenant.slug)
            sellers, result.logins = await employ(work, ctx, team, roles, secret)
        display.logins(result.logins)
        director = next(n for n, each in team.items() if each.role == DIRECTOR)
        async with work.transaction() as ctx:
            if files.deals:
                ctx.unit.now = at(min(each.since for each in files.deals))
            report = reporter(result.findings, "products.csv", files.products)
            product_ids = await products(work, ctx, files, report)
            report = reporter(result.findings, "accounts.csv", files.accounts)
            account_ids = await accounts(work, ctx, files, sellers[director], report)
        targets = ImportTargets(lists, product_ids, account_ids, sellers)
        report = reporter(result.findings, "sales_pipeline.csv", files.deals)
        deals = Deals(work, targets, report, display.advance)
        await deals.run(files.deals)
        result.existing = deals.existing
    return result


def reporter(findings: list[Finding], file: str, records: Iterable[Read]) -> Report:
    """A function that adds findings about the records of a file, by their names or ids."""
    lines = {each.id if isinstance(each, DealRow) else each.name: each.line for each in records}

    def report(name: str, description: str, done: str) -> None:
        findings.append(Finding(file, lines[name], description, done))

    return report
