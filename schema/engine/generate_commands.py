"""Generates mutations from commands: for each an input, a payload and a bulk form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import get_args
from uuid import UUID

import strawberry
from strawberry.types.arguments import StrawberryArgument

from db.engine.base import Standard
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference
from db.engine.model import Model
from domain.naming import singular
from resolvers.engine.command import Argument, Command
from schema.engine import type_registry
from schema.engine.generate import Spec, argument, make, put
from schema.engine.type_registry import SCALAR

MANY = "Many"
ID_SPEC: Spec = ("id", "ID", "ID of the record.")
VERSION_SPEC: Spec = (
    "version",
    "int | None",
    "Optimistic lock: the `version` you last read. Fails with `CONFLICT` if a field you send was changed since.",
)
ANNOTATIONS: Mapping[object, str] = {
    str: "str",
    bool: "bool",
    int: "int",
    UUID: "ID",
    date: "DateText",
    datetime: "DateTimeText",
    Decimal: "DecimalText",
}
"""GraphQL types of the Python types in command inputs."""


@dataclass(frozen=True)
class Mutation:
    """A root field of Mutation that runs a command on records of one entity."""

    name: str
    command: Command
    entity: Entity
    many: bool = False

    @property
    def payload(self) -> str:
        """Name of the payload type."""
        return f"{self.entity.name}{MANY if self.many else ''}Payload"


def mutations_of(model: Model, commands: Mapping[str, Command]) -> dict[str, Mutation]:
    """The mutations of all commands by name, bulk forms included."""
    found: dict[str, Mutation] = {}
    for name, command in commands.items():
        entity = model.of(command.record)
        found[name] = Mutation(name, command, entity)
        found[name + MANY] = Mutation(name + MANY, command, entity, many=True)
    return found


def command_types(model: Model, commands: Iterable[Command], exposed: Iterable[Entity]) -> None:
    """Register the inputs and payloads of all commands."""
    _shared()
    known = list(commands)
    created = {e.name for e in exposed if e.is_created_along or Standard.CREATE in e.commands}
    for entity in exposed:
        if entity.name in created:
            _child_inputs(entity)
    for entity in dict.fromkeys(model.of(each.record) for each in known):
        _payloads(entity)
    for command in known:
        entity = model.of(command.record)
        if command.standard is None:
            _own_input(model, entity, command)
        else:
            _standard_input(model, entity, command.standard, created)


def _standard_input(
    model: Model, entity: Entity, operation: Standard, created: Iterable[str]
) -> None:
    match operation:
        case Standard.CREATE:
            children = [(e, r) for e, r in model.nested(entity) if e.name in created]
            _create_input(entity, children)
        case Standard.UPDATE:
            specs = [ID_SPEC, VERSION_SPEC, *fields(entity, operation)]
            required(f"{entity.name}UpdateInput", specs, "Record to update and the fields to set.")
        case Standard.UPSERT:
            specs = fields(entity, operation)
            required(f"{entity.name}UpsertInput", specs, "External ID and the fields to set.")


def _own_input(model: Model, entity: Entity, command: Command) -> None:
    """Register the input of a command that an area declares."""
    specs: list[Spec] = [ID_SPEC] if command.takes_id else []
    specs += [VERSION_SPEC] if command.takes_version else []
    for each in command.arguments:
        if each.children is None:
            specs.append((each.name, _annotation_of(each), each.doc))
        else:
            child = model.of(each.children)
            name = f"{entity.name}{command.suffix.removesuffix('s')}Input"
            _children_input(name, entity, child)
            specs.append((each.name, f"list[{name}]", each.doc))
    doc = (command.input.__doc__ or "").strip() if command.input else ""
    required(input_of(command, entity), specs, doc)


def _annotation_of(each: Argument) -> str:
    """GraphQL type of a field of a command input."""
    kinds = get_args(each.annotation) if isinstance(each.annotation, UnionType) else ()
    [kind] = [k for k in kinds if k is not type(None)] or [each.annotation]
    name = ANNOTATIONS[kind]
    return name if each.required else f"{name} | None"


def _children_input(name: str, entity: Entity, child: Entity) -> None:
    """Register the input of a child in a list that a command replaces: an existing child by ID, or a new one."""
    relation = next(r for r in child.parents if child.targets[r.name] is entity)
    own = [spec for spec in fields(child, Standard.CREATE) if spec[0] != relation.name]
    specs: list[Spec] = [("id", "ID | None", "ID of an existing record; omit to create one."), *own]
    required(name, specs, "List entry; omitted fields of an existing record are unchanged.")


def _child_inputs(entity: Entity) -> None:
    """Register the inputs of records that are created with a parent, one per relation."""
    for relation, above in zip(entity.parents, entity.parent_types, strict=True):
        if relation.exposed.reverse:
            own = [s for s in fields(entity, Standard.CREATE) if s[0] != relation.name]
            for name, brought in entity.nested_creates.items():
                if brought is not relation:
                    own = _with_new(entity, brought, name, own)
            doc = "Record created together with its parent."
            required(nested_input(above, relation), own, doc)


def nested_input(parent: Entity, relation: Reference) -> str:
    """Name of the input of a record created with its parent: `OpportunityRelatedAccountInput`."""
    return f"{parent.name}{singular(str(relation.exposed.reverse))}Input"


def _with_new(entity: Entity, relation: Reference, name: str, specs: list[Spec]) -> list[Spec]:
    """Replace a reference by two optional fields: an existing record by ID, or the input of a new one."""
    target = entity.targets[relation.name].name
    doc = f"{relation.doc.removesuffix('.')}: a new one, created with the record."
    named = f"{relation.doc.removesuffix('.')}: an existing one."
    return [
        *((relation.name, "ID | None", named) if s[0] == relation.name else s for s in specs),
        (name, f"{target}CreateInput | None", doc),
    ]


def _create_input(entity: Entity, children: list[tuple[Entity, Reference]]) -> None:
    nested: list[Spec] = [
        (
            str(relation.exposed.reverse),
            f"list[{nested_input(entity, relation)}] | None",
            f"{relation.exposed.reverse_doc} Created with the record.",
        )
        for child, relation in children
    ]
    specs = [*fields(entity, Standard.CREATE), *nested]
    required(f"{entity.name}CreateInput", specs, "Fields of the new record.")


def _shared() -> None:
    required("RecordInput", [ID_SPEC, VERSION_SPEC], "ID of the record and its version.")
    replace: Spec = (
        "replaceWith",
        "ID | None",
        "Record of the same type that replaces it in all references.",
    )
    doc = "Record to delete and its optional replacement."
    required("ReplaceInput", [ID_SPEC, VERSION_SPEC, replace], doc)
    values: list[Spec] = [
        ("key", "AttributeKey", "Custom attribute."),
        ("text", "str | None", "The value of an attribute of kind TEXT."),
        ("number", "DecimalText | None", "The value of an attribute of kind NUMBER."),
        ("date", "DateText | None", "The value of an attribute of kind DATE."),
        ("boolean", "bool | None", "The value of an attribute of kind BOOLEAN."),
    ]
    doc = "Custom attribute value; omit the value to set null."
    required("AttributeInput", values, doc)


def fields(entity: Entity, operation: Standard) -> list[Spec]:
    """Input fields of an entity. On create, fields without which no record can exist are required."""
    specs: list[Spec] = []
    for name, each in entity.written.items():
        if each.exposed.immutable and operation is Standard.UPDATE:
            continue
        needed = operation is Standard.CREATE and is_needed(entity, each)
        needed |= operation is Standard.UPSERT and name == "externalId"
        annotation = _annotation(each)
        specs.append((name, annotation if needed else f"{annotation} | None", each.doc))
    if entity.attributes:
        doc = "Custom attribute values; attributes not named are unchanged."
        specs.append(("attributes", "list[AttributeInput] | None", doc))
    return specs


def is_needed(entity: Entity, each: Field | Reference) -> bool:
    """Whether no record can be created without the field."""
    default = entity.table.c[each.column].server_default
    return not each.nullable and not each.exposed.server_assigned and default is None


def _annotation(each: Field | Reference) -> str:
    if isinstance(each, Reference) or each.kind is Kind.ID:
        return "ID"
    return each.enum.__name__ if each.enum else str(SCALAR[each.kind].__name__)


def required(name: str, specs: Iterable[Spec], doc: str) -> None:
    """Register an input whose fields are required unless their annotations allow null."""
    annotations: dict[str, str] = {}
    body: dict[str, object] = {"__module__": type_registry.__name__}
    for key, annotation, description in specs:
        optional = annotation.endswith("| None")
        default = {"default": strawberry.UNSET} if optional else {}
        body[f"{key}_"] = strawberry.field(name=key, description=description, **default)
        annotations[f"{key}_"] = annotation
    ordered = sorted(annotations, key=lambda n: annotations[n].endswith("None"))
    body["__annotations__"] = {key: annotations[key] for key in ordered}
    put(name, strawberry.input(type(name, (), body), name=name, description=doc))


POSITION_SPEC: Spec = (
    "livePosition",
    "str | None",
    (
        "Position of the write. A live list whose `livePosition` is equal or alphabetically greater contains it. "
        "Null if the request wrote nothing."
    ),
)


def _payloads(entity: Entity) -> None:
    errors: Spec = ("userErrors", "list[UserError]", "Validation errors; empty on success.")
    specs: list[Spec] = [
        ("id", "ID | None", "ID of the record, also after deletion."),
        (entity.singular, f"{entity.name} | None", "Current record, as visible to the caller."),
        errors,
        POSITION_SPEC,
    ]
    make(f"{entity.name}Payload", specs, "Result of a mutation of one record.")
    results = "One result per input, in order; null after a request error."
    every: Spec = (
        "userErrors",
        "list[UserError]",
        "Validation errors of all inputs, with the path of each.",
    )
    many: list[Spec] = [
        ("results", f"list[{entity.name}Payload | None] | None", results),
        every,
        POSITION_SPEC,
    ]
    make(f"{entity.name}ManyPayload", many, "Result of a mutation of many records.")


def root(mutation: Mutation) -> tuple[Spec, list[StrawberryArgument]]:
    """The root field of a mutation, with its arguments."""
    input, doc = input_of(mutation.command, mutation.entity), mutation.command.doc
    if not mutation.many:
        spec = (mutation.name, f"{mutation.payload} | None", doc)
        return spec, [_argument("input", input, "Input of the mutation.")]
    spec = (
        mutation.name,
        f"{mutation.payload} | None",
        f"Bulk form of `{mutation.name.removesuffix(MANY)}`.",
    )
    all_or_none = argument(
        "allOrNone", "bool", "Roll back every input if one fails. Default: true."
    )
    return spec, [_argument("inputs", f"list[{input}]", "Inputs, at most 250."), all_or_none]


def _argument(name: str, annotation: str, doc: str) -> StrawberryArgument:
    made = argument(name, annotation, doc)
    made.type_annotation.annotation = annotation
    return made


def input_of(command: Command, entity: Entity) -> str:
    """Name of the input type of a command."""
    match command.standard:
        case Standard.DELETE if entity.is_replaceable:
            return "ReplaceInput"
        case Standard.DELETE | Standard.RESTORE:
            return "RecordInput"
        case _:
            return f"{entity.name}{command.suffix}Input"
