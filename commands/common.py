"""What the commands share: how they speak, what is configured, and how they reach the servers."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import asyncpg

    from db.engine.local.directory import Servers
    from resolvers.operator import Desk
    from settings import Settings

    Admin = asyncpg.Connection[Any]

ROOT = Path(__file__).resolve().parents[1]
Data = Annotated[Path | None, typer.Option(help="The directory of the servers' data.")]


def tell(news: str) -> None:
    """Progress is for people, so it goes to stderr; stdout is for answers."""
    print(news, file=sys.stderr, flush=True)


def configured(**given: Any) -> "Settings":
    """The settings: the options that were given, else the environment, else the defaults."""
    from pydantic import ValidationError

    from settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            name = name if name.isupper() else f"RELATA_{name.upper()}"
            tell(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(1) from None


@asynccontextmanager
async def reached(settings: "Settings") -> AsyncIterator["Servers"]:
    """Those of a server that runs on the data directory, else our own for as long as it takes."""
    from db.engine.local.directory import running
    from db.engine.local.embedded import embedded

    found = await running(settings.data) if settings.database_url is None else None
    if found is not None:
        yield found
        return
    database, redis = settings.database_url, settings.redis_url
    async with embedded(
        settings.data, database_url=database, redis_url=redis, tell=tell
    ) as started:
        yield started


def with_admin(
    data: Path | None, work: Callable[["Admin"], Awaitable[None]], *, migrate: bool = True
) -> None:
    """Do something as the operator of the database; what cannot be done is told in a sentence."""

    async def go(admin: "Admin", login: str) -> None:
        await work(admin)

    _operate(data, go, migrate)


def with_desk(
    data: Path | None, slug: str, work: Callable[["Admin", "Desk"], Awaitable[None]]
) -> None:
    """Do something with the users of a tenant, by the deeds of the house."""
    from datetime import UTC, datetime

    from uuid_utils.compat import uuid7

    from db.engine.transaction import Database
    from resolvers.operator import Desk
    from tenancy.engine.provision import find

    async def go(admin: "Admin", login: str) -> None:
        one, _ = await find(admin, slug)
        database = await Database.open(login, size=1)
        try:
            await work(admin, Desk(database, one, datetime.now(UTC), uuid7))
        finally:
            await database.close()

    _operate(data, go, migrate=True)


def _operate(
    data: Path | None, work: Callable[["Admin", str], Awaitable[None]], migrate: bool
) -> None:
    from db.engine.local.embedded import CannotStart
    from settings import secret
    from tenancy.engine.migrate import administrator, bring_up_to_date, login_url
    from tenancy.engine.provision import TenantError

    async def go() -> None:
        settings = configured(data=data)
        async with reached(settings) as servers, administrator(servers.database_url) as admin:
            key = secret(settings)
            if migrate:
                await bring_up_to_date(admin, key, tell)
            await work(admin, login_url(servers.database_url, key))

    try:
        asyncio.run(go())
    except (CannotStart, TenantError) as error:
        tell(str(error))
        raise typer.Exit(1) from None
