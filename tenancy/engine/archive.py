"""The file of a backup: a zip with the rows of each table as Postgres' COPY tells them, and a manifest that holds it to them."""

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

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


class Strict(BaseModel):
    """What is read from a file is what was written there, and nothing besides."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArchivedTable(Strict):
    """A table's rows in the file."""

    name: str
    columns: list[str]
    size: int
    sha256: str


class ArchivedTenant(Strict):
    """A tenant in the file."""

    id: UUID
    slug: str
    name: str
    state: str
    demo: bool
    placement: int
    revision: str
    tables: list[ArchivedTable]


class Manifest(Strict):
    """What a backup holds, and what it was made with."""

    format: int
    relata: str
    postgres: str
    made_at: str
    tenants: list[ArchivedTenant]


@dataclass
class Digest:
    """Counts and digests what passes, on its way into the file or out of it."""

    size: int = 0
    _sum: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        """One more piece."""
        self.size += len(chunk)
        self._sum.update(chunk)

    @property
    def sha256(self) -> str:
        """The digest of all pieces."""
        return self._sum.hexdigest()


def entry(slug: str, table: str) -> str:
    """Where the rows of a table stand in the file."""
    return f"{slug}/{table}.copy"


@contextmanager
def created(file: Path) -> Iterator[zipfile.ZipFile]:
    """A file that was not there before, and is there when all of it is written. Raises TenantError."""
    if file.exists():
        raise TenantError(f"The file {file} exists already. Give another name, or move it.")
    draft = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        # It holds everything that anybody may see, and hashes of passwords.
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                yield archive
            out.flush()
            os.fsync(out.fileno())
        os.link(draft, file)  # unlike a renaming, it overwrites nothing
    except OSError as error:
        raise TenantError(f"{file} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)


DAMAGED = (
    EOFError,
    NotImplementedError,  # a bit of the header says that it is packed in a way unknown
    RuntimeError,  # or that it has a password
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup that was looked through from end to end. Raises TenantError for one that is damaged."""
    with ExitStack() as held:
        try:
            archive = held.enter_context(zipfile.ZipFile(file))
            manifest = _checked(archive)
        except OSError as error:
            raise TenantError(f"{file} cannot be read: {error.strerror or error}.") from None
        except DAMAGED as error:
            raise TenantError(
                f"{file} is not a complete backup ({error}). Use another copy of it. "
                "Nothing was changed."
            ) from error
        yield archive, manifest


def _checked(archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except (KeyError, ValidationError) as error:
        raise zipfile.BadZipFile("its manifest is missing or cannot be read") from error
    if manifest.format != FORMAT:
        raise TenantError(
            f"The backup has format {manifest.format}, written by Relata {manifest.relata}; this version "
            f"reads format {FORMAT}. Restore it with Relata {manifest.relata}."
        )
    told = {
        entry(tenant.slug, table.name): table
        for tenant in manifest.tenants
        for table in tenant.tables
    }
    if sorted(archive.namelist()) != sorted([MANIFEST, *told]):
        raise zipfile.BadZipFile("it does not hold what its manifest tells")
    for name, table in told.items():
        with archive.open(name) as rows:
            digest = _digest(rows)
        if (digest.size, digest.sha256) != (table.size, table.sha256):
            raise zipfile.BadZipFile(f"{name} is not what its manifest tells")
    return manifest


def _digest(rows: IO[bytes]) -> Digest:
    digest = Digest()
    while chunk := rows.read(CHUNK):
        digest.add(chunk)
    return digest
