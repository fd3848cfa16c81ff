"""The operator helps users in and keeps them out, by the deeds of the house and under nobody's name."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from tests.cli.conftest import Operate
from tests.support.covers import covers
from tests.support.world import SIGN_IN
from tests.writes.parallel import TenantClient

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
    """Somebody at the sign-in of the tenant."""

    def __init__(self, own: TenantClient) -> None:
        self.own = own
        self.email = f"visitor{next(NUMBERS)}@acme.example"
        self.token = ""

    async def signs_in(self, password: str) -> bool:
        given = {"tenant": self.own.slug, "email": self.email, "password": password}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": given}}).encode()
        found = (await self.own.world.post(body)).data["signIn"]
        self.token = found["accessToken"] or self.token
        return not found["userErrors"]

    async def signed_in(self) -> bool:
        body = json.dumps({"query": VIEWER}).encode()
        return not (await self.own.world.post(body, authorization=f"Bearer {self.token}")).codes

    async def known(self) -> Any:
        """How an administrator of the tenant sees him."""
        [user] = (await self.own.ask("admin", TRACE, {"email": self.email})).data["users"]["nodes"]
        return user


def password(output: str) -> str:
    """What was printed once."""
    return output.rsplit(maxsplit=1)[-1]


@pytest.fixture
def visitor(own: TenantClient) -> Visitor:
    return Visitor(own)


@covers("VN-42")
async def test_a_user_is_made_with_a_role_and_signs_in_with_what_was_printed(
    operate: Operate, visitor: Visitor
) -> None:
    words = ("--tenant", "acme", "--name", "Vera", "--role", "Sales manager")
    said = await operate("user", "create", visitor.email, *words)
    assert await visitor.signs_in(password(said.stdout))
    known = await visitor.known()
    assert known["employee"]["name"] == "Vera"
    assert [each["role"]["name"] for each in known["roles"]["nodes"]] == ["Sales manager"]
    made = [each for each in known["history"]["nodes"] if each["kind"] == "CREATED"]
    assert made
    assert [each["user"] for each in made] == [None] * len(made), "the operator is no user"
    listed = await operate("user", "list", "--tenant", "acme")
    [line] = [each for each in listed.stdout.splitlines() if visitor.email in each]
    assert "active" in line
    assert "Vera" in line
    assert "(Sales manager)" in line


async def test_an_employee_who_is_there_becomes_the_user(
    operate: Operate, own: TenantClient, visitor: Visitor
) -> None:
    await own.done("admin", "employeeCreate", name="Already There", email=visitor.email)
    said = await operate("user", "create", visitor.email, "--tenant", "acme")
    assert "has no role yet" in said.stderr
    assert await visitor.signs_in(password(said.stdout))
    assert (await visitor.known())["employee"]["name"] == "Already There"


@covers("D-63")
async def test_another_password_ends_what_the_old_one_began(
    operate: Operate, visitor: Visitor
) -> None:
    first = password((await operate("user", "create", visitor.email, "--tenant", "acme")).stdout)
    assert await visitor.signs_in(first)
    second = password((await operate("user", "password", visitor.email, "--tenant", "acme")).stdout)
    assert not await visitor.signed_in()
    assert not await visitor.signs_in(first)
    assert await visitor.signs_in(second)


@covers("D-63")
async def test_who_is_disabled_is_out_at_once_until_he_is_enabled(
    operate: Operate, visitor: Visitor
) -> None:
    made = password((await operate("user", "create", visitor.email, "--tenant", "acme")).stdout)
    assert await visitor.signs_in(made)
    await operate("user", "disable", visitor.email, "--tenant", "acme")
    assert not await visitor.signed_in()
    assert not await visitor.signs_in(made)
    [change] = [each for each in (await visitor.known())["history"]["nodes"] if each["field"]]
    assert (change["field"], change["after"], change["user"]) == ("active", "false", None)
    await operate("user", "enable", visitor.email, "--tenant", "acme")
    assert await visitor.signs_in(made)


async def test_the_session_that_is_lent_to_the_operator_opens_nothing_and_is_gone(
    operate: Operate, own: TenantClient, visitor: Visitor
) -> None:
    before = await own.value("SELECT count(*) FROM session")
    await operate("user", "create", visitor.email, "--tenant", "acme")
    assert await own.value("SELECT count(*) FROM session") == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("list", "--tenant", "nobody"), "no tenant 'nobody'. The tenants are: acme, globex."),
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
async def test_what_cannot_be_done_is_said_in_a_sentence(
    operate: Operate, own: TenantClient, words: tuple[str, ...], sentence: str
) -> None:
    before = await own.value("SELECT (SELECT count(*) FROM employee), position FROM log_head")
    said = await operate("user", *words, fails=True)
    assert sentence in said.stderr
    assert not said.stdout
    assert "Traceback" not in said.output
    assert before == await own.value(
        "SELECT (SELECT count(*) FROM employee), position FROM log_head"
    )


async def test_the_last_administrator_stays(operate: Operate, own: TenantClient) -> None:
    said = await operate("user", "disable", "admin@acme.example", "--tenant", "acme", fails=True)
    assert "no active administrator" in said.stderr
    assert not (await own.ask("admin", VIEWER)).codes
