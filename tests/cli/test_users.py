"""The user commands: they run the mutations of the API, and the history entries name no user."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from tests.cli.conftest import Operate
from tests.support.covers import covers
from tests.support.world import SIGN_IN
from tests.writes.client import TenantClient

NUMBERS = count(1)
VIEWER = "query { viewer { id } }"
TRACE = """
query ($email: String!) {
  users(filter: { employee: { email: { eq: $email } } }) {
    nodes { active employee { name } roles { nodes { role { name } } } history { nodes { kind field after user { id } } } }
  }
}
"""


class Visitor:
    """A person who signs in to the tenant with an email address and a password."""

    def __init__(self, tenant: TenantClient) -> None:
        self.tenant = tenant
        self.email = f"visitor{next(NUMBERS)}@acme.example"
        self.token = ""

    async def signs_in(self, password: str) -> bool:
        """Sign in and keep the access token; whether it succeeded."""
        credentials = {"tenant": self.tenant.slug, "email": self.email, "password": password}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
        result = (await self.tenant.world.post(body)).data["signIn"]
        self.token = result["accessToken"] or self.token
        return not result["userErrors"]

    async def signed_in(self) -> bool:
        """Whether the access token is still accepted."""
        body = json.dumps({"query": VIEWER}).encode()
        return not (await self.tenant.world.post(body, authorization=f"Bearer {self.token}")).codes

    async def record(self) -> Any:
        """The user record with its history, as an administrator reads it."""
        [user] = (await self.tenant.ask("admin", TRACE, {"email": self.email})).data["users"][
            "nodes"
        ]
        return user


def password(output: str) -> str:
    """The password at the end of the printed output."""
    return output.rsplit(maxsplit=1)[-1]


@pytest.fixture
def visitor(tenant: TenantClient) -> Visitor:
    return Visitor(tenant)


@covers("VN-42")
async def test_user_create_with_a_role_prints_a_password_that_signs_in(
    operate: Operate, visitor: Visitor
) -> None:
    words = ("--tenant", "acme", "--name", "Vera", "--role", "Sales manager")
    result = await operate("user", "create", visitor.email, *words)
    assert await visitor.signs_in(password(result.stdout))
    record = await visitor.record()
    assert record["employee"]["name"] == "Vera"
    assert [each["role"]["name"] for each in record["roles"]["nodes"]] == ["Sales manager"]
    created = [each for each in record["history"]["nodes"] if each["kind"] == "CREATED"]
    assert created
    assert [each["user"] for each in created] == [None] * len(created), "the operator is no user"
    listed = await operate("user", "list", "--tenant", "acme")
    [line] = [each for each in listed.stdout.splitlines() if visitor.email in each]
    assert "active" in line
    assert "Vera" in line
    assert "(Sales manager)" in line


async def test_user_create_uses_the_employee_with_the_same_email(
    operate: Operate, tenant: TenantClient, visitor: Visitor
) -> None:
    await tenant.mutate("admin", "employeeCreate", name="Already There", email=visitor.email)
    result = await operate("user", "create", visitor.email, "--tenant", "acme")
    assert "has no role yet" in result.stderr
    assert await visitor.signs_in(password(result.stdout))
    assert (await visitor.record())["employee"]["name"] == "Already There"


@covers("D-63")
async def test_user_password_ends_sessions_and_the_old_password(
    operate: Operate, visitor: Visitor
) -> None:
    first = password((await operate("user", "create", visitor.email, "--tenant", "acme")).stdout)
    assert await visitor.signs_in(first)
    second = password((await operate("user", "password", visitor.email, "--tenant", "acme")).stdout)
    assert not await visitor.signed_in()
    assert not await visitor.signs_in(first)
    assert await visitor.signs_in(second)


@covers("D-63")
async def test_disabled_user_is_signed_out_and_refused_until_enabled(
    operate: Operate, visitor: Visitor
) -> None:
    secret = password((await operate("user", "create", visitor.email, "--tenant", "acme")).stdout)
    assert await visitor.signs_in(secret)
    await operate("user", "disable", visitor.email, "--tenant", "acme")
    assert not await visitor.signed_in()
    assert not await visitor.signs_in(secret)
    [change] = [each for each in (await visitor.record())["history"]["nodes"] if each["field"]]
    assert (change["field"], change["after"], change["user"]) == ("active", "false", None)
    await operate("user", "enable", visitor.email, "--tenant", "acme")
    assert await visitor.signs_in(secret)


async def test_user_create_leaves_no_session(
    operate: Operate, tenant: TenantClient, visitor: Visitor
) -> None:
    before = await tenant.value("SELECT count(*) FROM session")
    await operate("user", "create", visitor.email, "--tenant", "acme")
    assert await tenant.value("SELECT count(*) FROM session") == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("list", "--tenant", "missing"), "no tenant 'missing'. The tenants are: acme, globex."),
        (("create", "x@acme.example", "--tenant", "acme", "--role", "King"), "The roles are: "),
        (("create", "rep1@acme.example", "--tenant", "acme"), "acme already has a user rep1@"),
        (("create", "no address", "--tenant", "acme"), "The email address is missing."),
        (("password", "x@acme.example", "--tenant", "acme"), "acme has no user x@"),
        (
            ("disable", "rep1@globex.example", "--tenant", "acme"),
            "acme has no user rep1@globex.example",
        ),
    ],
)
async def test_refused_command_prints_one_sentence_and_changes_nothing(
    operate: Operate, tenant: TenantClient, words: tuple[str, ...], sentence: str
) -> None:
    before = await tenant.value("SELECT (SELECT count(*) FROM employee), position FROM log_head")
    result = await operate("user", *words, fails=True)
    assert sentence in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.output
    assert before == await tenant.value(
        "SELECT (SELECT count(*) FROM employee), position FROM log_head"
    )


async def test_last_active_administrator_cannot_be_disabled(
    operate: Operate, tenant: TenantClient
) -> None:
    result = await operate("user", "disable", "admin@acme.example", "--tenant", "acme", fails=True)
    assert "no active administrator" in result.stderr
    assert not (await tenant.ask("admin", VIEWER)).codes
