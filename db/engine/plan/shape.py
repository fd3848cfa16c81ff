"""Records as JSON text: selected fields, and the records that references and reverse relations lead to."""

from __future__ import annotations

import json

from sqlalchemy import Text, case, func

from db.engine.fields import Kind
from db.engine.gate import FieldAccess
from db.engine.plan.connection import connection
from db.engine.plan.emit import field_text, leaf, money, nullable, obj
from db.engine.plan.permissions import record_permissions, type_permissions
from db.engine.plan.selection import (
    Amount,
    Attributes,
    ComputedInputs,
    ConnectionSelection,
    ObjectSelection,
    RecordPermissions,
    Shown,
    ToOneSelection,
    Typename,
    TypePermissions,
    Value,
)
from db.engine.plan.source import CLOSED, HIDDEN, Joined, Rows, Scope, lateral_subquery
from db.engine.sql import Column, Concat, Sql, flat, json_text
from domain.access import AttributeRights
from domain.setup import AttributeKind

JSON_TYPES = {
    AttributeKind.TEXT: ("string", Kind.TEXT),
    AttributeKind.DATE: ("string", Kind.TEXT),
    AttributeKind.NUMBER: ("number", Kind.DECIMAL),
    AttributeKind.BOOLEAN: ("boolean", Kind.BOOLEAN),
}
"""The jsonb type of each attribute kind, and the kind it is serialized as. Values of another jsonb type read as null."""
NULL = "null"


def record(scope: Scope, rows: Rows, selection: ObjectSelection, laterals: list[Joined]) -> Concat:
    """The JSON text of one row of `rows`; required joins are added to `laterals`."""
    return obj((key, _shown(scope, rows, part, laterals)) for key, part in selection.parts)


def _shown(scope: Scope, rows: Rows, part: Shown, laterals: list[Joined]) -> Concat | str:
    match part:
        case Typename(name):
            return f'"{name}"'
        case Value(field):
            if field.name == "id":
                return field_text(rows.entity, field, rows.column("id"))
            right = scope.right(rows.entity.name, field.name)
            if right is FieldAccess.HIDDEN:
                return NULL
            text = field_text(rows.entity, field, rows.column(field.column))
            return nullable(text, field.nullable or right is FieldAccess.CONDITIONAL)
        case ComputedInputs():
            return _inputs(scope, rows, part)
        case Amount():
            return _amount(scope, rows, part)
        case Attributes():
            return _attributes(scope, rows, part)
        case RecordPermissions():
            return record_permissions(scope, rows, part)
        case TypePermissions():
            return type_permissions(scope, rows, part)
        case ToOneSelection():
            return _one(scope, rows, part, laterals)
        case ConnectionSelection():
            return nested(scope, rows, part, laterals)


def _inputs(scope: Scope, rows: Rows, part: ComputedInputs) -> Concat | str:
    """The inputs of a computed field, as an array; null where the field is closed."""
    computed = part.computed
    right = scope.right(rows.entity.name, computed.name)
    if right is FieldAccess.HIDDEN:
        return NULL
    written: list[Concat | str] = []
    for need in computed.inputs:
        value = rows.column(
            need.column, label=f"{need.column}_for_{computed.name}", under=computed.name
        )
        written += ["," if written else "", nullable(field_text(rows.entity, need, value), True)]
    inputs = flat("[", *written, "]")
    if right is FieldAccess.READABLE:
        return inputs
    shown = rows.column("id", label=f"id_for_{computed.name}", under=computed.name)
    return nullable(_where_present(shown, inputs), True)


def _amount(scope: Scope, rows: Rows, part: Amount) -> Concat | str:
    field = part.field
    if scope.right(rows.entity.name, field.name) is FieldAccess.HIDDEN:
        return NULL
    label = f"{field.column}_currency"
    amount = rows.column(field.column)
    currency = rows.column(field.exposed.currency or "", label=label, under=field.name)
    text = money(part.parts, amount, currency)
    if any(word == "amount" for _, word in part.parts):
        return nullable(text, True)
    present = _where_present(amount, text)
    return nullable(present, True)


def _where_present(value: Sql, text: Concat) -> Concat:
    """`text`, but NULL where `value` is NULL, because a currency alone is not an amount."""
    return Concat([case((value.is_not(None), text))])


def _attributes(scope: Scope, rows: Rows, part: Attributes) -> Concat:
    """The readable attributes; a hidden one is indistinguishable from one that does not exist."""
    authorizer, entity = scope.gate.authorizer, rows.entity.name
    if part.keys is None:
        attributes = list(authorizer.attributes(entity))
    else:
        candidates = (authorizer.attribute(entity, key) for key in dict.fromkeys(part.keys))
        attributes = [attribute for attribute in candidates if attribute is not None]
    texts: list[Concat | str] = []
    for index, attribute in enumerate(attributes):
        texts += (
            [",", _attribute(rows, attribute, part)]
            if index
            else [_attribute(rows, attribute, part)]
        )
    return flat("[", *texts, "]")


def _attribute(rows: Rows, attribute: AttributeRights, part: Attributes) -> Concat:
    stored = rows.attribute(attribute)
    text = json_text(stored)
    written: dict[str, Concat | str] = {
        "__typename": '"AttributeValue"',
        "key": _json_string(attribute.key),
        "kind": f'"{attribute.kind.value}"',
        "text": NULL,
        "number": NULL,
        "date": NULL,
        "boolean": NULL,
        "label": _json_string(attribute.label),
    }
    typed, kind = JSON_TYPES[attribute.kind]
    fits = func.jsonb_typeof(stored) == Concat([typed])
    written[attribute.kind.value.lower()] = nullable(Concat([case((fits, leaf(kind, text)))]), True)
    return obj((key, written[word]) for key, word in part.parts)


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one(scope: Scope, rows: Rows, part: ToOneSelection, laterals: list[Joined]) -> Concat | str:
    """The record a reference points to; null where it is empty or the record is not visible (D-32)."""
    reference = part.reference
    if scope.right(rows.entity.name, reference.name) is FieldAccess.HIDDEN:
        return NULL
    if not scope.gate.authorizer.may_see(reference.target):
        scope.deny(reference.target, "", CLOSED)
        return NULL
    return to_one(scope, part.object, rows.column(reference.column), laterals)


def to_one(scope: Scope, selection: ObjectSelection, link: Sql, laterals: list[Joined]) -> Concat:
    """The record with the id `link`. Its columns are joined; its text is built where it is selected."""
    target = scope.gate.see(selection.entity)
    laterals.append(Joined(target, target.column("id") == link))
    text = record(scope, target, selection, laterals)
    return Concat([case((target.column("id").is_not(None), text), else_=Concat([NULL]))])


def nested(
    scope: Scope, rows: Rows, part: ConnectionSelection, laterals: list[Joined]
) -> Concat | str:
    """The list of a reverse relation; null where the relation or its records are closed."""
    authorizer, via = scope.gate.authorizer, part.via
    if not authorizer.may_see(part.entity.name):
        scope.deny(part.entity.name, "", CLOSED)
        return NULL
    if via is not None and authorizer.right(via.source, via.reference) is FieldAccess.HIDDEN:
        scope.deny(via.source, via.reference, HIDDEN)
        return NULL
    statement = connection(scope, part, rows, record)
    name = f"{part.entity.table.name}_list_{part.number}"
    laterals.append(lateral_subquery(statement, name))
    return Concat([Column(name, "json", Text())])
