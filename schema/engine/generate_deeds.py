"""From the declarations to mutations: for each deed its input, its payload, and the form for many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument

from db.engine.fields import Field, Kind, Reference
from db.engine.model import Entity, Model
from schema.engine import words
from schema.engine.expose import Exposed, Verb
from schema.engine.generate import Spec, argument, make, put
from schema.engine.words import SCALAR

MANY = "Many"
SAYS = {
    Verb.CREATE: "Create a record.",
    Verb.UPDATE: "Change a record: fields that are given are set, those given as null are emptied.",
    Verb.DELETE: "Put a record, with what are parts of it, into the bin.",
    Verb.RESTORE: "Take a record, with what was deleted along with it, back out of the bin.",
    Verb.UPSERT: "Change the record with this `externalId`, or create it if there is none.",
}
ID_SPEC: Spec = ("id", "ID", "The record.")
VERSION_SPEC: Spec = (
    "version",
    "int | None",
    "The version you have seen: if somebody changed the same fields since, it is a conflict.",
)


@dataclass(frozen=True)
class Deed:
    """A root field of Mutation that does something with records of one kind."""

    name: str
    entity: str
    verb: str
    """A Verb, or a word of the kind's own such as `Move`."""
    shown: str
    """The payload's field with the record."""
    many: bool = False
    says: str = ""
    """What a client reads of it, where it is a word of the kind's own."""


def deeds_of(exposed: Iterable[Exposed]) -> dict[str, Deed]:
    """Every deed that all kinds of records have in common, one by one and many at once."""
    found: dict[str, Deed] = {}
    for each in exposed:
        for verb in each.deeds:
            found |= both(each.entity, each.one, verb.value)
    return found


def both(entity: str, one: str, verb: str, says: str = "") -> dict[str, Deed]:
    """A deed and its form for many, by their names."""
    name = f"{one}{verb}"
    return {
        name: Deed(name, entity, verb, one, says=says),
        name + MANY: Deed(name + MANY, entity, verb, one, many=True, says=says),
    }


def deed_types(model: Model, exposed: list[Exposed]) -> None:
    """The inputs and payloads of all deeds."""
    _shared()
    doing = [each for each in exposed if each.deeds]
    creates = {e.entity for e in exposed if e.along or Verb.CREATE in e.deeds}
    for each in exposed:
        if each.entity in creates:
            _parts(model.entities[each.entity])
    for each in doing:
        entity = model.entities[each.entity]
        _payloads(entity, each.one)
        if entity.name in creates:
            parts = [(e, r) for e, r in model.nested(entity) if e.name in creates]
            _create(entity, parts)
        if Verb.UPDATE in each.deeds:
            specs = [ID_SPEC, VERSION_SPEC, *fields(entity, Verb.UPDATE)]
            required(f"{entity.name}UpdateInput", specs, "What to change, and of which record.")
        if Verb.UPSERT in each.deeds:
            specs = fields(entity, Verb.UPSERT)
            required(f"{entity.name}UpsertInput", specs, "What is to be true of the record.")


def _parts(entity: Entity) -> None:
    """The inputs of one that is created together with what it is a part of, for each way to that."""
    for way, above in zip(entity.wholes, entity.above, strict=True):
        if way.exposed.reverse:
            own = [s for s in fields(entity, Verb.CREATE) if s[0] != way.name]
            for name, brought in entity.brings.items():
                if brought is not way:
                    own = _brought(entity, brought, name, own)
            doc = "One that is created together with what it is a part of."
            required(f"{above.name}{entity.name}Input", own, doc)


def _brought(entity: Entity, way: Reference, name: str, specs: list[Spec]) -> list[Spec]:
    """One that is there may be named, or a new one given, so that neither is needed."""
    target = entity.targets[way.name].name
    doc = f"{way.doc.removesuffix('.')}, if it is a new one: it is created along, or nothing is."
    named = f"{way.doc.removesuffix('.')}, if it is there already."
    return [
        *((way.name, "ID | None", named) if spec[0] == way.name else spec for spec in specs),
        (name, f"{target}CreateInput | None", doc),
    ]


def _create(entity: Entity, parts: list[tuple[Entity, Reference]]) -> None:
    nested: list[Spec] = [
        (
            str(way.exposed.reverse),
            f"list[{entity.name}{part.name}Input] | None",
            f"{way.exposed.reverse_doc} They are created together.",
        )
        for part, way in parts
    ]
    specs = [*fields(entity, Verb.CREATE), *nested]
    required(f"{entity.name}CreateInput", specs, "What a new record is to hold.")


def _shared() -> None:
    required("RecordInput", [ID_SPEC, VERSION_SPEC], "Which record.")
    replace: Spec = (
        "replaceWith",
        "ID | None",
        "One of its kind that takes its place wherever something refers to it.",
    )
    doc = "Which record, and what takes its place where it is in use."
    required("ReplaceInput", [ID_SPEC, VERSION_SPEC, replace], doc)
    values: list[Spec] = [
        ("key", "AttributeKey", "The attribute."),
        ("text", "str | None", "The value of an attribute of kind TEXT."),
        ("number", "DecimalText | None", "Of kind NUMBER."),
        ("date", "DateText | None", "Of kind DATE."),
        ("boolean", "bool | None", "Of kind BOOLEAN."),
    ]
    doc = "A value of one of the tenant's own attributes; without a value it is emptied."
    required("AttributeInput", values, doc)


def fields(entity: Entity, verb: Verb) -> list[Spec]:
    """The fields that may be set. Null empties, so only what a record cannot be without is required."""
    specs: list[Spec] = []
    for name, each in entity.written.items():
        if each.exposed.once and verb is not Verb.CREATE and verb is not Verb.UPSERT:
            continue
        needed = verb is Verb.CREATE and is_needed(entity, each)
        needed |= verb is Verb.UPSERT and name == "externalId"
        annotation = _annotation(each)
        specs.append((name, annotation if needed else f"{annotation} | None", each.doc))
    if entity.attributes:
        doc = "Values of the tenant's own attributes; those not named stay as they are."
        specs.append(("attributes", "list[AttributeInput] | None", doc))
    return specs


def is_needed(entity: Entity, each: Field | Reference) -> bool:
    """Whether a record cannot be created without it."""
    default = entity.table.c[each.column].server_default
    return not each.nullable and not each.exposed.chosen and default is None


def _annotation(each: Field | Reference) -> str:
    if isinstance(each, Reference) or each.kind is Kind.ID:
        return "ID"
    return each.enum.__name__ if each.enum else str(SCALAR[each.kind].__name__)


def required(name: str, specs: Iterable[Spec], doc: str) -> None:
    """An input whose fields are needed unless their annotations say that they may be null."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": words.__name__}
    for key, annotation, description in specs:
        optional = annotation.endswith("| None")
        default = {"default": strawberry.UNSET} if optional else {}
        body[f"{key}_"] = strawberry.field(name=key, description=description, **default)
        body["__annotations__"][f"{key}_"] = annotation
    ordered = sorted(
        body["__annotations__"], key=lambda n: body["__annotations__"][n].endswith("None")
    )
    body["__annotations__"] = {key: body["__annotations__"][key] for key in ordered}
    put(name, strawberry.input(type(name, (), body), name=name, description=doc))


def _payloads(entity: Entity, one: str) -> None:
    errors: Spec = ("userErrors", "list[UserError]", "Why it was not done; empty if it was.")
    specs: list[Spec] = [
        ("id", "ID | None", "The record's id; a record that was deleted keeps it."),
        (one, f"{entity.name} | None", "The record as you see it now."),
        errors,
    ]
    make(f"{entity.name}Payload", specs, "What came of a deed.")
    results = (
        "One for each input, in their order; null where one failed otherwise than by `userErrors`."
    )
    every: Spec = (
        "userErrors",
        "list[UserError]",
        "What is to be put right in any of the inputs, each with its place; also in `results`.",
    )
    many: list[Spec] = [
        ("results", f"list[{entity.name}Payload | None] | None", results),
        every,
    ]
    make(f"{entity.name}ManyPayload", many, "What came of a deed that was done for many.")


def root(deed: Deed, input: str) -> tuple[Spec, list[StrawberryArgument]]:
    """The root field of a deed, with its arguments."""
    says = SAYS[Verb(deed.verb)] if deed.verb in list(Verb) else deed.says
    if not deed.many:
        spec = (deed.name, f"{deed.entity}Payload | None", says)
        return spec, [_argument("input", input, "What to do.")]
    spec = (deed.name, f"{deed.entity}ManyPayload | None", f"{says} For many at once.")
    all_or_none = argument(
        "allOrNone",
        "bool",
        "Whether one that fails keeps all from being done; so it is if not said.",
    )
    return spec, [_argument("inputs", f"list[{input}]", "What to do, at most 250."), all_or_none]


def _argument(name: str, annotation: str, doc: str) -> StrawberryArgument:
    made = argument(name, annotation, doc)
    made.type_annotation.annotation = annotation
    return made


def input_of(model: Model, deed: Deed) -> str:
    """The name of the input that a deed takes."""
    if deed.verb == Verb.DELETE and model.entities[deed.entity].is_replaceable:
        return "ReplaceInput"
    if deed.verb in (Verb.DELETE, Verb.RESTORE):
        return "RecordInput"
    return f"{deed.entity}{deed.verb}Input"
