"""Stores the trusted documents of a tenant: GraphQL documents that clients send by identifier."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Mapped

from db.engine.base import Internal
from db.engine.declare import internal
from db.engine.internal_tables import run
from db.engine.transaction import Driver

ROWS_PER_INSERT = 1_000
"""Postgres accepts 65,535 parameters per statement."""


class TrustedDocument(Internal):
    """Trusted document: clients send its identifier instead of its text."""

    __tablename__ = "trusted_document"

    id: Mapped[str] = internal(
        "Document identifier, such as `sha256:` and the digest of the text.", primary_key=True
    )
    text: Mapped[str] = internal("Text of the document.")


TABLE: Table = TrustedDocument.__table__


async def find(connection: Driver, id: str) -> str | None:
    """The text of a document, or None."""
    rows = await run(connection, select(TABLE.c.text).where(TABLE.c.id == id))
    return rows[0]["text"] if rows else None


async def replace(connection: Driver, documents: Mapping[str, str]) -> None:
    """Replace all documents of the tenant; `documents` are texts by identifier."""
    await run(connection, delete(TABLE))
    rows = [{"id": id, "text": text} for id, text in documents.items()]
    for start in range(0, len(rows), ROWS_PER_INSERT):
        await run(connection, insert(TABLE).values(rows[start : start + ROWS_PER_INSERT]))
