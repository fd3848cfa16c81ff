"""Builds mutations from the schema: the document, and inputs that are valid except for one field."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from graphql import GraphQLInputObjectType, get_named_type

from tests.leaks_writes.expectations import (
    ATTRIBUTES,
    NESTED_CREATES,
    PLACES,
    attributes,
    field_access,
    input_name,
    nested_name,
    root,
)
from tests.leaks_writes.sandbox import TenantRows, link_targets, public_id
from tests.proof.contract import SCHEMA, enums
from tests.proof.rows import Row

VALUES: dict[str, Any] = {
    "String": "Zz",
    "Int": 3,
    "Boolean": True,
    "Decimal": "7.00",
    "Date": "2026-07-01",
    "DateTime": "2026-07-01T09:00:00Z",
    **{name: words[0] for name, words in enums().items()},
}
"""A valid value by type."""
OWN_VALUES: dict[str, Any] = {
    "country": "NL",
    "currency": "EUR",
    "email": "someone@new.example",
    "invoiceEmail": "bills@new.example",
    "senderEmail": "sender@new.example",
    "phone": "+31201234567",
    "secondPhone": "+31201234568",
    "vatNumber": "NL004495445B01",
    "ObjectPermission.entity": "Stage",
    "FieldPermission.entity": "Account",
    "FieldPermission.field": "phone",
    "StatusRule.entity": "Opportunity",
    "StatusRule.field": "margin",
    "StatusRule.status": "WON",
    "Attribute.entity": "Account",
    "Attribute.key": "zz",
    "color": "#3b82f6",
    "since": "2026-01-01",
    "endsOn": "2027-07-01",
    "validFrom": "2026-01-01",
}
"""Valid values of fields that restrict their text."""


MORE = {
    "Address": ("account", "city"),
    "Opportunity": ("name", "currency", "account", "type"),
    "AttributeAssignment": ("attribute", "accountType"),
    "Person": ("firstName", "lastName", "owner"),
    "Contract": ("name", "currency", "account", "kind", "owner"),
    "Case": ("subject", "owner"),
    "Activity": ("subject", "account"),
    "Tagging": ("tag", "account"),
    "Favorite": ("account",),
}
"""Extra input of new records whose rules require more than the input type does, or one of several fields."""


def minimal_fields(entity: str) -> tuple[str, ...]:
    """Minimal input of a new record: the required fields, else a name."""
    name = f"{entity}CreateInput"
    needs = tuple(required_fields(name)) if name in SCHEMA.type_map else ()
    return MORE.get(entity, needs or ("name",))


def input_fields(name: str) -> dict[str, str]:
    """The fields of an input type with the names of their types, placement inputs excluded."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    named = {field: get_named_type(each.type).name for field, each in kind.fields.items()}
    return {field: type for field, type in named.items() if field not in PLACES}


def required_fields(name: str) -> list[str]:
    """The required fields of an input."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return [field for field, each in kind.fields.items() if str(each.type).endswith("!")]


def value(facts: TenantRows, persona: str, entity: str, field: str) -> Any:
    """A valid value of a field; for a link, the public ID of a suitable record, preferably one the persona owns."""
    if target := link_targets(entity).get(field):
        return public_id(target, _linked(facts, persona, entity, target))
    own = OWN_VALUES.get(f"{entity}.{field}", OWN_VALUES.get(field))
    if own is not None:
        return own
    inputs = [
        f"{entity}CreateInput",
        f"{entity}UpdateInput",
        f"Quote{entity}Input",
    ]  # quote items have no input type of their own
    kinds = [
        input_fields(name)[field]
        for name in inputs
        if name in SCHEMA.type_map and field in input_fields(name)
    ]
    return VALUES[kinds[0]]


def _linked(facts: TenantRows, persona: str, entity: str, target: str) -> UUID:
    rows = facts.live(target)
    employee_id = facts.employee_id(persona)
    if target == "Employee":
        free = {row["employee_id"] for row in facts.rows["User"].values()}
        return (
            next(id for id in sorted(rows) if id not in free) if entity == "User" else employee_id
        )
    if target == "Attribute":  # of accounts, as the assignment names an account type
        return next(id for id, row in sorted(rows.items()) if row["entity"] == "Account")
    if target in {"Account", "Opportunity", "Person", "Contract", "Case"}:
        mine = [id for id in sorted(rows) if rows[id]["owner_id"] == employee_id]
        mine = mine or [id for id in sorted(rows) if facts.sees(persona, target, rows[id])]
        mine = mine or sorted(rows)
        if entity == "AccountLink":  # not the first, which is the other end of the link
            return mine[-1]
        mine = [id for id in mine if rows[id].get("status", "OPEN") == "OPEN"] or mine
        shared = {row["opportunity_id"] for row in facts.rows["OpportunityShare"].values()}
        return next((id for id in mine if id not in shared), mine[0])
    if target == "Role" and entity == "RoleAssignment":
        return next(id for id, row in sorted(rows.items()) if row["name"] == "Junior sales")
    if target == "User":
        return facts.user_id("support")
    if target == "Profile" and entity == "RoleProfile":
        return next(id for id, row in sorted(rows.items()) if row["name"] == "Customer support")
    return sorted(rows)[0]


def create_input(facts: TenantRows, persona: str, entity: str) -> dict[str, Any]:
    """Input of a new record."""
    made = {name: value(facts, persona, entity, name) for name in minimal_fields(entity)}
    if entity == "OpportunityType":
        stage = public_id("Stage", sorted(facts.live("Stage"))[0])
        made["stages"] = [{"stage": stage, "position": 1, "probability": 10}]
    if entity == "OpportunityShare" and not facts.narrow:
        made["employee"] = public_id("Employee", facts.employee_id("director"))
    return made


def update_input(
    facts: TenantRows, persona: str, entity: str, id: str, row: Row | None = None
) -> dict[str, Any]:
    """A change permitted by the persona's field rights, if there is one."""
    params = input_fields(input_name(entity, "Update"))
    plain = [name for name, kind in params.items() if kind == "String" and name not in OWN_VALUES]
    plain = [
        name for name in plain if f"{entity}.{name}" not in OWN_VALUES and name != "externalId"
    ]
    plain = plain or [
        name for name in params if name not in {"id", "version", *link_targets(entity)}
    ]
    mine = [name for name in plain if field_access(persona, entity, name) == "w"] or plain
    found = value(facts, persona, entity, mine[0])
    flag = {"User": "active", "Feature": "enabled", "Preferences": "sell_without_quote"}.get(entity)
    if flag:
        found = not (row or {flag: False})[flag]
    if entity == "ObjectPermission":
        return {"id": id, "creates": not (row or {"creates": False})["creates"]}
    return {"id": id, mine[0]: found}


def document(entity: str, command: str, *, many: bool = False, inner: str = "id") -> str:
    """A mutation document that selects the record in its payload."""
    kind, field = input_name(entity, command), entity[0].lower() + entity[1:]
    conflict = (
        "conflict { version changedAt changedBy { id name } fields { field mine theirs base } }"
    )
    errors = f"userErrors {{ code message path params {conflict} record {{ id name }} }}"
    one = f"id {field} {{ {inner} }} {errors}"
    if many:
        return (
            f"mutation ($input: [{kind}!]!, $all: Boolean = true) {{ "
            f"result: {root(entity, command)}Many(inputs: $input, allOrNone: $all) "
            f"{{ results {{ {one} }} {errors} }} }}"
        )
    return f"mutation ($input: {kind}!) {{ result: {root(entity, command)}(input: $input) {{ {one} }} }}"


def attribute(key: str, *, null: bool = False) -> dict[str, Any]:
    """A value of a custom attribute."""
    word = ATTRIBUTES.get(key, "text")
    fits = {"text": "Zz", "number": "5", "date": "2026-07-01", "boolean": True}[word]
    return {"key": key} if null else {"key": key, word: fits}


def full_input(facts: TenantRows, persona: str, entity: str, command: str) -> dict[str, Any]:
    """All fields of an input, including nested creates."""
    made: dict[str, Any] = {}
    for name in input_fields(input_name(entity, command)):
        if name in {"id", "version"}:
            continue
        if name == "attributes":
            made[name] = [attribute(key) for key in attributes(entity)]
        elif child := NESTED_CREATES.get(f"{entity}.{name}"):
            inner = [n for n in input_fields(nested_name(entity, child)) if n != "newAccount"]
            made[name] = [{each: value(facts, persona, child, each) for each in inner}]
        else:
            made[name] = value(facts, persona, entity, name)
    return made


def rendered(response: Any) -> str:
    """A response, formatted for the message of a failed test."""
    return json.dumps(response.json, ensure_ascii=False)[:1500]
