"""Shared by the commands: output, settings, and connections to the servers."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

if TYPE_CHECKING:
    from cli.servers.directory import Servers
    from db.engine.transaction import Driver
    from resolvers.operator import OperatorSession
    from settings import Settings
    from tenancy.engine.provision import Tenant

ROOT = Path(__file__).resolve().parents[1]
Data = Annotated[
    Path | None,
    typer.Option(help="The data directory. Default: RELATA_DATA, or .relata in the checkout."),
]


def print_err(message: str) -> None:
    """Print progress or an error to stderr; stdout is for results."""
    print(message, file=sys.stderr, flush=True)


def resolve_path(file: Path) -> Path:
    """A path relative to the directory in which `dev` was called; `dev` itself runs in the checkout."""
    return Path(os.environ.get("RELATA_HERE", ""), file)


class SettingOverrides(TypedDict, total=False):
    """Settings that command-line options override."""

    data: Path
    port: int


def load_settings(*, data: Path | None = None, port: int | None = None) -> "Settings":
    """The settings: options first, then the environment, then the defaults."""
    from pydantic import ValidationError

    from settings import Settings

    overrides: SettingOverrides = {}
    if data is not None:
        overrides["data"] = data
    if port is not None:
        overrides["port"] = port
    try:
        return Settings(**overrides)
    except ValidationError as error:
        for violation in error.errors():
            name = str(violation["loc"][0])
            name = name if name.isupper() else f"RELATA_{name.upper()}"
            print_err(f"{name}: {violation['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(1) from None


@asynccontextmanager
async def open_servers(settings: "Settings") -> AsyncIterator["Servers"]:
    """The servers of a running process on the data directory; if there is none, servers started for this command.

    Raises CannotStart if DATABASE_URL cannot be used.
    """
    from cli.servers.directory import running_servers
    from cli.servers.embedded import embedded
    from cli.servers.external import check_database

    database, redis = settings.database_url, settings.redis_url
    if database is not None:
        await check_database(database)
    elif servers := await running_servers(settings.data):
        yield servers
        return
    async with embedded(
        settings.data, database_url=database, redis_url=redis, progress=print_err
    ) as started:
        yield started


def with_admin(
    data: Path | None, work: Callable[["Driver"], Awaitable[None]], *, migrate: bool = True
) -> None:
    """Run `work` with a connection of the database owner. An error is printed as a sentence; the exit status is 1."""

    async def go(admin: "Driver", login: str) -> None:
        await work(admin)

    run_as_owner(data, go, migrate=migrate)


def with_operator_session(
    data: Path | None, slug: str, work: Callable[["Driver", "OperatorSession"], Awaitable[None]]
) -> None:
    """Run `work` with an operator session in a tenant, whose writes run the same commands as mutations."""
    from tenancy.engine.provision import find

    async def go(admin: "Driver", login: str) -> None:
        tenant, _ = await find(admin, slug)
        async with operator_session_of(login, tenant) as operator:
            await work(admin, operator)

    run_as_owner(data, go)


@asynccontextmanager
async def operator_session_of(login: str, tenant: "Tenant") -> AsyncIterator["OperatorSession"]:
    """An operator session in a tenant."""
    from datetime import UTC, datetime

    from uuid_utils.compat import uuid7

    from db.engine.transaction import Database
    from resolvers.operator import OperatorSession

    database = await Database.open(login, size=1)
    try:
        yield OperatorSession(database, tenant, datetime.now(UTC), uuid7)
    finally:
        await database.close()


async def create_tenant_with_administrator(
    admin: "Driver", slug: str, name: str, email: str
) -> tuple["Tenant", str]:
    """Create a tenant; return it with the password of its first administrator. Raises TenantError."""
    from uuid_utils.compat import uuid7

    from db.sessions import fold
    from tenancy.engine.provision import create
    from tenancy.starter import insert_initial_rows

    async with password_generator() as new_password:
        password, hashed = await new_password()
    async with admin.transaction():
        tenant = await create(admin, slug, name)
        await insert_initial_rows(admin, tenant, fold(email), hashed, uuid7)
    return tenant, password


@asynccontextmanager
async def password_generator() -> AsyncIterator[Callable[[], Awaitable[tuple[str, str]]]]:
    """Yield a function that generates a random password and its hash."""
    import secrets

    from auth.engine.passwords import Passwords

    passwords = Passwords()

    async def new_password() -> tuple[str, str]:
        password = secrets.token_urlsafe(15)
        return password, await passwords.hash(password)

    try:
        yield new_password
    finally:
        passwords.close()


def run_as_owner(
    data: Path | None, work: Callable[["Driver", str], Awaitable[None]], *, migrate: bool = True
) -> None:
    """Run `work` with a connection of the database owner and the URL of the application's login."""
    from cli.servers.embedded import CannotStart
    from settings import secret
    from tenancy.engine.migrate import administrator, bring_up_to_date, login_url
    from tenancy.engine.provision import TenantError

    async def go() -> None:
        settings = load_settings(data=data)
        async with open_servers(settings) as servers, administrator(servers.database_url) as admin:
            key = secret(settings)
            if migrate:
                await bring_up_to_date(admin, key, print_err)
            await work(admin, login_url(servers.database_url, key))

    try:
        asyncio.run(go())
    except (CannotStart, TenantError) as error:
        print_err(str(error))
        raise typer.Exit(1) from None
