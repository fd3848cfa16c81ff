"""The caller's permissions as JSON text: on a record, on the records of a list, and on every entity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Uuid, case, func

from db.engine.entity import Entity
from db.engine.fields import Kind
from db.engine.plan.emit import leaf, obj
from db.engine.plan.selection import RecordPermissions, TypePermissions
from db.engine.plan.source import Rows, Scope
from db.engine.sql import Concat, flat, parameter


def record_permissions(scope: Scope, rows: Rows, part: RecordPermissions) -> Concat:
    """The caller's permissions on a row. Business rules may still refuse a mutation."""
    authorizer, entity = scope.gate.authorizer, rows.entity
    names = ",".join(json.dumps(name, ensure_ascii=False) for name in authorizer.writable(entity))
    values: dict[str, Concat | str] = {
        "__typename": '"RecordPermissions"',
        "update": _may(rows, "may_update", authorizer.write_condition(entity, deletes=False)),
        "delete": _may(rows, "may_delete", authorizer.write_condition(entity, deletes=True)),
        "writable": f"[{names}]",
    }
    return obj((key, values[word]) for key, word in part.parts)


def type_permissions(scope: Scope, rows: Rows, part: TypePermissions) -> Concat:
    """The caller's permissions per entity, a constant per permission shape; null on other users than the caller."""
    authorizer, entities = scope.gate.authorizer, scope.model.entities.values()
    entries = [authorizer.type_access(each) for each in entities if authorizer.may_see(each.name)]
    is_viewer: ColumnElement[bool] = rows.column("id") == parameter("viewer:user", Uuid())
    text = _permissions_json(entries, part)
    return Concat([case((is_viewer, Concat([text])), else_=Concat(["null"]))])


def list_permissions(scope: Scope, entity: Entity, part: TypePermissions) -> str:
    """The caller's permissions on an entity, a constant per permission shape."""
    return _permissions_json([scope.gate.authorizer.type_access(entity)], part)[1:-1]


def _permissions_json(entries: Iterable[Mapping[str, object]], part: TypePermissions) -> str:
    objects = [
        {key: "TypePermissions" if word == "__typename" else each[word] for key, word in part.parts}
        for each in entries
    ]
    return json.dumps(objects, ensure_ascii=False, separators=(",", ":"))


def _may(rows: Rows, label: str, condition: ColumnElement[bool] | bool) -> Concat | str:
    if isinstance(condition, bool):
        return "true" if condition else "false"
    return flat(
        func.coalesce(
            leaf(Kind.BOOLEAN, rows.condition_column(label, condition)), Concat(["false"])
        )
    )
