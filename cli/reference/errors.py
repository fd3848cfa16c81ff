"""Renders the page of all error codes: cause, messages and remedy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus

from cli.reference.markdown import code, link, page, table
from cli.reference.messages import ErrorMessage
from cli.reference.mistakes import mistakes_section
from domain.codes import CloseCode, Code, UserErrorCode
from schema.engine.errors import STATUS, WELL_FORMED

FILE = "errors.md"
FEW = 8
"""Mutations up to this number are listed with a code that only they return."""
STATUSES: Mapping[int, str] = {
    200: "The operation was executed. Check `errors` and the `userErrors` of each payload.",
    400: "The request or operation was refused before anything was executed.",
    401: "Call `refresh` or `signIn`, then repeat the request with the new access token.",
    403: "The request is authenticated, but not allowed.",
    404: "No such path. The API is at `/graphql`.",
    405: "Use POST; queries can also be sent by GET.",
    406: "Accept `application/json` or `application/graphql-response+json`.",
    408: "Send the body within 10 seconds.",
    413: "Send less data per request.",
    415: "Send the body as JSON in UTF-8.",
    429: "Wait for the seconds in the header `Retry-After`.",
    500: "Report `extensions.requestId` to the operator of the server.",
    503: "Repeat the request after the seconds in the header `Retry-After`, or after one second.",
}
"""Each status, with what it means for the client."""
UNPUBLISHED = "The message describes the error and its location."
INTRODUCTION = """
An error has a stable *code* for programs and a *message* for people. Do not parse messages: they may change. `…name…` stands
for a value that is filled in.

- **`userErrors`** in the payload of a mutation: the input breaks a rule, and the user can correct it. `path` leads to the
  place in the input, such as `input.amount`. A message never discloses fields that the caller cannot read.
- **`errors`** in the response: the request, or the mutation at `path`, was refused. The code is `extensions.code`.
- **HTTP status** and **WebSocket close code**: see the tables below.

The [guide](../guide/errors.md) explains, with examples, how a client reacts to them.
"""


def errors_page(
    messages: Mapping[str, Sequence[ErrorMessage]], returned: Mapping[str, Iterable[str]]
) -> str:
    """The page. `returned` are the mutations that can return each code."""
    lines = ["# Errors", *INTRODUCTION.splitlines(), "", *mistakes_section()]
    lines += ["## `userErrors` codes", ""]
    for each in UserErrorCode:
        lines += _code(each, messages, returned.get(each, ()))
    lines += ["## `errors` codes", ""]
    for other in Code:
        lines += _code(other, messages, (), f" HTTP status {STATUS.get(other, 400)}.")
    return page([*lines, *_statuses(messages), *_sockets(messages)])


def _code(
    each: Code | UserErrorCode,
    messages: Mapping[str, Sequence[ErrorMessage]],
    mutations: Iterable[str],
    suffix: str = "",
) -> Iterator[str]:
    yield from (f"### {each.value}", "", f"{each.when}{suffix}", "")
    yield from (f"**What to do:** {each.remedy}", "")
    names = sorted(mutations)
    if 0 < len(names) <= FEW:
        yield from (f"**Returned by:** {', '.join(map(code, names))}", "")
    texts = _texts(messages, f"{type(each).__name__}.{each.name}")
    if texts:
        yield from ("Messages:", "", *(f"- {text}" for text in texts), "")
    elif not each.when.startswith("Reserved"):
        yield from (UNPUBLISHED, "")


def _texts(messages: Mapping[str, Sequence[ErrorMessage]], name: str) -> list[str]:
    texts = {each.text.replace("<", "&lt;") for each in messages.get(name, ()) if each.text}
    return sorted(texts, key=str.casefold)


def _statuses(messages: Mapping[str, Sequence[ErrorMessage]]) -> Iterator[str]:
    """Which codes each HTTP status is returned with."""
    codes: dict[int, list[str]] = defaultdict(list)
    for each in Code:
        codes[STATUS.get(each, 400)].append(each.value)
    for message in (each for several in messages.values() for each in several):
        status = message.status
        if status and status not in STATUS.values() and Code.BAD_REQUEST not in codes[status]:
            codes[status].append(Code.BAD_REQUEST.value)
    codes[200] = []
    codes[404].append(Code.NOT_FOUND.value)
    relaxed = ", ".join(code(each) for each in sorted(WELL_FORMED))
    yield from ("## HTTP statuses", "")
    yield "With `Accept: application/graphql-response+json`, the status is that of the first error if nothing was executed."
    yield f"With `Accept: application/json`, these codes are returned with status 200: {relaxed}."
    yield ""
    yield from table(
        ("Status", "Name", "Codes", "What to do"),
        (
            (
                str(status),
                HTTPStatus(status).phrase,
                ", ".join(link(each, "", each) for each in codes[status]),
                STATUSES[status],
            )
            for status in sorted(codes)
        ),
    )


def _sockets(messages: Mapping[str, Sequence[ErrorMessage]]) -> Iterator[str]:
    yield from ("## WebSocket close codes", "")
    yield "1001, 1006 and 1012 mean that the server stopped or the network failed: connect again. 1009 means that a message"
    yield "exceeded 64 KiB. An operation that fails receives a message `error` instead; the socket stays open."
    yield ""
    yield from table(
        ("Code", "When", "Reasons", "What to do"),
        (
            (
                str(each.value),
                each.when,
                " · ".join(_texts(messages, f"CloseCode.{each.name}")),
                each.remedy,
            )
            for each in CloseCode
        ),
    )
