"""From the declarations to GraphQL types: an entity's type, its filter, its order, its connection and its aggregate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from db.engine.model import Entity, Field, Kind, Model
from schema.engine import words
from schema.engine.words import FILTERS, OPERATORS, SAYS, SCALAR

Spec = tuple[str, Any, str]
"""A field: its name, its annotation, its description."""

AGGREGATED = {
    "sum": {Kind.INT, Kind.DECIMAL, Kind.MONEY},
    "avg": {Kind.INT, Kind.DECIMAL, Kind.MONEY},
    "min": {Kind.INT, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME},
    "max": {Kind.INT, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME},
}
SUMMED = {
    "sum": "The sum; for money one sum per currency.",
    "avg": "The average, with two digits more.",
    "min": "The least.",
    "max": "The greatest.",
}


def argument(name: str, annotation: str, doc: str) -> StrawberryArgument:
    """An optional argument of a generated field."""
    kind = StrawberryAnnotation(f"{annotation} | None", namespace=vars(words))
    return StrawberryArgument(name, name, kind, description=doc, default=strawberry.UNSET)


def page_arguments(entity: str) -> list[StrawberryArgument]:
    """What every list takes."""
    return [
        argument("filter", f"{entity}Filter", "Which records; all visible ones if not given."),
        argument(
            "orderBy", f"list[{entity}Order]", "The keys to sort by, the most important first."
        ),
        argument("first", "int", "How many at most, 1 to 100; 25 if not given."),
        argument("after", "str", "The cursor to read on from."),
    ]


def make(
    name: str,
    specs: Iterable[Spec],
    doc: str,
    *,
    bases: tuple[type, ...] = (),
    arguments: dict[str, list[StrawberryArgument]] | None = None,
    deprecated: dict[str, str | None] | None = None,
) -> type:
    """An object type, put among the words under its name."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": words.__name__}
    for key, annotation, description in specs:
        field = StrawberryField(
            graphql_name=key,
            description=description,
            deprecation_reason=(deprecated or {}).get(key),
        )
        field.arguments = (arguments or {}).get(key, [])
        body[f"{key}_"] = field
        body["__annotations__"][f"{key}_"] = annotation
    made = strawberry.type(type(name, bases, body), name=name, description=doc)
    return _put(name, made)


def make_input(name: str, specs: Iterable[Spec], doc: str, *, one_of: bool = False) -> type:
    """An input type whose fields are all optional."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": words.__name__}
    for key, annotation, description in specs:
        body[f"{key}_"] = strawberry.field(
            name=key, description=description, default=strawberry.UNSET
        )
        body["__annotations__"][f"{key}_"] = f"{annotation} | None"
    made = strawberry.input(type(name, (), body), name=name, description=doc, one_of=one_of)
    return _put(name, made)


def _put(name: str, made: type) -> type:
    """Put a type among the words; two types of one name would silently be one."""
    if hasattr(words, name):
        raise TypeError(
            f"The API has a type {name} already: name the entity or the input otherwise."
        )
    setattr(words, name, made)
    return made


def shared_types() -> None:
    """The filters of the kinds of values, and those of attributes."""
    for kind, name in FILTERS.items():
        if kind is not Kind.MONEY:
            _value_filter(name, kind, SCALAR[kind].__name__)
    values = [
        ("key", "AttributeKey", "The attribute."),
        ("text", "StringFilter", "For an attribute of kind TEXT."),
        ("number", "DecimalFilter", "For one of kind NUMBER."),
        ("date", "DateFilter", "For one of kind DATE."),
        ("boolean", "BooleanFilter", "For one of kind BOOLEAN."),
    ]
    make_input("AttributeValueFilter", values, "Tests of one of the tenant's own attributes.")
    keys = [
        ("key", "AttributeKey", "The attribute."),
        ("direction", "OrderDirection", "Which way."),
    ]
    make_input("AttributeValueOrder", keys, "Sorts by one of the tenant's own attributes.")


def _value_filter(name: str, kind: Kind, scalar: str) -> None:
    many = {"in", "notIn"}
    specs = []
    for op in OPERATORS[kind]:
        annotation = f"list[{scalar}]" if op.value in many else scalar
        specs.append((op.value, "bool" if op.value == "isNull" else annotation, SAYS[op]))
    make_input(name, specs, "Tests of a value; all of those given must be met.")


def entity_types(model: Model, entity: Entity, doc: str) -> None:
    """All types of one entity."""
    for field in entity.fields.values():
        if field.enum is not None and not hasattr(words, f"{field.enum.__name__}Filter"):
            _enum(field)
    _object(entity, doc)
    _connection(entity)
    _filter(model, entity)
    _order(entity)


def _enum(field: Field) -> None:
    assert field.enum is not None  # noqa: S101 - the caller looked
    name = field.enum.__name__
    if not hasattr(words, name):
        doc = (field.enum.__doc__ or "").split(" (D-")[0].strip()
        setattr(words, name, strawberry.enum(field.enum, name=name, description=doc))
    _value_filter(f"{name}Filter", Kind.ENUM, name)


def kind_name(field: Field) -> str:
    """The annotation of a value of this field."""
    if field.enum is not None:
        return field.enum.__name__
    return "Money" if field.kind is Kind.MONEY else str(SCALAR[field.kind].__name__)


def _object(entity: Entity, doc: str) -> None:
    """Everything a right can hide may be null; only the id never is (D-30)."""
    specs: list[Spec] = [("id", "ID", entity.fields["id"].doc)]
    for field in entity.fields.values():
        if field.name != "id":
            specs.append((field.name, f"{kind_name(field)} | None", field.doc))
    for reference in entity.references.values():
        specs.append((reference.name, f"{reference.target} | None", reference.doc))
    arguments = {}
    for reverse in entity.reverses.values():
        specs.append((reverse.name, f"{reverse.source}Connection | None", reverse.doc))
        arguments[reverse.name] = page_arguments(reverse.source)
    if entity.attributes:
        doc_ = "Values of the tenant's own attributes that you may read, in the order of the keys."
        specs.append(("attributes", "list[AttributeValue]", doc_))
        keys = argument("keys", "list[AttributeKey]", "Only these, in this order.")
        arguments["attributes"] = [keys]
    deprecated = {field.name: field.exposed.deprecated for field in entity.fields.values()}
    make(entity.name, specs, doc, bases=(words.Node,), arguments=arguments, deprecated=deprecated)


def _connection(entity: Entity) -> None:
    name = entity.name
    edge: list[Spec] = [
        ("cursor", "str", "Where the record stands in the list."),
        ("node", name, "The record."),
    ]
    make(f"{name}Edge", edge, "A record in a list.")
    parts: list[Spec] = [
        ("edges", f"list[{name}Edge]", "The records of this page with their cursors."),
        ("nodes", f"list[{name}]", "The records of this page."),
        ("pageInfo", "PageInfo", "Where the page lies."),
        ("totalCount", "int", "How many records there are on all pages together."),
        ("aggregate", f"{name}Aggregate", "Measures over the records of all pages."),
    ]
    _aggregate(entity)
    make(f"{name}Connection", parts, "A list of records, a page at a time.")


def _aggregate(entity: Entity) -> None:
    parts: list[Spec] = [("count", "int", "How many records there are.")]
    for function, kinds in AGGREGATED.items():
        measured = [f for f in entity.fields.values() if f.exposed.aggregate and f.kind in kinds]
        if measured:
            name = f"{entity.name}{function.capitalize()}"
            specs = [(f.name, _measured(f, function), f.doc) for f in measured]
            make(name, specs, SUMMED[function])
            parts.append((function, name, SUMMED[function]))
    make(f"{entity.name}Aggregate", parts, "Measures over records.")


def _measured(field: Field, function: str) -> str:
    if field.kind is Kind.MONEY:
        return "list[Money]"
    exact = function in ("sum", "avg")
    return "DecimalText | None" if exact else f"{kind_name(field)} | None"


def _filter(model: Model, entity: Entity) -> None:
    name = f"{entity.name}Filter"
    specs: list[Spec] = [
        ("and", f"list[{name}]", "All of these."),
        ("or", f"list[{name}]", "At least one of these; an empty list is never met."),
        ("not", name, "Exactly the records that this does not find."),
    ]
    for field in entity.fields.values():
        if field.exposed.filter:
            kind = f"{field.enum.__name__}Filter" if field.enum else FILTERS[field.kind]
            specs.append((field.name, kind, field.doc))
    for reference in entity.references.values():
        specs.append((reference.name, f"{reference.target}Filter", reference.doc))
    for reverse in entity.reverses.values():
        specs.append((reverse.name, f"{reverse.source}ListFilter", reverse.doc))
    if entity.attributes:
        specs.append(("attribute", "AttributeValueFilter", "One of the tenant's own attributes."))
    make_input(name, specs, "Tests of a record; all of those given must be met.")
    several: list[Spec] = [
        ("some", name, "At least one of them."),
        ("none", name, "None of them."),
        ("every", name, "All of them, so also none at all."),
    ]
    make_input(f"{entity.name}ListFilter", several, "Tests of the visible records of a list.")


def _order(entity: Entity) -> None:
    specs: list[Spec] = [
        (field.name, "OrderDirection", field.doc)
        for field in entity.fields.values()
        if field.exposed.sort
    ]
    for reference in entity.references.values():
        specs.append((reference.name, f"{reference.target}Order", reference.doc))
    if entity.attributes:
        specs.append(("attribute", "AttributeValueOrder", "One of the tenant's own attributes."))
    specs.append(("id", "OrderDirection", "The id, which grows with time."))
    make_input(f"{entity.name}Order", specs, "A key to sort by: give exactly one.", one_of=True)
