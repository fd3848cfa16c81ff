"""Builds mutations from the schema: the document, and inputs that are valid except for one field."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from graphql import GraphQLInputObjectType, get_named_type

from tests.leaks_writes.expectations import (
    ATTRIBUTES,
    PARTS,
    PLACES,
    attributes,
    input_name,
    may,
    nested_name,
    root,
)
from tests.leaks_writes.place import Facts, links_of, spelled
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
    "email": "somebody@new.example",
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


def needed(entity: str) -> tuple[str, ...]:
    """Minimal input of a new record: the required fields, else a name."""
    name = f"{entity}CreateInput"
    needs = tuple(needed_of(name)) if name in SCHEMA.type_map else ()
    return MORE.get(entity, needs or ("name",))


def fields_of(name: str) -> dict[str, str]:
    """The fields of an input with the names of their types."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    named = {field: get_named_type(each.type).name for field, each in kind.fields.items()}
    return {field: type for field, type in named.items() if field not in PLACES}


def needed_of(name: str) -> list[str]:
    """The required fields of an input."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return [field for field, each in kind.fields.items() if str(each.type).endswith("!")]


def value(facts: Facts, persona: str, entity: str, field: str) -> Any:
    """A valid value of a field: for a link, a record that every user with access sees."""
    if target := links_of(entity).get(field):
        return spelled(target, _linked(facts, persona, entity, target))
    own = OWN_VALUES.get(f"{entity}.{field}", OWN_VALUES.get(field))
    if own is not None:
        return own
    inputs = [
        f"{entity}CreateInput",
        f"{entity}UpdateInput",
        f"Quote{entity}Input",
    ]  # lines have no other
    kinds = [
        fields_of(name)[field]
        for name in inputs
        if name in SCHEMA.type_map and field in fields_of(name)
    ]
    return VALUES[kinds[0]]


def _linked(facts: Facts, persona: str, entity: str, target: str) -> UUID:
    rows = facts.live(target)
    me = facts.me(persona)
    if target == "Employee":
        free = {row["employee_id"] for row in facts.rows["User"].values()}
        return next(id for id in sorted(rows) if id not in free) if entity == "User" else me
    if target == "Attribute":  # one of accounts, as the type is that it is used for
        return next(id for id, row in sorted(rows.items()) if row["entity"] == "Account")
    if target in {"Account", "Opportunity", "Person", "Contract", "Case"}:
        mine = [id for id in sorted(rows) if rows[id]["owner_id"] == me]
        mine = mine or [id for id in sorted(rows) if facts.sees(persona, target, rows[id])]
        mine = mine or sorted(rows)
        if entity == "AccountLink":  # not the first one: its other end is that
            return mine[-1]
        mine = [id for id in mine if rows[id].get("status", "OPEN") == "OPEN"] or mine
        shared = {row["opportunity_id"] for row in facts.rows["OpportunityShare"].values()}
        return next((id for id in mine if id not in shared), mine[0])
    if target == "Role" and entity == "RoleAssignment":
        return next(id for id, row in sorted(rows.items()) if row["name"] == "Junior sales")
    if target == "User":
        return facts.user("support")
    if target == "Profile" and entity == "RoleProfile":
        return next(id for id, row in sorted(rows.items()) if row["name"] == "Customer support")
    return sorted(rows)[0]


def new(facts: Facts, persona: str, entity: str) -> dict[str, Any]:
    """Input of a new record."""
    made = {name: value(facts, persona, entity, name) for name in needed(entity)}
    if entity == "OpportunityType":
        stage = spelled("Stage", sorted(facts.live("Stage"))[0])
        made["stages"] = [{"stage": stage, "position": 1, "probability": 10}]
    if entity == "OpportunityShare" and not facts.narrow:
        made["employee"] = spelled("Employee", facts.me("director"))
    return made


def change(
    facts: Facts, persona: str, entity: str, id: str, row: Row | None = None
) -> dict[str, Any]:
    """A change permitted by the persona's field rights, if there is one."""
    given = fields_of(input_name(entity, "Update"))
    plain = [name for name, kind in given.items() if kind == "String" and name not in OWN_VALUES]
    plain = [
        name for name in plain if f"{entity}.{name}" not in OWN_VALUES and name != "externalId"
    ]
    plain = plain or [name for name in given if name not in {"id", "version", *links_of(entity)}]
    mine = [name for name in plain if may(persona, entity, name) == "w"] or plain
    found = value(facts, persona, entity, mine[0])
    flag = {"User": "active", "Feature": "enabled", "Preferences": "sell_without_quote"}.get(entity)
    if flag:
        found = not (row or {flag: False})[flag]
    if entity == "ObjectPermission":
        return {"id": id, "creates": not (row or {"creates": False})["creates"]}
    return {"id": id, mine[0]: found}


def text(entity: str, verb: str, *, many: bool = False, inner: str = "id") -> str:
    """A mutation document that selects the record in its payload."""
    kind, field = input_name(entity, verb), entity[0].lower() + entity[1:]
    told = "userErrors { code message path }"
    one = f"id {field} {{ {inner} }} {told}"
    if many:
        return (
            f"mutation ($input: [{kind}!]!, $all: Boolean = true) {{ "
            f"deed: {root(entity, verb)}Many(inputs: $input, allOrNone: $all) "
            f"{{ results {{ {one} }} {told} }} }}"
        )
    return f"mutation ($input: {kind}!) {{ deed: {root(entity, verb)}(input: $input) {{ {one} }} }}"


def attribute(key: str, *, null: bool = False) -> dict[str, Any]:
    """A value of a custom attribute."""
    word = ATTRIBUTES.get(key, "text")
    fits = {"text": "Zz", "number": "5", "date": "2026-07-01", "boolean": True}[word]
    return {"key": key} if null else {"key": key, word: fits}


def everything(facts: Facts, persona: str, entity: str, verb: str) -> dict[str, Any]:
    """All fields of an input, including nested creates."""
    made: dict[str, Any] = {}
    for name in fields_of(input_name(entity, verb)):
        if name in {"id", "version"}:
            continue
        if name == "attributes":
            made[name] = [attribute(key) for key in attributes(entity)]
        elif part := PARTS.get(f"{entity}.{name}"):
            inner = [n for n in fields_of(nested_name(entity, part)) if n != "newAccount"]
            made[name] = [{each: value(facts, persona, part, each) for each in inner}]
        else:
            made[name] = value(facts, persona, entity, name)
    return made


def said(answer: Any) -> str:
    """A response, formatted for the message of a failed test."""
    return json.dumps(answer.json, ensure_ascii=False)[:1500]
