"""Imports the files of another system into a new tenant: reads them, reports corrections, and runs the users' commands."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from cli.common import (
    Data,
    configured,
    from_here,
    make_tenant,
    operate,
    operator_session_of,
    print_err,
    secrets_made,
)

if TYPE_CHECKING:
    from collections import Counter

    from db.engine.transaction import Driver
    from domain.imports.crm_sales import CrmSales
    from domain.imports.csv_files import CsvFile, Finding
    from resolvers.imports.crm_sales import ImportResult
    from resolvers.imports.staff import Login
    from resolvers.operator import OperatorSession
    from tenancy.engine.provision import Tenant

imports = typer.Typer(
    help="Create a tenant from the files of another system.", no_args_is_help=True
)
NAME = "CRM sales opportunities"
ERRORS_SHOWN = 20
"""Errors printed about files that cannot be read."""


@imports.command("crm-sales-opportunities")
def crm_sales_opportunities(
    directory: Annotated[
        Path, typer.Argument(help="The directory with the four CSV files of the data set.")
    ],
    tenant: Annotated[str, typer.Option("--tenant", help="Short name of the new tenant.")],
    passwords: Annotated[
        Path | None, typer.Option(help="A new file to write the passwords to. Default: print them.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="The report of corrections. Default: imports/TENANT.csv in the data directory."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Write the report only; create nothing.")
    ] = False,
    data: Data = None,
) -> None:
    """Import the data set "CRM Sales Opportunities". Running it again adds what is missing."""
    slug = _name(tenant)
    book = _read(from_here(directory))
    if book.broken:
        _print_errors(book.broken)
    path = _report_file(report, slug, data)
    _write_report(path, book.findings)
    if preview:
        _print_findings(book.findings, path)
        print_err(
            f"{len(book.accounts):,} accounts, {len(book.deals):,} opportunities can be imported"
        )
        return
    _import(book, slug, Files(path, passwords and from_here(passwords)), data)


class Files(NamedTuple):
    """Files that an import writes."""

    report: Path
    passwords: Path | None


def _import(book: "CrmSales", tenant: str, files: Files, data: Path | None) -> None:
    """Create the tenant, import, and print a summary."""
    from tenancy.engine.provision import analyze

    logins: list[Login] = []

    async def work(admin: "Driver", login: str) -> None:
        one = await _tenant(admin, tenant, logins)
        try:
            async with operator_session_of(login, one) as operator:
                result = await _keep(operator, book, logins)
        finally:
            _print_logins(tenant, logins, files.passwords)
        if result.done.total():
            await analyze(admin, one)
        _write_report(files.report, result.findings)
        _sum_up(result, files.report)

    operate(data, work)


def _report_file(report: Path | None, tenant: str, data: Path | None) -> Path:
    """The file given with `--report`, or one in the data directory, so that no file is written elsewhere."""
    from cli.servers.directory import REPORTS

    if report is not None:
        return from_here(report)
    folder = configured(data=data).data / REPORTS
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        print_err(f"{folder} cannot be created ({error.strerror}). Name a file with --report.")
        raise typer.Exit(1) from None
    return folder / f"{tenant}.csv"


def _name(tenant: str) -> str:
    """The short name, if it is valid; the report is named after it."""
    from tenancy.engine.provision import TenantError, check_slug

    try:
        check_slug(tenant)
    except TenantError as error:
        print_err(str(error))
        raise typer.Exit(1) from None
    return tenant


def _print_errors(sentences: list[str]) -> NoReturn:
    for sentence in sentences[:ERRORS_SHOWN]:
        print_err(sentence)
    if len(sentences) > ERRORS_SHOWN:
        print_err(f"... and {len(sentences) - ERRORS_SHOWN:,} more")
    print_err("Nothing was imported.")
    raise typer.Exit(1)


def _read(directory: Path) -> "CrmSales":
    """Read the files; `broken` lists what must be corrected in them first."""
    import csv
    from datetime import UTC, datetime

    from domain.imports.crm_sales import COLUMNS, read
    from domain.imports.csv_files import sheet

    if not directory.is_dir():
        _print_errors(
            [f"There is no directory {directory}. Give the directory with {', '.join(COLUMNS)}."]
        )
    sheets: dict[str, CsvFile] = {}
    unreadable = []
    for name in COLUMNS:
        try:
            sheets[name] = sheet((directory / name).read_text("utf-8"))
        except FileNotFoundError:
            pass  # reported by `read`
        except UnicodeDecodeError:
            unreadable.append(f"{name} is not encoded in UTF-8. Save it as UTF-8 and try again.")
        except csv.Error as error:
            unreadable.append(f"{name} cannot be read ({error}). Save it as CSV with commas.")
        except OSError as error:
            unreadable.append(f"{name} cannot be read: {error.strerror}.")
    book = read(sheets, datetime.now(UTC).date())
    if unreadable:
        book.broken[:] = unreadable
    return book


async def _tenant(admin: "Driver", slug: str, logins: "list[Login]") -> "Tenant":
    """A new tenant, or an existing one that is empty or was imported before. Raises TenantError."""
    from resolvers.imports.lists import PIPELINE
    from resolvers.imports.staff import Login
    from tenancy.engine.provision import TenantError, tenants
    from tenancy.report import is_empty, opportunity_types

    for one, _ in await tenants(admin):
        if one.slug == slug:
            started = PIPELINE in await opportunity_types(admin, one)
            if started or await is_empty(admin, one):
                print_err(
                    f"The tenant {slug} exists: missing records are added, existing ones stay as they are."
                )
                return one
            raise TenantError(
                f"The tenant {slug!r} contains other records. Import into a new tenant: choose another name."
            )
    email = f"admin@{slug}.example"
    made, password = await make_tenant(admin, slug, NAME, email)
    logins.append(Login("admin", "Administrator", email, password))
    return made


async def _keep(
    operator: "OperatorSession", book: "CrmSales", logins: "list[Login]"
) -> "ImportResult":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from resolvers.imports.crm_sales import ProgressDisplay, import_files, steps

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("opportunities", total=steps(book))
        display = ProgressDisplay(lambda n: progress.update(task, advance=n), logins.extend)
        async with secrets_made() as secret:
            return await import_files(operator, book, secret, display)


def _print_logins(tenant: str, logins: "list[Login]", file: Path | None) -> None:
    """Write the generated passwords to a file that only its owner can read, or print them."""
    import os

    if not logins:
        return
    wide = [max(len(text) for text in column) for column in zip(*map(_cells, logins), strict=True)]
    lines = ["  ".join(map(str.ljust, _cells(each), wide)).rstrip() for each in logins]
    if file is not None:
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write("\n".join(lines) + "\n")
        except OSError as error:
            print_err(f"{file} cannot be written ({error.strerror}). The passwords are:")
        else:
            print_err(f"Wrote the passwords for {tenant} to {file}.")
            return
    print("\n".join(lines))


def _cells(login: "Login") -> tuple[str, ...]:
    return (login.name, login.role, login.email, login.password)


def _write_report(file: Path, findings: "Iterable[Finding]") -> None:
    """Write the report: one row per finding, ordered by file and line."""
    import csv

    try:
        with file.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("file", "line", "what", "done"))
            ordered = sorted(findings, key=lambda each: (each.file, each.line))
            writer.writerows(
                (each.file, each.line, each.description, each.done) for each in ordered
            )
    except OSError as error:
        print_err(f"{file} cannot be written ({error.strerror}). Name another file with --report.")
        raise typer.Exit(1) from None


def _print_findings(findings: "Iterable[Finding]", report: Path) -> None:
    """Print how often each kind of correction was made."""
    from collections import Counter

    kinds = Counter(_kind(each) for each in findings)
    for (file, what, done), times in sorted(kinds.items()):
        print_err(f"{file}: {times:5,} x {what}: {done}")
    print_err(f"The report lists all {kinds.total():,} findings with their lines: {report}")


def _sum_up(result: "ImportResult", report: Path) -> None:
    """Print what was created and corrected."""
    _print_findings(result.findings, report)
    counts = {name: times for name, times in _counts(result.done).items() if times}
    if result.existing:
        print_err(f"{result.existing:,} opportunities exist already")
    print_err(
        ", ".join(f"{times:,} {name}" for name, times in counts.items()) or "nothing was changed"
    )


def _counts(done: "Counter[tuple[str, str]]") -> Mapping[str, int]:
    """The counts shown in the summary."""
    return {
        "accounts": done["Account", "create"],
        "products": done["Product", "create"],
        "users": done["User", "create"],
        "opportunities": done["Opportunity", "create"],
        "moved": done["Opportunity", "move"],
        "sold": done["Opportunity", "sell"],
        "lost": done["Opportunity", "lose"],
    }


def _kind(finding: "Finding") -> tuple[str, str, str]:
    """The kind of a finding: its texts without prices, days and quoted names."""
    import re

    done = re.sub(r"\d{4}-\d\d-\d\d|[\d.]+$", "...", finding.done)
    return (
        finding.file,
        re.sub(r"'[^']*'", "...", finding.description),
        re.sub(r"'[^']*'", "...", done),
    )
