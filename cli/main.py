"""The root of the command line, `python3 dev <command>`; each command imports what it needs when it runs."""

import sys

import typer

from cli import (
    backups,
    developing,
    documents,
    features,
    importing,
    measuring,
    proving,
    serving,
    tenants,
    users,
)

cli = typer.Typer(
    help="Relata, a multi-tenant GraphQL backend for customer relationship management.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for each in (serving, backups, documents, developing, features, proving, measuring):
    cli.add_typer(each.cli)
cli.add_typer(tenants.tenant, name="tenant")
cli.add_typer(users.user, name="user")
cli.add_typer(importing.imports, name="import")


def main() -> None:
    """Run the command in `sys.argv`. A leading word `relata` is ignored."""
    words = sys.argv[1:]
    if words[:1] == ["relata"]:
        del words[0]
    cli(words, prog_name="python3 dev")
