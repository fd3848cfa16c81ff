"""The command line, `python3 dev <command>`; what a command needs is imported when it is called."""

import sys

import typer

from commands import backups, developing, features, importing, measuring, serving, tenants, users

commands = typer.Typer(
    help="Relata: a GraphQL backend for customer relationship management, for many tenants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for each in (serving, backups, developing, features, measuring):
    commands.add_typer(each.commands)
commands.add_typer(tenants.tenant, name="tenant")
commands.add_typer(users.user, name="user")
commands.add_typer(importing.imports, name="import")


def main() -> None:
    """Also hear `relata tenant list`, as the installed command is called in the documentation."""
    words = sys.argv[1:]
    if words[:1] == ["relata"]:
        del words[0]
    commands(words, prog_name="relata")


if __name__ == "__main__":
    main()
