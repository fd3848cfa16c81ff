"""Commands on contracts reveal neither the account of a contract nor whether it was sold where that is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.contracts.conftest import ContractClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

SALES = "SELECT id FROM profile WHERE name = 'Standard sales'"


@asynccontextmanager
async def hidden(tenant: TenantClient, field: str) -> AsyncIterator[None]:
    """Hides a field of contracts from sellers inside this context."""
    text = (
        "SELECT id FROM field_permission WHERE entity = 'Contract' AND field = $1 "
        "AND profile_id = $2 AND deleted_at IS NULL"
    )
    profile = await tenant.value(SALES)
    id = public_id("pfi", await tenant.value(text, field, profile))
    writes = (await tenant.row("field_permission", id))["writes"]
    await tenant.mutate("admin", "fieldPermissionDelete", id=id)
    try:
        yield
    finally:
        params = {"profile": public_id("prf", profile), "entity": "Contract", "field": field}
        await tenant.mutate("admin", "fieldPermissionCreate", **params, writes=writes)


@asynccontextmanager
async def readable_in(tenant: TenantClient, field: str, status: str) -> AsyncIterator[None]:
    """Makes a field of contracts readable in one status only, inside this context."""
    params = {"entity": "Contract", "field": field, "status": status}
    rule = await tenant.mutate("admin", "statusRuleCreate", **params)
    try:
        yield
    finally:
        await tenant.mutate("admin", "statusRuleDelete", id=rule)


@covers("D-33", "D-34", "EP-150")
async def test_an_upsell_does_not_reveal_a_hidden_account(
    client: ContractClient, tenant: TenantClient
) -> None:
    contract = await client.contract(kind=await client.kind(timeBased=True))
    params = {"contract": contract, "type": public_id("opt", await tenant.type_id("New business"))}
    async with hidden(tenant, "account"):
        assert await client.wrong("rep1", "opportunityUpsell", **params) == [
            ("INVALID", "input.contract")
        ]
    assert outcome_of(await tenant.attempt("rep1", "opportunityUpsell", **params)) == "DONE"


@covers("D-51", "D-33", "EP-150")
async def test_an_upsell_does_not_reveal_an_account_that_a_status_rule_hides(
    client: ContractClient, tenant: TenantClient
) -> None:
    contract = await client.contract(kind=await client.kind(timeBased=True))
    params = {"contract": contract, "type": public_id("opt", await tenant.type_id("New business"))}
    async with readable_in(tenant, "account", "ENDED"):
        assert outcome_of(await tenant.attempt("rep1", "opportunityUpsell", **params)) == "INVALID"
        await tenant.mutate("admin", "contractEnd", id=contract)
        assert outcome_of(await tenant.attempt("rep1", "opportunityUpsell", **params)) == "DONE"


@covers("D-33", "D-34", "VN-33")
async def test_a_case_does_not_reveal_the_hidden_account_of_its_contract(
    client: ContractClient, tenant: TenantClient
) -> None:
    contract = await client.contract(kind=await client.kind())
    params = {"subject": tenant.new_name(), "contract": contract}
    async with hidden(tenant, "account"):
        assert outcome_of(await tenant.attempt("rep1", "caseCreate", **params)) == "INVALID"
    case = await tenant.mutate("rep1", "caseCreate", **params)
    account = (await tenant.row("contract", contract))["account_id"]
    assert (await tenant.row("case", case))["primary_account_id"] == account


@covers("D-51", "D-33", "EP-144")
@pytest.mark.parametrize("is_sold", [True, False])
async def test_detaching_a_contract_does_not_reveal_whether_it_was_sold(
    client: ContractClient, tenant: TenantClient, is_sold: bool
) -> None:
    """Where a status rule hides that, sold and unsold contracts are refused alike."""
    contract = await client.contract(kind=await client.kind())
    if is_sold:
        text = "UPDATE contract SET opportunity_id = $1 WHERE id = $2"
        await tenant.value(text, uuid_of(await tenant.opportunity("rep1")), uuid_of(contract))
    async with readable_in(tenant, "opportunity", "ENDED"):
        before = await tenant.row("contract", contract)
        assert (await tenant.attempt("rep1", "contractDetach", id=contract)).codes == [
            "FIELD_FORBIDDEN"
        ]
        assert await tenant.row("contract", contract) == before
    result = outcome_of(await tenant.attempt("rep1", "contractDetach", id=contract))
    assert result == ("DONE" if is_sold else "INVALID_TRANSITION")
