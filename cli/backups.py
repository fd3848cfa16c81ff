"""Commands that back up an installation or one tenant, and restore it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import ROOT, Data, print_err, resolve_path, with_admin

if TYPE_CHECKING:
    from db.engine.transaction import Driver

cli = typer.Typer()
Only = Annotated[str | None, typer.Option("--tenant", help="Back up or restore only this tenant.")]


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write. It must not exist yet.")],
    tenant: Only = None,
    data: Data = None,
) -> None:
    """Back up all tenants to a file. The file contains one consistent snapshot; the server keeps running."""
    from datetime import UTC, datetime

    from tenancy.engine.backup import backup as write

    file = resolve_path(file)

    async def work(admin: "Driver") -> None:
        written = await write(
            admin, file, made_at=datetime.now(UTC), relata=_version(), only=tenant, report=print_err
        )
        names = ", ".join(each.slug for each in written.tenants)
        print(f"{file}: {names}; {file.stat().st_size:,} bytes")

    with_admin(data, work, migrate=False)  # a backup before an upgrade must not migrate


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file written by `backup`.")],
    tenant: Only = None,
    new_name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Restore the tenant under this short name."),
    ] = None,
    data: Data = None,
) -> None:
    """Restore tenants from a backup. All are restored or none; existing tenants are not overwritten."""
    from datetime import UTC, datetime

    from tenancy.engine.restore import restore as restore_tenants

    file = resolve_path(file)

    async def work(admin: "Driver") -> None:
        now = datetime.now(UTC)
        for one in await restore_tenants(
            admin, file, now=now, only=tenant, new_name=new_name, report=print_err
        ):
            print(f"{one.slug}  {one.id}  {one.placement.schema}")
        print_err("All sessions have ended: every user must sign in again.")

    with_admin(data, work)


def _version() -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])
