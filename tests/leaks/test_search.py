"""Search uses readable fields of visible records only, for matching and for ranking."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from tests.leaks.hidden_change import HiddenChange, visible_data
from tests.leaks.operations import Operation, OperationGenerator
from tests.leaks.probe import Probe
from tests.leaks.test_noninterference import run
from tests.leaks.truth import Truth, load, scratch_tenant
from tests.proof.contract import LIST_ROOT, LISTED, spelled_id, upper_snake
from tests.proof.lock import ENTITIES
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS, Level, is_closed, level, readable
from tests.support.covers import covers
from tests.support.world import World

SEARCHING = tuple(
    persona if persona in PERSONA_PER_PROFILE else pytest.param(persona, marks=pytest.mark.nightly)
    for persona in PERSONAS
    if persona != "admin"
)
"""Personas with hidden data; those with equal rights as another one run nightly only."""
TYPES = sorted(name for name in LISTED if ENTITIES[name].search)
WORD = 3
"""Minimum number of digits for a match by phone number; longer words are used as search texts."""


def searched(type_name: str) -> list[str]:
    """The fields that a type is searched by."""
    return list(ENTITIES[type_name].search)


def digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())


def matches(value: object, text: str, *, phone: bool) -> bool:
    """Whether a search for a text of one word matches a value."""
    if value is None:
        return False
    if phone:
        number = digits(text).lstrip("0")
        return (
            len(number) >= WORD and not text.strip("+0123456789") and number in digits(str(value))
        )
    return text.lower() in str(value).lower()


def expected(truth: Truth, persona: str, type_name: str, text: str) -> set[str]:
    """IDs of the records that the persona finds by a text, computed from the rows."""
    return {
        spelled_id(type_name, id)
        for id, row in truth.visible(persona, type_name).items()
        if any(
            matches(
                truth.value(type_name, name, row), text, phone=name in ENTITIES[type_name].digits
            )
            for name in searched(type_name)
            if readable(persona, type_name, name, row)
        )
    }


def texts(truth: Truth, type_name: str, name: str, rng: random.Random) -> list[str]:
    """Random ASCII words from a field's values, which need no case or accent folding beyond ASCII."""
    values = [truth.value(type_name, name, row) for row in truth.rows[type_name].values()]
    words = {
        digits(word) if name in ENTITIES[type_name].digits else word
        for value in values
        for word in str(value or "").split()
        if word.isascii()
    }
    long = sorted(word for word in words if len(word) > WORD and "%" not in word)
    return rng.sample(long, min(5, len(long)))


@covers("X-35", "D-31", "D-32")
@pytest.mark.parametrize("type_name", TYPES)
async def test_search_matches_readable_fields_only(probe: Probe, type_name: str) -> None:
    """A text from any field finds exactly the records that contain it in a readable field."""
    rng, searches, hidden = random.Random(type_name), 0, 0
    if is_closed(probe.persona, type_name):
        query = f'{{ {LIST_ROOT[type_name]}(filter: {{ search: "abc" }}) {{ totalCount }} }}'
        await probe.refused(query, (type_name, ""))
        return
    if all(level(probe.persona, type_name, f) is Level.HIDDEN for f in searched(type_name)):
        query = f'{{ {LIST_ROOT[type_name]}(filter: {{ search: "abc" }}) {{ totalCount }} }}'
        answer = await probe.ask(query)
        assert answer.codes == ["FIELD_FORBIDDEN"]
        assert answer.json.get("data") is None
        named = answer.json["errors"][0]["extensions"]["fields"]
        assert named == [{"type": type_name, "field": "search"}]
        return
    for name in searched(type_name):
        for text in texts(probe.truth, type_name, name, rng):
            expected_ids = expected(probe.truth, probe.persona, type_name, text)
            literal = json.dumps(text)
            answer = await probe.ask(
                f"{{ found: {LIST_ROOT[type_name]}(first: 100, filter: {{ search: {literal} }}) {{ totalCount nodes {{ id }} }}"
                f" search(text: {literal}, first: 50, types: [{upper_snake(type_name)}]) {{ matched node {{ id }} }} }}"
            )
            found = {node["id"] for node in answer.data["found"]["nodes"]}
            total = answer.data["found"]["totalCount"]
            assert total == len(expected_ids), (probe.persona, type_name, text)
            assert found == expected_ids or (found < expected_ids and total > 100)
            hits = [hit["node"]["id"] for hit in answer.data["search"]]
            assert set(hits[: len(expected_ids)]) <= expected_ids
            assert len(hits) >= min(50, len(expected_ids))
            matched = {field for hit in answer.data["search"] for field in hit["matched"]}
            hidden_fields = {
                f for f in searched(type_name) if level(probe.persona, type_name, f) is Level.HIDDEN
            }
            assert not matched & hidden_fields
            searches += 1
            hidden += name in hidden_fields
    assert searches > 4
    probe.cells["search"] += searches
    probe.cells["search for hidden values"] += hidden


def operations(truth: Truth, persona: str, count: int) -> list[Operation]:
    """Random searches for values of hidden and open fields, and for texts that the hidden change inserts."""
    rng = random.Random(f"searching {persona}")
    generator = OperationGenerator(rng, truth, persona)
    phones = [row["phone"] for row in truth.rows["Account"].values() if row["phone"]]
    found = []
    for number in range(count):
        type_name = rng.choice(TYPES) if number % 4 else "Account"
        candidates = (
            json.dumps(rng.choice(phones)[-4:]),
            generator.text(type_name),
            json.dumps(rng.choice(("cnry", "CNRY new", "canry"))),
            generator.text(type_name),
        )
        text = candidates[number % 4]
        test = "search: %s" if rng.random() < 0.7 else "not: { search: %s }"
        listed = f"{LIST_ROOT[type_name]}(filter: {{ {test} }}, first: 20) {{ totalCount nodes {{ id }} }}"
        found += [
            search_operation(listed, text, number),
            search_operation(SEARCH_ALL % ("%s", rng.choice((3, 50))), text, number),
        ]
    return found


SEARCH_ALL = "search(text: %s, first: %s) { matched node { __typename id } }"


def search_operation(root: str, text: str, number: int) -> Operation:
    """A search for a text: every tenth as a literal in the document, the others as a variable, as clients send it.

    Each document with another literal is compiled again, and a search over all types is the largest plan.
    """
    if number % 10 == 0:
        return Operation(f"{{ {root % text} }}")
    return Operation(
        f"query ($text: String!) {{ {root % '$text'} }}", variables={"text": json.loads(text)}
    )


@covers("X-35", "D-31", "D-53")
@pytest.mark.parametrize("persona", SEARCHING)
async def test_search_is_independent_of_hidden_data(world: World, persona: str) -> None:
    """Changes to hidden data do not change the persona's responses, although they change an administrator's."""
    async with scratch_tenant(world, f"search-{persona}") as tenant:
        truth = await load(world, tenant)
        searches = operations(truth, persona, 60)
        before = [await run(world, persona, tenant, one) for one in searches]
        for_admin = [
            *searches[::2],
            *searches[1::4],
        ]  # all searches of one type, and some of all types
        admin_before = [await run(world, "admin", tenant, one) for one in for_admin]
        await HiddenChange(world, truth, persona, random.Random(f"{persona} searches")).apply()
        later = await load(world, tenant)
        assert visible_data(later, persona) == visible_data(truth, persona)
        for one, first in zip(searches, before, strict=True):
            assert await run(world, persona, tenant, one) == first, one.query
        admin_after = [await run(world, "admin", tenant, one) for one in for_admin]
        assert sum(one != other for one, other in zip(admin_before, admin_after, strict=True)) > 10
        answered = Counter(pages[0].body.startswith(b'{"data"') for pages in before)
        assert answered[True] > len(searches) // 2


@covers("D-31")
async def test_comparison_detects_excess_right(world: World) -> None:
    """With one additional field right, the responses differ."""
    async with scratch_tenant(world, "search-excess") as tenant:
        space = world.schema(tenant)
        await world.admin.execute(
            f"INSERT INTO {space}.field_permission (id, profile_id, entity, field) "  # noqa: S608
            f"SELECT gen_random_uuid(), id, 'Account', 'phone' FROM {space}.profile WHERE name = 'Junior sales'"
        )
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        searches = operations(truth, "limited", 60)
        before = [await run(world, "limited", tenant, one) for one in searches]
        await HiddenChange(world, truth, "limited", random.Random("a mistake")).apply()
        after = [await run(world, "limited", tenant, one) for one in searches]
        assert before != after
