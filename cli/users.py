"""Commands that manage the users of a tenant, for the operator of an installation."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, password_generator, print_err, with_admin, with_operator_session

if TYPE_CHECKING:
    from db.engine.transaction import Driver
    from resolvers.operator import OperatorSession

user = typer.Typer(
    help="Manage the users of a tenant.",
    no_args_is_help=True,
)
Email = Annotated[str, typer.Argument(help="Email address with which the user signs in.")]
Slug = Annotated[str, typer.Option("--tenant", help="Short name of the tenant.")]


@user.command("list")
def list_users(tenant: Slug, data: Data = None) -> None:
    """List the users of a tenant. Address, state, last sign-in, name, roles."""
    from tenancy.engine.provision import find
    from tenancy.report import users

    async def work(admin: "Driver") -> None:
        found, _ = await find(admin, tenant)
        for each in await users(admin, found):
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
    name: Annotated[
        str | None, typer.Option(help="Name of the employee. Default: from the address.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Name of a role; may be given several times.")
    ] = None,
    data: Data = None,
) -> None:
    """Create a user. The generated password is printed once."""
    from resolvers.operator import create_user as create
    from tenancy.engine.provision import TenantError
    from tenancy.report import roles

    async def work(admin: "Driver", operator: "OperatorSession") -> None:
        existing_roles = await roles(admin, operator.tenant)
        if unknown := [each for each in role or () if each not in existing_roles]:
            raise TenantError(
                f"There is no role {unknown[0]!r} in {tenant}. The roles are: {', '.join(existing_roles)}."
            )
        async with password_generator() as new_password:
            password, hash = await new_password()
        await create(operator, email, name, role or [], hash)
        if not role:
            print_err(
                f"{email} has no role yet and sees no records. The roles are: {', '.join(existing_roles)}."
            )
        print(f"{email} signs in to {tenant} with the password {password}")

    with_operator_session(data, tenant, work)


@user.command("password")
def set_password(email: Email, tenant: Slug, data: Data = None) -> None:
    """Reset a password. The new one is printed once, and all sessions of the user end."""
    from resolvers.operator import set_password as set_it

    async def work(_: "Driver", operator: "OperatorSession") -> None:
        async with password_generator() as new_password:
            password, hash = await new_password()
        await set_it(operator, email, hash)
        print(f"{email} signs in to {tenant} with the password {password}")

    with_operator_session(data, tenant, work)


@user.command("disable")
def disable_user(email: Email, tenant: Slug, data: Data = None) -> None:
    """Disable a user. All sessions end at once; the records stay."""
    _set_active(email, tenant, data, False)


@user.command("enable")
def enable_user(email: Email, tenant: Slug, data: Data = None) -> None:
    """Enable a disabled user. The password is the same as before."""
    _set_active(email, tenant, data, True)


def _set_active(email: str, tenant: str, data: Data, active: bool) -> None:
    from resolvers.operator import set_active

    async def work(_: "Driver", operator: "OperatorSession") -> None:
        await set_active(operator, email, active)
        print_err(f"{'Enabled' if active else 'Disabled'} {email}.")

    with_operator_session(data, tenant, work)
