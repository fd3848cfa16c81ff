"""Generates the GraphQL types of an entity from its declaration: object, filter, order, connection, aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from db.engine.declare import SEARCH
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference
from db.engine.model import Model
from db.engine.plan.selection import PERMISSIONS, TYPE_PERMISSIONS, Function
from domain.described import DescribedEnum
from schema.engine import type_registry
from schema.engine.enums import graphql_enum
from schema.engine.type_registry import FILTERS, OPERATOR_DESCRIPTIONS, OPERATORS, SCALAR

Spec = tuple[str, str, str]
"""A field of a generated type: its name, its type as an annotation, and its description."""

NUMBERS = {Kind.INT, Kind.DECIMAL, Kind.MONEY}
AGGREGATED: dict[Function, set[Kind]] = {
    Function.SUM: NUMBERS,
    Function.AVG: NUMBERS,
    Function.MIN: NUMBERS | {Kind.DATE, Kind.DATETIME},
    Function.MAX: NUMBERS | {Kind.DATE, Kind.DATETIME},
}
SUMMED = {
    Function.SUM: "Sum; for money, one per currency.",
    Function.AVG: "Average, with two additional decimals.",
    Function.MIN: "Minimum.",
    Function.MAX: "Maximum.",
    Function.COUNT_UNIQUE: "Number of distinct non-null values.",
    Function.PERCENT_EMPTY: "Percentage of records where the field is null, two decimals.",
}


@dataclass(frozen=True)
class Special:
    """Names of the entities with a special role in the API."""

    viewer: str
    """The type of the root field `viewer`."""
    owner: str
    """The type of the field `owner` in every record that has one."""

    @cached_property
    def interfaces(self) -> Mapping[str, tuple[list[Spec], str]]:
        """Fields and description of each interface."""
        return {
            "Record": (
                [
                    ("version", "int | None", "Version number; grows by one with every change."),
                    ("createdAt", "DateTimeText | None", "Creation time."),
                    ("updatedAt", "DateTimeText | None", "Time of the last change."),
                ],
                "Stored record with its version and timestamps.",
            ),
            "Owned": (
                [("owner", f"{self.owner} | None", "Responsible employee.")],
                "Record with a responsible employee.",
            ),
        }


def argument(name: str, annotation: str, doc: str) -> StrawberryArgument:
    """An optional argument of a generated field."""
    kind = StrawberryAnnotation(f"{annotation} | None", namespace=vars(type_registry))
    return StrawberryArgument(name, name, kind, description=doc, default=strawberry.UNSET)


def page_arguments(entity: str) -> list[StrawberryArgument]:
    """Arguments of every list."""
    return [
        argument("filter", f"{entity}Filter", "Filter conditions; default: all visible records."),
        argument("orderBy", f"list[{entity}Order]", "Sort keys, most significant first."),
        argument("first", "int", "Maximum number from the start, 1 to 100; default: 25."),
        argument("after", "str", "Cursor after which the page starts."),
        argument("last", "int", "Maximum number from the end, 1 to 100."),
        argument("before", "str", "Cursor before which the page ends."),
    ]


def trash_argument() -> StrawberryArgument:
    """Additional argument of lists of records that can be deleted."""
    doc = "Only records in the trash; requires the right to delete."
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
    """Create an object type or an interface, and register it."""
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
    """Create an input type whose fields are all optional, and register it."""
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
    """Register a type. Raises TypeError if the name is in use: strawberry would merge both types silently."""
    if hasattr(type_registry, name):
        raise TypeError(
            f"The API has a type {name} already: name the entity or the input otherwise."
        )
    setattr(type_registry, name, made)
    return made


def shared_types(special: Special) -> None:
    """Register the interfaces and the filters of value kinds and attributes."""
    for name, (specs, doc) in special.interfaces.items():
        make(name, specs, doc, bases=(type_registry.Node,), interface=True)
    for kind, name in FILTERS.items():
        if kind is not Kind.MONEY:
            _value_filter(name, kind, SCALAR[kind].__name__)
    _permission_types()
    values = [
        ("key", "AttributeKey", "Custom attribute."),
        ("text", "StringFilter", "For an attribute of kind TEXT."),
        ("number", "DecimalFilter", "For an attribute of kind NUMBER."),
        ("date", "DateFilter", "For an attribute of kind DATE."),
        ("boolean", "BooleanFilter", "For an attribute of kind BOOLEAN."),
    ]
    make_input("AttributeValueFilter", values, "Conditions on a custom attribute.")
    keys = [
        ("key", "AttributeKey", "Custom attribute."),
        ("direction", "OrderDirection", "Sort direction."),
    ]
    make_input("AttributeValueOrder", keys, "Sort key for a custom attribute.")


def _permission_types() -> None:
    """Register the types of permissions: of a record, and of a type."""
    access: list[Spec] = [
        ("update", "bool", "Whether the caller may update the record."),
        ("delete", "bool", "Whether the caller may delete the record."),
        (
            "writable",
            "list[str]",
            "Writable fields, the same for all rows of a list; attributes as `attributes.key`.",
        ),
    ]
    make("RecordPermissions", access, "The caller's permissions on a record.")
    by_type: list[Spec] = [
        ("type", "str", "Object type."),
        ("rows", "RowScope", "Visible records: all, or the caller's own."),
        ("create", "bool", "Whether the caller may create records."),
        ("update", "WriteScope | None", "Visible records that the caller may update; null: none."),
        ("delete", "WriteScope | None", "Visible records that the caller may delete; null: none."),
        ("readable", "list[str]", "Readable fields; attributes as `attributes.key`."),
        ("writable", "list[str]", "Writable fields; attributes as `attributes.key`."),
    ]
    make("TypePermissions", by_type, "The caller's permissions on records of a type.")


def _value_filter(name: str, kind: Kind, scalar: str) -> None:
    many = {"in", "notIn"}
    specs = []
    for op in OPERATORS[kind]:
        annotation = f"list[{scalar}]" if op.value in many else scalar
        specs.append(
            (op.value, "bool" if op.value == "isNull" else annotation, OPERATOR_DESCRIPTIONS[op])
        )
    make_input(name, specs, "Conditions on a value, combined with AND.")


def entity_types(model: Model, entity: Entity, doc: str, special: Special) -> None:
    """Register the object, connection, filter and order types of an entity."""
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
        setattr(type_registry, name, graphql_enum(cast("type[DescribedEnum]", field.enum)))
    _value_filter(f"{name}Filter", Kind.ENUM, name)


def kind_name(field: Field) -> str:
    """Name of the GraphQL type of a field's values."""
    if field.enum is not None:
        return field.enum.__name__
    return "Money" if field.kind is Kind.MONEY else str(SCALAR[field.kind].__name__)


def _object(entity: Entity, doc: str, special: Special) -> None:
    """Register the object type. All fields that permissions can hide are nullable; the ID never is (D-30)."""
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
        doc_ = "Readable custom attribute values, ordered by key."
        specs.append(("attributes", "list[AttributeValue]", doc_))
        keys = argument(
            "keys",
            "list[AttributeKey]",
            "Keys of the attributes to return, in this order. Default: all.",
        )
        arguments["attributes"] = [keys]
    if not entity.is_trace:
        doc_ = (
            "The caller's permissions on this record. Business rules may still refuse a mutation."
        )
        specs.append((PERMISSIONS, "RecordPermissions", doc_))
    if entity.name == special.viewer:
        doc_ = "The caller's permissions by visible type; null for other users."
        specs.append((TYPE_PERMISSIONS, "list[TypePermissions] | None", doc_))
    deprecated = {field.name: field.exposed.deprecated for field in entity.fields.values()}
    annotations = {name: annotation for name, annotation, _ in specs}
    bases = tuple(type_of(name) for name in _implemented(annotations, special))
    make(entity.name, specs, doc, bases=bases, arguments=arguments, deprecated=deprecated)


def _implemented(annotations: Mapping[str, str], special: Special) -> list[str]:
    """Names of the interfaces whose fields are all among these; Node is always one."""
    return [
        *(
            name
            for name, (specs, _) in special.interfaces.items()
            if all(annotations.get(field) == annotation for field, annotation, _ in specs)
        ),
        "Node",
    ]


def type_of(name: str) -> type:
    """The registered type with this name."""
    found: type = getattr(type_registry, name)
    return found


def _connection(entity: Entity) -> None:
    name = entity.name
    edge: list[Spec] = [
        ("cursor", "str", "Opaque position in the list."),
        ("node", name, "Record."),
    ]
    make(f"{name}Edge", edge, "Record with its cursor.")
    parts: list[Spec] = [
        ("edges", f"list[{name}Edge]", "Records of this page, with cursors."),
        ("nodes", f"list[{name}]", "Records of this page."),
        ("pageInfo", "PageInfo", "Position of the page in the list."),
        ("totalCount", "int", "Number of records on all pages."),
        (PERMISSIONS, "TypePermissions", "The caller's permissions on records of this type."),
    ]
    if entity.has_groups:
        doc = "Aggregates over all matching records, ignoring pagination."
        parts.append(("aggregate", f"{name}Aggregate", doc))
        make(f"{name}Aggregate", measures(entity), "Aggregates over records.")
    counted = argument(
        "atMost", "int", "Stop counting at this number, which is faster; 1 to 100000."
    )
    doc = "Page of a list."
    make(f"{name}Connection", parts, doc, arguments={"totalCount": [counted]})


def measure_type(entity: str, function: str) -> str:
    """Name of the type of an aggregate function: `OpportunityCountUnique`."""
    return f"{entity}{function[0].upper()}{function[1:]}"


def measured_by(entity: Entity, function: Function) -> list[Field | Reference]:
    """The fields and references that an aggregate function applies to."""
    if function in AGGREGATED:
        kinds = AGGREGATED[function]
        return [f for f in entity.fields.values() if f.exposed.aggregate and f.kind in kinds]
    kept = [f for f in entity.fields.values() if f.exposed.filter and f.name != "id"]
    counted: list[Field | Reference] = [*kept, *entity.references.values()]
    if function is Function.PERCENT_EMPTY:
        return [each for each in counted if each.nullable]
    return counted


def measures(entity: Entity) -> list[Spec]:
    """Fields of an aggregate: the count, and each function with a type that has the fields it applies to."""
    parts: list[Spec] = [("count", "int", "Number of records.")]
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
        ("and", f"list[{name}]", "All conditions match."),
        ("or", f"list[{name}]", "At least one condition matches; an empty list matches nothing."),
        ("not", name, "Records that the condition does not match."),
    ]
    if entity.searched:
        by = ", ".join(f"`{each.field.name}`" for each in entity.searched)
        doc = f"Each word occurs in one of the readable fields {by}."
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
        specs.append(("attribute", "AttributeValueFilter", "Custom attribute."))
    make_input(name, specs, "Conditions on a record, combined with AND.")
    several: list[Spec] = [
        ("some", name, "At least one record matches."),
        ("none", name, "No record matches."),
        ("every", name, "Every record matches; true for an empty list."),
    ]
    make_input(f"{entity.name}ListFilter", several, "Conditions on the visible records of a list.")


def _order(entity: Entity) -> None:
    specs: list[Spec] = [
        (field.name, "OrderDirection", field.doc)
        for field in entity.fields.values()
        if field.exposed.sort
    ]
    for reference in entity.references.values():
        specs.append((reference.name, f"{reference.target}Order", reference.doc))
    if entity.attributes:
        specs.append(("attribute", "AttributeValueOrder", "Custom attribute."))
    specs.append(("id", "OrderDirection", "ID; ascending by creation time."))
    make_input(
        f"{entity.name}Order", specs, "Sort key; exactly one field is required.", one_of=True
    )
