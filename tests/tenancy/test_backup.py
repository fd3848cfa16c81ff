"""Backup and restore: rows and history return unchanged or not at all, and other tenants are not affected."""

# ruff: noqa: ASYNC240 - no other task needs the event loop while a test reads files
# ruff: noqa: S608 - the schema names are constants

from __future__ import annotations

import asyncio
import json
import random
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli.servers.embedded import Servers
from tenancy.engine import archive
from tenancy.engine import restore as restoring
from tenancy.engine.backup import backup
from tenancy.engine.history import head, upgrade_catalog
from tenancy.engine.provision import TenantError, tenants
from tenancy.engine.restore import restore
from tests.support.covers import covers
from tests.support.place import temporary_database
from tests.support.world import PERSONAS, World, world_on
from tests.tenancy.histories import longer
from tests.writes.client import TenantClient

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
QUERY = """
{
  accounts(first: 50) { totalCount nodes { id name version owner { name } addresses { nodes { city } } } }
  opportunities(first: 50, orderBy: [{ name: ASC }]) {
    totalCount
    nodes { id name amount { amount currency } weighted { amount } stage { name } account { name } }
  }
  users(first: 50) { nodes { id active employee { name manager { name } } } }
}
"""
HISTORY = """
query ($id: ID!) { account(id: $id) { name version history { nodes { kind field before after at user { id } } } } }
"""
UPDATE = (
    "mutation ($i: AccountUpdateInput!) { done: accountUpdate(input: $i) { account { version } } }"
)
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
async def account(scratch_world: World) -> tuple[str, Any]:
    """ID of an account that was created and updated, and the result of `HISTORY` for it."""
    client = TenantClient(scratch_world, "acme")
    id = await client.mutate("admin", "accountCreate", name="Before")
    await client.ask("admin", UPDATE, {"i": {"id": id, "name": "After"}})
    return id, (await client.ask("admin", HISTORY, {"id": id})).data


@pytest.fixture(scope="module")
async def backup_file(
    scratch_world: World, account: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A backup of both tenants."""
    file = tmp_path_factory.mktemp("backup") / "all.relata"
    await backup(scratch_world.admin, file, made_at=NOON, relata="0.1.0")
    return file


@asynccontextmanager
async def empty(servers: Servers) -> AsyncIterator[tuple[asyncpg.Connection[Any], Servers]]:
    """The operator's connection to an installation without tenants, and its servers."""
    async with temporary_database(servers, "back") as place:
        admin = await asyncpg.connect(place.database_url)
        try:
            await upgrade_catalog(admin)
            yield admin, place
        finally:
            await admin.close()


async def results_of(world: World, tenant: str) -> dict[str, bytes]:
    """Result of `QUERY` for each persona, as JSON."""
    results = {}
    for each in PERSONAS:
        response = (await world.ask(each, QUERY, tenant=tenant)).json
        results[each] = json.dumps([response.get("data"), response.get("errors")]).encode()
    assert b'"amount": "' in results["admin"]
    return results


TRACES = """
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' UNION ALL
SELECT 'role ' || rolname FROM pg_roles UNION ALL
SELECT 'class ' || relname || relnamespace FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
  AND NOT relname LIKE 'pg\\_%' UNION ALL
SELECT 'tenant ' || t::text FROM catalog.tenant t
"""


async def traces(admin: asyncpg.Connection[Any]) -> set[str]:
    """Schemas, roles, tables and catalog entries, which a failed restore could leave behind."""
    return {row[0] for row in await admin.fetch(TRACES)}


async def digest(admin: asyncpg.Connection[Any], schema: str) -> dict[str, str]:
    """MD5 digest of all rows, by table."""
    tables = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'",
        schema,
    )
    text = "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {}.\"{}\" t"
    return {row[0]: await admin.fetchval(text.format(schema, row[0])) for row in tables}


# --- restore ------------------------------------------------------------------------------------


async def test_restored_installation_returns_the_same_results_and_history(
    servers: Servers, scratch_world: World, account: tuple[str, Any], backup_file: Path
) -> None:
    async with empty(servers) as (admin, place):
        assert [one.slug for one in await restore(admin, backup_file, now=NOON)] == [
            "acme",
            "globex",
        ]
        async with world_on(place) as back:
            for slug in ("acme", "globex"):
                assert await results_of(back, slug) == await results_of(scratch_world, slug)
            client, (id, expected) = TenantClient(back, "acme"), account
            assert (await client.ask("admin", HISTORY, {"id": id})).data == expected
            updated = await client.ask("admin", UPDATE, {"i": {"id": id, "name": "Later"}})
            assert updated.data["done"]["account"]["version"] == expected["account"]["version"] + 1


@covers("D-61", "D-63")
async def test_restore_ends_sessions_and_invalidates_positions(
    servers: Servers, scratch_world: World, backup_file: Path
) -> None:
    """A session revoked after the backup stays invalid, and subscribers cannot resume and miss changes."""
    token = scratch_world.tokens["admin", "acme"]  # of the session that wrote the account
    async with empty(servers) as (admin, place):
        await restore(admin, backup_file, now=NOON)
        async with world_on(place) as back:
            request = json.dumps({"query": "{ viewer { id } }"}).encode()
            assert (await back.post(request, authorization=f"Bearer {token}")).codes == [
                "UNAUTHENTICATED"
            ]
            query = "SELECT epoch, access, placement FROM {}.log_head"
            before = await scratch_world.admin.fetchrow(query.format(scratch_world.schema()))
            after = await admin.fetchrow(query.format(back.schema()))
            assert before is not None
            assert after is not None
            assert all(new > old for new, old in zip(after, before, strict=True))
            assert back.tenants["acme"].placement.version == after["placement"]


@covers("D-61")
async def test_restore_invalidates_password_reset_tokens(
    servers: Servers, scratch_world: World, tmp_path: Path
) -> None:
    """A token that was used or replaced after the backup stays invalid."""
    file, credential = tmp_path / "one.relata", f"{scratch_world.schema()}.credential"
    pending = "reset = gen_random_uuid(), reset_until = 'tomorrow'"
    await scratch_world.admin.execute(f"UPDATE {credential} SET {pending}")
    try:
        await backup(scratch_world.admin, file, made_at=NOON, relata="0.1.0", only="acme")
    finally:
        await scratch_world.admin.execute(
            f"UPDATE {credential} SET reset = NULL, reset_until = NULL"
        )
    async with empty(servers) as (admin, _):
        [restored] = await restore(admin, file, now=NOON)
        query = "SELECT count(*), count(reset), count(reset_until) FROM {}.credential"
        counts = await admin.fetchrow(query.format(restored.placement.schema))
        expected = await scratch_world.admin.fetchval(f"SELECT count(*) FROM {credential}")
        assert tuple(counts or ()) == (expected, 0, 0)


@covers("D-71")
async def test_restored_schema_equals_that_of_a_new_tenant(
    servers: Servers, backup_file: Path
) -> None:
    """The file has only rows; keys, indexes, functions, privileges and comments come from the migrations."""
    from tenancy.engine.drift import CATALOG_FACTS
    from tenancy.engine.provision import create

    rights = "SELECT relname, relacl::text, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = $1::regnamespace"
    async with empty(servers) as (admin, _):
        [restored] = await restore(admin, backup_file, now=NOON, only="acme")
        created = await create(admin, "new-tenant", "New tenant")
        schemas = []
        for each in (restored, created):
            name = each.placement.schema
            facts = [str(row[0]) for row in await admin.fetch(CATALOG_FACTS, name)]
            facts += [str(tuple(row)) for row in await admin.fetch(rights, name)]
            schemas.append({fact.replace(name, "T") for fact in facts})
        assert schemas[0] == schemas[1]


async def test_tenant_is_restored_under_another_name_beside_the_original(
    scratch_world: World, account: tuple[str, Any], backup_file: Path
) -> None:
    others = {
        slug: await digest(scratch_world.admin, scratch_world.schema(slug))
        for slug in ("acme", "globex")
    }
    [copy] = await restore(scratch_world.admin, backup_file, now=NOON, only="acme", new_name="copy")
    try:
        for slug, before in others.items():
            assert await digest(scratch_world.admin, scratch_world.schema(slug)) == before
        assert copy.id != scratch_world.tenants["acme"].id
        id, expected = account
        scratch_world.tokens.update(
            {
                (who, "copy"): await access_token(scratch_world, "copy", f"{who}@acme.example")
                for who in PERSONAS
            }
        )
        assert await results_of(scratch_world, "copy") == await results_of(scratch_world, "acme")
        assert (
            await scratch_world.ask("admin", HISTORY, {"id": id}, tenant="copy")
        ).data == expected
        changed = await scratch_world.ask(
            "admin", UPDATE, {"i": {"id": id, "name": "Changed"}}, tenant="copy"
        )
        assert not changed.codes
        assert (await scratch_world.ask("admin", HISTORY, {"id": id})).data == expected, (
            "the original is unchanged"
        )
    finally:
        name = copy.placement.schema
        await scratch_world.admin.execute(
            f"DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name}"
        )
        await scratch_world.admin.execute("DELETE FROM catalog.tenant WHERE slug = 'copy'")


async def access_token(world: World, tenant: str, email: str) -> str:
    """Sign in to a tenant and return the access token."""
    query = "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken } }"
    credentials = {"tenant": tenant, "email": email, "password": "relata-demo"}
    response = await world.post(
        json.dumps({"query": query, "variables": {"i": credentials}}).encode()
    )
    return str(response.data["signIn"]["accessToken"])


async def test_backup_of_an_older_revision_is_migrated_to_the_newest(
    servers: Servers, backup_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with empty(servers) as (admin, _):
        with longer(tmp_path, monkeypatch):
            [one] = await restore(admin, backup_file, now=NOON, only="acme")
            rated = f"SELECT count(*) FROM {one.placement.schema}.account WHERE rating IS DISTINCT FROM 5"
            assert await admin.fetchval(rated) == 0
            assert [revision for _, revision in await tenants(admin)] == [head()]


async def test_remains_of_a_killed_restore_are_unreachable_and_removed(
    servers: Servers, backup_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends at the second tenant, when the first one is complete."""
    filled, calls = restoring._insert_rows, 0

    async def killed(admin: asyncpg.Connection[Any], *rest: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            admin.terminate()
        await filled(admin, *rest)

    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'"
    async with empty(servers) as (admin, place):
        cut = await asyncpg.connect(place.database_url)
        monkeypatch.setattr(restoring, "_insert_rows", killed)
        with pytest.raises(asyncpg.InterfaceError):
            await restore(cut, backup_file, now=NOON)
        monkeypatch.undo()
        assert await admin.fetchval(schemas) == 1
        assert await tenants(admin) == [], "no tenant refers to it"
        await restore(admin, backup_file, now=NOON, only="globex")
        assert await admin.fetchval(schemas) == 1
        assert [one.slug for one, _ in await tenants(admin)] == ["globex"]
        await restore(admin, backup_file, now=NOON, only="acme")
        assert await admin.fetchval(schemas) == 2


async def test_concurrent_restore_is_refused(servers: Servers, backup_file: Path) -> None:
    async with empty(servers) as (admin, place):
        other = await asyncpg.connect(place.database_url)
        await other.execute(f"SELECT pg_advisory_lock({restoring.ADVISORY_LOCK_KEY})")
        await assert_refused(admin, backup_file, "Another restore is running")
        await other.close()
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
        while await admin.fetchval(locks, restoring.ADVISORY_LOCK_KEY):  # noqa: ASYNC110 - Postgres sends no event
            await asyncio.sleep(0.01)
        assert len(await restore(admin, backup_file, now=NOON)) == 2


# --- one snapshot per backup ------------------------------------------------------------------


@covers("D-60")
async def test_concurrent_write_is_in_the_backup_completely_or_not_at_all(
    servers: Servers, scratch_world: World, tmp_path: Path
) -> None:
    client, done = TenantClient(scratch_world, "globex"), asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            await client.mutate("admin", "accountCreate", name=client.new_name())

    operator = await asyncpg.connect(scratch_world.servers.database_url)
    writing = asyncio.create_task(write())
    try:
        for number in range(5):
            await backup(operator, tmp_path / str(number), made_at=NOON, relata="0.1.0")
    finally:
        done.set()
        await writing
        await operator.close()
    async with empty(servers) as (admin, _):
        for number in range(5):
            [one] = await restore(
                admin, tmp_path / str(number), now=NOON, only="globex", new_name=f"copy{number}"
            )
            await admin.execute(f"SET search_path = {one.placement.schema}")
            counts = await admin.fetchrow(
                "SELECT position, (SELECT max(position) FROM change_log) AS last, "
                "(SELECT count(DISTINCT record_id) FROM change_log WHERE entity = 'Account') AS logged, "
                "(SELECT count(*) FROM account WHERE id IN (SELECT record_id FROM change_log)) AS existing, "
                "(SELECT count(*) FROM history WHERE entity = 'Account' AND kind = 'CREATED') AS historical "
                "FROM log_head"
            )
            await admin.execute("RESET search_path")
            assert counts is not None
            assert counts["position"] == (counts["last"] or 0)
            assert counts["logged"] == counts["existing"] == counts["historical"]


async def test_backup_of_a_tenant_under_migration_is_refused(
    scratch_world: World, tmp_path: Path
) -> None:
    other = await asyncpg.connect(scratch_world.servers.database_url)
    operator = await asyncpg.connect(scratch_world.servers.database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM catalog.tenant WHERE slug = 'globex' FOR UPDATE")
            await other.execute("UPDATE catalog.tenant SET name = name WHERE slug = 'globex'")
            task = asyncio.create_task(
                backup(operator, tmp_path / "b", made_at=NOON, relata="0.1.0")
            )
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not (task.done() or await scratch_world.admin.fetchval(waiting)):  # noqa: ASYNC110 - Postgres sends no event
                await asyncio.sleep(0.01)
        with pytest.raises(TenantError, match="is being migrated\\. Try again"):
            await task
    finally:
        await other.close()
        await operator.close()
    assert not list(tmp_path.iterdir()), "no incomplete file is left"


# --- refusals -----------------------------------------------------------------------------------


async def assert_refused(
    admin: asyncpg.Connection[Any], file: Path, match: str, **options: Any
) -> None:
    """Assert that a restore is refused with a message that matches, and changes nothing."""
    before = await traces(admin)
    with pytest.raises(TenantError, match=match):
        await restore(admin, file, now=NOON, **options)
    assert await traces(admin) == before


async def test_restore_and_backup_overwrite_nothing(
    scratch_world: World, backup_file: Path
) -> None:
    await assert_refused(
        scratch_world.admin, backup_file, "'acme' exists already, and nothing is overwritten"
    )
    await assert_refused(scratch_world.admin, backup_file, "'globex' exists", only="globex")
    await assert_refused(
        scratch_world.admin, backup_file, "'globex' exists", only="acme", new_name="globex"
    )
    await assert_refused(scratch_world.admin, backup_file, "Choose with --tenant", new_name="other")
    await assert_refused(
        scratch_world.admin, backup_file, "cannot be a tenant's name", only="acme", new_name="No"
    )
    await assert_refused(
        scratch_world.admin,
        backup_file,
        "contains no tenant 'x'. It contains: acme, globex",
        only="x",
    )
    with pytest.raises(TenantError, match=r"exists already\. Give"):
        await backup(scratch_world.admin, backup_file, made_at=NOON, relata="0.1.0")
    with pytest.raises(
        TenantError, match=r"no tenant 'x' to back up\. The tenants are: acme, globex"
    ):
        await backup(
            scratch_world.admin, backup_file.with_name("x"), made_at=NOON, relata="0.1.0", only="x"
        )
    assert [each.name for each in backup_file.parent.iterdir()] == [backup_file.name]
    assert backup_file.stat().st_mode & 0o077 == 0, "the file has password hashes"


async def test_damaged_file_is_refused_at_every_position(
    servers: Servers, backup_file: Path, tmp_path: Path
) -> None:
    content, file = backup_file.read_bytes(), tmp_path / "damaged"
    rng = random.Random(7)
    async with empty(servers) as (admin, _):
        await assert_refused(admin, tmp_path / "nowhere", "cannot be read: No such file")
        for length in (0, 1, 100, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:length])
            await assert_refused(admin, file, "is not a complete backup")
        with zipfile.ZipFile(backup_file) as read:
            ranges = [  # compressed data only: zip headers have redundant and unused bytes
                (each.header_offset + 30 + len(each.filename) + 40, each.compress_size - 40)
                for each in read.infolist()
                if each.compress_size > 100
            ]
        for _ in range(40):
            start, length = rng.choice(ranges)
            at = start + rng.randrange(length)
            file.write_bytes(
                content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
            )
            await assert_refused(admin, file, "is not a complete backup")


def tampered(
    backup_file: Path, file: Path, change: Callable[[Manifest, dict[str, bytes]], None]
) -> None:
    """Write a valid zip file with the backup's content after a change of its manifest or its rows."""
    with zipfile.ZipFile(backup_file) as read:
        files = {name: read.read(name) for name in read.namelist()}
    manifest = json.loads(files.pop(archive.MANIFEST))
    change(manifest, files)
    with zipfile.ZipFile(file, "w") as out:
        for name, rows in files.items():
            out.writestr(name, rows)
        out.writestr(archive.MANIFEST, json.dumps(manifest))


def replace_rows(
    manifest: Manifest, files: dict[str, bytes], slug: str, table: str, rows: bytes
) -> None:
    """Replace the rows of a table, and its checksum in the manifest."""
    files[f"{slug}/{table}.copy"] = rows
    [tenant] = [each for each in manifest["tenants"] if each["slug"] == slug]
    [entry] = [each for each in tenant["tables"] if each["name"] == table]
    entry |= {"size": len(rows), "sha256": sha256(rows).hexdigest()}


def other_rows(manifest: Manifest, files: dict[str, bytes]) -> None:
    files["acme/account.copy"] = files["acme/account.copy"].replace(b"a", b"b", 1)


def no_rows(manifest: Manifest, files: dict[str, bytes]) -> None:
    del files["acme/account.copy"]


def more_rows(manifest: Manifest, files: dict[str, bytes]) -> None:
    files["acme/../evil"] = b""


def no_such_column(manifest: Manifest, files: dict[str, bytes]) -> None:
    [table] = [t for t in manifest["tenants"][1]["tables"] if t["name"] == "account"]
    table["columns"][0] = "id\") FROM PROGRAM 'id' --"


def newer(manifest: Manifest, files: dict[str, bytes]) -> None:
    manifest["tenants"][1]["revision"] = "9999"


def other_format(manifest: Manifest, files: dict[str, bytes]) -> None:
    manifest["format"] = 2


def dangling(manifest: Manifest, files: dict[str, bytes]) -> None:
    replace_rows(manifest, files, "globex", "employee", b"")


def odd_rows(manifest: Manifest, files: dict[str, bytes]) -> None:
    replace_rows(manifest, files, "globex", "stage", b"no\trow\n")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (other_rows, "acme/account.copy does not match its manifest"),
        (no_rows, "its entries are not those of its manifest"),
        (more_rows, "its entries are not those of its manifest"),
        (no_such_column, "are not those of revision"),
        (newer, "at revision 9999 of Relata 0.1.0, which this version does not know"),
        (other_format, "has format 2"),
        (dangling, "Postgres refuses the data of the backup"),
        (odd_rows, "Postgres refuses the data of the backup"),
    ],
)
async def test_tampered_file_changes_nothing(
    servers: Servers,
    backup_file: Path,
    tmp_path: Path,
    change: Callable[[Manifest, dict[str, bytes]], None],
    match: str,
) -> None:
    """Also if the first tenant is restored and the second one fails at its end."""
    tampered(backup_file, tmp_path / "file", change)
    async with empty(servers) as (admin, _):
        await assert_refused(admin, tmp_path / "file", match)
