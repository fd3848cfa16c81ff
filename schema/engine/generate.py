"""From the declarations to GraphQL types: an entity's type, its filter, its order, its connection and its aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from db.engine.declare import SEARCH
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference
from db.engine.model import Model
from db.engine.plan.selection import PERMISSIONS, TYPE_PERMISSIONS, Function
from schema.engine import type_registry
from schema.engine.type_registry import FILTERS, OPERATORS, SAYS, SCALAR

Spec = tuple[str, str, str]
"""A field of a generated type: its name, its type as an annotation, and its description."""
"""A field: its name, its annotation, its description."""

NUMBERS = {Kind.INT, Kind.DECIMAL, Kind.MONEY}
AGGREGATED: dict[Function, set[Kind]] = {
    Function.SUM: NUMBERS,
    Function.AVG: NUMBERS,
    Function.MIN: NUMBERS | {Kind.DATE, Kind.DATETIME},
    Function.MAX: NUMBERS | {Kind.DATE, Kind.DATETIME},
}
SUMMED = {
    Function.SUM: "The sum; for money one sum per currency.",
    Function.AVG: "The average, with two digits more.",
    Function.MIN: "The least.",
    Function.MAX: "The greatest.",
    Function.COUNT_UNIQUE: "How many different values there are; empty ones do not count.",
    Function.PERCENT_EMPTY: "Of how many in a hundred the value is empty, with two digits.",
}


@dataclass(frozen=True)
class Special:
    """The entities that have a part of their own in the API, by name."""

    viewer: str
    """The type of the root field `viewer`."""
    owner: str
    """The type of the field `owner` in every record that has one."""

    @cached_property
    def interfaces(self) -> Mapping[str, tuple[list[Spec], str]]:
        """The interfaces: the fields of each, and its description."""
        return {
            "Record": (
                [
                    ("version", "int | None", "Grows by one with every change."),
                    ("createdAt", "DateTimeText | None", "When the record was created."),
                    ("updatedAt", "DateTimeText | None", "When the record was last changed."),
                ],
                "Anything that is kept, with what is known of each such thing.",
            ),
            "Owned": (
                [("owner", f"{self.owner} | None", "The employee responsible.")],
                "Any record that an employee is responsible for.",
            ),
        }


def argument(name: str, annotation: str, doc: str) -> StrawberryArgument:
    """An optional argument of a generated field."""
    kind = StrawberryAnnotation(f"{annotation} | None", namespace=vars(type_registry))
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
        argument("last", "int", "How many at most from the end of the list, 1 to 100."),
        argument("before", "str", "The cursor to read up to."),
    ]


def bin_argument() -> StrawberryArgument:
    """What a list of records takes besides, where they can be deleted."""
    doc = "The bin: only records that were deleted. For those who may delete and restore them."
    return argument("trashed", "Trashed", doc)


def make(
    name: str,
    specs: Iterable[Spec],
    doc: str,
    *,
    bases: tuple[type, ...] = (),
    interface: bool = False,
    arguments: dict[str, list[StrawberryArgument]] | None = None,
    deprecated: dict[str, str | None] | None = None,
) -> type:
    """An object type or an interface, put among the words under its name."""
    annotations: dict[str, str] = {}
    body: dict[str, object] = {"__annotations__": annotations, "__module__": type_registry.__name__}
    for key, annotation, description in specs:
        field = StrawberryField(
            graphql_name=key,
            description=description,
            deprecation_reason=(deprecated or {}).get(key),
        )
        field.arguments = (arguments or {}).get(key, [])
        body[f"{key}_"] = field
        annotations[f"{key}_"] = annotation
    kind = strawberry.interface if interface else strawberry.type
    return put(name, kind(type(name, bases, body), name=name, description=doc))


def make_input(name: str, specs: Iterable[Spec], doc: str, *, one_of: bool = False) -> type:
    """An input type whose fields are all optional."""
    annotations: dict[str, str] = {}
    body: dict[str, object] = {"__annotations__": annotations, "__module__": type_registry.__name__}
    for key, annotation, description in specs:
        body[f"{key}_"] = strawberry.field(
            name=key, description=description, default=strawberry.UNSET
        )
        annotations[f"{key}_"] = f"{annotation} | None"
    made = strawberry.input(type(name, (), body), name=name, description=doc, one_of=one_of)
    return put(name, made)


def put(name: str, made: type) -> type:
    """Put a type among the words; two types of one name would silently be one."""
    if hasattr(type_registry, name):
        raise TypeError(
            f"The API has a type {name} already: name the entity or the input otherwise."
        )
    setattr(type_registry, name, made)
    return made


def shared_types(special: Special) -> None:
    """The interfaces, the filters of the kinds of values, and those of attributes."""
    for name, (specs, doc) in special.interfaces.items():
        make(name, specs, doc, bases=(type_registry.Node,), interface=True)
    for kind, name in FILTERS.items():
        if kind is not Kind.MONEY:
            _value_filter(name, kind, SCALAR[kind].__name__)
    _permission_types()
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


def _permission_types() -> None:
    """What the caller may do with a record, and with the records of a type."""
    access: list[Spec] = [
        ("update", "bool", "Whether you may change it."),
        ("delete", "bool", "Whether you may delete it."),
        (
            "writable",
            "list[str]",
            "The fields that you may write, and attributes as `attributes.key`; some only in certain statuses.",
        ),
    ]
    make("RecordPermissions", access, "What you may do with a record, as far as rights say.")
    by_type: list[Spec] = [
        ("type", "str", "The kind of record."),
        ("rows", "RowScope", "Which of them you see: all, or those that are yours."),
        ("create", "bool", "Whether you may create one."),
        ("update", "WriteScope | None", "Which of those you see you may change; none if empty."),
        ("delete", "WriteScope | None", "Which of those you see you may delete; none if empty."),
        ("readable", "list[str]", "The fields you may read, and attributes as `attributes.key`."),
        ("writable", "list[str]", "The fields you may write, and attributes as `attributes.key`."),
    ]
    make(
        "TypePermissions", by_type, "What you may do with records of a kind, as far as rights say."
    )


def _value_filter(name: str, kind: Kind, scalar: str) -> None:
    many = {"in", "notIn"}
    specs = []
    for op in OPERATORS[kind]:
        annotation = f"list[{scalar}]" if op.value in many else scalar
        specs.append((op.value, "bool" if op.value == "isNull" else annotation, SAYS[op]))
    make_input(name, specs, "Tests of a value; all of those given must be met.")


def entity_types(model: Model, entity: Entity, doc: str, special: Special) -> None:
    """All types of one entity."""
    for field in entity.fields.values():
        if field.enum is not None and not hasattr(type_registry, f"{field.enum.__name__}Filter"):
            _enum(field)
    _object(entity, doc, special)
    if entity.is_singleton:
        return
    _connection(entity)
    _filter(model, entity)
    _order(entity)


def _enum(field: Field) -> None:
    assert field.enum is not None  # noqa: S101 - the caller looked
    name = field.enum.__name__
    if not hasattr(type_registry, name):
        doc = (field.enum.__doc__ or "").split(" (D-")[0].strip()
        setattr(type_registry, name, strawberry.enum(field.enum, name=name, description=doc))
    _value_filter(f"{name}Filter", Kind.ENUM, name)


def kind_name(field: Field) -> str:
    """The annotation of a value of this field."""
    if field.enum is not None:
        return field.enum.__name__
    return "Money" if field.kind is Kind.MONEY else str(SCALAR[field.kind].__name__)


def _object(entity: Entity, doc: str, special: Special) -> None:
    """Everything a right can hide may be null; only the id never is (D-30)."""
    specs: list[Spec] = [("id", "ID", entity.fields["id"].doc)]
    for field in entity.fields.values():
        if field.name != "id":
            specs.append((field.name, f"{kind_name(field)} | None", field.doc))
    for reference in entity.references.values():
        specs.append((reference.name, f"{reference.target} | None", reference.doc))
    for computed in entity.derived.values():
        specs.append((computed.name, f"{SCALAR[computed.kind].__name__} | None", computed.doc))
    arguments = {}
    for reverse in entity.reverses.values():
        specs.append((reverse.name, f"{reverse.source}Connection | None", reverse.doc))
        arguments[reverse.name] = page_arguments(reverse.source)
    if entity.attributes:
        doc_ = "Values of the tenant's own attributes that you may read, in the order of the keys."
        specs.append(("attributes", "list[AttributeValue]", doc_))
        keys = argument("keys", "list[AttributeKey]", "Only these, in this order.")
        arguments["attributes"] = [keys]
    if not entity.is_trace:
        doc_ = "What you may do with it, as far as rights say; rules may still be against it."
        specs.append((PERMISSIONS, "RecordPermissions", doc_))
    if entity.name == special.viewer:
        doc_ = "What you may do with records of each kind that you may see; told of yourself only."
        specs.append((TYPE_PERMISSIONS, "list[TypePermissions] | None", doc_))
    deprecated = {field.name: field.exposed.deprecated for field in entity.fields.values()}
    told = {name: annotation for name, annotation, _ in specs}
    bases = tuple(type_of(name) for name in _implemented(told, special))
    make(entity.name, specs, doc, bases=bases, arguments=arguments, deprecated=deprecated)


def _implemented(told: Mapping[str, str], special: Special) -> list[str]:
    """The interfaces of a type with these fields: those all of whose fields it has, and Node."""
    return [
        *(
            name
            for name, (specs, _) in special.interfaces.items()
            if all(told.get(field) == annotation for field, annotation, _ in specs)
        ),
        "Node",
    ]


def type_of(name: str) -> type:
    """The type of this name."""
    found: type = getattr(type_registry, name)
    return found


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
    ]
    if entity.has_groups:
        doc = "Aggregates over all matching records, ignoring pagination."
        parts.append(("aggregate", f"{name}Aggregate", doc))
        make(f"{name}Aggregate", measures(entity), "Aggregates over records.")
    counted = argument(
        "atMost", "int", "Count no further than this, which is cheaper; 1 to 100000."
    )
    doc = "A list of records, a page at a time."
    make(f"{name}Connection", parts, doc, arguments={"totalCount": [counted]})


def measure_type(entity: str, function: str) -> str:
    """The name of the type of a measure: `OpportunityCountUnique`."""
    return f"{entity}{function[0].upper()}{function[1:]}"


def measured_by(entity: Entity, function: Function) -> list[Field | Reference]:
    """What a function is measured of."""
    if function in AGGREGATED:
        kinds = AGGREGATED[function]
        return [f for f in entity.fields.values() if f.exposed.aggregate and f.kind in kinds]
    kept = [f for f in entity.fields.values() if f.exposed.filter and f.name != "id"]
    counted: list[Field | Reference] = [*kept, *entity.references.values()]
    if function is Function.PERCENT_EMPTY:
        return [each for each in counted if each.nullable]
    return counted


def measures(entity: Entity) -> list[Spec]:
    """How many there are, and the measures of their fields, with their types."""
    parts: list[Spec] = [("count", "int", "How many records there are.")]
    for function in Function:
        of = measured_by(entity, function)
        if of:
            name = measure_type(entity.name, function)
            if not hasattr(type_registry, name):
                specs = [(each.name, _measured(each, function), each.doc) for each in of]
                make(name, specs, SUMMED[function])
            parts.append((function.value, name, SUMMED[function]))
    return parts


def _measured(what: Field | Reference, function: Function) -> str:
    if function is Function.COUNT_UNIQUE:
        return "int"
    if function is Function.PERCENT_EMPTY or isinstance(what, Reference):
        return "DecimalText | None"
    if what.kind is Kind.MONEY:
        return "list[Money]"
    exact = function in (Function.SUM, Function.AVG)
    return "DecimalText | None" if exact else f"{kind_name(what)} | None"


def _filter(model: Model, entity: Entity) -> None:
    name = f"{entity.name}Filter"
    specs: list[Spec] = [
        ("and", f"list[{name}]", "All of these."),
        ("or", f"list[{name}]", "At least one of these; an empty list is never met."),
        ("not", name, "Exactly the records that this does not find."),
    ]
    if entity.searched:
        by = ", ".join(f"`{each.field.name}`" for each in entity.searched)
        doc = f"Every word of this text is a piece of one of these: {by}, as far as you may read them."
        specs.append((SEARCH, "str", doc))
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
