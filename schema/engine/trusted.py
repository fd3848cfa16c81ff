"""Resolves requests that name a trusted document by identifier instead of sending its text (D-48)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from cachetools import LRUCache, TTLCache

from db.documents import find
from db.engine.transaction import Database, TransactionStart
from domain.codes import Code, Refused
from domain.message import Message
from resolvers.engine.context import Caller
from schema.engine.manifests import normalize
from schema.engine.transport import GraphQLRequest

SECONDS = 30.0
"""Maximum delay until a manifest that the operator registers takes effect."""
CHARACTERS = 16_000_000
"""Maximum characters of the cached documents of tenants, and of those that clients registered."""
LOOKUP_NODES = 10
"""Charged to the tenant's budget for looking an identifier up in the database."""
UNKNOWN = Message(
    "The document is not registered. Register the manifest that contains it, or send its text in `query`."
)
ONLY = Message(
    "The tenant accepts trusted documents only. Send the `documentId` of a document in its manifest "
    "instead of `query`."
)
PERSISTED_QUERY_NOT_FOUND = Message("PersistedQueryNotFound")
"""The message by which clients of automatic persisted queries recognize that they must send the text."""


@dataclass(frozen=True)
class TrustedSettings:
    """Which documents all tenants trust, and whether clients may register others."""

    documents: Mapping[str, str] = field(default_factory=dict)
    """Texts by identifier, from the operator's manifest."""
    registers: bool = False
    """Whether clients may register documents (automatic persisted queries)."""


NOTHING_TRUSTED = TrustedSettings()


class TrustedDocuments:
    """Finds the texts of documents: of the operator, of the tenant, and of its clients if they may register."""

    def __init__(
        self,
        settings: TrustedSettings,
        database: Database,
        clock: Callable[[], float],
        spend: Callable[[UUID, int], int],
        admit: Callable[[str], object],
    ) -> None:
        """`clock` is monotonic; `spend` charges a tenant; `admit` raises for documents that are invalid."""
        self._settings = settings
        self._database = database
        self._spend = spend
        self._admit = admit
        self._found: TTLCache[tuple[UUID, str], str] = TTLCache(
            CHARACTERS, SECONDS, clock, getsizeof=len
        )
        self._registered: LRUCache[tuple[UUID, str], str] = LRUCache(CHARACTERS, getsizeof=len)

    def without_token(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its text; the tenant is unknown, so only the operator's documents are. Raises Refused."""
        if request.document_id is None:
            return request
        id = normalize(request.document_id)
        return self._with_text(request, self._settings.documents.get(id or ""))

    async def resolve(self, caller: Caller, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its text.

        Raises Refused (DOCUMENT_NOT_FOUND, PERSISTED_QUERY_NOT_FOUND, TRUSTED_DOCUMENT_REQUIRED), or
        EntryRejected if the session has ended.
        """
        only = caller.tenant.trusted_documents_only
        if request.document_id is None:
            if only:
                raise Refused(Code.TRUSTED_DOCUMENT_REQUIRED, ONLY)
            if self._settings.registers and request.hash is not None:
                self._register(caller.tenant.id, request.query, request.hash)
            return request
        id = normalize(request.document_id)
        text = None
        if id is not None:
            text = self._settings.documents.get(id) or await self._find(caller, id)
            if text is None and not only:
                text = self._registered.get((caller.tenant.id, id))
        return self._with_text(request, text)

    async def _find(self, caller: Caller, id: str) -> str | None:
        """The text of a document of the tenant, cached."""
        key = (caller.tenant.id, id)
        if (known := self._found.get(key)) is not None:
            return known
        self._spend(caller.tenant.id, LOOKUP_NODES)
        entry = TransactionStart(session=caller.session)
        async with self._database.read(caller.tenant.placement, entry) as connection:
            text = await find(connection, id)
        if text is not None and len(text) <= CHARACTERS:
            self._found[key] = text
        return text

    def _register(self, tenant: UUID, text: str, digest: str) -> None:
        """Keep a valid document until others need its place. Raises Refused, or as `admit` does."""
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Refused(
                Code.BAD_REQUEST,
                Message("`sha256Hash` is not the SHA-256 of `query`. Correct or omit it."),
            )
        self._admit(text)
        self._registered[tenant, f"sha256:{digest}"] = text

    def _with_text(self, request: GraphQLRequest, text: str | None) -> GraphQLRequest:
        if text is not None:
            return replace(request, query=text)
        if self._settings.registers and request.hash is not None:
            raise Refused(Code.PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_FOUND)
        raise Refused(Code.DOCUMENT_NOT_FOUND, UNKNOWN)
