"""The life of tenants, as the operator of an installation directs it."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.common import Data, tell, with_admin

if TYPE_CHECKING:
    from commands.common import Admin

tenant = typer.Typer(
    help="Make tenants, list them, and bring them up to date.", no_args_is_help=True
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
    import secrets

    from uuid_utils.compat import uuid7

    from auth.engine.passwords import Passwords
    from db.sessions import fold
    from tenancy.engine.provision import create
    from tenancy.starter import begin

    async def work(admin: "Admin") -> None:
        password, passwords = secrets.token_urlsafe(15), Passwords()
        try:
            hashed = await passwords.hash(password)
        finally:
            passwords.close()
        async with admin.transaction():
            made = await create(admin, slug, name or slug)
            await begin(admin, made, fold(email), hashed, uuid7)
        print(f"{made.slug}  {made.id}  {made.placement.schema}")
        print(f"{email} signs in with the password {password}")

    with_admin(data, work)


@tenant.command("list")
def list_tenants(data: Data = None) -> None:
    """List the tenants, with the revision of each."""
    from tenancy.engine.provision import tenants

    async def work(admin: "Admin") -> None:
        for each, revision in await tenants(admin):
            print(
                f"{each.slug:20}  {each.state:9}  {revision:6}  {each.placement.schema}  {each.name}"
            )

    with_admin(data, work)


@tenant.command("migrate")
def migrate_tenants(data: Data = None) -> None:
    """Bring the catalog and every tenant to the newest revision."""

    async def work(admin: "Admin") -> None:
        tell("every tenant is at the newest revision")

    with_admin(data, work)
