"""`permissions` of a record: whether the caller may update and delete it, and which fields are writable."""

from __future__ import annotations

from typing import Any

import pytest

from db.engine.base import Standard
from db.engine.entity import Entity
from db.engine.fields import Kind
from schema.api import EXPOSED
from tests.support.covers import covers
from tests.writes.client import TenantClient, mutation_input_type, outcome_of

CHANGED = [each for each in EXPOSED if Standard.UPDATE in each.commands]
LIST = "{ found: %s(first: 60) { nodes { id permissions { update delete writable } } } }"
TRY = "mutation ($i: [%sInput!]!) { done: %sMany(inputs: $i, allOrNone: false) { results { id } } }"


ONLY = "{ found: %s { id permissions { update delete writable } } }"


async def permitted(tenant: TenantClient, persona: str, entity: Entity) -> list[dict[str, Any]]:
    """Each record of an entity that the persona sees, with its permissions."""
    if entity.is_singleton:
        result = (await tenant.ask(persona, ONLY % entity.singular)).data["found"]
        return [result] if result else []
    result = (await tenant.ask(persona, LIST % entity.plural)).data["found"]
    return list(result["nodes"]) if result else []


@covers("X-47", "D-32", "D-36")
@pytest.mark.parametrize("persona", ["admin", "manager", "rep1", "support", "limited"])
@pytest.mark.parametrize("each", CHANGED, ids=lambda each: each.name)
async def test_update_permission_agrees_with_the_result_of_an_update(
    tenant: TenantClient, each: Any, persona: str
) -> None:
    """An update without changes is refused exactly for the records where `update` is false."""
    mutation = f"{each.singular}Update"
    records = await permitted(tenant, persona, each)
    inputs = [{"id": record["id"]} for record in records]
    answer = await tenant.ask(
        persona, TRY % (mutation_input_type(mutation), mutation), {"i": inputs}
    )
    if not records:
        return
    refused = {
        record["id"]
        for record, error in ((r, _error(answer.json, n)) for n, r in enumerate(records))
        if error == "FORBIDDEN"
    }
    assert refused == {r["id"] for r in records if not r["permissions"]["update"]}, answer.json


def _error(answer: dict[str, Any], number: int) -> str | None:
    """The error code of one input, if it has any."""
    for error in answer.get("errors", ()):
        place = error["extensions"].get("input") or ()
        if list(place)[:2] == ["inputs", str(number)]:
            return str(error["extensions"]["code"])
    return None


@covers("X-47")
@pytest.mark.parametrize(
    ("persona", "expected"),
    [("rep1", {"update": True, "delete": True}), ("support", {"update": False, "delete": False})],
)
async def test_permissions_differ_by_caller(
    tenant: TenantClient, persona: str, expected: dict[str, bool]
) -> None:
    owner = await tenant.employee_id("rep1")
    account = await tenant.mutate(
        "admin", "accountCreate", name=tenant.new_name(), owner=f"emp_{owner.hex}"
    )
    query = "query ($id: ID!) { account(id: $id) { permissions { update delete writable } } }"
    access = (await tenant.ask(persona, query, {"id": account})).data["account"]["permissions"]
    assert {word: access[word] for word in expected} == expected
    assert ("name" in access["writable"]) is (persona == "rep1")
    for name in ("number", "name") if persona == "support" else ():
        refused = await tenant.attempt(persona, "accountUpdate", id=account, **{name: "x"})
        assert outcome_of(refused) == "FORBIDDEN"


TYPES = """{ viewer { id typePermissions { type rows create update delete readable writable } }
  users(first: 50) { nodes { id typePermissions { type } } } }"""


@covers("X-47", "D-34")
@pytest.mark.parametrize("persona", ["admin", "manager", "rep1", "support", "limited"])
async def test_type_permissions_are_readable_for_the_viewer_only(
    tenant: TenantClient, persona: str
) -> None:
    data = (await tenant.ask(persona, TYPES)).data
    mine = data["viewer"]["id"]
    permitted = {each["id"]: each["typePermissions"] for each in data["users"]["nodes"]}
    assert permitted.pop(mine) == [
        {"type": each["type"]} for each in data["viewer"]["typePermissions"]
    ]
    assert set(map(str, permitted.values())) <= {"None"}


@covers("X-47", "D-34")
@pytest.mark.parametrize("persona", ["admin", "manager", "rep1", "support", "limited"])
async def test_type_permissions_agree_with_what_is_readable(
    tenant: TenantClient, persona: str
) -> None:
    """A type that is not listed is closed and a field that is not listed is hidden; all others are readable."""
    permitted = {
        each["type"]: each
        for each in (await tenant.ask(persona, TYPES)).data["viewer"]["typePermissions"]
    }
    for each in EXPOSED:
        if each.is_singleton:
            continue
        fields = [name for name in each.fields if name != "id"]
        money = {n for n, f in each.fields.items() if f.kind is Kind.MONEY}
        selection = " ".join(f"{n} {{ currency }}" if n in money else n for n in fields)
        answer = await tenant.ask(
            persona, f"{{ found: {each.plural}(first: 1) {{ nodes {{ id {selection} }} }} }}"
        )
        denied = answer.json.get("extensions", {}).get("access", {}).get("denied", [])
        if each.name not in permitted:
            assert answer.data["found"] is None
            continue
        hidden = {d["field"] for d in denied if d["type"] == each.name and d["reason"] == "hidden"}
        assert set(fields) - hidden == set(fields) & set(permitted[each.name]["readable"])
