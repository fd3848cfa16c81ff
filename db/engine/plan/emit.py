"""Serialization of values to JSON text in SQL (D-42, D-56)."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func

from db.engine.entity import Entity
from db.engine.fields import Field, Kind
from db.engine.sql import AsText, Concat, Part, Sql, flat, or_null

DATETIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def leaf(kind: Kind, value: Sql, prefix: str = "") -> Concat:
    """A non-null value as JSON text."""
    if kind is Kind.TEXT:
        return Concat([AsText(func.to_json(value))])
    if kind in (Kind.INT, Kind.BOOLEAN):
        return Concat([AsText(value)])
    if kind is Kind.ID:
        return Concat([f'"{prefix}_', hexadecimal(value), '"'])
    if kind is Kind.DATETIME:
        in_utc = func.timezone(Concat(["UTC"]), value)
        return Concat(['"', func.to_char(in_utc, Concat([DATETIME])), '"'])
    return Concat(['"', AsText(value), '"'])


def hexadecimal(id: Sql) -> ColumnElement[str]:
    """A uuid's 32 digits."""
    return func.replace(AsText(id), Concat(["-"]), Concat([""]))


def nullable(text: Concat, can_be_null: bool) -> Concat:
    """`null` where the value is NULL."""
    return flat(or_null(text)) if can_be_null else text


def obj(items: Iterable[tuple[str, Concat | str]]) -> Concat:
    """A JSON object. Keys are GraphQL names, which need no escaping."""
    parts: list[Part | Concat] = []
    for index, (key, value) in enumerate(items):
        parts += [f'{"," if index else "{"}"{key}":', value]
    return flat(*parts, "}") if parts else Concat(["{}"])


def array(texts: Sql) -> Concat:
    """A JSON array of texts that are already joined by commas; NULL is an empty array."""
    return Concat(["[", func.coalesce(texts, Concat([""])), "]"])


def rounded(amount: Sql, currency: Sql) -> Sql:
    """An amount rounded to the digits of its currency (D-17)."""
    return func.round(amount, func.platform.minor(currency))


def money(parts: tuple[tuple[str, str], ...], amount: Sql, currency: Sql) -> Concat:
    """The JSON text of a non-null amount, with the selected fields."""
    written: dict[str, Concat | str] = {
        "amount": leaf(Kind.DECIMAL, rounded(amount, currency)),
        "currency": leaf(Kind.ENUM, currency),
        "__typename": '"Money"',
    }
    return obj((key, written[part]) for key, part in parts)


def field_text(entity: Entity, field: Field, value: Sql) -> Concat:
    """A field's value as JSON text, which may still be NULL."""
    return leaf(field.kind, value, entity.prefix)
