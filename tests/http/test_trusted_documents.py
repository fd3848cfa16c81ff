"""Trusted documents over HTTP: requests by identifier, tenants that accept no others, and revalidation of responses."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app import application, open_endpoint
from auth.engine.passwords import Passwords
from schema.engine.manifests import identifier_of
from schema.engine.trusted import TrustedSettings
from tenancy.engine.documents import set_documents
from tests.support.world import CHEAP, SECRET, SIGN_IN, UNMETERED, Answer, World
from tests.writes.client import TenantClient, in_second_instance, own_tenant, serve

ACCOUNTS = "query Accounts($first: Int) { accounts(first: $first) { nodes { id name } } }"
VIEWER = "query Viewer { viewer { id } }"
CREATE = 'mutation New { accountCreate(input: { name: "New" }) { id } }'
SIGN_OUT = "mutation Out { signOut { signedOut } }"
SCHEMA = "{ __schema { queryType { name } } }"
OTHER = "query Other { viewer { id email: __typename } }"
TEXTS = (ACCOUNTS, VIEWER, CREATE, SIGN_OUT)
MANIFEST = {**{identifier_of(text): text for text in TEXTS}, "accounts.v1": ACCOUNTS}


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    """A tenant with trusted documents that also accepts others."""
    async with own_tenant(world, "trusted") as tenant:
        await set_documents(world.admin, world.tenants["trusted"], MANIFEST, only=False)
        yield tenant


@pytest.fixture
async def bound(tenant: TenantClient) -> AsyncIterator[TenantClient]:
    """The tenant while it accepts trusted documents only, seen by a process without caches."""
    admin, registered = tenant.world.admin, tenant.world.tenants["trusted"]
    await set_documents(admin, registered, MANIFEST, only=True)
    async with in_second_instance(tenant) as second:
        yield second
    await set_documents(admin, registered, MANIFEST, only=False)


async def post(tenant: TenantClient, body: Mapping[str, object], persona: str = "rep1") -> Answer:
    token = await tenant.world.token(persona, tenant.slug)
    return await tenant.world.post(json.dumps(body).encode(), authorization=f"Bearer {token}")


async def get(
    tenant: TenantClient,
    text: str,
    persona: str = "rep1",
    *,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> httpx2.Response:
    token = await tenant.world.token(persona, tenant.slug)
    return await tenant.world.client.get(
        "/graphql",
        params={"documentId": identifier_of(text), **more},
        headers={"authorization": f"Bearer {token}", **(headers or {})},
    )


@asynccontextmanager
async def with_settings(
    tenant: TenantClient, settings: TrustedSettings
) -> AsyncIterator[TenantClient]:
    """The same tenant in a process with these settings."""
    world = tenant.world
    urls = (world.servers.database_url, world.servers.redis_url)
    async with open_endpoint(*urls, SECRET, UNMETERED, Passwords(**CHEAP), settings) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://relata.example"
        ) as client:
            yield TenantClient(
                World(
                    app, endpoint, world.admin, world.tenants, client, world.servers, world.tokens
                ),
                tenant.slug,
            )


# --- by identifier ------------------------------------------------------------------------------


async def test_document_is_executed_by_identifier(tenant: TenantClient) -> None:
    expected = (await tenant.ask("rep1", ACCOUNTS, {"first": 3})).data
    assert len(expected["accounts"]["nodes"]) == 3
    ids = (identifier_of(ACCOUNTS), identifier_of(ACCOUNTS).removeprefix("sha256:"), "accounts.v1")
    for id in ids:
        answer = await post(tenant, {"documentId": id, "variables": {"first": 3}})
        assert answer.data == expected
    assert (await get(tenant, ACCOUNTS, variables='{"first":3}')).json()["data"] == expected


async def test_hash_of_a_persisted_query_names_a_trusted_document(tenant: TenantClient) -> None:
    """Apollo Client and urql send it instead of `documentId`."""
    digest = identifier_of(VIEWER).removeprefix("sha256:")
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    assert "viewer" in (await post(tenant, {"extensions": extensions})).data
    token = await tenant.world.token("rep1", tenant.slug)
    got = await tenant.world.client.get(
        "/graphql",
        params={"extensions": json.dumps(extensions)},
        headers={"authorization": f"Bearer {token}"},
    )
    assert "viewer" in got.json()["data"]


async def test_permissions_and_limits_apply_as_to_text(tenant: TenantClient) -> None:
    by_text = await tenant.ask("limited", ACCOUNTS, {"first": 100})
    by_id = await post(
        tenant, {"documentId": "accounts.v1", "variables": {"first": 100}}, "limited"
    )
    assert by_id.data == by_text.data
    assert by_id.json["extensions"]["cost"]["nodes"] == by_text.json["extensions"]["cost"]["nodes"]
    for variables in ({"first": 101}, {"first": "x"}):
        by_text = await tenant.ask("rep1", ACCOUNTS, variables)
        by_id = await post(tenant, {"documentId": "accounts.v1", "variables": variables})
        assert by_id.codes
        assert by_id.body == by_text.body


@pytest.mark.parametrize(
    "id", ["sha256:" + "0" * 64, "0" * 64, "unknown", "a b", "ä", "\0", "sha1:00", "x" * 5_000]
)
async def test_unknown_identifier_is_not_found(tenant: TenantClient, id: str) -> None:
    answer = await post(tenant, {"documentId": id})
    assert answer.codes == ["DOCUMENT_NOT_FOUND"]
    assert "data" not in answer.json
    token = await tenant.world.token("rep1", tenant.slug)
    answer = await tenant.world.post(
        json.dumps({"documentId": id}).encode(),
        authorization=f"Bearer {token}",
        accept="application/graphql-response+json",
    )
    assert answer.status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "accounts.v1", "query": VIEWER},
        {"documentId": 5},
        {"documentId": ["accounts.v1"]},
        {"documentId": ""},
        {"documentId": None},
        {"extensions": {"persistedQuery": {"sha256Hash": 5}}},
        {"extensions": {"persistedQuery": "accounts.v1"}},
    ],
)
async def test_malformed_request_is_refused(tenant: TenantClient, body: dict[str, Any]) -> None:
    answer = await post(tenant, body)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_document_of_another_tenant_is_not_found(tenant: TenantClient) -> None:
    id = {"documentId": identifier_of(VIEWER)}
    token = await tenant.world.token("rep1", "acme")
    answer = await tenant.world.post(json.dumps(id).encode(), authorization=f"Bearer {token}")
    assert answer.codes == ["DOCUMENT_NOT_FOUND"]


async def test_removed_document_is_not_found(tenant: TenantClient) -> None:
    admin, registered = tenant.world.admin, tenant.world.tenants["trusted"]
    rest = {id: text for id, text in MANIFEST.items() if text != VIEWER}
    await set_documents(admin, registered, rest, only=False)
    try:
        async with in_second_instance(tenant) as second:
            assert (await post(second, {"documentId": identifier_of(VIEWER)})).codes == [
                "DOCUMENT_NOT_FOUND"
            ]
            assert not (await post(second, {"documentId": identifier_of(ACCOUNTS)})).codes
    finally:
        await set_documents(admin, registered, MANIFEST, only=False)


async def test_ended_session_learns_nothing_about_documents(tenant: TenantClient) -> None:
    token = await tenant.world.token("rep2", tenant.slug)
    assert not (await tenant.ask("rep2", SIGN_OUT)).codes
    await tenant.drop_token("rep2")
    async with in_second_instance(tenant) as second:
        for id in (identifier_of(VIEWER), "unknown"):
            body = json.dumps({"documentId": id}).encode()
            answer = await second.world.post(body, authorization=f"Bearer {token}")
            assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_lookup_is_charged_to_the_tenant(tenant: TenantClient) -> None:
    async def remaining() -> int:
        answer = await tenant.ask("rep1", VIEWER)
        return int(answer.json["extensions"]["cost"]["remaining"])

    await post(tenant, {"documentId": identifier_of(VIEWER)})
    before = await remaining()
    await post(tenant, {"documentId": identifier_of(VIEWER)})
    known = await remaining()
    await post(tenant, {"documentId": "unknown"})
    unknown = await remaining()
    assert known - unknown > before - known


# --- bound tenants ------------------------------------------------------------------------------


async def test_bound_tenant_refuses_text(bound: TenantClient) -> None:
    count = await bound.value("SELECT count(*) FROM account")
    for text in (VIEWER, ACCOUNTS, CREATE, SCHEMA, "{ __typename }", "{"):
        answer = await post(bound, {"query": text})
        assert answer.codes == ["TRUSTED_DOCUMENT_REQUIRED"], text
        assert "data" not in answer.json
    token = await bound.world.token("rep1", bound.slug)
    got = await bound.world.client.get(
        "/graphql",
        params={"query": VIEWER},
        headers={"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"},
    )
    assert got.status_code == 403
    assert await bound.value("SELECT count(*) FROM account") == count


async def test_bound_tenant_executes_its_documents(bound: TenantClient) -> None:
    assert "viewer" in (await post(bound, {"documentId": identifier_of(VIEWER)})).data
    assert (await post(bound, {"documentId": identifier_of(CREATE)})).data["accountCreate"]["id"]
    assert (await get(bound, VIEWER)).status_code == 200
    answer = await post(bound, {"documentId": identifier_of(OTHER)})
    assert answer.codes == ["DOCUMENT_NOT_FOUND"]


async def test_users_of_a_bound_tenant_sign_in_with_text(bound: TenantClient) -> None:
    credentials = {
        "tenant": bound.slug,
        "email": f"support@{bound.slug}.example",
        "password": "relata-demo",
    }
    body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
    assert (await bound.world.post(body)).data["signIn"]["accessToken"]


# --- documents of the operator and of clients ---------------------------------------------------


async def test_documents_of_the_operator_are_trusted_by_every_tenant(tenant: TenantClient) -> None:
    documents = {identifier_of(text): text for text in (OTHER, SIGN_IN)}
    async with with_settings(tenant, TrustedSettings(documents)) as second:
        assert "viewer" in (await post(second, {"documentId": identifier_of(OTHER)})).data
        credentials = {
            "tenant": tenant.slug,
            "email": f"support@{tenant.slug}.example",
            "password": "relata-demo",
        }
        body = {"documentId": identifier_of(SIGN_IN), "variables": {"input": credentials}}
        answer = await second.world.post(json.dumps(body).encode())
        assert answer.data["signIn"]["accessToken"]


async def test_without_token_identifiers_are_answered_like_anything_else(
    tenant: TenantClient,
) -> None:
    """Neither the existence nor the text of a document is disclosed."""
    expected = await tenant.world.post(json.dumps({"query": VIEWER}).encode())
    assert expected.status == 401
    documents = {
        identifier_of(OTHER): OTHER,
        "typo": "mutation { signIn(inputs: 1) { accessToken } }",
    }
    async with with_settings(tenant, TrustedSettings(documents, registers=True)) as second:
        for id in (identifier_of(OTHER), identifier_of(VIEWER), "typo", "unknown", "0" * 64):
            for body in (
                {"documentId": id},
                {"extensions": {"persistedQuery": {"sha256Hash": id}}},
            ):
                answer = await second.world.post(json.dumps(body).encode())
                assert (answer.status, answer.body) == (401, expected.body), id


def persisted(text: str, *, digest: str | None = None, with_text: bool = False) -> dict[str, Any]:
    digest = digest or hashlib.sha256(text.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    return {"extensions": extensions, **({"query": text} if with_text else {})}


async def test_clients_cannot_register_documents_by_default(tenant: TenantClient) -> None:
    assert not (await post(tenant, persisted(OTHER, with_text=True))).codes
    assert (await post(tenant, persisted(OTHER))).codes == ["DOCUMENT_NOT_FOUND"]


async def test_clients_register_documents_where_enabled(tenant: TenantClient) -> None:
    async with with_settings(tenant, TrustedSettings(registers=True)) as second:
        answer = await post(second, persisted(OTHER))
        assert answer.codes == ["PERSISTED_QUERY_NOT_FOUND"]
        assert answer.json["errors"][0]["message"] == "PersistedQueryNotFound"
        # A wrong hash and an invalid document register nothing.
        wrong = await post(
            second, persisted(VIEWER + " ", digest=identifier_of(OTHER)[7:], with_text=True)
        )
        assert wrong.codes == ["BAD_REQUEST"]
        invalid = "{ nothing }"
        assert (await post(second, persisted(invalid, with_text=True))).codes == [
            "GRAPHQL_VALIDATION_FAILED"
        ]
        for text in (OTHER, invalid):
            assert (await post(second, persisted(text))).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        expected = (await post(second, persisted(OTHER, with_text=True))).data
        assert (await post(second, persisted(OTHER))).data == expected
        # Another tenant does not have it.
        token = await tenant.world.token("rep1", "acme")
        body = json.dumps(persisted(OTHER)).encode()
        answer = await second.world.post(body, authorization=f"Bearer {token}")
        assert answer.codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_bound_tenant_accepts_no_registration(bound: TenantClient) -> None:
    async with with_settings(bound, TrustedSettings(registers=True)) as second:
        answer = await post(second, persisted(OTHER, with_text=True))
        assert answer.codes == ["TRUSTED_DOCUMENT_REQUIRED"]
        assert (await post(second, persisted(OTHER))).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_registered_document_is_not_found_once_the_tenant_is_bound(
    tenant: TenantClient,
) -> None:
    admin, registered = tenant.world.admin, tenant.world.tenants["trusted"]
    async with with_settings(tenant, TrustedSettings(registers=True)) as second:
        assert not (await post(second, persisted(OTHER, with_text=True))).codes
        assert not (await post(second, persisted(OTHER))).codes
        await set_documents(admin, registered, MANIFEST, only=True)
        second.world.endpoint.app_context.directory.forget(registered.id)
        try:
            answer = await post(second, persisted(OTHER))
            assert answer.codes == ["PERSISTED_QUERY_NOT_FOUND"]
        finally:
            await set_documents(admin, registered, MANIFEST, only=False)


# --- GET, entity tags ---------------------------------------------------------------------------


async def test_unchanged_response_is_not_sent_again(tenant: TenantClient) -> None:
    first = await get(tenant, ACCOUNTS)
    tag = first.headers["etag"]
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Accept-Encoding"} <= set(first.headers["vary"].split(", "))
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await get(tenant, ACCOUNTS, headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "private, no-cache"
        assert again.headers["vary"] == first.headers["vary"]
    for sent in ('"other"', tag.strip('"'), f'{tag[:-1]}x"'):
        assert (await get(tenant, ACCOUNTS, headers={"if-none-match": sent})).status_code == 200


async def test_changed_record_changes_the_tag(tenant: TenantClient) -> None:
    id = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    text = "query ($id: ID!) { account(id: $id) { name } }"
    await set_documents(
        tenant.world.admin,
        tenant.world.tenants["trusted"],
        {**MANIFEST, identifier_of(text): text},
        only=False,
    )
    variables = json.dumps({"id": id})
    tag = (await get(tenant, text, "admin", variables=variables)).headers["etag"]
    await tenant.mutate("admin", "accountUpdate", id=id, name="Changed")
    got = await get(tenant, text, "admin", variables=variables, headers={"if-none-match": tag})
    assert got.status_code == 200
    assert got.json()["data"] == {"account": {"name": "Changed"}}


async def test_users_cannot_compare_tags(tenant: TenantClient) -> None:
    """Two users with equal responses have different tags, and one's tag never confirms another's response."""
    text = "query { __typename }"
    await set_documents(
        tenant.world.admin,
        tenant.world.tenants["trusted"],
        {**MANIFEST, identifier_of(text): text},
        only=False,
    )
    first, second = await get(tenant, text, "rep1"), await get(tenant, text, "support")
    assert first.content == second.content
    assert first.headers["etag"] != second.headers["etag"]
    got = await get(tenant, text, "support", headers={"if-none-match": first.headers["etag"]})
    assert got.status_code == 200
    assert hashlib.sha256(first.content).hexdigest()[:32] not in first.headers["etag"]


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_each_coding_has_a_tag_of_its_own(tenant: TenantClient, coding: str) -> None:
    plain = await get(tenant, ACCOUNTS, headers={"accept-encoding": "identity"})
    coded = await get(tenant, ACCOUNTS, headers={"accept-encoding": coding})
    assert coded.headers["content-encoding"] == coding
    assert coded.content == plain.content
    assert coded.headers["etag"] != plain.headers["etag"]
    sent = {"accept-encoding": coding, "if-none-match": coded.headers["etag"]}
    assert (await get(tenant, ACCOUNTS, headers=sent)).status_code == 304
    sent = {"accept-encoding": "identity", "if-none-match": coded.headers["etag"]}
    assert (await get(tenant, ACCOUNTS, headers=sent)).status_code == 200


async def test_only_queries_by_identifier_in_a_url_have_tags(tenant: TenantClient) -> None:
    token = await tenant.world.token("rep1", tenant.slug)
    text = await tenant.world.client.get(
        "/graphql", params={"query": VIEWER}, headers={"authorization": f"Bearer {token}"}
    )
    by_post = await post(tenant, {"documentId": identifier_of(VIEWER)})
    refused = await get(tenant, ACCOUNTS, variables='{"first":101}')
    mutation = await get(tenant, CREATE)
    assert mutation.status_code == 405
    for headers in (text.headers, by_post.headers, refused.headers, mutation.headers):
        assert "etag" not in headers
        assert headers["cache-control"] == "no-store"


async def test_revalidation_ends_with_the_session(tenant: TenantClient) -> None:
    tag = (await get(tenant, VIEWER, "manager")).headers["etag"]
    token = await tenant.world.token("manager", tenant.slug)
    await tenant.ask("manager", SIGN_OUT)
    await tenant.drop_token("manager")
    got = await tenant.world.client.get(
        "/graphql",
        params={"documentId": identifier_of(VIEWER)},
        headers={"authorization": f"Bearer {token}", "if-none-match": tag},
    )
    assert got.status_code == 401
    assert "etag" not in got.headers


async def test_curl_revalidates_with_its_stored_tag(tenant: TenantClient, tmp_path: Path) -> None:
    token = await tenant.world.token("rep1", tenant.slug)
    tag = tmp_path / "tag"
    async with serve(tenant) as port:
        url = f"http://127.0.0.1:{port}/graphql?documentId={identifier_of(ACCOUNTS)}"
        results = []
        for _ in range(2):
            curl = await asyncio.create_subprocess_exec(
                "curl", "--silent", "--compressed", "--etag-save", str(tag), "--etag-compare", str(tag),
                "--header", f"authorization: Bearer {token}", "--write-out", "\n%{http_code}", url,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            results.append((await curl.communicate())[0].decode().rpartition("\n"))
    (body, _, status), (empty, _, not_modified) = results
    assert json.loads(body)["data"]["accounts"]["nodes"]
    assert (status, not_modified, empty) == ("200", "304", "")
