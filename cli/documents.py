"""The commands for trusted documents: write a manifest, and register one for a tenant."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, print_err, resolve_path, with_admin
from cli.tenants import Slug, tenant

if TYPE_CHECKING:
    from db.engine.transaction import Driver

cli = typer.Typer()


@cli.command()
def documents(
    folder: Annotated[
        Path, typer.Argument(help="A folder with .graphql files, one document each.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Default: standard output.")
    ] = None,
) -> None:
    """Write a manifest of trusted documents. The identifier of each is the SHA-256 of its file."""
    from schema.engine.manifests import identifier_of, write_manifest

    files = sorted(resolve_path(folder).rglob("*.graphql"))
    if not files:
        print_err(f"There are no .graphql files in {folder}.")
        raise typer.Exit(1)
    texts = {
        str(folder / file.relative_to(resolve_path(folder))): file.read_bytes().decode()
        for file in files
    }
    _check(texts)
    manifest = write_manifest({identifier_of(text): text for text in texts.values()})
    if out is None:
        print(manifest.decode(), end="")
    else:
        resolve_path(out).write_bytes(manifest)
        print_err(f"{out}: {len(texts)} documents")


@tenant.command("documents")
def tenant_documents(
    slug: Slug,
    manifest: Annotated[
        Path | None, typer.Argument(help="The manifest. It replaces the one registered before.")
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Refuse every other document, introspection included.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the registered documents instead.")
    ] = False,
    data: Data = None,
) -> None:
    """Register the trusted documents of a tenant, or remove them."""
    if (manifest is None) != remove or (only and remove):
        print_err("Name a manifest, with or without --only, or remove it with --remove.")
        raise typer.Exit(1)
    texts = {} if manifest is None else _read(resolve_path(manifest))
    _check(texts)

    async def work(admin: "Driver") -> None:
        from tenancy.engine.documents import set_documents
        from tenancy.engine.provision import find

        one, _ = await find(admin, slug)
        await set_documents(admin, one, texts, only=only)
        bound = " It accepts no others." if only else ""
        print_err(
            f"{slug} has {len(texts)} trusted documents.{bound} Running servers use them within 30 seconds."
        )

    with_admin(data, work)


def _read(file: Path) -> dict[str, str]:
    from schema.engine.manifests import ManifestError, read_manifest_file

    try:
        return read_manifest_file(file)
    except ManifestError as error:
        print_err(str(error))
        raise typer.Exit(1) from None


def _check(texts: Mapping[str, str]) -> None:
    """Exit with the errors of all documents that the API would refuse."""
    from schema import admission
    from schema.api import GRAPHQL
    from schema.endpoint import LIMITS

    failed = False
    for name, text in texts.items():
        try:
            admission.admit(text, GRAPHQL, LIMITS)
        except admission.DocumentRejected as rejected:
            failed = True
            for error in rejected.errors:
                place = "".join(f":{line}:{column}" for line, column in error.locations[:1])
                print_err(f"{name}{place}: {error.message}")
    if failed:
        raise typer.Exit(1)
