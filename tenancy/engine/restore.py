"""Restores tenants from a backup file, all of the selected ones or none. It never overwrites a tenant."""

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
from tenancy.engine.archive import ArchivedTenant, Manifest, entry_name, verified_archive
from tenancy.engine.backup import columns_by_table
from tenancy.engine.history import is_known
from tenancy.engine.provision import (
    Tenant,
    TenantError,
    check_slug,
    create_schema,
    drop_schema,
    migrate_schema,
    register,
    schema_name,
)

FOREIGN_KEYS = """
SELECT r.relname AS name, c.conname AS "constraint", pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = $1::regnamespace ORDER BY 1, 2
"""
# Clients may have cursors with positions after the backup, which the restored change log does not contain. The
# epoch invalidates them; it is derived from the time, so that every restore of the same file gets a new one.
NEW_EPOCH = """
UPDATE log_head SET epoch = greatest(epoch + 1, $1), access = access + 1, placement = $2, fenced = false
"""
END_SESSIONS = "UPDATE session SET revoked_at = $1 WHERE revoked_at IS NULL"
"""Sessions that ended after the backup must not become active again, so all sessions end."""
REVOKE_RESETS = "UPDATE credential SET reset = NULL, reset_until = NULL WHERE reset IS NOT NULL"
"""Nor must reset tokens that were used or revoked after the backup become valid again."""


ADVISORY_LOCK_KEY = 4244
UNFINISHED_COMMENT = "being restored"
"""Comment on a schema that is not in the catalog yet. A killed restore leaves such schemas; the next one drops them."""
UNFINISHED_SCHEMAS = (
    "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = $1"
)


async def restore(
    admin: Driver,
    file: Path,
    *,
    now: datetime,
    only: str | None = None,
    new_name: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Tenant]:
    """Restore all tenants of a file, or `only` one, optionally as `new_name`. If it raises TenantError, nothing changed."""
    report(f"Checking {file} ...")
    with verified_archive(file) as (archive, manifest):
        archived = _selected(manifest, only, new_name)
        targets = [(each, await _target_tenant(admin, each, new_name)) for each in archived]
        async with _exclusive_restore(admin):
            try:
                await _restore_all(admin, archive, targets, now, report)
            except asyncpg.OutOfMemoryError:
                raise TenantError(
                    "Postgres cannot lock all tables of a tenant at once. Raise "
                    "max_locks_per_transaction. Nothing was changed."
                ) from None
            except asyncpg.PostgresError as error:
                raise TenantError(
                    f"Postgres refuses the data of the backup ({error}). Nothing was changed."
                ) from error
    return [tenant for _, tenant in targets]


@asynccontextmanager
async def _exclusive_restore(admin: Driver) -> AsyncIterator[None]:
    """Exclude other restores, and drop the schemas that a killed one left."""
    if not await admin.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_LOCK_KEY):
        raise TenantError("Another restore is running. Try again when it is done.")
    try:
        for row in await admin.fetch(UNFINISHED_SCHEMAS, UNFINISHED_COMMENT):
            async with admin.transaction():
                await drop_schema(admin, row[0], role=False)
        yield
    finally:
        if not admin.is_closed():
            await admin.execute(f"SELECT pg_advisory_unlock({ADVISORY_LOCK_KEY})")


async def _restore_all(
    admin: Driver,
    archive: zipfile.ZipFile,
    targets: Sequence[tuple[ArchivedTenant, Tenant]],
    now: datetime,
    report: Callable[[str], None],
) -> None:
    """Restore each tenant in a transaction, to bound the number of locks; then add all to the catalog in one."""
    restored: dict[str, bool] = {}
    """By schema: whether its role is new."""
    try:
        for archived, tenant in targets:
            report(f"Restoring {tenant.slug} ...")
            async with admin.transaction():
                is_new_role = await _restore_tenant(admin, archive, archived, tenant, now)
            restored[tenant.placement.schema] = is_new_role
        async with admin.transaction():
            for _, tenant in targets:
                await register(admin, tenant)
                await admin.execute(f"COMMENT ON SCHEMA {tenant.placement.schema} IS NULL")
    except BaseException:
        for schema, is_new_role in restored.items():
            async with admin.transaction():
                await drop_schema(admin, schema, role=is_new_role)
        raise


def _selected(manifest: Manifest, only: str | None, new_name: str | None) -> list[ArchivedTenant]:
    """The selected tenants. Raises TenantError if there is none, or if this version does not know a revision."""
    selected = [each for each in manifest.tenants if only in (None, each.slug)]
    names = ", ".join(each.slug for each in manifest.tenants)
    if not selected:
        raise TenantError(f"The backup contains no tenant {only!r}. It contains: {names}.")
    if new_name is not None and len(selected) > 1:
        raise TenantError(
            f"The backup contains several tenants. Choose with --tenant which one to restore as {new_name!r}: {names}."
        )
    for each in selected:
        check_slug(new_name or each.slug)
        if not is_known(each.revision):
            raise TenantError(
                f"{each.slug} is at revision {each.revision} of Relata {manifest.relata}, which this "
                "version does not know. Restore it with a newer version."
            )
    return selected


async def _target_tenant(admin: Driver, archived: ArchivedTenant, new_name: str | None) -> Tenant:
    """The tenant to create; with a new name it gets a new id. Raises TenantError if its slug or id exists."""
    slug = new_name or archived.slug
    id = uuid7() if new_name else archived.id
    existing = await admin.fetchval(
        "SELECT slug FROM catalog.tenant WHERE slug = $1 OR id = $2 ORDER BY slug = $1 DESC LIMIT 1",
        slug, id,
    )  # fmt: skip
    if existing is not None:
        problem = "exists already" if existing == slug else f"exists already, as {existing!r}"
        raise TenantError(
            f"The tenant {slug!r} {problem}, and nothing is overwritten. Restore it under another name "
            f"with --tenant {archived.slug} --as NAME, or into an empty installation with --data."
        )
    schema = schema_name(id)
    version = 1 if new_name else archived.placement + 1
    placement = Placement(id, schema, schema, version)
    return Tenant(
        id,
        slug,
        archived.name,
        archived.state,
        archived.demo,
        placement,
        archived.trusted_documents_only,
    )


async def _restore_tenant(
    admin: Driver,
    archive: zipfile.ZipFile,
    archived: ArchivedTenant,
    tenant: Tenant,
    now: datetime,
) -> bool:
    """Create the schema at the archived revision, fill and migrate it. Returns whether its role is new."""
    schema = tenant.placement.schema
    is_new_role = await create_schema(admin, tenant, archived.revision)
    await admin.execute(
        f"COMMENT ON SCHEMA {schema} IS '{UNFINISHED_COMMENT}'; SET LOCAL statement_timeout = 0; "
        f"SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp"
    )
    await _insert_rows(admin, archive, archived, schema)
    await admin.execute(NEW_EPOCH, int(now.timestamp()), tenant.placement.version)
    await admin.execute(END_SESSIONS, now)
    await admin.execute("RESET ROLE; SET LOCAL search_path = ''")
    await migrate_schema(admin, schema, archived.revision)
    # After the migration, because older revisions lack these columns.
    await admin.execute(
        f"SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp; {REVOKE_RESETS};"
        "RESET ROLE; SET LOCAL search_path = ''"
    )
    return is_new_role


async def _insert_rows(
    admin: Driver, archive: zipfile.ZipFile, archived: ArchivedTenant, schema: str
) -> None:
    """Insert the rows of all tables. Foreign keys can be cyclic, so they are dropped before and added after."""
    if await columns_by_table(admin, schema) != {
        each.name: each.columns for each in archived.tables
    }:
        raise TenantError(
            f"The tables of {archived.slug} in the backup are not those of revision "
            f"{archived.revision}: a modified Relata wrote it. Nothing was changed."
        )
    keys = await admin.fetch(FOREIGN_KEYS, schema)
    for key in keys:
        await admin.execute(f'ALTER TABLE "{key["name"]}" DROP CONSTRAINT "{key["constraint"]}"')
    for table in archived.tables:
        await admin.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - a table of the schema
        with archive.open(entry_name(archived.slug, table.name)) as rows:
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
