"""The users of a tenant, for the operator who has to help them in, or keep them out."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, secrets_made, tell, with_admin, with_desk

if TYPE_CHECKING:
    from db.engine.transaction import Driver
    from resolvers.operator import Desk

user = typer.Typer(
    help="List the users of a tenant, let them in, and keep them out.", no_args_is_help=True
)
Email = Annotated[str, typer.Argument(help="The address the user signs in with.")]
Slug = Annotated[str, typer.Option("--tenant", help="The tenant's short name.")]


@user.command("list")
def list_users(tenant: Slug, data: Data = None) -> None:
    """List who may sign in to a tenant, with roles and the last time."""
    from tenancy.engine.provision import find
    from tenancy.report import users

    async def work(admin: "Driver") -> None:
        one, _ = await find(admin, tenant)
        for each in await users(admin, one):
            state = "disabled" if not each.active else "invited" if each.unset else "active"
            last = f"{each.signed_in:%Y-%m-%d %H:%M}" if each.signed_in else "never"
            print(
                f"{each.email:32}  {state:8}  {last:16}  {each.name}  ({', '.join(each.roles) or 'no role'})"
            )

    with_admin(data, work)


@user.command("create")
def create_user(
    email: Email,
    tenant: Slug,
    name: Annotated[str | None, typer.Option(help="What the employee is called.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A role by its name; may be given several times.")
    ] = None,
    data: Data = None,
) -> None:
    """Let somebody sign in to a tenant; the first password is printed once."""
    from resolvers.operator import create_user as create
    from tenancy.engine.provision import TenantError
    from tenancy.report import roles

    async def work(admin: "Driver", desk: "Desk") -> None:
        known = await roles(admin, desk.tenant)
        if strange := [each for each in role or () if each not in known]:
            raise TenantError(
                f"There is no role {strange[0]!r} in {tenant}. There are: {', '.join(known)}."
            )
        async with secrets_made() as secret:
            password, hash = await secret()
        await create(desk, email, name, role or [], hash)
        if not role:
            tell(f"{email} has no role yet, so he sees nothing: there are {', '.join(known)}")
        print(f"{email} signs in to {tenant} with the password {password}")

    with_desk(data, tenant, work)


@user.command("password")
def set_password(email: Email, tenant: Slug, data: Data = None) -> None:
    """Give a user another password, printed once; his sessions end."""
    from resolvers.operator import set_password as set_it

    async def work(_: "Driver", desk: "Desk") -> None:
        async with secrets_made() as secret:
            password, hash = await secret()
        await set_it(desk, email, hash)
        print(f"{email} signs in to {tenant} with the password {password}")

    with_desk(data, tenant, work)


@user.command("disable")
def disable_user(email: Email, tenant: Slug, data: Data = None) -> None:
    """Keep a user out; his sessions end at once, and his records stay."""
    _set_active(email, tenant, data, False)


@user.command("enable")
def enable_user(email: Email, tenant: Slug, data: Data = None) -> None:
    """Let a user in again, with the password he had."""
    _set_active(email, tenant, data, True)


def _set_active(email: str, tenant: str, data: Data, active: bool) -> None:
    from resolvers.operator import set_active

    async def work(_: "Driver", desk: "Desk") -> None:
        await set_active(desk, email, active)
        tell(f"{email} {'may sign in' if active else 'may not sign in any more'}")

    with_desk(data, tenant, work)
