"""The reason of a refusal is included only for users who may read the fields that it depends on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from resolvers.engine.results import HIDDEN_REASON
from tests.commands.newcomer import Newcomer
from tests.commands.test_profiles import role, user
from tests.writes.client import TenantClient, mutation_text


async def _locked(tenant: TenantClient) -> dict[str, Any]:
    id = await tenant.opportunity("admin")
    await tenant.mutate("admin", "opportunityLock", id=id)
    return {"id": id}


async def _open(tenant: TenantClient) -> dict[str, Any]:
    return {"id": await tenant.opportunity("admin")}


async def _contract(tenant: TenantClient) -> str:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    kind = await tenant.mutate("admin", "contractKindCreate", name=tenant.new_name())
    params = {"name": tenant.new_name(), "currency": "EUR", "account": account, "kind": kind}
    return await tenant.mutate("admin", "contractCreate", **params)


async def _without_end(tenant: TenantClient) -> dict[str, Any]:
    return {"id": await _contract(tenant)}


async def _ended(tenant: TenantClient) -> dict[str, Any]:
    id = await _contract(tenant)
    await tenant.mutate("admin", "contractEnd", id=id)
    return {"id": id}


async def _one_off(tenant: TenantClient) -> dict[str, Any]:
    return {"contract": await _contract(tenant)}


@dataclass(frozen=True)
class Reason:
    """A mutation that is refused, and the fields that its reason depends on."""

    mutation: str
    made: Callable[[TenantClient], Awaitable[dict[str, Any]]]
    fields: tuple[str, ...]
    code: str


STANDING = ("Opportunity.locked", "Opportunity.status")
REASONS = {
    "locked": Reason("opportunityUpdate", _locked, ("Opportunity.locked",), "LOCKED"),
    "sold": Reason("opportunitySell", _locked, ("Opportunity.locked",), "LOCKED"),
    "open": Reason("opportunityUnlock", _open, STANDING, "INVALID_TRANSITION"),
    "unlimited": Reason("contractRenew", _without_end, ("Contract.renewalMonths",), "INVALID"),
    "ended": Reason("contractEnd", _ended, ("Contract.status",), "INVALID_TRANSITION"),
    "one-off": Reason("opportunityUpsell", _one_off, ("Contract.timeBased",), "NOT_TIME_BASED"),
}
WRITTEN = (
    *("Opportunity.name", "Opportunity.amount", "Opportunity.stage", "Opportunity.account"),
    *("Opportunity.currency", "Opportunity.type", "Opportunity.sourceContract"),
    *("Contract.name", "Contract.endsOn", "Contract.account"),
)


async def _someone(tenant: TenantClient, *fields: str) -> Newcomer:
    """A user who can read these fields in addition to those that the mutations need."""
    entities = [
        {"entity": name, "rows": "ALL", "creates": True, "edits": "ALL"}
        for name in ("Account", "Contract", "Opportunity", "OpportunityType", "Stage")
    ]
    opened = [(*each.split("."), each in WRITTEN) for each in dict.fromkeys((*WRITTEN, *fields))]
    named = [{"entity": entity, "field": name, "writes": w} for entity, name, w in opened]
    name = tenant.new_name()
    profile = await tenant.mutate(
        "admin", "profileCreate", name=name, objectPermissions=entities, fieldPermissions=named
    )
    return await user(tenant, await role(tenant, profile))


@pytest.mark.parametrize("name", REASONS)
async def test_the_reason_is_hidden_from_users_who_may_not_read_it(
    tenant: TenantClient, name: str
) -> None:
    reason = REASONS[name]
    params = await reason.made(tenant)
    if reason.mutation == "opportunityUpdate":
        params["amount"] = "7.00"
    messages = []
    for fields in (reason.fields, ()):
        someone = await _someone(tenant, *fields)
        query = (
            mutation_text(reason.mutation).replace("$input", "$i").replace("code", "code message")
        )
        answer = await someone.post(query, 0, **params)
        [error] = answer.data["done"]["userErrors"]
        assert error["code"] == reason.code
        messages.append(error["message"])
    assert messages[0] != HIDDEN_REASON
    assert messages[1] == HIDDEN_REASON, "the reason is disclosed"
