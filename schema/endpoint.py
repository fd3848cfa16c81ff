"""The one address of the API: who asks, what is asked, and which part of the house answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import strawberry
import structlog
from graphql import GraphQLError, OperationType
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from auth.viewers import Viewers
from db.api import MODEL
from db.engine.transaction import TookTooLong, Turned, TurnedAway
from domain.codes import Code, Refused
from resolvers.engine.context import Caller, House
from schema.api import EXPOSED, GRAPHQL, PUBLIC_GRAPHQL, PUBLIC_SCHEMA, SCHEMA
from schema.engine import admission
from schema.engine.admission import Admitted, Documents, Limits
from schema.engine.budget import Budget
from schema.engine.cursors import Cursors
from schema.engine.errors import SIGN_IN, errors_of
from schema.engine.outline import root_fields
from schema.engine.reads import Reads, Request
from schema.engine.transport import (
    BODY,
    JSON,
    Asked,
    HttpRefused,
    asked_in_body,
    asked_in_url,
    media_type,
    read_body,
    refusal,
    respond,
)
from schema.sessions import PUBLIC, Deed

PUBLIC_BODY = 4 * 1024
LIMITS = Limits(single_use=PUBLIC)
log = structlog.get_logger()

Failure = Refused | admission.Refused


class Endpoint:
    """Answers every request to /graphql. Nothing that happens inside is told in words of ours."""

    def __init__(self, house: House, viewers: Viewers, secret: bytes) -> None:
        self.house = house
        self.documents = Documents(GRAPHQL, LIMITS)
        self._public = Documents(PUBLIC_GRAPHQL, LIMITS, size=100)
        roots = root_fields(EXPOSED)
        budget = Budget(house.monotonic)
        self.reads = Reads(GRAPHQL, MODEL, roots, viewers, Cursors(secret), budget)

    async def __call__(self, request: HttpRequest) -> Response:
        """Any request at all; never raises."""
        media = JSON
        try:
            media = media_type(request.headers.get("accept"))
            return await self._answer(request, media)
        except HttpRefused as away:
            response = refusal(away.refused, media)
            response.status_code = away.status
            response.headers.update(away.headers)
            return response
        except (Refused, admission.Refused) as refused:
            return refusal(refused, media)
        except TurnedAway as away:
            return refusal(_turned(away), media)
        except TookTooLong:
            message = "The database took too long. Ask for less at a time, or filter more narrowly."
            return refusal(Refused(Code.TIMEOUT, message), media)
        except Exception:
            return refusal(_internal(), media)

    async def _answer(self, request: HttpRequest, media: str) -> Response:
        token = _bearer(request)
        if request.method not in ("GET", "POST"):
            raise HttpRefused(405, "Ask by POST, or by GET.", Allow="GET, POST")
        if token is None:
            return await self._without_token(request, media)
        caller = await self._caller(request, token)
        asked = await _asked(request, BODY)
        admitted = self.documents.get(asked.query)
        operation = admitted.operation(asked.operation)
        if operation.operation is OperationType.QUERY:
            strict = request.headers.get("x-access") == "strict"
            read = Request(asked.query, admitted, asked.operation, asked.variables, strict)
            return respond(await self.reads.answer(caller, read), media)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise Refused(
                Code.BAD_USER_INPUT, "Subscriptions are not answered over this transport."
            )
        if asked.safe:
            raise HttpRefused(405, "A mutation changes something: send it by POST.", Allow="POST")
        admitted.cost(asked.variables, asked.operation)
        deed = Deed(self.house, caller, caller.address)
        return respond(await _execute(SCHEMA, asked, deed), media)

    async def _without_token(self, request: HttpRequest, media: str) -> Response:
        """Signing in and what belongs to it; one constant 401 for everything else (D-40)."""
        nobody = Refused(Code.UNAUTHENTICATED, SIGN_IN)
        try:
            asked = await _asked(request, PUBLIC_BODY)
            admitted = self._public.get(asked.query)
            admitted.cost(asked.variables, asked.operation)
        except (HttpRefused, admission.Refused):
            raise nobody from None
        if asked.safe or not _only_public(admitted, asked.operation):
            raise nobody
        deed = Deed(self.house, None, _address(request))
        return respond(await _execute(PUBLIC_SCHEMA, asked, deed), media)

    async def _caller(self, request: HttpRequest, token: str) -> Caller:
        """Who the token says is asking; the tenant comes from it and from nowhere else (D-70)."""
        access = self.house.tokens.verify_access(token, self.house.now())
        tenant = await self.house.directory.by_id(access.tenant)
        if tenant is None:
            raise Refused(Code.UNAUTHENTICATED, SIGN_IN)
        if request.headers.get("x-tenant", tenant.slug) != tenant.slug:
            message = "The token is of another tenant than the header X-Tenant says."
            raise Refused(Code.TENANT_MISMATCH, message)
        if tenant.state == "closed":
            raise Refused(Code.TENANT_SUSPENDED, "This organisation's account is closed.")
        return Caller(tenant, access.user, access.session, _address(request))


async def _asked(request: HttpRequest, most: int) -> Asked:
    if request.method == "GET":
        return asked_in_url(request.url.query.encode())
    body = await read_body(request, most)
    return asked_in_body(request.headers.get("content-type", ""), body)


def _only_public(admitted: Admitted, name: str | None) -> bool:
    """Whether an operation is a mutation; the public schema has no others than may be asked."""
    return admitted.operation(name).operation is OperationType.MUTATION


def _bearer(request: HttpRequest) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _address(request: HttpRequest) -> str:
    return request.client.host if request.client else ""


async def _execute(schema: strawberry.Schema, asked: Asked, deed: Deed) -> bytes:
    """A mutation through Strawberry. What it raises is told only if it is a refusal of ours."""
    result: Any = await schema.execute(
        asked.query, asked.variables, deed, operation_name=asked.operation
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_told(error) for error in result.errors]
    return orjson.dumps(body)


def _told(error: GraphQLError) -> Mapping[str, Any]:
    original = error.original_error
    if isinstance(original, TurnedAway):
        original = _turned(original)
    if original is None:
        original = Refused(Code.BAD_USER_INPUT, error.message)
    if not isinstance(original, Failure):
        original = _internal(original)
    told = errors_of(original)[0]
    if error.path:
        told["path"] = list(error.path)
    return told


def _turned(away: TurnedAway) -> Refused:
    if away.reason is Turned.REVOKED:
        return Refused(Code.UNAUTHENTICATED, "This session has ended: sign in again.")
    return Refused(
        Code.RETRYABLE, "Your organisation's data is being moved. Try again in a moment."
    )


def _internal(error: BaseException | None = None) -> Refused:
    """Our own mistake: what happened goes to the log, under an id that the caller is told."""
    request_id = uuid.uuid4().hex
    log.error("request failed", request_id=request_id, exc_info=error or True)
    message = f"Something went wrong on our side. Tell us this number: {request_id}."
    return Refused(Code.INTERNAL, message, requestId=request_id)
