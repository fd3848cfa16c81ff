"""Commands for developers: tests, checks, the GraphQL schema, migrations, the modules of an area."""

import ast
import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli.common import ROOT, Data, load_settings, open_servers, print_err

SDL = ROOT / "schema" / "schema.graphql"
CHECKS = [sys.executable, str(ROOT / "tests" / "checks" / "checks.py")]
LAYERS = ("schema", "subscriptions", "resolvers", "auth", "tenancy", "db", "domain")

cli = typer.Typer()
PASS_THROUGH = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}


@cli.command(context_settings=PASS_THROUGH)
def test(context: typer.Context) -> None:
    """Run all tests and checks. With arguments, run pytest with them instead."""
    pytest = [sys.executable, "-m", "pytest", *context.args]
    if context.args:
        os.execv(sys.executable, pytest)  # noqa: S606
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(CHECKS, cwd=ROOT, stdout=output) as checks,
    ):
        tests_failed = subprocess.call(pytest, cwd=ROOT)
        checks_failed = checks.wait()
        output.seek(0)
        print(output.read(), end="", flush=True)
    raise typer.Exit(max(tests_failed, checks_failed))


@cli.command()
def check() -> None:
    """Run the static checks. Types, layers, format, lint, sizes, generated files, missing migrations."""
    raise typer.Exit(_checks())


def _checks() -> int:
    return subprocess.call(CHECKS, cwd=ROOT)


@cli.command()
def area(name: Annotated[str, typer.Argument(help="The name of an area, such as sales.")]) -> None:
    """List the modules of an area. One per layer, each with its purpose."""
    modules = [file for layer in LAYERS if (file := _module(layer, name))]
    if not modules:
        areas = {file.stem for layer in LAYERS for file in (ROOT / layer).glob("[!_]*.py")}
        print_err(
            f"No layer has an area {name}. The areas are: {', '.join(sorted(areas)) or 'none'}."
        )
        raise typer.Exit(1)
    width = max(len(str(file.relative_to(ROOT))) for file in modules)
    for file in modules:
        text = ast.get_docstring(ast.parse(file.read_text())) or "(no docstring)"
        sentence = " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
        print(f"{file.relative_to(ROOT)!s:{width}}  {sentence}.")


def _module(layer: str, name: str) -> Path | None:
    choices = (ROOT / layer / f"{name}.py", ROOT / layer / name / "__init__.py")
    return next((file for file in choices if file.exists()), None)


@cli.command()
def sdl(
    write: Annotated[
        bool, typer.Option("--write", help="Write schema/schema.graphql instead.")
    ] = False,
) -> None:
    """Print the GraphQL schema as SDL. With --write, update schema/schema.graphql."""
    from schema.api import print_sdl

    text = print_sdl()
    if write:
        SDL.write_text(text)
        print_err(f"Wrote {SDL.relative_to(ROOT)}")
    else:
        sys.stdout.write(text)


@cli.command()
def docs(
    write: Annotated[bool, typer.Option("--write", help="Write docs/api.")] = False,
) -> None:
    """Compare the API reference in docs/api with the code. With --write, update it."""
    from cli.reference import files

    pages = files.pages()
    outdated = list(files.differences(pages))
    if write:
        files.write(pages)
    for each in outdated:
        print(each)
    if outdated and not write:
        print_err("Run `python3 dev docs --write`, and read the difference.")
        raise typer.Exit(1)


@cli.command()
def languages(
    write: Annotated[bool, typer.Option("--write", help="Write schema/languages.")] = False,
) -> None:
    """Compare the catalogs of messages with the source. With --write, add the messages that are missing."""
    from cli import catalogs

    if write:
        for file in catalogs.catalogs():
            file.write_text(catalogs.updated(file)[0])
    found = list(catalogs.problems())
    for each in found:
        print(each)
    if found:
        print_err("Translate the messages that are listed, in schema/languages.")
        raise typer.Exit(1)


@cli.command()
def migration(
    message: Annotated[str, typer.Argument(help="What the migration does, in a few words.")],
) -> None:
    """Write the next migration. Compares the declared tables with the migrated ones."""
    from cli.servers.embedded import embedded
    from db.api import METADATA
    from tenancy.engine.author import write_migration
    from tenancy.engine.migrate import administrator, bring_up_to_date

    async def go() -> Path:
        with tempfile.TemporaryDirectory(prefix="relata-") as scratch:
            async with embedded(Path(scratch), durable=False, redis_url="unix:///none") as servers:
                async with administrator(servers.database_url) as admin:
                    await bring_up_to_date(admin, bytes(32), print_err)
                return await write_migration(servers.database_url, METADATA, message)

    print(asyncio.run(go()).relative_to(ROOT))


@cli.command()
def sql(
    query: Annotated[str, typer.Argument(help="A GraphQL query or subscription.")],
    as_: Annotated[
        str, typer.Option("--as", help="Email address of the user whose rights apply.")
    ] = "admin@acme.example",
    variables: Annotated[str, typer.Option(help="The variables, as JSON.")] = "{}",
    data: Data = None,
) -> None:
    """Show how a query is read. Prints its SQL, parameters, denied fields and Postgres' plan."""
    from cli.servers.embedded import CannotStart
    from schema.explain import explain
    from settings import secret

    async def go() -> str:
        settings = load_settings(data=data)
        async with open_servers(settings) as servers:
            import app

            await app.prepare_database(settings, servers.database_url, secret(settings))
            urls = (servers.database_url, servers.redis_url, secret(settings))
            async with app.open_endpoint(*urls) as endpoint:
                return await explain(endpoint, query, as_, variables)

    try:
        print(asyncio.run(go()))
    except (CannotStart, LookupError) as error:
        print_err(str(error))
        raise typer.Exit(1) from None
