"""Commands that create and manage tenants, for the operator of an installation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, create_tenant_with_administrator, print_err, with_admin

if TYPE_CHECKING:
    from db.engine.transaction import Driver

tenant = typer.Typer(
    help="Manage tenants.",
    no_args_is_help=True,
)


@tenant.command("create")
def create_tenant(
    slug: Annotated[str, typer.Argument(help="Short name, which users enter to sign in.")],
    email: Annotated[
        str, typer.Option("--admin", help="Email address of the first administrator.")
    ],
    name: Annotated[str | None, typer.Option(help="Full name. Default: the short name.")] = None,
    data: Data = None,
) -> None:
    """Create a tenant. The password of its first administrator is printed once."""

    async def work(admin: "Driver") -> None:
        created, password = await create_tenant_with_administrator(admin, slug, name or slug, email)
        print(f"{created.slug}  {created.id}  {created.placement.schema}")
        print(f"{email} signs in with the password {password}")

    with_admin(data, work)


@tenant.command("list")
def list_tenants(data: Data = None) -> None:
    """List the tenants. Short name, state, revision, schema, name."""
    from tenancy.engine.provision import tenants

    async def work(admin: "Driver") -> None:
        for each, revision in await tenants(admin):
            print(
                f"{each.slug:20}  {each.state:9}  {revision:6}  {each.placement.schema}  {each.name}"
            )

    with_admin(data, work)


@tenant.command("migrate")
def migrate_tenants(data: Data = None) -> None:
    """Migrate all tenants. Brings the catalog and every tenant to the newest revision."""

    async def work(admin: "Driver") -> None:
        print_err("All tenants are at the newest revision.")

    with_admin(data, work)


Slug = Annotated[str, typer.Argument(help="Short name of the tenant.")]


@tenant.command("show")
def show_tenant(slug: Slug, data: Data = None) -> None:
    """Show a tenant. Its size, users, sessions and last change."""
    from tenancy.engine.history import head
    from tenancy.engine.provision import find
    from tenancy.report import figures

    async def work(admin: "Driver") -> None:
        found, revision = await find(admin, slug)
        report = await figures(admin, found)
        newest = "the newest" if revision == head() else f"the newest is {head()}"
        print(f"{found.slug}: {found.name}")
        print(f"id        {found.id}")
        print(f"state     {found.state}{', a demonstration' if found.demo else ''}")
        print(f"schema    {found.placement.schema}, revision {revision} ({newest})")
        print(
            f"users     {report.users}, {report.active} of them active; {report.sessions} sessions"
        )
        print(f"changed   {report.changed or 'never'}; change log at position {report.position}")
        print(f"size      {report.bytes:,} bytes; the largest tables:")
        for name, size in report.sizes[:5]:
            print(f"          {size:14,}  {name}")

    with_admin(data, work)


@tenant.command("suspend")
def suspend_tenant(slug: Slug, data: Data = None) -> None:
    """Make a tenant read-only."""
    _set_state(data, slug, "suspended", "read-only")


@tenant.command("resume")
def resume_tenant(slug: Slug, data: Data = None) -> None:
    """Make a suspended tenant writable again."""
    _set_state(data, slug, "active", "writable again")


def _set_state(data: Path | None, slug: str, state: str, means: str) -> None:
    from tenancy.engine.provision import set_state

    async def work(admin: "Driver") -> None:
        if await set_state(admin, slug, state):
            print_err(f"{slug} is {state}. Running servers make it {means} within 30 seconds.")
        else:
            print_err(f"{slug} is {state} already.")

    with_admin(data, work)


@tenant.command("rename")
def rename_tenant(
    slug: Slug,
    new: Annotated[str, typer.Argument(help="The new short name.")],
    data: Data = None,
) -> None:
    """Change the short name of a tenant. Existing sessions continue."""
    from tenancy.engine.provision import rename

    async def work(admin: "Driver") -> None:
        await rename(admin, slug, new)
        print_err(
            f"Renamed {slug} to {new}. Running servers accept the new name within 30 seconds."
        )

    with_admin(data, work)
