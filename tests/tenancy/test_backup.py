"""What was backed up comes back as it was, history and all, or not at all; and nobody else notices."""

# ruff: noqa: ASYNC240 - nothing else waits for this event loop while a test looks at files
# ruff: noqa: S608 - the schemas are ours

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
from tests.support.place import place_on
from tests.support.world import PERSONAS, World, world_on
from tests.tenancy.histories import longer
from tests.writes.parallel import TenantClient

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ASKED = """
{
  accounts(first: 50) { totalCount nodes { id name version owner { name } addresses { nodes { city } } } }
  opportunities(first: 50, orderBy: [{ name: ASC }]) {
    totalCount
    nodes { id name amount { amount currency } weighted { amount } stage { name } account { name } }
  }
  users(first: 50) { nodes { id active employee { name manager { name } } } }
}
"""
STORY = """
query ($id: ID!) { account(id: $id) { name version history { nodes { kind field before after at user { id } } } } }
"""
UPDATE = (
    "mutation ($i: AccountUpdateInput!) { done: accountUpdate(input: $i) { account { version } } }"
)
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
async def story(scratch_world: World) -> tuple[str, Any]:
    """An account to which something happened, and what is told of it."""
    own = TenantClient(scratch_world, "acme")
    id = await own.done("admin", "accountCreate", name="Before")
    await own.ask("admin", UPDATE, {"i": {"id": id, "name": "After"}})
    return id, (await own.ask("admin", STORY, {"id": id})).data


@pytest.fixture(scope="module")
async def kept(
    scratch_world: World, story: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Both tenants in a file."""
    file = tmp_path_factory.mktemp("backup") / "all.relata"
    await backup(scratch_world.admin, file, made_at=NOON, relata="0.1.0")
    return file


@asynccontextmanager
async def empty(servers: Servers) -> AsyncIterator[tuple[asyncpg.Connection[Any], Servers]]:
    """An installation without tenants, and its operator."""
    async with place_on(servers, "back") as place:
        admin = await asyncpg.connect(place.database_url)
        try:
            await upgrade_catalog(admin)
            yield admin, place
        finally:
            await admin.close()


async def answers(world: World, tenant: str) -> dict[str, bytes]:
    """What every persona is answered."""
    told = {}
    for each in PERSONAS:
        answer = (await world.ask(each, ASKED, tenant=tenant)).json
        told[each] = json.dumps([answer.get("data"), answer.get("errors")]).encode()
    assert b'"amount": "' in told["admin"]
    return told


TRACES = """
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' UNION ALL
SELECT 'role ' || rolname FROM pg_roles UNION ALL
SELECT 'class ' || relname || relnamespace FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
  AND NOT relname LIKE 'pg\\_%' UNION ALL
SELECT 'tenant ' || t::text FROM catalog.tenant t
"""


async def traces(admin: asyncpg.Connection[Any]) -> set[str]:
    """Everything that a restoring could leave behind."""
    return {row[0] for row in await admin.fetch(TRACES)}


async def digest(admin: asyncpg.Connection[Any], schema: str) -> dict[str, str]:
    """Every row of a tenant, as a sum for each table."""
    found = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'",
        schema,
    )
    text = "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {}.\"{}\" t"
    return {row[0]: await admin.fetchval(text.format(schema, row[0])) for row in found}


# --- there and back -----------------------------------------------------------------------------


async def test_an_installation_comes_back_with_the_same_answers_and_its_history(
    servers: Servers, scratch_world: World, story: tuple[str, Any], kept: Path
) -> None:
    async with empty(servers) as (admin, place):
        assert [one.slug for one in await restore(admin, kept, now=NOON)] == ["acme", "globex"]
        async with world_on(place) as back:
            for slug in ("acme", "globex"):
                assert await answers(back, slug) == await answers(scratch_world, slug)
            own, (id, told) = TenantClient(back, "acme"), story
            assert (await own.ask("admin", STORY, {"id": id})).data == told
            written = await own.ask("admin", UPDATE, {"i": {"id": id, "name": "Later"}})
            assert written.data["done"]["account"]["version"] == told["account"]["version"] + 1


@covers("D-61", "D-63")
async def test_nobody_is_signed_in_and_no_position_is_known_after_it(
    servers: Servers, scratch_world: World, kept: Path
) -> None:
    """A session that was ended after the backup must not live again; nor may news be missed."""
    token = scratch_world.tokens["admin", "acme"]  # that the story was written with
    async with empty(servers) as (admin, place):
        await restore(admin, kept, now=NOON)
        async with world_on(place) as back:
            asked = json.dumps({"query": "{ viewer { id } }"}).encode()
            assert (await back.post(asked, authorization=f"Bearer {token}")).codes == [
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
async def test_no_password_can_be_chosen_with_an_old_token_after_it(
    servers: Servers, scratch_world: World, tmp_path: Path
) -> None:
    """A token that was used or made void after the backup must not be good again."""
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
        told = await admin.fetchrow(query.format(restored.placement.schema))
        there = await scratch_world.admin.fetchval(f"SELECT count(*) FROM {credential}")
        assert tuple(told or ()) == (there, 0, 0)


@covers("D-71")
async def test_the_schema_is_that_of_a_tenant_newly_made(servers: Servers, kept: Path) -> None:
    """Keys, indexes, functions, rights and comments, though only rows are in the file."""
    from tenancy.engine.drift import FACTS
    from tenancy.engine.provision import create

    rights = "SELECT relname, relacl::text, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = $1::regnamespace"
    async with empty(servers) as (admin, _):
        [restored] = await restore(admin, kept, now=NOON, only="acme")
        made = await create(admin, "newly", "Newly made")
        told = []
        for each in (restored, made):
            name = each.placement.schema
            facts = [str(row[0]) for row in await admin.fetch(FACTS, name)]
            facts += [str(tuple(row)) for row in await admin.fetch(rights, name)]
            told.append({fact.replace(name, "T") for fact in facts})
        assert told[0] == told[1]


async def test_one_tenant_comes_back_as_another_beside_the_others(
    scratch_world: World, story: tuple[str, Any], kept: Path
) -> None:
    others = {
        slug: await digest(scratch_world.admin, scratch_world.schema(slug))
        for slug in ("acme", "globex")
    }
    [twin] = await restore(scratch_world.admin, kept, now=NOON, only="acme", new_name="twin")
    try:
        for slug, before in others.items():
            assert await digest(scratch_world.admin, scratch_world.schema(slug)) == before
        assert twin.id != scratch_world.tenants["acme"].id
        id, told = story
        scratch_world.tokens.update(
            {
                (who, "twin"): await signed_in(scratch_world, "twin", f"{who}@acme.example")
                for who in PERSONAS
            }
        )
        assert await answers(scratch_world, "twin") == await answers(scratch_world, "acme")
        assert (await scratch_world.ask("admin", STORY, {"id": id}, tenant="twin")).data == told
        changed = await scratch_world.ask(
            "admin", UPDATE, {"i": {"id": id, "name": "Twin"}}, tenant="twin"
        )
        assert not changed.codes
        assert (await scratch_world.ask("admin", STORY, {"id": id})).data == told, (
            "the first one's stays"
        )
    finally:
        name = twin.placement.schema
        await scratch_world.admin.execute(
            f"DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name}"
        )
        await scratch_world.admin.execute("DELETE FROM catalog.tenant WHERE slug = 'twin'")


async def signed_in(world: World, tenant: str, email: str) -> str:
    query = "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken } }"
    given = {"tenant": tenant, "email": email, "password": "relata-demo"}
    answer = await world.post(json.dumps({"query": query, "variables": {"i": given}}).encode())
    return str(answer.data["signIn"]["accessToken"])


async def test_what_was_kept_at_an_older_revision_is_brought_to_the_newest(
    servers: Servers, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with empty(servers) as (admin, _):
        with longer(tmp_path, monkeypatch):
            [one] = await restore(admin, kept, now=NOON, only="acme")
            rated = f"SELECT count(*) FROM {one.placement.schema}.account WHERE rating IS DISTINCT FROM 5"
            assert await admin.fetchval(rated) == 0
            assert [revision for _, revision in await tenants(admin)] == [head()]


async def test_what_a_killed_restoring_left_behind_is_nobodys_and_is_removed(
    servers: Servers, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off at the second tenant, when the first one is whole."""
    whole, begun = restoring._filled, 0

    async def killed(admin: asyncpg.Connection[Any], *rest: Any) -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            admin.terminate()
        await whole(admin, *rest)

    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'"
    async with empty(servers) as (admin, place):
        cut = await asyncpg.connect(place.database_url)
        monkeypatch.setattr(restoring, "_filled", killed)
        with pytest.raises(asyncpg.InterfaceError):
            await restore(cut, kept, now=NOON)
        monkeypatch.undo()
        assert await admin.fetchval(schemas) == 1
        assert await tenants(admin) == [], "nobody can enter it"
        await restore(admin, kept, now=NOON, only="globex")
        assert await admin.fetchval(schemas) == 1
        assert [one.slug for one, _ in await tenants(admin)] == ["globex"]
        await restore(admin, kept, now=NOON, only="acme")
        assert await admin.fetchval(schemas) == 2


async def test_two_do_not_restore_at_once(servers: Servers, kept: Path) -> None:
    async with empty(servers) as (admin, place):
        other = await asyncpg.connect(place.database_url)
        await other.execute(f"SELECT pg_advisory_lock({restoring.LOCK})")
        await refused(admin, kept, "Another restore is running")
        await other.close()
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
        while await admin.fetchval(held, restoring.LOCK):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        assert len(await restore(admin, kept, now=NOON)) == 2


# --- as of one moment ---------------------------------------------------------------------------


@covers("D-60")
async def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    servers: Servers, scratch_world: World, tmp_path: Path
) -> None:
    own, done = TenantClient(scratch_world, "globex"), asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            await own.done("admin", "accountCreate", name=own.name())

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
            told = await admin.fetchrow(
                "SELECT position, (SELECT max(position) FROM change_log) AS last, "
                "(SELECT count(DISTINCT record_id) FROM change_log WHERE entity = 'Account') AS noted, "
                "(SELECT count(*) FROM account WHERE id IN (SELECT record_id FROM change_log)) AS there, "
                "(SELECT count(*) FROM history WHERE entity = 'Account' AND kind = 'CREATED') AS storied "
                "FROM log_head"
            )
            await admin.execute("RESET search_path")
            assert told is not None
            assert told["position"] == (told["last"] or 0)
            assert told["noted"] == told["there"] == told["storied"]


async def test_a_tenant_under_migration_is_not_copied_half_way(
    scratch_world: World, tmp_path: Path
) -> None:
    other = await asyncpg.connect(scratch_world.servers.database_url)
    operator = await asyncpg.connect(scratch_world.servers.database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM catalog.tenant WHERE slug = 'globex' FOR UPDATE")
            await other.execute("UPDATE catalog.tenant SET name = name WHERE slug = 'globex'")
            made = asyncio.create_task(
                backup(operator, tmp_path / "b", made_at=NOON, relata="0.1.0")
            )
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not (made.done() or await scratch_world.admin.fetchval(waiting)):  # noqa: ASYNC110 - Postgres tells nobody
                await asyncio.sleep(0.01)
        with pytest.raises(TenantError, match="is being migrated\\. Try again"):
            await made
    finally:
        await other.close()
        await operator.close()
    assert not list(tmp_path.iterdir()), "nothing is left that looks like a backup"


# --- refused ------------------------------------------------------------------------------------


async def refused(admin: asyncpg.Connection[Any], file: Path, match: str, **asked: Any) -> None:
    """Restoring is refused with a sentence, and nothing is changed."""
    before = await traces(admin)
    with pytest.raises(TenantError, match=match):
        await restore(admin, file, now=NOON, **asked)
    assert await traces(admin) == before


async def test_nothing_is_overwritten(scratch_world: World, kept: Path) -> None:
    await refused(scratch_world.admin, kept, "'acme' exists already, and nothing is overwritten")
    await refused(scratch_world.admin, kept, "'globex' exists", only="globex")
    await refused(scratch_world.admin, kept, "'globex' exists", only="acme", new_name="globex")
    await refused(scratch_world.admin, kept, "Choose with --tenant", new_name="other")
    await refused(
        scratch_world.admin, kept, "cannot be a tenant's name", only="acme", new_name="No"
    )
    await refused(
        scratch_world.admin, kept, "holds no tenant 'x'. It holds: acme, globex", only="x"
    )
    with pytest.raises(TenantError, match=r"exists already\. Give"):
        await backup(scratch_world.admin, kept, made_at=NOON, relata="0.1.0")
    with pytest.raises(
        TenantError, match=r"no tenant 'x' to back up\. The tenants are: acme, globex"
    ):
        await backup(
            scratch_world.admin, kept.with_name("x"), made_at=NOON, relata="0.1.0", only="x"
        )
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]
    assert kept.stat().st_mode & 0o077 == 0, "it holds hashes of passwords"


async def test_a_damaged_file_is_refused_wherever_it_is_damaged(
    servers: Servers, kept: Path, tmp_path: Path
) -> None:
    whole, file = kept.read_bytes(), tmp_path / "damaged"
    chance = random.Random(7)
    async with empty(servers) as (admin, _):
        await refused(admin, tmp_path / "nowhere", "cannot be read: No such file")
        for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:length])
            await refused(admin, file, "is not a complete backup")
        with zipfile.ZipFile(kept) as read:
            inside = [  # of what is packed, not of what a zip says about it twice or for nobody
                (each.header_offset + 30 + len(each.filename) + 40, each.compress_size - 40)
                for each in read.infolist()
                if each.compress_size > 100
            ]
        for _ in range(40):
            start, length = chance.choice(inside)
            at = start + chance.randrange(length)
            file.write_bytes(
                whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
            )
            await refused(admin, file, "is not a complete backup")


def tampered(kept: Path, file: Path, change: Callable[[Manifest, dict[str, bytes]], None]) -> None:
    """The backup with another manifest or other rows, put together well."""
    with zipfile.ZipFile(kept) as read:
        held = {name: read.read(name) for name in read.namelist()}
    manifest = json.loads(held.pop(archive.MANIFEST))
    change(manifest, held)
    with zipfile.ZipFile(file, "w") as out:
        for name, rows in held.items():
            out.writestr(name, rows)
        out.writestr(archive.MANIFEST, json.dumps(manifest))


def summed(manifest: Manifest, held: dict[str, bytes], slug: str, table: str, rows: bytes) -> None:
    """Put other rows into a table, and their sum into the manifest."""
    held[f"{slug}/{table}.copy"] = rows
    [tenant] = [each for each in manifest["tenants"] if each["slug"] == slug]
    [told] = [each for each in tenant["tables"] if each["name"] == table]
    told |= {"size": len(rows), "sha256": sha256(rows).hexdigest()}


def other_rows(manifest: Manifest, held: dict[str, bytes]) -> None:
    held["acme/account.copy"] = held["acme/account.copy"].replace(b"a", b"b", 1)


def no_rows(manifest: Manifest, held: dict[str, bytes]) -> None:
    del held["acme/account.copy"]


def more_rows(manifest: Manifest, held: dict[str, bytes]) -> None:
    held["acme/../evil"] = b""


def no_such_column(manifest: Manifest, held: dict[str, bytes]) -> None:
    [table] = [t for t in manifest["tenants"][1]["tables"] if t["name"] == "account"]
    table["columns"][0] = "id\") FROM PROGRAM 'id' --"


def newer(manifest: Manifest, held: dict[str, bytes]) -> None:
    manifest["tenants"][1]["revision"] = "9999"


def other_format(manifest: Manifest, held: dict[str, bytes]) -> None:
    manifest["format"] = 2


def dangling(manifest: Manifest, held: dict[str, bytes]) -> None:
    summed(manifest, held, "globex", "employee", b"")


def odd_rows(manifest: Manifest, held: dict[str, bytes]) -> None:
    summed(manifest, held, "globex", "stage", b"no\trow\n")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (other_rows, "acme/account.copy is not what its manifest tells"),
        (no_rows, "does not hold what its manifest tells"),
        (more_rows, "does not hold what its manifest tells"),
        (no_such_column, "are not those of revision"),
        (newer, "at revision 9999 of Relata 0.1.0, which this version does not know"),
        (other_format, "has format 2"),
        (dangling, "Postgres refuses the data of the backup"),
        (odd_rows, "Postgres refuses the data of the backup"),
    ],
)
async def test_a_file_that_was_meddled_with_changes_nothing(
    servers: Servers,
    kept: Path,
    tmp_path: Path,
    change: Callable[[Manifest, dict[str, bytes]], None],
    match: str,
) -> None:
    """Also where the first tenant went well, and the second one fails at its end."""
    tampered(kept, tmp_path / "file", change)
    async with empty(servers) as (admin, _):
        await refused(admin, tmp_path / "file", match)
