"""Brings tenants back from a backup: all that are asked for, or none; it overwrites nothing."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import asyncpg
from uuid_utils.compat import uuid7

from db.engine.transaction import Driver, Placement
from tenancy.engine.archive import ArchivedTenant, Manifest, entry, opened
from tenancy.engine.backup import tables
from tenancy.engine.history import is_known
from tenancy.engine.provision import (
    Tenant,
    TenantError,
    admit,
    advance,
    refuse_name,
    remake,
    schema_name,
    unmake,
)

FOREIGN_KEYS = """
SELECT r.relname AS name, c.conname AS "constraint", pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = $1::regnamespace ORDER BY 1, 2
"""
# Whoever was told of positions after the backup was told of another history. The time makes the epoch one
# that was not before, however often the same file is restored.
OTHER_HISTORY = """
UPDATE log_head SET epoch = greatest(epoch + 1, $1), access = access + 1, placement = $2, fenced = false
"""
ENDED = "UPDATE session SET revoked_at = $1 WHERE revoked_at IS NULL"
"""A session that was ended after the backup must not live again, so all have to sign in."""
NO_RESETS = "UPDATE credential SET reset = NULL, reset_until = NULL WHERE reset IS NOT NULL"
"""Nor may a token that was used or made void after it choose a password once more."""


LOCK = 4244
MARK = "being restored"
"""The comment on a schema that no tenant has yet. Who is killed leaves some, and the next one removes them."""
UNFINISHED = "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = $1"


async def restore(
    admin: Driver,
    file: Path,
    *,
    now: datetime,
    only: str | None = None,
    new_name: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Tenant]:
    """Restore all tenants of a file, or one, perhaps as another. Raises TenantError, and then nothing was changed."""
    tell(f"Checking {file} ...")
    with opened(file) as (archive, manifest):
        kept = _chosen(manifest, only, new_name)
        made = [(each, await _free(admin, each, new_name)) for each in kept]
        async with _alone(admin):
            try:
                await _all(admin, archive, made, now, tell)
            except asyncpg.OutOfMemoryError:
                raise TenantError(
                    "Postgres cannot lock all tables of a tenant at once. Raise "
                    "max_locks_per_transaction. Nothing was changed."
                ) from None
            except asyncpg.PostgresError as error:
                raise TenantError(
                    f"Postgres refuses the data of the backup ({error}). Nothing was changed."
                ) from error
    return [one for _, one in made]


@asynccontextmanager
async def _alone(admin: Driver) -> AsyncIterator[None]:
    """Nobody else restores meanwhile, so what lies about unfinished is nobody's."""
    if not await admin.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        raise TenantError("Another restore is running. Try again when it is done.")
    try:
        for row in await admin.fetch(UNFINISHED, MARK):
            async with admin.transaction():
                await unmake(admin, row[0], role=False)
        yield
    finally:
        if not admin.is_closed():
            await admin.execute(f"SELECT pg_advisory_unlock({LOCK})")


async def _all(
    admin: Driver,
    archive: zipfile.ZipFile,
    made: Sequence[tuple[ArchivedTenant, Tenant]],
    now: datetime,
    tell: Callable[[str], None],
) -> None:
    """Each in a transaction, for it locks thousands of tables and indexes; then the catalog learns of all at once."""
    done: dict[str, bool] = {}
    try:
        for each, one in made:
            tell(f"Restoring {one.slug} ...")
            async with admin.transaction():
                role = await _restored(admin, archive, each, one, now)
            done[one.placement.schema] = role
        async with admin.transaction():
            for _, one in made:
                await admit(admin, one)
                await admin.execute(f"COMMENT ON SCHEMA {one.placement.schema} IS NULL")
    except BaseException:
        for schema, role in done.items():
            async with admin.transaction():
                await unmake(admin, schema, role=role)
        raise


def _chosen(manifest: Manifest, only: str | None, new_name: str | None) -> list[ArchivedTenant]:
    """The tenants that are asked for, which this version must know."""
    kept = [each for each in manifest.tenants if only in (None, each.slug)]
    names = ", ".join(each.slug for each in manifest.tenants)
    if not kept:
        raise TenantError(f"The backup holds no tenant {only!r}. It holds: {names}.")
    if new_name is not None and len(kept) > 1:
        raise TenantError(
            f"The backup holds several tenants. Choose with --tenant which one to restore as {new_name!r}: {names}."
        )
    for each in kept:
        refuse_name(new_name or each.slug)
        if not is_known(each.revision):
            raise TenantError(
                f"{each.slug} is at revision {each.revision} of Relata {manifest.relata}, which this "
                "version does not know. Restore it with a newer version."
            )
    return kept


async def _free(admin: Driver, kept: ArchivedTenant, new_name: str | None) -> Tenant:
    """The tenant that it will be, if nobody else is. Under a new name it is another tenant, with an id of its own."""
    slug = new_name or kept.slug
    id = uuid7() if new_name else kept.id
    found = await admin.fetchval(
        "SELECT slug FROM catalog.tenant WHERE slug = $1 OR id = $2 ORDER BY slug = $1 DESC LIMIT 1",
        slug, id,
    )  # fmt: skip
    if found is not None:
        what = "exists already" if found == slug else f"exists already, as {found!r}"
        raise TenantError(
            f"The tenant {slug!r} {what}, and nothing is overwritten. Restore it under another name "
            f"with --tenant {kept.slug} --as NAME, or into an empty installation with --data."
        )
    schema = schema_name(id)
    version = 1 if new_name else kept.placement + 1
    return Tenant(
        id, slug, kept.name, kept.state, kept.demo, Placement(id, schema, schema, version)
    )


async def _restored(
    admin: Driver,
    archive: zipfile.ZipFile,
    kept: ArchivedTenant,
    one: Tenant,
    now: datetime,
) -> bool:
    """Made at its revision, filled, and then brought to the newest; whether its role is new."""
    schema = one.placement.schema
    role = await remake(admin, one, kept.revision)
    await admin.execute(
        f"COMMENT ON SCHEMA {schema} IS '{MARK}'; SET LOCAL statement_timeout = 0; "
        f"SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp"
    )
    await _filled(admin, archive, kept, schema)
    await admin.execute(OTHER_HISTORY, int(now.timestamp()), one.placement.version)
    await admin.execute(ENDED, now)
    await admin.execute("RESET ROLE; SET LOCAL search_path = ''")
    await advance(admin, schema, kept.revision)
    # Only the newest revision is known to have such tokens.
    await admin.execute(
        f"SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp; {NO_RESETS};"
        "RESET ROLE; SET LOCAL search_path = ''"
    )
    return role


async def _filled(
    admin: Driver, archive: zipfile.ZipFile, kept: ArchivedTenant, schema: str
) -> None:
    """The rows of all tables. Foreign keys, which may run in circles, are put back when everything is there."""
    if await tables(admin, schema) != {each.name: each.columns for each in kept.tables}:
        raise TenantError(
            f"The tables of {kept.slug} in the backup are not those of revision {kept.revision}: "
            "a modified Relata wrote it. Nothing was changed."
        )
    keys = await admin.fetch(FOREIGN_KEYS, schema)
    for key in keys:
        await admin.execute(f'ALTER TABLE "{key["name"]}" DROP CONSTRAINT "{key["constraint"]}"')
    for table in kept.tables:
        await admin.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - a table of the schema
        with archive.open(entry(kept.slug, table.name)) as rows:
            await admin.copy_to_table(
                table.name,
                schema_name=schema,
                columns=table.columns,
                source=cast("BinaryIO", rows),
                encoding="utf-8",
            )
        await admin.execute(f'ANALYZE "{table.name}"')
    for key in keys:
        await admin.execute(
            f'ALTER TABLE "{key["name"]}" ADD CONSTRAINT "{key["constraint"]}" {key["definition"]}'
        )
