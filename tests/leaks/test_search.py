"""Searching tells nothing of hidden fields and records: they are not there, neither found by nor ranked by."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from tests.leaks.changes import Change, knowledge
from tests.leaks.operations import Author, Operation
from tests.leaks.probe import Probe
from tests.leaks.test_two_worlds import run
from tests.leaks.truth import Truth, load, own_tenant
from tests.proof.contract import LIST_OF, LISTED, spelled_id, upper_snake
from tests.proof.lock import ENTITIES
from tests.proof.rights import PERSONAS, Level, is_closed, level, readable
from tests.support.covers import covers
from tests.support.world import World

TYPES = sorted(name for name in LISTED if ENTITIES[name].search)
WORD = 3
"""Characters from which on a piece says enough."""


def searched(type_name: str) -> list[str]:
    """The fields that a type is searched by."""
    return list(ENTITIES[type_name].search)


def digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())


def holds(value: object, text: str, *, phone: bool) -> bool:
    """Whether a value is found by a text of one word."""
    if value is None:
        return False
    if phone:
        sought = digits(text).lstrip("0")
        return (
            len(sought) >= WORD and not text.strip("+0123456789") and sought in digits(str(value))
        )
    return text.lower() in str(value).lower()


def expected(truth: Truth, persona: str, type_name: str, text: str) -> set[str]:
    """The records that he may find by a text, reckoned from the rows."""
    return {
        spelled_id(type_name, id)
        for id, row in truth.visible(persona, type_name).items()
        if any(
            holds(truth.value(type_name, name, row), text, phone=name in ENTITIES[type_name].digits)
            for name in searched(type_name)
            if readable(persona, type_name, name, row)
        )
    }


def texts(truth: Truth, type_name: str, name: str, rng: random.Random) -> list[str]:
    """Words that stand in a field of some rows: an ASCII one each, so that nothing has to be folded."""
    held = [truth.value(type_name, name, row) for row in truth.rows[type_name].values()]
    words = {
        digits(word) if name in ENTITIES[type_name].digits else word
        for value in held
        for word in str(value or "").split()
        if word.isascii()
    }
    long = sorted(word for word in words if len(word) > WORD and "%" not in word)
    return rng.sample(long, min(5, len(long)))


@covers("X-35", "D-31", "D-32")
@pytest.mark.parametrize("type_name", TYPES)
async def test_only_what_may_be_read_is_found_by(probe: Probe, type_name: str) -> None:
    """Whatever field a text stands in, those records are found where it stands in a readable one."""
    rng, asked, hidden = random.Random(type_name), 0, 0
    if is_closed(probe.persona, type_name):
        query = f'{{ {LIST_OF[type_name]}(filter: {{ search: "abc" }}) {{ totalCount }} }}'
        await probe.refused(query, (type_name, ""))
        return
    if all(level(probe.persona, type_name, f) is Level.HIDDEN for f in searched(type_name)):
        query = f'{{ {LIST_OF[type_name]}(filter: {{ search: "abc" }}) {{ totalCount }} }}'
        answer = await probe.ask(query)
        assert answer.codes == ["FIELD_FORBIDDEN"]
        assert answer.json.get("data") is None
        named = answer.json["errors"][0]["extensions"]["fields"]
        assert named == [{"type": type_name, "field": "search"}]
        return
    for name in searched(type_name):
        for text in texts(probe.truth, type_name, name, rng):
            wanted = expected(probe.truth, probe.persona, type_name, text)
            given = json.dumps(text)
            answer = await probe.ask(
                f"{{ found: {LIST_OF[type_name]}(first: 100, filter: {{ search: {given} }}) {{ totalCount nodes {{ id }} }}"
                f" search(text: {given}, first: 50, types: [{upper_snake(type_name)}]) {{ matched node {{ id }} }} }}"
            )
            found = {node["id"] for node in answer.data["found"]["nodes"]}
            total = answer.data["found"]["totalCount"]
            assert total == len(wanted), (probe.persona, type_name, text)
            assert found == wanted or (found < wanted and total > 100)
            hits = [hit["node"]["id"] for hit in answer.data["search"]]
            assert set(hits[: len(wanted)]) <= wanted
            assert len(hits) >= min(50, len(wanted))
            told = {field for hit in answer.data["search"] for field in hit["matched"]}
            shut = {
                f for f in searched(type_name) if level(probe.persona, type_name, f) is Level.HIDDEN
            }
            assert not told & shut
            asked += 1
            hidden += name in shut
    assert asked > 4
    probe.cells["search"] += asked
    probe.cells["search for what is hidden"] += hidden


def operations(truth: Truth, persona: str, count: int) -> list[Operation]:
    """Searches for what stands in hidden fields as well as in open ones, and for what will stand there."""
    rng = random.Random(f"searching {persona}")
    author = Author(rng, truth, persona)
    phones = [row["phone"] for row in truth.rows["Account"].values() if row["phone"]]
    found = []
    for number in range(count):
        type_name = rng.choice(TYPES) if number % 4 else "Account"
        drawn = (
            json.dumps(rng.choice(phones)[-4:]),
            author.text(type_name),
            json.dumps(rng.choice(("cnry", "CNRY new", "canry"))),
            author.text(type_name),
        )
        text = drawn[number % 4]
        test = "search: %s" if rng.random() < 0.7 else "not: { search: %s }"
        listed = (
            f"{LIST_OF[type_name]}(filter: {{ {test} }}, first: 20) {{ totalCount nodes {{ id }} }}"
        )
        found += [
            spoken(listed, text, number),
            spoken(EVERYWHERE % ("%s", rng.choice((3, 50))), text, number),
        ]
    return found


EVERYWHERE = "search(text: %s, first: %s) { matched node { __typename id } }"


def spoken(root: str, text: str, number: int) -> Operation:
    """A search for a text: one in ten says it in the document, the others in a variable, as clients do.

    A document with another text is planned anew, and a search of everything is the largest plan there is.
    """
    if number % 10 == 0:
        return Operation(f"{{ {root % text} }}")
    return Operation(
        f"query ($text: String!) {{ {root % '$text'} }}", variables={"text": json.loads(text)}
    )


@covers("X-35", "D-31", "D-53")
@pytest.mark.parametrize("persona", [each for each in PERSONAS if each != "admin"])
async def test_two_worlds_are_searched_alike(world: World, persona: str) -> None:
    """What differs out of his sight changes no byte of what he is answered; an administrator notices."""
    async with own_tenant(world, f"search-{persona}") as tenant:
        truth = await load(world, tenant)
        asked = operations(truth, persona, 60)
        before = [await run(world, persona, tenant, one) for one in asked]
        of_all = [*asked[::2], *asked[1::4]]  # every list, and everything now and then
        for_all = [await run(world, "admin", tenant, one) for one in of_all]
        await Change(world, truth, persona, random.Random(f"{persona} searches")).apply()
        later = await load(world, tenant)
        assert knowledge(later, persona) == knowledge(truth, persona)
        for one, first in zip(asked, before, strict=True):
            assert await run(world, persona, tenant, one) == first, one.query
        noticed = [await run(world, "admin", tenant, one) for one in of_all]
        assert sum(one != other for one, other in zip(for_all, noticed, strict=True)) > 10
        answered = Counter(pages[0].body.startswith(b'{"data"') for pages in before)
        assert answered[True] > len(asked) // 2


@covers("D-31")
async def test_a_mistake_would_be_noticed(world: World) -> None:
    """With one field too many, the same searches are answered otherwise."""
    async with own_tenant(world, "search-mistaken") as tenant:
        space = world.schema(tenant)
        await world.admin.execute(
            f"INSERT INTO {space}.field_permission (id, profile_id, entity, field) "  # noqa: S608
            f"SELECT gen_random_uuid(), id, 'Account', 'phone' FROM {space}.profile WHERE name = 'Junior sales'"
        )
        await world.rights_changed(tenant)
        truth = await load(world, tenant)
        asked = operations(truth, "limited", 60)
        before = [await run(world, "limited", tenant, one) for one in asked]
        await Change(world, truth, "limited", random.Random("a mistake")).apply()
        after = [await run(world, "limited", tenant, one) for one in asked]
        assert before != after
