"""Sessions: users list and end their own, administrators those of any user; an ended session grants no access."""

from __future__ import annotations

from tests.commands.newcomer import PASSWORD, REFRESH, REVOKE, Newcomer, newcomer
from tests.support.covers import covers
from tests.writes.client import TenantClient

OF = """query ($i: ID!) {
  sessions(filter: { user: { id: { eq: $i } } }) { totalCount nodes { id revokedAt user { id } } }
}"""


async def signed_in(tenant: TenantClient, name: str, devices: int) -> Newcomer:
    """A new user with this number of sessions."""
    who = await newcomer(tenant, name)
    assert all([await who.signs_in(PASSWORD) for _ in range(devices)])
    return who


async def test_users_list_their_own_sessions_only(tenant: TenantClient) -> None:
    one, other = await signed_in(tenant, "one", 3), await signed_in(tenant, "other", 2)
    for who in (one, other):
        assert await who.sessions() == {who.session(n) for n in range(len(who.tokens))}
    for who in (one, other):
        listed = (await tenant.ask("admin", OF, {"i": who.user})).data["sessions"]
        assert listed["totalCount"] == len(who.tokens)
        assert {each["user"]["id"] for each in listed["nodes"]} == {who.user}
        hidden = (await tenant.ask("rep1", OF, {"i": who.user})).json
        assert hidden["data"]["sessions"] == {"totalCount": 0, "nodes": []}


@covers("D-63")
async def test_an_ended_session_is_refused(tenant: TenantClient) -> None:
    who = await signed_in(tenant, "ends", 3)
    ended = await who.post(REVOKE, 0, id=who.session(1))
    assert ended.data["done"] == {"revoked": True}
    assert await who.signed_in_devices() == [True, False, True]
    refreshed = await who.post(REFRESH, refreshToken=who.tokens[1]["refreshToken"])
    assert refreshed.data["signIn"]["accessToken"] is None
    assert await who.sessions() == {who.session(0), who.session(2)}
    again = await who.post(REVOKE, 0, id=who.session(1))
    assert again.data["done"] == {"revoked": True}, "ending it twice has no effect"
    assert (await who.post(REVOKE, 0, id=who.session(0))).data["done"] == {"revoked": True}
    assert await who.signed_in_devices() == [False, False, True]
    assert (await who.post(REVOKE, 0, id=who.session(2))).codes == ["UNAUTHENTICATED"]


@covers("D-32")
async def test_sessions_of_another_user_cannot_be_ended(tenant: TenantClient) -> None:
    one, other = await signed_in(tenant, "mine", 1), await signed_in(tenant, "yours", 1)
    unknown = (other.session(0), f"ses_{'f' * 32}", f"xyz_{'0' * 32}", one.user)
    answers = {(await one.post(REVOKE, 0, id=id)).body for id in unknown}
    assert len(answers) == 1, "the response does not reveal whether the session exists"
    assert b"NOT_FOUND" in next(iter(answers))
    assert await other.signed_in_devices() == [True]
    ended = await tenant.ask("admin", REVOKE, {"i": {"id": other.session(0)}})
    assert ended.data["done"] == {"revoked": True}
    assert await other.signed_in_devices() == [False]
    assert await one.signed_in_devices() == [True]


@covers("D-63")
async def test_deactivated_and_deleted_users_are_signed_out(tenant: TenantClient) -> None:
    """Their sessions stay ended when they are activated or restored."""
    inactive, removed = await signed_in(tenant, "away", 2), await signed_in(tenant, "gone", 2)
    await tenant.mutate("admin", "userUpdate", id=inactive.user, active=False)
    await tenant.mutate("admin", "userDelete", id=removed.user)
    for who in (inactive, removed):
        assert await who.signed_in_devices() == [False, False]
        assert not await who.signs_in(PASSWORD)
    await tenant.mutate("admin", "userUpdate", id=inactive.user, active=True)
    await tenant.mutate("admin", "userRestore", id=removed.user)
    for who in (inactive, removed):
        assert await who.signed_in_devices() == [False, False]
        assert await who.signs_in(PASSWORD)
