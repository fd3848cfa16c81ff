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
    FORMAT_VERSION,
    MANIFEST,
    ArchivedTable,
    ArchivedTenant,
    Digest,
    Manifest,
    entry_name,
    new_archive,
)
from tenancy.engine.provision import Tenant, TenantError, tenant_of

TABLE_COLUMNS = """
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""
LOCK_TENANTS = (
    "SELECT * FROM catalog.tenant WHERE $1::text IS NULL OR slug = $1 ORDER BY slug FOR KEY SHARE"
)
"""Locks the catalog rows: a migration waits until the copy is done, and one that committed meanwhile causes an error."""


async def columns_by_table(admin: Driver, schema: str) -> dict[str, list[str]]:
    """The tables of a schema, each with its columns except generated ones."""
    return {row["name"]: row["columns"] for row in await admin.fetch(TABLE_COLUMNS, schema)}


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
    with new_archive(file) as archive:
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
            for row in await _locked_tenant_rows(admin, only):
                tenant = tenant_of(row)
                copied = await _copy_tenant(admin, archive, tenant, row["revision"])
                size = sum(table.size for table in copied.tables)
                report(f"{tenant.slug}: {len(copied.tables)} tables, {size:,} bytes")
                archived.append(copied)
            version = await admin.fetchval("SHOW server_version")
    except asyncpg.SerializationError:
        raise TenantError(
            "A tenant is being migrated. Try again when the migration is done."
        ) from None
    manifest = Manifest(
        format=FORMAT_VERSION,
        relata=relata,
        postgres=version,
        made_at=made_at.isoformat(),
        tenants=archived,
    )
    archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    return manifest


async def _locked_tenant_rows(admin: Driver, only: str | None) -> list[Row]:
    if not await admin.fetchval("SELECT to_regclass('catalog.tenant')"):
        raise TenantError("There is nothing to back up: this installation has no tenants.")
    rows: list[Row] = await admin.fetch(LOCK_TENANTS, only)
    if not rows:
        names = [row[0] for row in await admin.fetch("SELECT slug FROM catalog.tenant ORDER BY 1")]
        existing = ", ".join(names) or "none yet"
        missing = f"tenant {only!r}" if only else "tenant"
        raise TenantError(f"There is no {missing} to back up. The tenants are: {existing}.")
    return rows


async def _copy_tenant(
    admin: Driver, archive: zipfile.ZipFile, tenant: Tenant, revision: str
) -> ArchivedTenant:
    archived = []
    for name, columns in (await columns_by_table(admin, tenant.placement.schema)).items():
        digest = Digest()
        with archive.open(entry_name(tenant.slug, name), "w", force_zip64=True) as out:

            async def write_chunk(
                chunk: bytes, out: IO[bytes] = out, digest: Digest = digest
            ) -> None:
                digest.add(chunk)
                out.write(chunk)

            await admin.copy_from_table(
                name,
                schema_name=tenant.placement.schema,
                columns=columns,
                output=write_chunk,
                encoding="utf-8",
            )
        archived.append(
            ArchivedTable(name=name, columns=columns, size=digest.size, sha256=digest.sha256)
        )
    return ArchivedTenant(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        state=tenant.state,
        demo=tenant.demo,
        placement=tenant.placement.version,
        revision=revision,
        trusted_documents_only=tenant.trusted_documents_only,
        tables=archived,
    )
