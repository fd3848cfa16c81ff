"""Imports the files of another system into a new tenant: reads them, reports corrections, and runs the users' commands."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from cli.common import (
    Data,
    create_tenant_with_administrator,
    load_settings,
    operator_session_of,
    password_generator,
    print_err,
    resolve_path,
    run_as_owner,
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
DATASET_NAME = "CRM sales opportunities"
MAX_ERRORS_PRINTED = 20
"""Maximum number of printed errors about files that cannot be read."""


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
    slug = _checked_slug(tenant)
    dataset = _read_dataset(resolve_path(directory))
    if dataset.errors:
        _print_errors(dataset.errors)
    path = _report_path(report, slug, data)
    _write_report(path, dataset.findings)
    if preview:
        _print_findings(dataset.findings, path)
        print_err(
            f"{len(dataset.accounts):,} accounts, {len(dataset.deals):,} opportunities can be imported"
        )
        return
    _import_dataset(dataset, slug, OutputFiles(path, passwords and resolve_path(passwords)), data)


class OutputFiles(NamedTuple):
    """Files that an import writes."""

    report: Path
    passwords: Path | None


def _import_dataset(dataset: "CrmSales", slug: str, files: OutputFiles, data: Path | None) -> None:
    """Create the tenant, import, and print a summary."""
    from tenancy.engine.provision import analyze

    logins: list[Login] = []

    async def work(admin: "Driver", login: str) -> None:
        tenant = await _find_or_create_tenant(admin, slug, logins)
        try:
            async with operator_session_of(login, tenant) as operator:
                result = await _run_import(operator, dataset, logins)
        finally:
            _print_logins(slug, logins, files.passwords)
        if result.done.total():
            await analyze(admin, tenant)
        _write_report(files.report, result.findings)
        _print_summary(result, files.report)

    run_as_owner(data, work)


def _report_path(report: Path | None, tenant: str, data: Path | None) -> Path:
    """The file given with `--report`, or one in the data directory, so that no file is written elsewhere."""
    from cli.servers.directory import REPORTS_FOLDER

    if report is not None:
        return resolve_path(report)
    folder = load_settings(data=data).data / REPORTS_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        print_err(f"{folder} cannot be created ({error.strerror}). Name a file with --report.")
        raise typer.Exit(1) from None
    return folder / f"{tenant}.csv"


def _checked_slug(tenant: str) -> str:
    """The short name, if it is valid; the report is named after it."""
    from tenancy.engine.provision import TenantError, check_slug

    try:
        check_slug(tenant)
    except TenantError as error:
        print_err(str(error))
        raise typer.Exit(1) from None
    return tenant


def _print_errors(messages: list[str]) -> NoReturn:
    for message in messages[:MAX_ERRORS_PRINTED]:
        print_err(message)
    if len(messages) > MAX_ERRORS_PRINTED:
        print_err(f"... and {len(messages) - MAX_ERRORS_PRINTED:,} more")
    print_err("Nothing was imported.")
    raise typer.Exit(1)


def _read_dataset(directory: Path) -> "CrmSales":
    """Read the files; `broken` lists what must be corrected in them first."""
    import csv
    from datetime import UTC, datetime

    from domain.imports.crm_sales import COLUMNS, read_dataset
    from domain.imports.csv_files import parse_csv

    if not directory.is_dir():
        _print_errors(
            [f"There is no directory {directory}. Give the directory with {', '.join(COLUMNS)}."]
        )
    files: dict[str, CsvFile] = {}
    unreadable = []
    for name in COLUMNS:
        try:
            files[name] = parse_csv((directory / name).read_text("utf-8"))
        except FileNotFoundError:
            pass  # reported by `read`
        except UnicodeDecodeError:
            unreadable.append(f"{name} is not encoded in UTF-8. Save it as UTF-8 and try again.")
        except csv.Error as error:
            unreadable.append(f"{name} cannot be read ({error}). Save it as CSV with commas.")
        except OSError as error:
            unreadable.append(f"{name} cannot be read: {error.strerror}.")
    dataset = read_dataset(files, datetime.now(UTC).date())
    if unreadable:
        dataset.errors[:] = unreadable
    return dataset


async def _find_or_create_tenant(admin: "Driver", slug: str, logins: "list[Login]") -> "Tenant":
    """A new tenant, or an existing one that is empty or was imported before. Raises TenantError."""
    from resolvers.imports.lists import PIPELINE
    from resolvers.imports.staff import Login
    from tenancy.engine.provision import TenantError, tenants
    from tenancy.report import is_empty, opportunity_types

    for tenant, _ in await tenants(admin):
        if tenant.slug == slug:
            started = PIPELINE in await opportunity_types(admin, tenant)
            if started or await is_empty(admin, tenant):
                print_err(
                    f"The tenant {slug} exists: missing records are added, existing ones stay as they are."
                )
                return tenant
            raise TenantError(
                f"The tenant {slug!r} contains other records. Import into a new tenant: choose another name."
            )
    email = f"admin@{slug}.example"
    tenant, password = await create_tenant_with_administrator(admin, slug, DATASET_NAME, email)
    logins.append(Login("admin", "Administrator", email, password))
    return tenant


async def _run_import(
    operator: "OperatorSession", dataset: "CrmSales", logins: "list[Login]"
) -> "ImportResult":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from resolvers.imports.crm_sales import ProgressDisplay, import_files, steps

    progress_columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*progress_columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("opportunities", total=steps(dataset))
        display = ProgressDisplay(lambda n: progress.update(task, advance=n), logins.extend)
        async with password_generator() as new_password:
            return await import_files(operator, dataset, new_password, display)


def _print_logins(tenant: str, logins: "list[Login]", file: Path | None) -> None:
    """Write the generated passwords to a file that only its owner can read, or print them."""
    import os

    if not logins:
        return
    widths = [
        max(len(text) for text in column)
        for column in zip(*map(_login_columns, logins), strict=True)
    ]
    lines = ["  ".join(map(str.ljust, _login_columns(each), widths)).rstrip() for each in logins]
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


def _login_columns(login: "Login") -> tuple[str, ...]:
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

    kinds = Counter(_finding_kind(each) for each in findings)
    for (file, what, done), times in sorted(kinds.items()):
        print_err(f"{file}: {times:5,} x {what}: {done}")
    print_err(f"The report lists all {kinds.total():,} findings with their lines: {report}")


def _print_summary(result: "ImportResult", report: Path) -> None:
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


def _finding_kind(finding: "Finding") -> tuple[str, str, str]:
    """The kind of a finding: its texts without prices, days and quoted names."""
    import re

    done = re.sub(r"\d{4}-\d\d-\d\d|[\d.]+$", "...", finding.done)
    return (
        finding.file,
        re.sub(r"'[^']*'", "...", finding.description),
        re.sub(r"'[^']*'", "...", done),
    )
