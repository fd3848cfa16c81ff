"""Writes tenants to one backup file from a single snapshot, while they are in use. It changes no data."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

import asyncpg

from db.engine.transaction import Driver, Row
from tenancy.engine.archive import (
    FORMAT,
    MANIFEST,
    ArchivedTable,
    ArchivedTenant,
    Digest,
    Manifest,
    created,
    entry,
)
from tenancy.engine.provision import Tenant, TenantError, tenant_of

TABLES = """
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""
ALL = "SELECT * FROM catalog.tenant WHERE $1::text IS NULL OR slug = $1 ORDER BY slug FOR KEY SHARE"
"""Locks the catalog rows: a migration waits until the copy is done, and one that committed meanwhile causes an error."""


async def tables(admin: Driver, schema: str) -> dict[str, list[str]]:
    """The tables of a schema, each with its columns except generated ones."""
    return {row["name"]: row["columns"] for row in await admin.fetch(TABLES, schema)}


async def backup(
    admin: Driver,
    file: Path,
    *,
    made_at: datetime,
    relata: str,
    only: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Write a new file with all tenants, or with the tenant `only`. Raises TenantError."""
    with created(file) as archive:
        return await _copy(admin, archive, made_at, relata, only, report)


async def _copy(
    admin: Driver,
    archive: zipfile.ZipFile,
    made_at: datetime,
    relata: str,
    only: str | None,
    report: Callable[[str], None],
) -> Manifest:
    """Copy in one repeatable-read transaction. The manifest is written last, because it contains the digests."""
    archived = []
    try:
        async with admin.transaction(isolation="repeatable_read"):
            await admin.execute("SET LOCAL statement_timeout = 0")
            for row in await _tenants(admin, only):
                one = tenant_of(row)
                copied = await _tenant(admin, archive, one, row["revision"])
                size = sum(table.size for table in copied.tables)
                report(f"{one.slug}: {len(copied.tables)} tables, {size:,} bytes")
                archived.append(copied)
            version = await admin.fetchval("SHOW server_version")
    except asyncpg.SerializationError:
        raise TenantError(
            "A tenant is being migrated. Try again when the migration is done."
        ) from None
    manifest = Manifest(
        format=FORMAT,
        relata=relata,
        postgres=version,
        made_at=made_at.isoformat(),
        tenants=archived,
    )
    archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    return manifest


async def _tenants(admin: Driver, only: str | None) -> list[Row]:
    if not await admin.fetchval("SELECT to_regclass('catalog.tenant')"):
        raise TenantError("There is nothing to back up: this installation has no tenants.")
    rows: list[Row] = await admin.fetch(ALL, only)
    if not rows:
        names = [row[0] for row in await admin.fetch("SELECT slug FROM catalog.tenant ORDER BY 1")]
        known = ", ".join(names) or "none yet"
        missing = f"tenant {only!r}" if only else "tenant"
        raise TenantError(f"There is no {missing} to back up. The tenants are: {known}.")
    return rows


async def _tenant(
    admin: Driver, archive: zipfile.ZipFile, one: Tenant, revision: str
) -> ArchivedTenant:
    archived = []
    for name, columns in (await tables(admin, one.placement.schema)).items():
        digest = Digest()
        with archive.open(entry(one.slug, name), "w", force_zip64=True) as out:

            async def take(chunk: bytes, out: IO[bytes] = out, digest: Digest = digest) -> None:
                digest.add(chunk)
                out.write(chunk)

            await admin.copy_from_table(
                name,
                schema_name=one.placement.schema,
                columns=columns,
                output=take,
                encoding="utf-8",
            )
        archived.append(
            ArchivedTable(name=name, columns=columns, size=digest.size, sha256=digest.sha256)
        )
    return ArchivedTenant(
        id=one.id,
        slug=one.slug,
        name=one.name,
        state=one.state,
        demo=one.demo,
        placement=one.placement.version,
        revision=revision,
        trusted_documents_only=one.trusted_documents_only,
        tables=archived,
    )
