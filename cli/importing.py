"""Files from elsewhere made into a tenant: read, told of, then kept by the deeds that people have."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from cli.common import (
    Data,
    configured,
    desk_of,
    from_here,
    make_tenant,
    operate,
    secrets_made,
    tell,
)

if TYPE_CHECKING:
    from collections import Counter

    from db.engine.transaction import Driver
    from domain.imports.crm_sales import Book
    from domain.imports.sheets import Finding, Sheet
    from resolvers.imports.crm_sales import Came
    from resolvers.imports.staff import Login
    from resolvers.operator import Desk
    from tenancy.engine.provision import Tenant

imports = typer.Typer(help="Make a tenant of files from elsewhere.", no_args_is_help=True)
NAME = "CRM sales opportunities"
TOLD_AT_MOST = 20
"""Sentences about what cannot be read."""


@imports.command("crm-sales-opportunities")
def crm_sales_opportunities(
    directory: Annotated[
        Path, typer.Argument(help="The directory of the four files of that data set.")
    ],
    tenant: Annotated[str, typer.Option("--tenant", help="The short name of the new tenant.")],
    passwords: Annotated[
        Path | None, typer.Option(help="A new file for the passwords, instead of the screen.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="The report to write; by default imports/TENANT.csv in the data directory."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what would be put right, and make nothing.")
    ] = False,
    data: Data = None,
) -> None:
    """Make a tenant of a year of a hardware seller's opportunities; once more changes nothing."""
    slug = _name(tenant)
    book = _read(from_here(directory))
    if book.broken:
        _tell_broken(book.broken)
    told = _report_file(report, slug, data)
    _write_report(told, book.findings)
    if preview:
        _tell_findings(book.findings, told)
        tell(
            f"{len(book.accounts):,} accounts, {len(book.deals):,} opportunities could be imported"
        )
        return
    _import(book, slug, Files(told, passwords and from_here(passwords)), data)


class Files(NamedTuple):
    """What is written besides the tenant."""

    report: Path
    passwords: Path | None


def _import(book: "Book", tenant: str, files: Files, data: Path | None) -> None:
    """Make the tenant, and tell what came of it."""
    from tenancy.engine.provision import analyze

    logins: list[Login] = []

    async def work(admin: "Driver", login: str) -> None:
        one = await _tenant(admin, tenant, logins)
        try:
            async with desk_of(login, one) as desk:
                came = await _keep(desk, book, logins)
        finally:
            _tell_logins(tenant, logins, files.passwords)
        if came.done.total():
            await analyze(admin, one)
        _write_report(files.report, came.findings)
        _sum_up(came, files.report)

    operate(data, work)


def _report_file(given: Path | None, tenant: str, data: Path | None) -> Path:
    """The file that `--report` names, or one in the data directory, so that nothing is left elsewhere."""
    from cli.servers.directory import REPORTS

    if given is not None:
        return from_here(given)
    folder = configured(data=data).data / REPORTS
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        tell(f"{folder} cannot be created ({error.strerror}): name a file with --report.")
        raise typer.Exit(1) from None
    return folder / f"{tenant}.csv"


def _name(tenant: str) -> str:
    """The tenant's name, if one can be called so: files are named after it."""
    from tenancy.engine.provision import TenantError, refuse_name

    try:
        refuse_name(tenant)
    except TenantError as error:
        tell(str(error))
        raise typer.Exit(1) from None
    return tenant


def _tell_broken(sentences: list[str]) -> NoReturn:
    for sentence in sentences[:TOLD_AT_MOST]:
        tell(sentence)
    if len(sentences) > TOLD_AT_MOST:
        tell(f"... and {len(sentences) - TOLD_AT_MOST:,} more")
    tell("Nothing was imported.")
    raise typer.Exit(1)


def _read(directory: Path) -> "Book":
    """What the files say, with what must be put right first."""
    import csv
    from datetime import UTC, datetime

    from domain.imports.crm_sales import COLUMNS, read
    from domain.imports.sheets import sheet

    if not directory.is_dir():
        _tell_broken(
            [f"There is no directory {directory}: name the one with {', '.join(COLUMNS)}."]
        )
    sheets: dict[str, Sheet] = {}
    unreadable = []
    for name in COLUMNS:
        try:
            sheets[name] = sheet((directory / name).read_text("utf-8"))
        except FileNotFoundError:
            pass  # told with the rest
        except UnicodeDecodeError:
            unreadable.append(f"{name} is not UTF-8: save it as that, and try again.")
        except csv.Error as error:
            unreadable.append(f"{name} cannot be read ({error}): write it as CSV with commas.")
        except OSError as error:
            unreadable.append(f"{name} cannot be read: {error.strerror}.")
    book = read(sheets, datetime.now(UTC).date())
    if unreadable:
        book.broken[:] = unreadable
    return book


async def _tenant(admin: "Driver", slug: str, logins: "list[Login]") -> "Tenant":
    """A new tenant; or one in which the import was begun, or nothing yet. Raises TenantError."""
    from resolvers.imports.lists import PIPELINE
    from resolvers.imports.staff import Login
    from tenancy.engine.provision import TenantError, tenants
    from tenancy.report import is_empty, opportunity_types

    for one, _ in await tenants(admin):
        if one.slug == slug:
            begun = PIPELINE in await opportunity_types(admin, one)
            if begun or await is_empty(admin, one):
                tell(
                    f"{slug} is there already: what it lacks is added, and nothing is changed back"
                )
                return one
            raise TenantError(
                f"The tenant {slug!r} holds other records, which an import is not to be mixed with: "
                "choose another name."
            )
    email = f"admin@{slug}.example"
    made, password = await make_tenant(admin, slug, NAME, email)
    logins.append(Login("admin", "Administrator", email, password))
    return made


async def _keep(desk: "Desk", book: "Book", logins: "list[Login]") -> "Came":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from resolvers.imports.crm_sales import Screen, keep, steps

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("opportunities", total=steps(book))
        screen = Screen(lambda n: progress.update(task, advance=n), logins.extend)
        async with secrets_made() as secret:
            return await keep(desk, book, secret, screen)


def _tell_logins(tenant: str, logins: "list[Login]", file: Path | None) -> None:
    """With what people sign in, told once: in a file that only its owner reads, or on the screen."""
    import os

    if not logins:
        return
    wide = [max(len(text) for text in column) for column in zip(*map(_cells, logins), strict=True)]
    lines = ["  ".join(map(str.ljust, _cells(each), wide)).rstrip() for each in logins]
    if file is not None:
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
                kept.write("\n".join(lines) + "\n")
        except OSError as error:
            tell(f"{file} could not be written ({error.strerror}), so here they are:")
        else:
            tell(f"passwords for {tenant}: {file}")
            return
    print("\n".join(lines))


def _cells(login: "Login") -> tuple[str, ...]:
    return (login.name, login.role, login.email, login.password)


def _write_report(file: Path, findings: "Iterable[Finding]") -> None:
    """A line for each finding, in the order of the files."""
    import csv

    try:
        with file.open("w", newline="") as kept:
            writer = csv.writer(kept)
            writer.writerow(("file", "line", "what", "done"))
            ordered = sorted(findings, key=lambda each: (each.file, each.line))
            writer.writerows((each.file, each.line, each.what, each.done) for each in ordered)
    except OSError as error:
        tell(f"{file} cannot be written ({error.strerror}): name another file with --report.")
        raise typer.Exit(1) from None


def _tell_findings(findings: "Iterable[Finding]", report: Path) -> None:
    """How often what was put right."""
    from collections import Counter

    kinds = Counter(_kind(each) for each in findings)
    for (file, what, done), times in sorted(kinds.items()):
        tell(f"{file}: {times:5,} x {what}: {done}")
    tell(f"every one of these {kinds.total():,} lines, with its number: {report}")


def _sum_up(came: "Came", report: Path) -> None:
    """What was done, and how often what was put right."""
    _tell_findings(came.findings, report)
    counts = {name: times for name, times in _told(came.done).items() if times}
    if came.there:
        tell(f"{came.there:,} opportunities were there already")
    tell(", ".join(f"{times:,} {name}" for name, times in counts.items()) or "nothing was changed")


def _told(done: "Counter[tuple[str, str]]") -> Mapping[str, int]:
    """What people ask about first."""
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
    """What findings have in common: which prices and days they name differs."""
    import re

    done = re.sub(r"\d{4}-\d\d-\d\d|[\d.]+$", "...", finding.done)
    return finding.file, re.sub(r"'[^']*'", "...", finding.what), re.sub(r"'[^']*'", "...", done)
