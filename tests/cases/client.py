"""A client of the case tests: case statuses that sort before all others of the tenant, accounts, contracts and cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.world import Answer
from tests.writes.client import TenantClient, public_id, uuid_of

STATUSES = {
    "new": ("OPEN", -20),
    "busy": ("OPEN", -10),
    "settled": ("CLOSED", -30),
    "dropped": ("CLOSED", -5),
}


@dataclass
class CaseClient:
    """Creates cases and related records in one tenant; `statuses` has the status ids by name."""

    tenant: TenantClient
    statuses: dict[str, str]

    async def account(self, persona: str = "rep1", **params: Any) -> str:
        """A new account of a persona."""
        owner = public_id("emp", await self.tenant.employee_id(persona))
        params = {"name": self.tenant.new_name(), "owner": owner, **params}
        return await self.tenant.mutate("admin", "accountCreate", **params)

    async def case(self, *accounts: str, persona: str = "rep1", **params: Any) -> str:
        """A new case of a persona, linked to these accounts."""
        params = {
            "subject": self.tenant.new_name(),
            "accounts": [{"account": a} for a in accounts],
        } | params
        return await self.tenant.mutate(persona, "caseCreate", **params)

    async def type(self, **params: Any) -> str:
        """A new case type."""
        return await self.tenant.mutate(
            "admin", "caseTypeCreate", name=self.tenant.new_name(), **params
        )

    async def contract(self, account: str) -> str:
        """A new contract of an account."""
        kind = await self.tenant.mutate("admin", "contractKindCreate", name=self.tenant.new_name())
        params = {"name": "Service", "number": self.tenant.new_name(), "currency": "EUR"}
        return await self.tenant.mutate(
            "admin", "contractCreate", account=account, kind=kind, **params
        )

    async def row(self, case: str) -> dict[str, Any]:
        """The row of a case."""
        return await self.tenant.row("case", case)

    async def status(self, case: str) -> str:
        """The name of a case's status."""
        name = (
            'SELECT s.name FROM case_status s JOIN "case" c ON c.status_id = s.id WHERE c.id = $1'
        )
        return str(await self.tenant.value(name, uuid_of(case)))

    async def links(self, case: str) -> dict[str, bool]:
        """The accounts of a case, with whether each is the primary one; asserts that the case agrees."""
        text = (
            'SELECT account_id, "primary" FROM case_account '
            "WHERE case_id = $1 AND deleted_at IS NULL ORDER BY created_at, id"
        )
        rows = await self.tenant.fetch(text, uuid_of(case))
        result = {public_id("acc", row["account_id"]): row["primary"] for row in rows}
        primary = (await self.row(case))["primary_account_id"]
        primaries = [account for account, is_primary in result.items() if is_primary]
        assert primaries == ([public_id("acc", primary)] if primary else []), (
            "exactly one account is primary"
        )
        assert bool(primaries) == bool(result)
        return result

    async def link(self, case: str, account: str) -> str:
        """The id of the link between a case and an account."""
        text = (
            "SELECT id FROM case_account "
            "WHERE case_id = $1 AND account_id = $2 AND deleted_at IS NULL"
        )
        return public_id("cac", await self.tenant.value(text, uuid_of(case), uuid_of(account)))


async def case_client(tenant: TenantClient) -> CaseClient:
    """Creates the statuses, and clears the default case type, because it could set an owner."""
    await tenant.value("UPDATE preferences SET default_case_type_id = NULL")
    made = {
        name: await tenant.mutate(
            "admin", "caseStatusCreate", name=name, state=state, position=position
        )
        for name, (state, position) in STATUSES.items()
    }
    return CaseClient(tenant, made)


def wrong(answer: Answer) -> list[tuple[str, str]]:
    """The user errors of a response: code and last path segment."""
    return [(e["code"], e["path"][-1]) for e in answer.data["done"]["userErrors"]]
