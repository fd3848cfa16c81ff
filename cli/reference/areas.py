"""Renders the page of an area: types, queries, subscriptions, mutations, and examples that tests run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
    is_required_input_field,
)

from cli.reference.contract import (
    AREAS,
    SESSIONS,
    ApiContract,
    MutationDoc,
    input_type,
    object_type,
)
from cli.reference.errors import FILE as ERRORS
from cli.reference.markdown import code, fenced, link, page, table
from cli.reference.reachable import AnyCode
from db.engine.base import Standard
from db.engine.entity import Entity
from domain.codes import Code, UserErrorCode
from schema.api import GRAPHQL

CONVENTIONS = "conventions.md"
LIST = "Connection"
STANDARD = (Standard.CREATE, Standard.UPDATE, Standard.UPSERT)
"""The standard commands that take fields of the record."""
SELECTS = ("id", "version")
"""The fields of an input that name the record; the conventions describe them."""
EVERYWHERE = frozenset({Code.RETRYABLE})
"""Codes of every mutation, which the conventions list."""


class AreaPage:
    """Writes the page of one area."""

    def __init__(self, contract: ApiContract, name: str, examples: Sequence[Path]) -> None:
        self.contract = contract
        self.name = name
        self.examples = examples

    def text(self) -> str:
        """The page."""
        title, summary = AREAS[self.name]
        entities = self.contract.entities[self.name]
        lines = [f"# {title}", "", summary, ""]
        lines += [self._contents(entities), ""]
        lines += [
            f"See also: {link('conventions', CONVENTIONS)}, {link('errors', ERRORS)}.",
            "",
        ]
        lines += self._examples()
        if self.name == SESSIONS:
            lines += self._sessions()
        for entity in entities:
            lines += self._entity(entity)
        lines += self._enums(self.contract.enums[self.name])
        return page(lines)

    def _contents(self, entities: Sequence[Entity]) -> str:
        return " · ".join(link(each.name, "", each.name) for each in entities)

    def _examples(self) -> Iterator[str]:
        for file in self.examples:
            title, _, text = file.read_text().partition("\n")
            yield from (f"## Example: {title.removeprefix('# ')}", "")
            yield from fenced("graphql", text)
            variables = file.with_suffix(".json")
            if variables.exists():
                yield from ("Variables:", "", *fenced("json", variables.read_text()))

    # --- one entity ------------------------------------------------------------------------------

    def _entity(self, entity: Entity) -> Iterator[str]:
        type_ = object_type(entity.name)
        yield from (f"## {entity.name}", "", type_.description or "", "", self._facts(entity), "")
        rows = (
            (code(name), self._type(field), self._uses(entity, name), field.description or "")
            for name, field in type_.fields.items()
            if name not in self.contract.common
        )
        yield from table(("Field", "Type", "Use", "Description"), rows)
        yield from self._roots(entity)
        yield from self._mutations(entity)

    def _facts(self, entity: Entity) -> str:
        facts = [f"ID prefix `{entity.prefix}_`"]
        if Standard.RESTORE in entity.commands:
            facts.append(link("trash", CONVENTIONS, "Trash"))
        if entity.is_replaceable:
            facts.append(link("replaceable", CONVENTIONS, "Trash"))
        if entity.attributes:
            facts.append(link("custom attributes", CONVENTIONS, "Custom attributes"))
        if entity.is_live:
            facts.append("live list")
        if not entity.commands and entity.is_created_along:
            facts.append("created together with its parent")
        return " · ".join(facts) + "."

    def _type(self, field: GraphQLField | GraphQLInputField) -> str:
        """The type of a field, with a link to where it is described."""
        name = get_named_type(field.type).name
        target = name.removesuffix(LIST) if name.endswith(LIST) else name
        place = self.contract.place(target)
        if target != name:
            shown = f"list of {target}"
            return link(shown, self._file(place), target) if place else shown
        shown = code(str(field.type))
        if place is None:
            return shown
        return link(shown, self._file(place), target)

    def _file(self, place: str) -> str:
        return "" if place == self.name else f"{place}.md"

    def _uses(self, entity: Entity, name: str) -> str:
        """The uses of a field besides reading, such as filtering."""
        inputs = {"filter": "Filter", "sort": "Order", "group": "GroupBy", "sum": "Sum"}
        kinds = {word: GRAPHQL.type_map.get(entity.name + end) for word, end in inputs.items()}
        return ", ".join(
            word for word, kind in kinds.items() if name in getattr(kind, "fields", {})
        )

    def _roots(self, entity: Entity) -> Iterator[str]:
        """The root fields that read the entity."""
        names = (entity.singular, entity.plural, f"{entity.plural}Aggregate")
        for title, root in (
            ("queries", GRAPHQL.query_type),
            ("subscriptions", GRAPHQL.subscription_type),
        ):
            fields = root.fields if root else {}
            found = {name: fields[name] for name in names if name in fields}
            if title == "subscriptions" and not entity.is_live:
                continue
            if found:
                yield from (f"### {entity.name} {title}", "")
                rows = (
                    (code(_signature(name, each)), each.description or "")
                    for name, each in found.items()
                )
                yield from table(("Field", "Description"), rows)

    # --- mutations -------------------------------------------------------------------------------

    def _mutations(self, entity: Entity) -> Iterator[str]:
        mutations = self.contract.mutations.get(entity.name, [])
        if not mutations:
            return
        yield from (f"### {entity.name} mutations", "")
        rows = (
            (code(each.name), each.command.doc, *_codes(each.codes - EVERYWHERE))
            for each in mutations
        )
        yield from table(("Mutation", "Description", "`userErrors`", "`errors`"), rows)
        standard = {each.command.standard: each for each in mutations}
        yield from self._fields(entity, [standard[s] for s in STANDARD if s in standard])
        own = [each for each in mutations if each.command.standard is None]
        plain = [each.name for each in own if not each.input.fields.keys() - {*SELECTS}]
        if plain:
            yield from (
                f"{', '.join(map(code, plain))}: the input has `id` and `version` only.",
                "",
            )
        for each in own:
            if each.name not in plain:
                yield from self._input(each.input, each.name)

    def _fields(self, entity: Entity, mutations: Sequence[MutationDoc]) -> Iterator[str]:
        """One table for the inputs of create, update and upsert, which take the same fields."""
        inputs = [each.input for each in mutations]
        names = dict.fromkeys(n for each in inputs for n in each.fields if n not in SELECTS)
        if not names:
            return
        yield from (f"#### {entity.name} input fields", "")
        yield from (" · ".join(code(each.name) for each in inputs), "")
        first = {name: next(i.fields[name] for i in inputs if name in i.fields) for name in names}
        rows = (
            (
                code(name),
                self._type(field).replace("!`", "`"),
                *(_presence(each, name) for each in inputs),
                field.description or "",
            )
            for name, field in first.items()
        )
        words = [str(each.command.standard.value) for each in mutations if each.command.standard]
        heads = ("Field", "Type", *(word.capitalize() for word in words), "Description")
        yield from table(heads, rows)

    def _input(self, input_: GraphQLInputObjectType, title: str) -> Iterator[str]:
        """The input of an area-specific command."""
        yield from (f"#### {title}", "", f"`{input_.name}`: {input_.description}", "")
        rows = (
            (code(name), self._type(field), field.description or "")
            for name, field in input_.fields.items()
        )
        yield from table(("Field", "Type", "Description"), rows)
        for field in input_.fields.values():
            nested = get_named_type(field.type)
            if isinstance(nested, GraphQLInputObjectType) and nested.name.startswith(
                input_.name[:5]
            ):
                yield from self._input(nested, nested.name)

    def _sessions(self) -> Iterator[str]:
        """The mutations without a record, such as signing in."""
        root = GRAPHQL.mutation_type
        yield from ("## Mutations", "")
        rows = (
            (code(name), (root.fields[name].description or "") if root else "", *_codes(codes))
            for name, codes in self.contract.sessions.items()
        )
        yield from table(("Mutation", "Description", "`userErrors`", "`errors`"), rows)
        shown: set[str] = set()
        for name in self.contract.sessions:
            field = root.fields[name] if root else None
            for argument in (field.args if field else {}).values():
                kind = get_named_type(argument.type).name
                yield from self._input(input_type(kind), name)
            payload = get_named_type(field.type).name if field else ""
            if payload not in shown:
                shown.add(payload)
                yield from self._payload(payload)

    def _payload(self, name: str) -> Iterator[str]:
        type_ = object_type(name)
        yield from (f"#### {name}", "", type_.description or "", "")
        rows = (
            (code(key), self._type(field), field.description or "")
            for key, field in type_.fields.items()
        )
        yield from table(("Field", "Type", "Description"), rows)

    def _enums(self, enums: Iterable[GraphQLEnumType]) -> Iterator[str]:
        for each in enums:
            yield from (f"## {each.name}", "", each.description or "", "")
            rows = [(code(name), value.description or "") for name, value in each.values.items()]
            if any(description for _, description in rows):
                yield from table(("Value", "Description"), rows)
            else:
                yield from (", ".join(name for name, _ in rows) + ".", "")


def _codes(codes: Iterable[AnyCode]) -> tuple[str, str]:
    """Codes of `userErrors` and of `errors`, with links."""
    several = sorted(codes)
    users = (link(code(c), ERRORS, c) for c in several if isinstance(c, UserErrorCode))
    return ", ".join(users), ", ".join(code(c) for c in several if isinstance(c, Code))


def _presence(input_: GraphQLInputObjectType, name: str) -> str:
    if name not in input_.fields:
        return ""
    return "required" if is_required_input_field(input_.fields[name]) else "optional"


def _signature(name: str, field: GraphQLField) -> str:
    arguments = ", ".join(_argument(key, each) for key, each in field.args.items())
    return f"{name}({arguments}): {field.type}" if arguments else f"{name}: {field.type}"


def _argument(name: str, argument: GraphQLArgument) -> str:
    return f"{name}: {argument.type}"
