"""Generates the inputs of the proofs: the lock file of the model, the lines to fill in by hand, the rights matrix."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import ROOT, print_err

if TYPE_CHECKING:
    from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

    from db.engine.entity import Entity
    from db.engine.fields import Reference

LOCK = ROOT / "tests" / "proof" / "lock.toml"
HEAD = "# Written by `python3 dev proof --write`: what the printed schema does not say of each entity.\n"
MANY = "Many"

cli = typer.Typer()


@cli.command()
def proof(
    write: Annotated[
        bool, typer.Option("--write", help="Write tests/proof and docs/rights-matrix.txt.")
    ] = False,
) -> None:
    """Print the lock file of the model. With --write, update it and the rights files; fill in each `?` by hand."""
    if not write:
        sys.stdout.write(lock())
        return
    LOCK.write_text(lock(), encoding="utf-8")
    print_err(f"Wrote {LOCK.relative_to(ROOT)}")
    raise typer.Exit(subprocess.call([sys.executable, "-m", "tests.proof"], cwd=ROOT))


@cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def mutants(context: typer.Context) -> None:
    """Check that tests notice seeded faults. `--only NAME` runs one of tests/proof/mutants."""
    tried = [sys.executable, "-m", "tests.proof.mutants", *context.args]
    raise typer.Exit(subprocess.call(tried, cwd=ROOT))


def lock(sdl: Path = ROOT / "schema" / "schema.graphql") -> str:
    """The text of the lock file: ids, tables, links, search, root fields and commands of each entity."""
    from graphql import build_schema

    from db.api import MODEL

    schema = build_schema(sdl.read_text(encoding="utf-8"), assume_valid=True)
    about = _commands(schema, list(MODEL.entities))
    parts = [HEAD, *_section("commands", about.pop("", {}))]
    for entity in MODEL.entities.values():
        parts += _section(entity.name, dict(_plain(entity)) | _roots(schema, entity.name))
        links = {way.name: _link(way) for way in entity.references.values()}
        parts += _section(f"{entity.name}.links", links)
        parts += _section(f"{entity.name}.commands", about.pop(entity.name, {}))
    return "\n".join(parts)


def _section(name: str, values: dict[str, str]) -> Iterator[str]:
    if values:
        yield "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])


def _text(value: str) -> str:
    return f'"{value}"'


def _list(values: Iterator[str] | list[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _plain(entity: "Entity") -> Iterator[tuple[str, str]]:
    yield "prefix", _text(entity.prefix)
    yield "table", _text(entity.table.name)
    columns = {"status": entity.status, "owner": entity.owner, "attributes": entity.attributes}
    for name, column in (columns | {"record": entity.record, "alike": entity.merge_key}).items():
        if column:
            yield name, _text(column)
    if entity.is_rights:
        yield "rights", "true"
    if entity.searched:
        yield "search", _list([each.field.name for each in entity.searched])
        yield "digits", _list([each.field.name for each in entity.searched if each.digits])
    if entity.computed:
        order = {name: place for place, name in enumerate(entity.fields)}
        made = (
            f"{name} = {_list(sorted(needs, key=lambda each: order[each]))}"
            for name, needs in entity.computed.items()
        )
        yield "computed", f"{{ {', '.join(made)} }}"


def _link(way: "Reference") -> str:
    known = [f"to = {_text(way.target)}", f"column = {_text(way.column)}"]
    if way.exposed.reverse:
        known.append(f"back = {_text(way.exposed.reverse)}")
    if way.exposed.owned:
        known.append("part = true")
    if way.nullable:
        known.append("optional = true")
    if not way.exposed.restrict:
        known.append("holds = false")
    return f"{{ {', '.join(known)} }}"


def _fields(kind: "GraphQLObjectType | None") -> Iterable[tuple[str, "GraphQLField"]]:
    return kind.fields.items() if kind else ()


def _roots(schema: "GraphQLSchema", entity: str) -> dict[str, str]:
    """The root fields that lead to an entity: one record, a list, groups, and a list that is followed."""
    from graphql import get_named_type

    kinds = {entity: "one", f"{entity}Connection": "many", f"{entity}Groups": "groups"}
    found = {}
    singular = entity[0].lower() + entity[1:]
    for name, field in _fields(schema.query_type):
        kind = kinds.get(get_named_type(field.type).name)
        if kind == "one" and "id" not in field.args:
            kind = "single" if name == singular else None  # `viewer` leads to a user, too
        if kind:
            found[kind] = _text(name)
    for name, field in _fields(schema.subscription_type):
        if get_named_type(field.type).name == f"{entity}Live":
            found["live"] = _text(name)
    return found


def _commands(schema: "GraphQLSchema", entities: list[str]) -> dict[str, dict[str, str]]:
    """The mutations by the entity they are called after, with their inputs; `!` is needed, `[]` is a list."""
    known = dict(_fields(schema.mutation_type))
    found: dict[str, dict[str, str]] = {}
    for name, field in known.items():
        if name.endswith(MANY) and name.removesuffix(MANY) in known:
            continue
        owner = _owner(name, entities)
        inputs = list(_inputs(field))
        if owner and f"{name}{MANY}" not in known:
            inputs.append("(one at a time)")
        found.setdefault(owner, {})[name.removeprefix(_lower(owner))] = _text(" ".join(inputs))
    return found


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _owner(mutation: str, entities: list[str]) -> str:
    """The entity that a mutation is called after, or nothing."""
    fitting = [
        each
        for each in entities
        if mutation.startswith(_lower(each)) and mutation[len(each) :][:1].isupper()
    ]
    return max(fitting, key=len, default="")


def _inputs(field: "GraphQLField") -> Iterator[str]:
    from graphql import (
        GraphQLInputObjectType,
        get_named_type,
        is_list_type,
        is_required_input_field,
    )
    from graphql.type import get_nullable_type

    for argument in field.args.values():
        given = get_named_type(argument.type)
        fields = given.fields if isinstance(given, GraphQLInputObjectType) else {}
        for name, each in fields.items():
            listed = "[]" if is_list_type(get_nullable_type(each.type)) else ""
            yield f"{name}{listed}{'!' if is_required_input_field(each) else ''}"
