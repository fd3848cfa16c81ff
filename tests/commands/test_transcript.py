"""Mutations with their expected responses as files: executed in order, each on the result of the previous one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import World

FOLDER = Path(__file__).parent / "transcript"
STEPS = sorted(FOLDER.glob("*.graphql"))
ID = re.compile(r'"([a-z]{3})_[0-9a-f]{32}"')
MOMENT = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"')
NUMBER = re.compile(r'"A-[0-9A-Z]{8}"')


class Names:
    """Ids numbered by first appearance, so that responses are the same in every run."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def hide(self, text: str) -> str:
        """The text with names in place of values that differ from run to run."""
        text = ID.sub(lambda response: f'"{self._name(response)}"', text)
        return NUMBER.sub('"A-…"', MOMENT.sub('"…"', text))

    def _name(self, response: re.Match[str]) -> str:
        kind = response.group(1)
        count = sum(1 for name in self.known.values() if name.startswith(f"{kind}_"))
        return self.known.setdefault(response.group(0).strip('"'), f"{kind}_{count + 1}")

    def fill(self, text: str) -> str:
        """The text with the names replaced by ids."""
        for id, name in sorted(self.known.items(), key=lambda item: -len(item[1])):
            text = text.replace(f'"{name}"', f'"{id}"')
        return text


@covers("D-33", "D-35", "D-36", "D-37", "X-10", "X-11", "X-12", "X-13")
async def test_responses_match_the_transcript(
    scratch_world: World, request: pytest.FixtureRequest
) -> None:
    write = request.config.getoption("--write-snapshots")
    names = Names()
    for file in STEPS:
        text = file.read_text()
        persona = re.findall(r"^# as (\w+):", text, re.MULTILINE)[0]
        key = re.findall(r"^# key: (\S+)$", text, re.MULTILINE)
        headers: dict[str, Any] = {"idempotency_key": key[0]} if key else {}
        for repeated in re.findall(r"^# again: (\w+)$", text, re.MULTILINE):
            text = (FOLDER / f"{repeated}.graphql").read_text()
        answer = await scratch_world.ask(persona, names.fill(text), **headers)
        shown = answer.json
        shown.get("extensions", {}).pop("cost", None)
        response = names.hide(json.dumps(shown, indent=2, ensure_ascii=False)) + "\n"
        expected = file.with_suffix(".json")
        if write:
            expected.write_text(response)
        assert expected.exists(), (
            f"{expected.name} is missing: run with --write-snapshots, and read it"
        )
        assert expected.read_text() == response, (
            f"{expected.name} differs: if meant, --write-snapshots"
        )
