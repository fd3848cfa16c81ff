"""Builds an `Entity` from its declaring class: columns become fields, references and computed values."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypedDict, cast

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Enum,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
)

from db.engine.base import Record, Standard, Trace
from db.engine.capabilities import ExternallyIdentified, HasSubject, Subject, number_prefix_of
from db.engine.declare import Derived, Exposed, Expression, exposed
from db.engine.entity import Entity
from db.engine.fields import Computed, Field, Kind, Reference
from db.engine.searched import searched_by
from db.engine.sql import SqlType, TableColumn
from domain.naming import camel, plural
from domain.violations import Rule


def entity_of(record: type[Record] | type[Trace]) -> Entity:
    """The entity that a class declares. Raises TypeError for an inconsistent declaration."""
    table = record.__table__
    fields: dict[str, Field] = {}
    references: dict[str, Reference] = {}
    attributes = None
    for column in table.columns:
        api = exposed(column.info) if "api" in column.info else _undeclared(table, column)
        if api is None:
            continue
        if api.attributes:
            attributes = column.name
        elif api.target:
            reference = _reference(column, api)
            references[reference.name] = reference
        else:
            value = _field(column, api)
            fields[value.name] = value
    for name, declared in vars(record).items():
        if isinstance(declared, Expression):
            field = _expression(name, declared, fields)
            fields[field.name] = field
    return Entity(
        record.__name__,
        record.__prefix__,
        cast("type[Record]", record),
        table,
        (record.__doc__ or "").strip(),
        fields,
        references,
        derived=_all_derived(record, fields),
        attributes=attributes,
        is_trace=issubclass(record, Trace),
        searched=searched_by(record, fields),
        **_options(record),
    )


def _all_derived(
    record: type[Record] | type[Trace], fields: Mapping[str, Field]
) -> dict[str, Computed]:
    return {
        camel(name): _derived(name, declared, fields)
        for name, declared in vars(record).items()
        if isinstance(declared, Derived)
    }


class _EntityOptions(TypedDict, total=False):
    """Arguments of `Entity` that come from class attributes instead of columns."""

    record: str | None
    plural: str
    has_groups: bool
    is_singleton: bool
    commands: tuple[Standard, ...]
    is_created_along: bool
    is_live: bool
    status: str | None
    owner: str | None
    is_rights: bool
    is_replaceable: bool
    merge_key: str | None
    number_prefix: str | None
    subjects: tuple[Subject, ...]
    rule: Rule | None


def _options(record: type[Record] | type[Trace]) -> _EntityOptions:
    """Arguments of `Entity` that come from the attributes of a record class."""
    if issubclass(record, Trace):
        return {
            "record": record.__record__,
            "plural": plural(record.__name__),
            "has_groups": record.__groups__,
        }
    if Standard.UPSERT in record.__commands__ and not issubclass(record, ExternallyIdentified):
        raise TypeError(
            f"{record.__name__} is upserted by its external id: make it ExternallyIdentified."
        )
    if record.__owner__ is not None and record.__owner__ not in record.__table__.c:
        raise TypeError(f"{record.__name__} is Ownable: declare {record.__owner__}.")
    return {
        "commands": record.__commands__,
        "is_created_along": record.__along__,
        "has_groups": record.__groups__,
        "is_singleton": record.__singleton__,
        "is_live": record.__live__,
        "plural": record.__plural__ or plural(record.__name__),
        "status": record.__status__,
        "owner": record.__owner__,
        "is_rights": record.__rights__,
        "is_replaceable": record.__replaceable__,
        "merge_key": record.__merge_key__,
        "rule": record.__rule__,
        "number_prefix": number_prefix_of(record),
        "subjects": record.__subjects__ if issubclass(record, HasSubject) else (),
    }


def _undeclared(table: Table, column: TableColumn) -> Exposed | None:
    raise TypeError(
        f"{table.name}.{column.name} is a bare mapped_column: "
        "declare it with field(), reference(), money() or internal() of db.engine.declare."
    )


def _reference(column: TableColumn, api: Exposed) -> Reference:
    if not column.name.endswith("_id") or api.target is None:
        raise TypeError(f"{column.name} is a reference, so its name must end in _id.")
    target = "".join(part.capitalize() for part in api.target.split("_"))
    name = api.name or camel(column.name.removesuffix("_id"))
    return Reference(name, column.name, target, column.comment or "", bool(column.nullable), api)


def _inputs(name: str, inputs: tuple[str, ...], fields: Mapping[str, Field]) -> list[Field]:
    """The fields that a computed value uses; its right follows from theirs."""
    known = {each.column: each for each in fields.values() if not each.inputs}
    missing = [each for each in inputs if each not in known]
    if missing or not inputs:
        raise TypeError(
            f"{name} uses {missing or 'nothing'}: name fields of its own record in inputs=."
        )
    return [known[each] for each in inputs]


def _expression(name: str, declared: Expression, fields: Mapping[str, Field]) -> Field:
    sql_type, api = declared.sql_type, declared.exposed
    return Field(
        name=camel(name),
        column=name,
        kind=_kind(name, sql_type, api),
        doc=declared.doc,
        nullable=True,
        exposed=api,
        scale=int(sql_type.scale or 0) if isinstance(sql_type, Numeric) else 0,
        inputs=tuple(each.name for each in _inputs(name, declared.inputs, fields)),
        formula=declared.formula,
        sql_type=sql_type,
    )


def _derived(name: str, declared: Derived, fields: Mapping[str, Field]) -> Computed:
    kind = _kind(name, declared.sql_type, Exposed())
    inputs = tuple(_inputs(name, declared.inputs, fields))
    return Computed(camel(name), kind, declared.doc, inputs, declared.function)


def _field(column: TableColumn, api: Exposed) -> Field:
    kind = _kind(column.name, column.type, api)
    sql_type = column.type
    enum = cast("type[StrEnum]", sql_type.enum_class) if isinstance(sql_type, Enum) else None
    scale = int(sql_type.scale or 0) if isinstance(sql_type, Numeric) else 0
    name = api.name or camel(column.name)
    nullable = bool(column.nullable)
    return Field(name, column.name, kind, column.comment or "", nullable, api, enum, scale)


_KINDS: tuple[tuple[type[SqlType], Kind], ...] = (
    (Enum, Kind.ENUM),
    (Uuid, Kind.ID),
    (Text, Kind.TEXT),
    (Integer, Kind.INT),
    (Numeric, Kind.DECIMAL),
    (Boolean, Kind.BOOLEAN),
    (DateTime, Kind.DATETIME),
    (Date, Kind.DATE),
)


def _kind(name: str, sql_type: SqlType, api: Exposed) -> Kind:
    if api.currency:
        return Kind.MONEY
    for known, kind in _KINDS:
        if isinstance(sql_type, known):
            return kind
    raise TypeError(f"{name}: the API has no type for {sql_type!r}; use internal().")
