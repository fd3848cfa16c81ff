"""The first answer of the README is the one that is given, and the examples it lists are all there are."""

from __future__ import annotations

import json
import re

from tests.examples.conftest import FOLDER, PERSONA
from tests.support.world import World

README = (FOLDER.parents[1] / "README.md").read_text()
ASKED = re.compile(r"```graphql\n(\{.*?)```.*?```json\n(.*?)```", re.DOTALL)


async def test_the_first_answer_is_the_one_that_is_given(world: World) -> None:
    asked = ASKED.search(README)
    assert asked
    query, answer = asked.groups()
    given = (await world.ask("rep1", query)).json
    assert {"data": given["data"]} == json.loads(answer), json.dumps(given, ensure_ascii=False)
    director = (await world.ask("director", query)).data["opportunities"]["totalCount"]
    assert director > given["data"]["opportunities"]["totalCount"], "he sees everybody's"


def test_every_example_is_listed() -> None:
    assert set(re.findall(r"\(docs/examples/(\w+)\.graphql\)", README)) == set(PERSONA)
