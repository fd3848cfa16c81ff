"""The life of tenants, as the operator of an installation directs it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, make_tenant, tell, with_admin

if TYPE_CHECKING:
    from db.engine.transaction import Driver

tenant = typer.Typer(
    help="Make tenants, look at them, suspend and resume them, and bring them up to date.",
    no_args_is_help=True,
)


@tenant.command("create")
def create_tenant(
    slug: Annotated[str, typer.Argument(help="Its short name, which people type to sign in.")],
    email: Annotated[
        str, typer.Option("--admin", help="The first administrator's e-mail address.")
    ],
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    data: Data = None,
) -> None:
    """Make a tenant with its first administrator, whose password is printed once."""

    async def work(admin: "Driver") -> None:
        made, password = await make_tenant(admin, slug, name or slug, email)
        print(f"{made.slug}  {made.id}  {made.placement.schema}")
        print(f"{email} signs in with the password {password}")

    with_admin(data, work)


@tenant.command("list")
def list_tenants(data: Data = None) -> None:
    """List the tenants, with the revision of each."""
    from tenancy.engine.provision import tenants

    async def work(admin: "Driver") -> None:
        for each, revision in await tenants(admin):
            print(
                f"{each.slug:20}  {each.state:9}  {revision:6}  {each.placement.schema}  {each.name}"
            )

    with_admin(data, work)


@tenant.command("migrate")
def migrate_tenants(data: Data = None) -> None:
    """Bring the catalog and every tenant to the newest revision."""

    async def work(admin: "Driver") -> None:
        tell("every tenant is at the newest revision")

    with_admin(data, work)


Slug = Annotated[str, typer.Argument(help="The tenant's short name.")]


@tenant.command("show")
def show_tenant(slug: Slug, data: Data = None) -> None:
    """Tell how large a tenant is, who uses it, and when something was written last."""
    from tenancy.engine.history import head
    from tenancy.engine.provision import find
    from tenancy.report import figures

    async def work(admin: "Driver") -> None:
        one, revision = await find(admin, slug)
        told = await figures(admin, one)
        newest = "the newest" if revision == head() else f"the newest is {head()}"
        print(f"{one.slug}: {one.name}")
        print(f"id        {one.id}")
        print(f"state     {one.state}{', a demonstration' if one.demo else ''}")
        print(f"schema    {one.placement.schema}, revision {revision} ({newest})")
        print(
            f"users     {told.users}, of whom {told.active} may sign in; {told.sessions} sessions"
        )
        print(f"written   {told.changed or 'never'}; position {told.position} of its log")
        print(f"size      {told.bytes:,} bytes, the largest tables of it:")
        for name, size in told.sizes[:5]:
            print(f"          {size:14,}  {name}")

    with_admin(data, work)


@tenant.command("suspend")
def suspend_tenant(slug: Slug, data: Data = None) -> None:
    """Let a tenant be read only."""
    _set_state(data, slug, "suspended", "can be read, but not changed, within 30 seconds")


@tenant.command("resume")
def resume_tenant(slug: Slug, data: Data = None) -> None:
    """Let a suspended tenant be written in again."""
    _set_state(data, slug, "active", "can be changed again, within 30 seconds")


def _set_state(data: Path | None, slug: str, state: str, means: str) -> None:
    from tenancy.engine.provision import set_state

    async def work(admin: "Driver") -> None:
        if await set_state(admin, slug, state):
            tell(f"{slug} is {state}: it {means}")
        else:
            tell(f"{slug} is {state} already")

    with_admin(data, work)


@tenant.command("rename")
def rename_tenant(
    slug: Slug,
    new: Annotated[str, typer.Argument(help="What people are to type to sign in.")],
    data: Data = None,
) -> None:
    """Give a tenant another short name; who is signed in stays so."""
    from tenancy.engine.provision import rename

    async def work(admin: "Driver") -> None:
        await rename(admin, slug, new)
        tell(f"{slug} is {new} now: people sign in to {new}, within 30 seconds")

    with_admin(data, work)
