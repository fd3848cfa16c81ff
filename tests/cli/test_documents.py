"""The commands for trusted documents: manifests from files, registration for a tenant, and their backup."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema.engine.manifests import identifier_of
from tests.cli.conftest import Operate
from tests.writes.client import TenantClient, in_second_instance

VIEWER = "query Viewer {\n  viewer { id }\n}\n"
ACCOUNTS = (
    "query Accounts { accounts(first: 2) { nodes { ...A } } }\nfragment A on Account { id }\n"
)
STORED = "SELECT id, text FROM trusted_document ORDER BY id"


@pytest.fixture(autouse=True)
async def unbound(tenant: TenantClient, operate: Operate) -> AsyncIterator[None]:
    """Remove the documents after each test."""
    yield
    await operate("tenant", "documents", "acme", "--remove")
    assert await tenant.fetch(STORED) == []


def write(folder: Path, **files: str) -> None:
    (folder / "queries" / "deep").mkdir(parents=True)
    for name, text in files.items():
        (folder / "queries" / "deep" / f"{name}.graphql").write_text(text)


async def code(tenant: TenantClient, body: dict[str, object]) -> list[str]:
    """The error codes of a request to a process without caches."""
    async with in_second_instance(tenant) as second:
        token = await second.world.token("rep1", tenant.slug)
        answer = await second.world.post(json.dumps(body).encode(), authorization=f"Bearer {token}")
        return answer.codes


async def test_manifest_of_a_folder_is_registered_for_a_tenant(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    write(tmp_path, viewer=VIEWER, accounts=ACCOUNTS)
    result = await operate("documents", "queries", "--out", "manifest.json")
    assert "2 documents" in result.stderr
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert manifest == {identifier_of(text): text for text in (VIEWER, ACCOUNTS)}
    assert json.loads((await operate("documents", "queries")).stdout) == manifest

    result = await operate("tenant", "documents", "acme", "manifest.json")
    assert (
        "acme has 2 trusted documents. Running servers use them within 30 seconds." in result.stderr
    )
    assert await code(tenant, {"documentId": identifier_of(VIEWER)}) == []
    assert await code(tenant, {"query": VIEWER}) == []

    result = await operate("tenant", "documents", "acme", "manifest.json", "--only")
    assert "It accepts no others." in result.stderr
    assert await code(tenant, {"documentId": identifier_of(ACCOUNTS)}) == []
    assert await code(tenant, {"query": VIEWER}) == ["TRUSTED_DOCUMENT_REQUIRED"]

    await operate("tenant", "documents", "acme", "--remove")
    assert await code(tenant, {"documentId": identifier_of(VIEWER)}) == ["DOCUMENT_NOT_FOUND"]
    assert await code(tenant, {"query": VIEWER}) == []


async def test_registering_replaces_all_documents(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    many = {f"x-n:{number}": VIEWER for number in range(2_500)}
    (tmp_path / "many.json").write_text(json.dumps(many))
    await operate("tenant", "documents", "acme", "many.json")
    assert len(await tenant.fetch(STORED)) == 2_500
    (tmp_path / "one.json").write_text(json.dumps({"one": ACCOUNTS}))
    await operate("tenant", "documents", "acme", "one.json")
    assert [tuple(row) for row in await tenant.fetch(STORED)] == [("one", ACCOUNTS)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query { accounts { nodes { shoeSize } } }", "queries/deep/bad.graphql:1:28: "),
        ("query { accounts { nodes { ...Elsewhere } } }", "Elsewhere"),
        ("query {", "bad.graphql:1:"),
        ("{ accounts(first: 1000) { nodes { id } } }", "1:19: `first` must be"),
    ],
)
async def test_invalid_document_is_named_and_nothing_is_written(
    operate: Operate, tenant: TenantClient, tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path, bad=text, viewer=VIEWER)
    result = await operate("documents", "queries", "--out", "manifest.json", fails=True)
    assert message in result.stderr
    assert not (tmp_path / "manifest.json").exists()


async def test_unusable_arguments_change_nothing(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    (tmp_path / "wrong.json").write_text('{"sha256:00": "{ viewer { id } }"}')
    (tmp_path / "invalid.json").write_text('{"a": "{ nothing }"}')
    for words, message in (
        (("acme", "wrong.json"), "is not the SHA-256 of its document"),
        (("acme", "invalid.json"), "nothing"),
        (("acme", "absent.json"), "absent.json cannot be read"),
        (("acme",), "--remove"),
        (("acme", "wrong.json", "--remove"), "--remove"),
        (("acme", "--remove", "--only"), "--remove"),
    ):
        result = await operate("tenant", "documents", *words, fails=True)
        assert message in result.stderr, words
    assert await tenant.fetch(STORED) == []
    (tmp_path / "right.json").write_text(json.dumps({"a": VIEWER}))
    result = await operate("tenant", "documents", "nowhere", "right.json", fails=True)
    assert "There is no tenant 'nowhere'" in result.stderr
    result = await operate("documents", "absent", fails=True)
    assert "no .graphql files" in result.stderr


async def test_backup_restores_the_documents_and_the_restriction(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"viewer": VIEWER}))
    await operate("tenant", "documents", "acme", "manifest.json", "--only")
    await operate("backup", "file.zip", "--tenant", "acme")
    await operate("restore", "file.zip", "--as", "restored")
    admin = tenant.world.admin
    row = await admin.fetchrow("SELECT * FROM catalog.tenant WHERE slug = 'restored'")
    assert row is not None
    assert row["trusted_documents_only"]
    text = f"SELECT text FROM {row['schema_name']}.trusted_document"  # noqa: S608 - a generated schema name
    assert await admin.fetchval(text) == VIEWER
    await admin.execute(f"DROP SCHEMA {row['schema_name']} CASCADE; DROP ROLE {row['role_name']}")
    await admin.execute("DELETE FROM catalog.tenant WHERE slug = 'restored'")
