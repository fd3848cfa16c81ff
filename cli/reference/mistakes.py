"""The typical mistakes of the error reference: requests with the answers that a test compares."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from cli.common import ROOT

FILE = ROOT / "docs" / "api" / "examples" / "mistakes.toml"


@dataclass(frozen=True)
class Answer:
    """One error of a response: its code, message, and path in the input if it concerns a value."""

    code: str
    message: str
    path: str = ""


@dataclass(frozen=True)
class Mistake:
    """A request with a mistake, and the errors of its response."""

    title: str
    query: str
    answer: tuple[Answer, ...]
    variables: str = ""
    """JSON."""
    persona: str = "rep1"


def _read() -> Iterator[Mistake]:
    for each in tomllib.loads(FILE.read_text())["mistake"]:
        answer = tuple(Answer(**error) for error in each.pop("answer", ()))
        yield Mistake(answer=answer, **each)


MISTAKES = tuple(_read())


def mistakes_section() -> Iterator[str]:
    """The part of the error reference about typical mistakes."""
    yield from (
        "## Typical mistakes",
        "",
        "A test sends each of these requests and compares the answer.",
        "",
    )
    for each in MISTAKES:
        yield from (f"### {each.title}", "", "```graphql", each.query, "```", "")
        if each.variables:
            yield from ("```json", each.variables.replace("$opportunity", "opp_…"), "```", "")
        for error in each.answer:
            path = f" (`{error.path}`)" if error.path else ""
            yield f"- `{error.code}`{path}: {error.message}"
        yield ""
