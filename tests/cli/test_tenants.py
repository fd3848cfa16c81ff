"""The operator looks at tenants, suspends and renames them; the server that runs notices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cli.conftest import Operate
from tests.support.covers import covers
from tests.writes.parallel import Own

WRITE = 'mutation { accountCreate(input: { name: "New" }) { id } }'
READ = "{ accounts(first: 1) { nodes { id } } }"


@pytest.fixture(autouse=True)
async def put_back(own: Own) -> AsyncIterator[None]:
    yield
    text = "UPDATE catalog.tenant SET slug = 'acme', state = 'active' WHERE id = $1"
    await own.world.admin.execute(text, own.world.tenants["acme"].id)
    notice(own)


def notice(own: Own) -> None:
    """As if the half minute had passed after which the catalog is asked again."""
    own.world.endpoint.house.directory.forget(own.world.tenants["acme"].id)


@covers("D-18")
async def test_a_suspended_tenant_is_read_and_not_written_until_it_is_resumed(
    operate: Operate, own: Own
) -> None:
    assert not (await own.ask("admin", WRITE)).codes
    said = await operate("tenant", "suspend", "acme")
    assert "within 30 seconds" in said.stderr
    notice(own)
    assert (await own.ask("admin", WRITE)).codes == ["TENANT_SUSPENDED"]
    assert not (await own.ask("admin", READ)).codes
    assert "suspended already" in (await operate("tenant", "suspend", "acme")).stderr
    assert "suspended" in (await operate("tenant", "list")).stdout
    await operate("tenant", "resume", "acme")
    notice(own)
    assert not (await own.ask("admin", WRITE)).codes


@covers("D-70")
async def test_a_tenant_with_another_name_stays_the_same(operate: Operate, own: Own) -> None:
    await own.ask("admin", READ)
    await operate("tenant", "rename", "acme", "apex")
    notice(own)
    assert not (await own.ask("admin", READ)).codes, "who is signed in stays so"
    assert "apex" in (await operate("tenant", "list")).stdout
    taken = await operate("tenant", "rename", "apex", "globex", fails=True)
    assert "already: choose another name" in taken.stderr
    wrong = await operate("tenant", "rename", "apex", "No Name", fails=True)
    assert "small letters" in wrong.stderr


async def test_a_tenant_is_shown_in_numbers(operate: Operate, own: Own) -> None:
    said = (await operate("tenant", "show", "acme")).stdout
    assert "acme: Acme Desk & Paper" in said
    assert "state     active, a demonstration" in said
    assert "(the newest)" in said
    assert "position" in said
    assert "opportunity" in said


@pytest.mark.parametrize("verb", ["show", "suspend", "resume"])
async def test_an_unknown_tenant_is_answered_with_those_there_are(
    operate: Operate, verb: str
) -> None:
    said = await operate("tenant", verb, "nobody", fails=True)
    assert said.stderr.strip() == "There is no tenant 'nobody'. There are: acme, globex."
