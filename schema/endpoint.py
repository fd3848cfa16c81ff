"""The /graphql endpoint: authenticates the request, reads the document and dispatches the operation."""

from __future__ import annotations

from datetime import datetime
from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import ExecutionResult, OperationDefinitionNode, OperationType, execute
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from structlog.contextvars import bind_contextvars

from auth.viewers import Viewers
from db.api import MODEL
from domain.codes import Code, Refused
from domain.message import ENGLISH, Language, Message
from resolvers.areas import REGISTRY
from resolvers.engine.context import AppContext, Caller
from schema import admission
from schema.admission import Admitted, Documents, Limits
from schema.api import EXPOSED, GRAPHQL, MUTATIONS, PUBLIC_GRAPHQL, PUBLIC_SCHEMA, SCHEMA, SPECIAL
from schema.engine.budget import PER_MINUTE, Budget
from schema.engine.compression import coding_of, compress
from schema.engine.cookies import NO_COOKIES, SESSION_PATH, CookieSettings, SessionCookies
from schema.engine.cursors import Cursors
from schema.engine.entity_tags import EntityTags
from schema.engine.errors import SIGN_IN
from schema.engine.failures import error_entry_of, failure
from schema.engine.languages import dumps, language_of
from schema.engine.live_service import SubscriptionService
from schema.engine.payloads import roots_of
from schema.engine.reads import ReadService, Request
from schema.engine.root_fields import root_fields
from schema.engine.transport import (
    BODY,
    JSON,
    GraphQLRequest,
    HttpRefused,
    media_type,
    read_body,
    refusal,
    refuse,
    request_in_body,
    request_in_url,
    respond,
)
from schema.engine.trusted import NOTHING_TRUSTED, TrustedDocuments, TrustedSettings
from schema.engine.variables import coerce
from schema.engine.writes import WriteService
from schema.sessions import ALONE, PUBLIC, SessionContext
from subscriptions.engine.socket import Authentication
from subscriptions.feeds import Feeds

PUBLIC_BODY = 4 * 1024
LIMITS = Limits(single_use=ALONE)
MISTAKES = frozenset({Code.GRAPHQL_VALIDATION_FAILED.value, Code.BAD_USER_INPUT.value})
"""Codes of errors that are explained without a token; all others get the constant refusal."""
LONGEST_NAME = 100
"""Maximum length, in characters, of the client's operation name in the access log."""


class Endpoint:
    """Answers every request to /graphql. Internal details never reach the client."""

    def __init__(
        self,
        app_context: AppContext,
        viewers: Viewers,
        feeds: Feeds,
        secret: bytes,
        per_minute: int = PER_MINUTE,
        trusted: TrustedSettings = NOTHING_TRUSTED,
        cookies: CookieSettings = NO_COOKIES,
    ) -> None:
        self.app_context = app_context
        self.cookies = cookies
        self.feeds = feeds
        self.documents = Documents(GRAPHQL, LIMITS)
        self._public = Documents(PUBLIC_GRAPHQL, LIMITS, size=100)
        self.viewers = viewers
        roots = root_fields(EXPOSED, SPECIAL.viewer)
        budget = Budget(app_context.monotonic, per_minute)
        cursors = Cursors(secret)
        self._tags = EntityTags(secret)
        self._trusted = TrustedDocuments(
            trusted,
            app_context.database,
            app_context.monotonic,
            budget.spend,
            self.documents.get,
        )
        self.reads = ReadService(GRAPHQL, MODEL, roots, viewers, cursors, budget)
        self.writes = WriteService(app_context, GRAPHQL, REGISTRY, MUTATIONS, viewers, self.reads)
        live = {each.plural: each.name for each in EXPOSED if each.is_live}
        self.lives = SubscriptionService(GRAPHQL, MODEL, live, cursors, budget)

    async def __call__(self, request: HttpRequest) -> Response:
        """Answer a request of any form; never raises."""
        media, language = JSON, language_of(request.headers.get("accept-language"))
        try:
            media = media_type(request.headers.get("accept"))
            return await self._answer(request, media, language)
        except HttpRefused as rejected:
            response = refusal(rejected.refused, media, language)
            response.status_code = rejected.status
            response.headers.update(rejected.headers)
            return response
        except ClientDisconnect:  # the client has disconnected, and nothing failed on the server
            return refusal(
                Refused(
                    Code.BAD_REQUEST, Message("The body is incomplete. Send the request again.")
                ),
                media,
                language,
            )
        except Exception as error:  # noqa: BLE001 - every request is answered
            return refusal(failure(error), media, language)

    async def _answer(self, request: HttpRequest, media: str, language: Language) -> Response:
        if request.method not in ("GET", "POST"):
            raise HttpRefused(
                405,
                "This method is not supported. Use POST, or GET for queries.",
                Allow="GET, POST",
            )
        token = _bearer(request)
        cookies = self.cookies.of(request.headers) if token is None else None
        if cookies is not None:
            token = cookies.access
        # An ended session, or a tenant with trusted documents only, does not prevent a new sign-in.
        if token is None or request.scope["path"] == SESSION_PATH:
            return await self._without_token(request, media, language, cookies)
        tenant_header = request.headers.get("x-tenant")
        caller = (await self._caller(token, tenant_header, _address(request), language))[0]
        bind_contextvars(tenant=caller.tenant.slug, user=str(caller.user))
        graphql_request = await self.resolve(caller, await _read_request(request, BODY))
        strict = request.headers.get("x-access") == "strict"
        text = await self.answer(
            caller, graphql_request, strict, request.headers.get("idempotency-key")
        )
        if text is not None:
            if graphql_request.revalidated:
                return await self._tags.respond(request, caller, text, media)
            # Only responses of records: those of session mutations contain tokens.
            encodings = ",".join(request.headers.getlist("accept-encoding"))
            return await compress(respond(text, media), coding_of(text, encodings))
        return await self._change_session(caller, graphql_request, media, cookies)

    async def _change_session(
        self,
        caller: Caller,
        graphql_request: GraphQLRequest,
        media: str,
        cookies: SessionCookies | None,
    ) -> Response:
        """Answer a mutation of sessions or passwords."""
        admitted = self.documents.get(graphql_request.query)
        admitted.cost(graphql_request.variables, graphql_request.operation)
        context = SessionContext(self.app_context, caller, caller.address, self.viewers, cookies)
        result = await _execute(SCHEMA, admitted, graphql_request, context)
        response = _done(result, media, caller.language)
        self.app_context.on_commit(caller.tenant.id)
        return self._with_cookies(response, cookies)

    def _with_cookies(self, response: Response, cookies: SessionCookies | None) -> Response:
        return cookies.apply(response, self.app_context.now()) if cookies else response

    async def resolve(self, caller: Caller, graphql_request: GraphQLRequest) -> GraphQLRequest:
        """The request with the text of its document. Raises Refused, or EntryRejected if the session has ended."""
        return await self._trusted.resolve(caller, graphql_request)

    async def answer(
        self,
        caller: Caller,
        graphql_request: GraphQLRequest,
        strict: bool = False,
        key: str | None = None,
    ) -> bytes | None:
        """The response body of an operation on records; None for session mutations.

        The text of the document must have been resolved.
        """
        bind_contextvars(tenant=caller.tenant.slug, user=str(caller.user))
        admitted = self.documents.get(graphql_request.query)
        operation = admitted.operation(graphql_request.operation)
        name = operation.name.value[:LONGEST_NAME] if operation.name else None
        bind_contextvars(kind=operation.operation.value, operation=name)
        request = Request(
            graphql_request.query,
            admitted,
            graphql_request.operation,
            graphql_request.variables,
            strict,
            revalidated=graphql_request.revalidated,
        )
        if operation.operation is OperationType.QUERY:
            return await self.reads.answer(caller, request)
        if operation.operation is OperationType.SUBSCRIPTION:
            message = Message(
                "Subscriptions require a WebSocket. Connect to /graphql with the subprotocol graphql-transport-ws."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        if graphql_request.safe:
            raise HttpRefused(
                405, "Mutations are not permitted by GET. Send them by POST.", Allow="POST"
            )
        if not _concerns_records(admitted, operation):
            return None
        return await self.writes.answer(caller, request, key)

    async def authenticate(
        self,
        header: object,
        tenant: str | None,
        address: str,
        language: Language = ENGLISH,
        cookie: str | None = None,
    ) -> Authentication:
        """Authenticate a WebSocket connection by a header `Authorization`, or by the token in its cookie.

        Raises Refused, or EntryRejected if the session has ended.
        """
        token = (_token(header) if isinstance(header, str) else None) or cookie
        if token is None:
            message = Message(
                'Authentication required. Send {"authorization": "Bearer …"} as the payload of connection_init.'
            )
            raise Refused(Code.UNAUTHENTICATED, message)
        caller, until = await self._caller(token, tenant, address, language)
        await self.viewers.of(caller.tenant.placement, caller.user, caller.session)
        await self.viewers.check_session(caller.tenant.placement, caller.session)
        return Authentication(caller, until)

    async def _without_token(
        self,
        request: HttpRequest,
        media: str,
        language: Language,
        cookies: SessionCookies | None,
    ) -> Response:
        """Answer sign-in and the other public operations; everything else receives the same 401 (D-40)."""
        unauthenticated = Refused(Code.UNAUTHENTICATED, SIGN_IN)
        try:
            sent = await _read_request(request, PUBLIC_BODY)
            graphql_request = self._trusted.without_token(sent)
        except (HttpRefused, Refused):
            raise unauthenticated from None
        try:
            admitted = self._public.get(graphql_request.query)
            admitted.cost(graphql_request.variables, graphql_request.operation)
        except admission.DocumentRejected as rejected:
            # The text of a trusted document is not explained: the client has not sent it.
            if graphql_request.document_id is None and _is_mistake(rejected, graphql_request.query):
                raise
            raise unauthenticated from None
        if graphql_request.safe or not _only_public(admitted, graphql_request.operation):
            raise unauthenticated
        context = SessionContext(self.app_context, None, _address(request), self.viewers, cookies)
        result = await _execute(PUBLIC_SCHEMA, admitted, graphql_request, context)
        if result.data is not None and not any(isinstance(v, dict) for v in result.data.values()):
            raise unauthenticated  # nothing was executed: only `__typename` was selected
        return self._with_cookies(_done(result, media, language), cookies)

    async def _caller(
        self,
        token: str,
        tenant_header: str | None,
        address: str,
        language: Language,
    ) -> tuple[Caller, datetime]:
        """The caller of an access token and its expiry; the tenant comes from the token only (D-70)."""
        access = self.app_context.tokens.verify_access(token, self.app_context.now())
        tenant = await self.app_context.directory.by_id(access.tenant)
        if tenant is None:
            raise Refused(Code.UNAUTHENTICATED, SIGN_IN)
        if tenant_header is not None and tenant_header != tenant.slug:
            message = Message(
                "The access token belongs to another tenant than `X-Tenant`. Omit the header, or "
                "send a token of that tenant."
            )
            raise Refused(Code.TENANT_MISMATCH, message)
        if tenant.state == "closed":
            raise Refused(
                Code.TENANT_SUSPENDED,
                Message("The tenant is closed. Contact the operator of the server."),
            )
        return Caller(tenant, access.user, access.session, address, language), access.expires_at


async def _read_request(request: HttpRequest, most: int) -> GraphQLRequest:
    if request.method == "GET":
        return request_in_url(request.scope["query_string"])  # `request.url` fails on invalid bytes
    body = await read_body(request, most)
    return request_in_body(request.headers.get("content-type", ""), body)


def _concerns_records(admitted: Admitted, operation: OperationDefinitionNode) -> bool:
    """Whether a mutation writes records; the others concern sessions. Raises Refused for a mix of both."""
    names = roots_of(operation, admitted.fragments) - {"__typename"}
    records = names & MUTATIONS.keys()
    if records and records != names:
        others = ", ".join(sorted(names - records))
        message = Message(
            "Send {fields} in a separate request: mutations of records share one transaction.",
            fields=others,
        )
        raise Refused(Code.BAD_USER_INPUT, message)
    return bool(records)


def _only_public(admitted: Admitted, name: str | None) -> bool:
    """Whether an operation is a mutation; the public schema contains only permitted mutations."""
    return admitted.operation(name).operation is OperationType.MUTATION


def _is_mistake(rejected: admission.DocumentRejected, text: str) -> bool:
    """Whether a document without a token is a public mutation with a mistake, which is explained."""
    codes = {error.code for error in rejected.errors}
    return codes <= MISTAKES and admission.selects_only(text, PUBLIC, LIMITS)


def _bearer(request: HttpRequest) -> str | None:
    return _token(request.headers.get("authorization", ""))


def _token(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _address(request: HttpRequest) -> str:
    return request.client.host if request.client else ""


async def _execute(
    schema: strawberry.Schema,
    admitted: Admitted,
    graphql_request: GraphQLRequest,
    context: SessionContext,
) -> ExecutionResult:
    """Execute a mutation of an admitted document. Raises DocumentRejected for invalid variables.

    `schema.execute` is not used: it validates again, by rules whose time is quadratic in the document
    or worse, and logs errors with the values of arguments, which may be passwords.
    """
    graphql_schema = schema._schema  # noqa: SLF001 - strawberry has no other way
    operation = admitted.operation(graphql_request.operation)
    coerce(graphql_schema, operation, graphql_request.variables)  # for its errors
    result: Any = execute(
        graphql_schema,
        admitted.document,
        context_value=context,
        variable_values=graphql_request.variables,
        operation_name=graphql_request.operation,
        executor_class=schema.execution_context_class,
        hide_suggestions=True,
    )
    return cast("ExecutionResult", await result if isawaitable(result) else result)


def _done(result: ExecutionResult, media: str, language: Language) -> Response:
    """The response to a session mutation. Without any data, its status is that of the first error."""
    errors = [error_entry_of(error) for error in result.errors or ()]
    if result.data is not None:
        body = {"data": result.data, "errors": errors} if errors else {"data": result.data}
        return respond(dumps(body, language), media)
    # An error without a path means that execution did not begin; then `data` is absent too.
    data = {"data": None} if any("path" in each for each in errors) else {}
    extensions = errors[0]["extensions"]
    return refuse(
        dumps({**data, "errors": errors}, language), str(extensions["code"]), extensions, media
    )
