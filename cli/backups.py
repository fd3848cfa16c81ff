"""Backups of an installation or of one tenant, and the way back from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import ROOT, Data, from_here, tell, with_admin

if TYPE_CHECKING:
    from db.engine.transaction import Driver

cli = typer.Typer()
Only = Annotated[str | None, typer.Option("--tenant", help="This tenant only.")]


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    tenant: Only = None,
    data: Data = None,
) -> None:
    """Copy all tenants into a file, as of one moment; the server may go on."""
    from datetime import UTC, datetime

    from tenancy.engine.backup import backup as write

    file = from_here(file)

    async def work(admin: "Driver") -> None:
        told = await write(
            admin, file, made_at=datetime.now(UTC), relata=_version(), only=tenant, tell=tell
        )
        names = ", ".join(each.slug for each in told.tenants)
        print(f"{file}: {names}; {file.stat().st_size:,} bytes")

    with_admin(data, work, migrate=False)  # before an upgrade, what there is must be kept as it is


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    tenant: Only = None,
    new_name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="As another tenant, of this name.")
    ] = None,
    data: Data = None,
) -> None:
    """Bring tenants back from a backup: all of it or nothing; nothing is overwritten."""
    from datetime import UTC, datetime

    from tenancy.engine.restore import restore as bring_back

    file = from_here(file)

    async def work(admin: "Driver") -> None:
        now = datetime.now(UTC)
        for one in await bring_back(
            admin, file, now=now, only=tenant, new_name=new_name, tell=tell
        ):
            print(f"{one.slug}  {one.id}  {one.placement.schema}")
        tell("everybody has to sign in again")

    with_admin(data, work)


def _version() -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])
