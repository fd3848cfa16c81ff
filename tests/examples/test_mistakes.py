"""The typical mistakes of the error reference are answered as the page shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.reference.mistakes import MISTAKES, Answer, Mistake
from tests.support.covers import covers
from tests.support.world import World

OPEN = "{ opportunities(first: 1, filter: { status: { eq: OPEN } }) { nodes { id } } }"


@pytest.fixture(scope="module")
async def opportunity(world: World) -> str:
    """The ID of an open opportunity of the first sales representative."""
    id: str = (await world.ask("rep1", OPEN)).data["opportunities"]["nodes"][0]["id"]
    return id


def answer_of(response: dict[str, Any]) -> tuple[Answer, ...]:
    """The errors of a response, those of payloads included, in the order of the response."""
    errors = [
        Answer(
            str(each["extensions"]["code"]),
            each["message"],
            ".".join(map(str, each["extensions"].get("input", ()))),
        )
        for each in response.get("errors", ())
    ]
    for payload in (response.get("data") or {}).values():
        for each in (payload or {}).get("userErrors", ()):
            errors.append(Answer(each["code"], each["message"], ".".join(each["path"])))
    return tuple(errors)


@covers("D-35")
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.title)
async def test_mistake_is_answered_as_documented(
    world: World, opportunity: str, mistake: Mistake
) -> None:
    variables: dict[str, Any] = json.loads(
        mistake.variables.replace("$opportunity", opportunity) or "{}"
    )
    answer = await world.ask(mistake.persona, mistake.query, variables)
    assert answer_of(answer.json) == mistake.answer
