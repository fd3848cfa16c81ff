"""GraphQL over HTTP: request bodies, media types and status codes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from domain.codes import Code, Refused
from domain.message import Language, Message
from domain.values import JsonObject
from schema import admission
from schema.engine.errors import STATUS, WELL_FORMED, code_of, errors_of
from schema.engine.languages import dumps
from schema.engine.preferences import alternatives, weight_of

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
BODY = 1024 * 1024
NESTED = 64
"""Maximum nesting of objects and lists in variables; equal to the limit of brackets in a document."""
BODY_SECONDS = 10.0
"""Seconds within which the body must arrive."""
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Origin, x-session",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class GraphQLRequest:
    """A GraphQL request as sent, not yet validated."""

    query: str
    """Text of the document; empty if the request has `document_id`, until it is resolved."""
    variables: JsonObject
    operation: str | None
    safe: bool
    """Whether it was sent by GET, so that mutations are refused."""
    document_id: str | None = None
    """Identifier of a trusted document, as sent."""
    hash: str | None = None
    """`extensions.persistedQuery.sha256Hash`, by which clients of automatic persisted queries name a document."""

    @property
    def revalidated(self) -> bool:
        """Whether clients may revalidate the response: a query by identifier in a URL, which contains no text."""
        return self.safe and self.document_id is not None


class HttpRefused(Exception):
    """A request that does not follow GraphQL over HTTP: the status, and a message with the remedy."""

    def __init__(
        self, status: int, message: str, code: Code = Code.BAD_REQUEST, **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.refused = Refused(code, Message(message))
        self.headers = headers


def media_type(accept: str | None) -> str:
    """The response media type: the client's preferred one of the two. Raises HttpRefused."""
    if not accept:
        return JSON
    offered = []
    for position, (name, parameters) in enumerate(alternatives(accept)):
        if any(
            p.startswith("charset=") and p[8:].strip('"') not in ("utf-8", "utf8")
            for p in parameters
        ):
            continue
        weight = weight_of(parameters)
        chosen = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(name)
        if chosen and weight > 0:
            offered.append((-weight, position, chosen))
    if not offered:
        raise HttpRefused(
            406, f"No media type in `Accept` is supported. Accept {GRAPHQL} or {JSON}."
        )
    return min(offered)[2]


async def read_body(request: Request, most: int) -> bytes:
    """The body, up to the limits of size and time. Raises HttpRefused (413, 408)."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    message = (
                        f"The body is larger than {most:,} bytes. Split it over several requests."
                    )
                    raise HttpRefused(413, message, Code.PAYLOAD_TOO_LARGE, Connection="close")
                parts.append(part)
    except TimeoutError:
        raise HttpRefused(
            408,
            f"The body did not arrive in time. Send it within {BODY_SECONDS:.0f} seconds.",
            Connection="close",
        ) from None
    return b"".join(parts)


def request_in_body(content_type: str, body: bytes) -> GraphQLRequest:
    """The request in a POST body. Raises HttpRefused for anything but a valid JSON object."""
    name, _, parameters = content_type.lower().partition(";")
    if name.strip() != JSON:
        raise HttpRefused(415, f"The content type is not supported. Send the request as {JSON}.")
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    if charset and charset not in ("utf-8", "utf8"):
        raise HttpRefused(415, "The charset is not supported. Send the body in UTF-8.")
    try:
        data = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        raise HttpRefused(400, "The body is not valid JSON. Send a JSON object in UTF-8.") from None
    if isinstance(data, list):
        raise HttpRefused(400, "Batches are not supported. Send one operation per request.")
    return request_of(data, safe=False)


def request_in_url(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET. Raises HttpRefused."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), max_num_fields=10, errors="strict")
        data: JsonObject = dict(pairs)
        for name in ("variables", "extensions"):
            if text := data.get(name):
                data[name] = orjson.loads(str(text))
    except (ValueError, RecursionError):
        raise HttpRefused(
            400,
            "The query string is invalid. Percent-encode it, and send `variables` and `extensions` as JSON.",
        ) from None
    return request_of(data, safe=True)


def request_of(data: object, *, safe: bool) -> GraphQLRequest:
    """The request in a decoded JSON object. Raises HttpRefused."""
    if not isinstance(data, dict):
        raise HttpRefused(
            400, 'The request must be a JSON object such as {"query": "…", "variables": {…}}.'
        )
    variables, name = data.get("variables"), data.get("operationName")
    if not isinstance(variables, dict | None):
        raise HttpRefused(400, "`variables` must be an object. Correct or omit it.")
    if _nested(variables):
        raise HttpRefused(
            400, f"`variables` are nested more than {NESTED} levels deep. Nest them less deeply."
        )
    if not isinstance(name, str | None):
        raise HttpRefused(400, "`operationName` must be a string. Correct or omit it.")
    extensions = data.get("extensions")
    if not isinstance(extensions, dict | None):
        raise HttpRefused(400, "`extensions` must be an object. Correct or omit it.")
    hash = _persisted_query(extensions or {})
    query, document_id = _document(data, hash)
    return GraphQLRequest(query, variables or {}, name or None, safe, document_id, hash)


def _document(data: JsonObject, hash: str | None) -> tuple[str, str | None]:
    """The text of the document and its identifier; one of both is empty. Raises HttpRefused."""
    query, document_id = data.get("query"), data.get("documentId")
    if not isinstance(document_id, str | None):
        raise HttpRefused(400, "`documentId` must be a string. Correct or omit it.")
    if query is None and (document_id or hash):
        return "", document_id or hash
    if not isinstance(query, str):
        raise HttpRefused(400, "`query` must be a string. Send the document in it.")
    if document_id:
        raise HttpRefused(400, "Send `documentId` or `query`, not both.")
    return query, None


def _persisted_query(extensions: JsonObject) -> str | None:
    """The hash of an automatic persisted query, if the request has one."""
    persisted = extensions.get("persistedQuery")
    hash = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return hash if isinstance(hash, str) and hash else None


def _nested(value: object) -> bool:
    """Whether a value is nested too deeply: later steps recurse, in Python and in orjson."""
    level = [value]
    for _ in range(NESTED + 1):
        level = [
            below
            for each in level
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def respond(body: bytes, media: str, status: int = 200, **headers: str) -> Response:
    """A response with the headers common to all responses of the API."""
    return Response(body, status, {**HEADERS, **headers}, f"{media}; charset=utf-8")


def refusal(
    refused: Refused | admission.DocumentRejected, media: str, language: Language
) -> Response:
    """The response to a refusal; with `application/json`, errors of GraphQL itself have status 200."""
    extensions = refused.extensions if isinstance(refused, Refused) else {}
    body = dumps({"errors": errors_of(refused)}, language)  # without `data`: nothing was executed
    return refuse(body, code_of(refused), extensions, media)


def refuse(body: bytes, code: str, extensions: Mapping[str, object], media: str) -> Response:
    """The response with the status and headers of a code."""
    status = 200 if media == JSON and code in WELL_FORMED else STATUS.get(code, 400)
    headers = {}
    if "retryAfter" in extensions:
        headers["Retry-After"] = str(extensions["retryAfter"])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return respond(body, media, status, **headers)
