"""The backup file: a zip with one entry per table in the text format of COPY, and a manifest with their sizes and digests."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from tenancy.engine.provision import TenantError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20


class StrictModel(BaseModel):
    """Base of the manifest's models: unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArchivedTable(StrictModel):
    """A table in the manifest: columns, and size in bytes and digest of its rows."""

    name: str
    columns: list[str]
    size: int
    sha256: str


class ArchivedTenant(StrictModel):
    """A tenant in the manifest, with its tables."""

    id: UUID
    slug: str
    name: str
    state: str
    demo: bool
    placement: int
    revision: str
    trusted_documents_only: bool = False
    tables: list[ArchivedTable]


class Manifest(StrictModel):
    """The content of a backup, and the versions that wrote it."""

    format: int
    relata: str
    postgres: str
    made_at: str
    tenants: list[ArchivedTenant]


@dataclass
class Digest:
    """Running size and SHA-256 of an entry."""

    size: int = 0
    _sum: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        """Add a chunk."""
        self.size += len(chunk)
        self._sum.update(chunk)

    @property
    def sha256(self) -> str:
        """Digest of all chunks, in hexadecimal."""
        return self._sum.hexdigest()


def entry_name(slug: str, table: str) -> str:
    """Name of the zip entry with the rows of a table."""
    return f"{slug}/{table}.copy"


@contextmanager
def new_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    """A new file, which appears under its name only when it is complete. Raises TenantError, also if it exists."""
    if file.exists():
        raise TenantError(f"The file {file} exists already. Give another name, or move it.")
    temporary = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        # Readable by the owner only: it contains all records, and hashes of passwords.
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                yield archive
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, file)  # unlike rename, link never overwrites
    except OSError as error:
        raise TenantError(f"{file} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


DAMAGE_ERRORS = (
    EOFError,
    NotImplementedError,  # unknown compression method in the header
    RuntimeError,  # or an encrypted entry
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def verified_archive(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup whose entries all match the manifest. Raises TenantError for one that is damaged."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            manifest = _verify(archive)
        except OSError as error:
            raise TenantError(f"{file} cannot be read: {error.strerror or error}.") from None
        except DAMAGE_ERRORS as error:
            raise TenantError(
                f"{file} is not a complete backup ({error}). Use another copy of it. "
                "Nothing was changed."
            ) from error
        yield archive, manifest


def _verify(archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except (KeyError, ValidationError) as error:
        raise zipfile.BadZipFile("its manifest is missing or cannot be read") from error
    if manifest.format != FORMAT_VERSION:
        raise TenantError(
            f"The backup has format {manifest.format}, written by Relata {manifest.relata}; this version "
            f"reads format {FORMAT_VERSION}. Restore it with Relata {manifest.relata}."
        )
    expected = {
        entry_name(tenant.slug, table.name): table
        for tenant in manifest.tenants
        for table in tenant.tables
    }
    if sorted(archive.namelist()) != sorted([MANIFEST, *expected]):
        raise zipfile.BadZipFile("its entries are not those of its manifest")
    for name, table in expected.items():
        with archive.open(name) as rows:
            digest = _digest(rows)
        if (digest.size, digest.sha256) != (table.size, table.sha256):
            raise zipfile.BadZipFile(f"{name} does not match its manifest")
    return manifest


def _digest(rows: IO[bytes]) -> Digest:
    digest = Digest()
    while chunk := rows.read(CHUNK_BYTES):
        digest.add(chunk)
    return digest
