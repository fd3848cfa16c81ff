"""Sessions in cookies: they authenticate only beside `X-Session: cookie`, and only for permitted origins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.datastructures import Headers

from app import cookie_settings
from schema.engine.cookies import ACCESS, REFRESH, SESSION_PATH, CookieSettings
from schema.engine.origins import may_use_cookies
from settings import Settings
from tenancy.engine.documents import set_documents
from tests.support.cookies import (
    BY_COOKIE,
    REFRESH_MUTATION,
    SIGN_IN,
    SIGN_OUT,
    VIEWER,
    Browser,
    set_cookies,
    with_cookies,
)
from tests.support.world import World
from tests.writes.client import TenantClient, own_tenant

OURS = "https://app.example"
CREATE = 'mutation { accountCreate(input: { name: "forged" }) { account { id } } }'
COUNTED = "SELECT ROW((SELECT count(*) FROM account), (SELECT count(*) FROM session))::text"
NAMES = {"rep1": "Priya Raman", "rep2": "Jonas Lindqvist"}


@pytest.fixture(scope="module")
async def cookies(world: World) -> AsyncIterator[World]:
    async with with_cookies(world, OURS) as permitted:
        yield permitted


@pytest.fixture
async def browser(cookies: World) -> Browser:
    """A browser in which rep1 is signed in."""
    browser = Browser(cookies)
    assert (await browser.sign_in()).status_code == 200
    return browser


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "cookies") as tenant:
        yield tenant


def payload(response: httpx2.Response) -> dict[str, object]:
    found: dict[str, object] = response.json()["data"]["done"]
    return found


# --- signing in ---------------------------------------------------------------------------------


async def test_signing_in_sets_cookies_and_returns_no_tokens(cookies: World) -> None:
    browser = Browser(cookies)
    response = await browser.sign_in()
    found = payload(response)
    assert found.pop("expiresAt")
    assert found == {"accessToken": None, "refreshToken": None, "userErrors": []}
    access, refresh = (set_cookies(response)[name] for name in (ACCESS, REFRESH))
    assert {"__Host-relata-access", "__Secure-relata-refresh"} == set(set_cookies(response))
    for cookie, path, seconds in ((access, "/", 900), (refresh, "/graphql/session", 2_592_000)):
        attributes = {name: value for name, value in cookie.items() if value}
        assert attributes.pop("samesite") == "strict"
        assert attributes == {
            "path": path, "max-age": str(seconds), "secure": True, "httponly": True,
        }  # fmt: skip
        assert cookie.value not in response.text
        assert len(cookie.value) > 90
    assert await browser.name() == NAMES["rep1"]
    assert await browser.name(method="GET") == NAMES["rep1"]


async def test_a_refused_sign_in_sets_no_cookies(cookies: World) -> None:
    response = await Browser(cookies).sign_in(password="wrong")
    assert payload(response)["userErrors"] == [{"code": "INVALID_CREDENTIALS"}]
    assert "set-cookie" not in response.headers


async def test_tokens_are_in_the_payload_without_the_header(cookies: World) -> None:
    response = await Browser(cookies).sign_in(headers={})
    assert payload(response)["accessToken"]
    assert payload(response)["refreshToken"]
    assert "set-cookie" not in response.headers


async def test_a_stale_access_cookie_does_not_prevent_signing_in(browser: Browser) -> None:
    ended = browser.access
    await browser.send(SIGN_OUT)
    for stale in (ended, "eyJhbGciOiJIUzI1NiJ9.e30.x"):
        browser.access = stale
        assert await browser.name() is None
        await browser.sign_in("rep2")
        assert await browser.name() == NAMES["rep2"]


async def test_a_tenant_with_trusted_documents_only_refreshes(
    cookies: World, tenant: TenantClient
) -> None:
    registered = tenant.world.tenants[tenant.slug]
    await set_documents(cookies.admin, registered, {}, only=True)
    try:
        browser = Browser(cookies)
        await browser.sign_in("rep1", tenant.slug)
        assert "TRUSTED_DOCUMENT_REQUIRED" in (await browser.send(VIEWER)).text
        before = browser.refresh
        await browser.send(REFRESH_MUTATION, path=SESSION_PATH)
        assert browser.refresh != before
    finally:
        await set_documents(cookies.admin, registered, {}, only=False)
        cookies.endpoint.app_context.directory.forget(registered.id)


async def test_the_session_path_serves_public_operations_only(browser: Browser) -> None:
    bearer = {"authorization": f"Bearer {await browser.world.token('rep1')}"}
    for headers in (BY_COOKIE, bearer):
        for query in (VIEWER, CREATE, SIGN_OUT):
            response = await browser.send(query, path=SESSION_PATH, headers=headers)
            assert response.status_code == 401
    assert await browser.name() == NAMES["rep1"]


# --- authentication -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_cookies_without_the_header_are_ignored(browser: Browser, method: str) -> None:
    anonymous = await Browser(browser.world).send(VIEWER, headers={}, method=method)
    response = await browser.send(VIEWER, headers={}, method=method)
    assert response.status_code == anonymous.status_code == 401
    assert response.content == anonymous.content


async def test_a_mutation_without_the_header_changes_nothing(
    cookies: World, tenant: TenantClient
) -> None:
    browser = Browser(cookies)
    await browser.sign_in("admin", tenant.slug)
    before = await tenant.value(COUNTED)
    for query in (CREATE, SIGN_OUT):
        for origin in ({}, {"origin": OURS}, {"origin": "https://evil.example"}):
            assert (await browser.send(query, headers=origin)).status_code == 401
    assert await tenant.value(COUNTED) == before
    assert await browser.name()
    created = await browser.send(CREATE)
    assert created.json()["data"]["accountCreate"]["account"]["id"], (
        "the header makes the difference"
    )


ORIGINS = {
    "listed": (OURS, 200),
    "own": ("https://relata.example", 200),
    "own over plain HTTP": ("http://relata.example", 403),
    "foreign": ("https://evil.example", 403),
    "similar": ("https://app.example.evil.example", 403),
    "subdomain": ("https://sub.relata.example", 403),
    "opaque": ("null", 403),
    "empty": ("", 403),
}


@pytest.mark.parametrize(("origin", "status"), ORIGINS.values(), ids=ORIGINS)
async def test_only_permitted_origins_use_cookies(
    browser: Browser, origin: str, status: int
) -> None:
    headers = {**BY_COOKIE, "origin": origin}
    response = await browser.send(VIEWER, headers=headers)
    assert response.status_code == status
    assert (NAMES["rep1"] in response.text) is (status == 200)
    signed_in = await Browser(browser.world).sign_in(headers=headers)
    assert signed_in.status_code == status
    assert ("set-cookie" in signed_in.headers) is (status == 200)


@pytest.mark.parametrize(
    ("host", "origin", "permitted"),
    [
        ("localhost", "http://localhost", True),
        ("localhost:8000", "http://localhost:8000", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("[::1]", "http://[::1]", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("localhost:8000", "http://localhost:9000", False),
        ("localhost:8000", "http://127.0.0.1:8000", False),
        ("localhost.example", "http://localhost.example", False),
        ("10.0.0.7:8000", "http://10.0.0.7:8000", False),
        ("10.0.0.7:8000", "https://10.0.0.7:8000", True),
        ("localhost", "ftp://localhost", False),
    ],
)
def test_plain_http_is_permitted_from_the_loopback_only(
    host: str, origin: str, permitted: bool
) -> None:
    headers = Headers({"host": host, "origin": origin})
    assert may_use_cookies(headers, frozenset()) is permitted


@pytest.mark.parametrize("value", ["Cookie", "cookies", "", "bearer"])
async def test_an_unknown_value_of_the_header_is_refused(browser: Browser, value: str) -> None:
    response = await browser.send(VIEWER, headers={"x-session": value})
    assert response.status_code == 400
    assert "`X-Session` must be `cookie`" in response.text


async def test_a_bearer_token_wins_over_cookies(browser: Browser) -> None:
    token = await browser.world.token("rep2")
    both = {**BY_COOKIE, "authorization": f"Bearer {token}"}
    assert await browser.name(headers=both) == NAMES["rep2"]
    invalid = {**BY_COOKIE, "authorization": "Bearer none"}
    assert await browser.name(headers=invalid) is None
    other = await browser.sign_in("rep2", headers={})
    bearer = {**BY_COOKIE, "authorization": f"Bearer {payload(other)['accessToken']}"}
    ended = await browser.send(SIGN_OUT, headers=bearer)
    assert payload(ended) == {"signedOut": True}
    assert "set-cookie" not in ended.headers
    assert await browser.name() == NAMES["rep1"]


async def test_a_second_cookie_of_the_same_name_is_not_chosen(browser: Browser) -> None:
    other = Browser(browser.world)
    await other.sign_in("rep2")
    mine, theirs = browser.access, other.access
    for values in ((mine, theirs), (theirs, mine)):
        text = "; ".join(f"{ACCESS}={value}" for value in values)
        headers = {**BY_COOKIE, "cookie": text}
        response = await Browser(browser.world).send(VIEWER, headers=headers)
        assert response.status_code == 401


async def test_a_refresh_token_is_no_access_token(browser: Browser) -> None:
    assert await Browser(browser.world, access=browser.refresh).name() is None
    swapped = Browser(browser.world, refresh=browser.access)
    response = await swapped.send(REFRESH_MUTATION, path=SESSION_PATH)
    assert payload(response)["userErrors"] == [{"code": "INVALID_TOKEN"}]


async def test_responses_depend_on_the_cookie(browser: Browser) -> None:
    vary = (await browser.send(VIEWER)).headers["vary"].split(", ")
    assert {"Cookie", "x-session", "Authorization", "Origin"} <= set(vary)
    assert (await browser.send(VIEWER)).headers["cache-control"] == "no-store"


# --- refreshing and signing out -----------------------------------------------------------------


async def test_the_refresh_cookie_renews_both(browser: Browser) -> None:
    before = browser.refresh
    response = await browser.send(REFRESH_MUTATION, path=SESSION_PATH)
    found = payload(response)
    assert found.pop("expiresAt")
    assert found == {"accessToken": None, "refreshToken": None, "userErrors": []}
    assert browser.refresh != before
    assert await browser.name() == NAMES["rep1"]
    tab = Browser(browser.world, refresh=before)
    await tab.send(REFRESH_MUTATION, path=SESSION_PATH)
    assert tab.refresh == browser.refresh, "two tabs at once"


async def test_an_expired_access_cookie_is_no_obstacle_to_refreshing(browser: Browser) -> None:
    browser.access = None
    assert await browser.name() is None
    await browser.send(REFRESH_MUTATION, path=SESSION_PATH)
    assert await browser.name() == NAMES["rep1"]


@pytest.mark.parametrize("headers", [{}, BY_COOKIE], ids=["without header", "without cookie"])
async def test_refreshing_without_a_token_is_refused(
    browser: Browser, headers: dict[str, str]
) -> None:
    sent = Browser(browser.world) if headers else browser
    kept = browser.refresh
    response = await sent.send(REFRESH_MUTATION, path=SESSION_PATH, headers=headers)
    assert payload(response)["userErrors"] == [{"code": "INVALID_TOKEN"}]
    assert "set-cookie" not in response.headers
    browser.refresh = kept
    await browser.send(REFRESH_MUTATION, path=SESSION_PATH)
    assert browser.refresh != kept, "the session has not ended"


async def test_a_session_with_tokens_moves_to_cookies(cookies: World) -> None:
    browser = Browser(cookies)
    token = payload(await browser.sign_in(headers={}))["refreshToken"]
    query = "mutation ($t: String) { done: refresh(input: { refreshToken: $t }) { refreshToken } }"
    moved = await browser.send(query, {"t": token}, path=SESSION_PATH)
    assert payload(moved) == {"refreshToken": None}
    assert await browser.name() == NAMES["rep1"]


async def test_signing_out_ends_the_session_and_removes_the_cookies(browser: Browser) -> None:
    stolen = Browser(browser.world, browser.access, browser.refresh)
    response = await browser.send(SIGN_OUT)
    assert payload(response) == {"signedOut": True}
    cleared = set_cookies(response)
    assert {
        name: (each.value, each["path"], each["max-age"]) for name, each in cleared.items()
    } == {
        ACCESS: ("", "/", "0"),
        REFRESH: ("", SESSION_PATH, "0"),
    }
    assert await browser.name() is None
    assert await stolen.name() is None
    refused = await stolen.send(REFRESH_MUTATION, path=SESSION_PATH)
    assert payload(refused)["userErrors"] == [{"code": "INVALID_TOKEN"}]


# --- settings -----------------------------------------------------------------------------------


async def test_cookies_are_refused_unless_enabled(world: World, browser: Browser) -> None:
    off = Browser(world, browser.access, browser.refresh)
    for query in (VIEWER, SIGN_IN, SIGN_OUT):
        response = await off.send(query)
        assert response.status_code == 400
        assert "RELATA_COOKIES=on" in response.text
        assert "set-cookie" not in response.headers
    assert await off.name(headers={}) is None
    assert (await off.send(VIEWER, path=SESSION_PATH)).status_code == 404
    assert await browser.name() == NAMES["rep1"]


def test_cookies_are_enabled_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cookie_settings(Settings()).enabled
    monkeypatch.setenv("RELATA_COOKIES", "on")
    monkeypatch.setenv("RELATA_ORIGINS", OURS)
    assert cookie_settings(Settings()) == CookieSettings(True, frozenset({OURS}))


async def test_cors_permits_credentials_to_listed_origins_only(cookies: World) -> None:
    sent = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-session",
    }
    for path in ("/graphql", SESSION_PATH):
        listed = await cookies.client.options(path, headers={**sent, "origin": OURS})
        assert listed.status_code == 200
        assert listed.headers["access-control-allow-origin"] == OURS
        assert listed.headers["access-control-allow-credentials"] == "true"
        other = await cookies.client.options(
            path, headers={**sent, "origin": "https://evil.example"}
        )
        assert other.status_code == 400
        assert "access-control-allow-origin" not in other.headers
