"""Cursors contain no readable data and are valid only for their user, tenant and list."""

from __future__ import annotations

import base64
import binascii
import json
import random
import string
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.leaks.test_noninterference import observed
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World

TENANTS = ("acme", "globex")
LETTERS = string.ascii_letters + string.digits + "-_"
START = 'orderBy: [{ name: ASC }], filter: { name: { contains: "a" } }'


async def page(
    world: World, persona: str, arguments: str, tenant: str = "acme", root: str = "opportunities"
) -> Answer:
    """A small page of a list."""
    field = f"{root}(first: 3, {arguments})"
    query = f"{{ {field} {{ nodes {{ id }} edges {{ cursor node {{ id }} }} }} }}"
    return await world.ask(persona, query, tenant=tenant)


def last(answer: Answer) -> str:
    """The cursor of the last record on a page."""
    (found,) = answer.data.values()
    cursor: str = found["edges"][-1]["cursor"]
    return cursor


async def invalid_cursor(world: World, persona: str, tenant: str = "acme") -> Answer:
    """The response to a malformed cursor."""
    return await page(world, persona, f'{START}, after: "nonsense"', tenant)


@covers("D-38")
async def test_cursor_of_another_user_is_refused(world: World) -> None:
    """Each persona's cursor with all personas of all tenants; others get the response to a malformed one."""
    places = [(persona, tenant) for persona in PERSONAS for tenant in TENANTS]
    made = {place: last(await page(world, place[0], START, place[1])) for place in places}
    for owner, cursor in made.items():
        for place in places:
            answer = await page(world, place[0], f'{START}, after: "{cursor}"', place[1])
            if place == owner:
                assert answer.codes == []
            else:
                assert observed(answer) == observed(await invalid_cursor(world, *place)), (
                    owner,
                    place,
                )
                assert answer.codes == ["BAD_CURSOR"]


@covers("D-38")
async def test_cursor_sorted_by_hidden_field_is_refused(world: World) -> None:
    """An administrator's cursor sorted by margin, sent by a user who may not read the margin."""
    cursor = last(await page(world, "admin", "orderBy: [{ margin: ASC }]"))
    forged = await page(world, "limited", f'orderBy: [{{ margin: ASC }}], after: "{cursor}"')
    garbage = await page(world, "limited", 'orderBy: [{ margin: ASC }], after: "nonsense"')
    assert forged.codes == ["BAD_CURSOR"]
    assert observed(forged) == observed(garbage)
    other = await page(world, "limited", f'orderBy: [{{ amount: ASC }}], after: "{cursor}"')
    assert other.codes == ["BAD_CURSOR"]


OTHER_LISTS = (
    'filter: { name: { contains: "a" } }',
    "orderBy: [{ name: ASC }]",
    'orderBy: [{ name: DESC }], filter: { name: { contains: "a" } }',
    'orderBy: [{ name: ASC_NULLS_FIRST }], filter: { name: { contains: "a" } }',
    'orderBy: [{ name: ASC }, { id: DESC }], filter: { name: { contains: "a" } }',
    'orderBy: [{ note: ASC }], filter: { name: { contains: "a" } }'.replace("note", "currency"),
    'orderBy: [{ name: ASC }], filter: { name: { contains: "b" } }',
    'orderBy: [{ name: ASC }], filter: { name: { startsWith: "a" } }',
    'orderBy: [{ name: ASC }], filter: { not: { name: { contains: "a" } } }',
    'orderBy: [{ name: ASC }], filter: { currency: { contains: "a" } }',
)


@covers("D-38")
@pytest.mark.parametrize("other", OTHER_LISTS)
async def test_cursor_of_another_list_is_refused(world: World, other: str) -> None:
    """A cursor is valid for its order and filter only."""
    cursor = last(await page(world, "rep1", START))
    answer = await page(world, "rep1", f'{other}, after: "{cursor}"')
    assert observed(answer) == observed(await invalid_cursor(world, "rep1"))


@covers("D-38")
async def test_cursor_of_another_root_or_nesting_is_refused(world: World) -> None:
    """A cursor is valid for its root field, and not interchangeable with that of a nested list."""
    cursor = last(await page(world, "rep1", "orderBy: [{ name: ASC }]"))
    for root in ("accounts", "employees", "stages"):
        answer = await page(
            world, "rep1", f'orderBy: [{{ name: ASC }}], after: "{cursor}"', root=root
        )
        assert answer.codes == ["BAD_CURSOR"]
    nested = "stages(first: 1) { nodes { opportunities(first: 1, orderBy: [{ name: ASC }]%s) { edges { cursor } } } }"
    answer = await world.ask("rep1", "{ " + nested % f', after: "{cursor}"' + " }")
    assert answer.codes == ["BAD_CURSOR"]
    inner = await world.ask("rep1", "{ " + nested % "" + " }")
    edges = inner.data["stages"]["nodes"][0]["opportunities"]["edges"]
    back = await page(world, "rep1", f'orderBy: [{{ name: ASC }}], after: "{edges[0]["cursor"]}"')
    assert back.codes == ["BAD_CURSOR"]


@covers("D-38")
async def test_cursor_is_valid_in_other_documents_of_the_list(world: World) -> None:
    """Selection, page size, aliases and variables may differ."""
    cursor = last(await page(world, "rep1", START))
    query = (
        "query Other($f: OpportunityFilter, $o: [OpportunityOrder!], $c: String) "
        "{ more: opportunities(filter: $f, orderBy: $o, after: $c, first: 7) { nodes { name } } }"
    )
    variables = {"f": {"name": {"contains": "a"}}, "o": [{"name": "ASC"}], "c": cursor}
    one = await world.ask("rep1", query, variables)
    other = await page(world, "rep1", f'{START}, after: "{cursor}"')
    assert one.codes == other.codes == []
    assert len(one.data["more"]["nodes"]) == 7


def tampered(cursor: str) -> Iterator[str]:
    """Variants of a cursor: each character changed, each prefix, flipped bits, and extensions."""
    rng = random.Random(cursor)
    for at, old in enumerate(cursor):
        yield cursor[:at] + rng.choice(LETTERS.replace(old, "")) + cursor[at + 1 :]
        yield cursor[:at]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for bit in range(0, len(raw) * 8, 5):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield base64.urlsafe_b64encode(flipped).decode().rstrip("=")
    yield from (cursor + more for more in ("A", "=", "==", "AAAA", " ", "\n", "\u0660", cursor))
    yield from (" " + cursor, cursor.swapcase(), cursor[::-1], "A" * 4000)


@covers("D-38")
async def test_tampered_cursor_is_refused(world: World) -> None:
    """Every variant gives the response to a malformed cursor."""
    query = "query ($c: String) { opportunities(first: 3, orderBy: [{ name: ASC }], after: $c) { edges { cursor } } }"
    first = await world.ask("rep1", query)
    cursor = last(first)
    assert (await world.ask("rep1", query, {"c": cursor})).codes == []
    expected = observed(await world.ask("rep1", query, {"c": "nonsense"}))
    accepted = []
    for changed in tampered(cursor):
        answer = await world.ask("rep1", query, {"c": changed})
        if observed(answer) != expected:
            accepted.append((changed, answer.body))
    assert not accepted, (cursor, accepted)


def decoded(text: bytes, depth: int = 3) -> Iterator[bytes]:
    """Results of decoding and decompressing a text by common methods, up to `depth` times."""
    yield text
    if depth == 0:
        return
    padded = text + b"=" * (-len(text) % 4)
    for unpack in (
        base64.urlsafe_b64decode,
        base64.b64decode,
        binascii.unhexlify,
        zlib.decompress,
        lambda packed: zlib.decompress(packed, -15),
        lambda packed: zlib.decompress(packed, 31),
    ):
        try:
            inner = unpack(
                padded if unpack in (base64.urlsafe_b64decode, base64.b64decode) else text
            )
        except (binascii.Error, zlib.error, ValueError):
            continue
        if inner:
            yield from decoded(inner, depth - 1)


@covers("D-38")
@pytest.mark.parametrize(
    ("key", "inner"),
    [
        ("name", "name"),
        ("amount", "amount { amount }"),
        ("createdAt", "createdAt"),
        ("note", "note"),
        ("account: { name", "account { name }"),
    ],
)
async def test_cursor_contains_no_readable_data(world: World, key: str, inner: str) -> None:
    """No decoding contains the sort key, the ID or the tenant."""
    order = f"{key}: ASC }} }}" if ":" in key else f"{key}: ASC }}"
    if key == "note":  # not sortable
        order = "id: ASC }"
    query = f"{{ opportunities(first: 30, orderBy: [{{ {order}]) {{ edges {{ cursor node {{ id {inner} }} }} }} }}"
    answer = await world.ask("admin", query)
    edges: list[dict[str, Any]] = answer.data["opportunities"]["edges"]
    for edge in edges:
        forbidden = [edge["node"]["id"].rpartition("_")[2], "acme", world.tenants["acme"].id.hex]
        first, *_ = (edge["node"][name] for name in edge["node"] if name != "id")
        value = next(iter(first.values())) if isinstance(first, dict) else first
        forbidden += [value] if value and len(value) > 3 else []
        raw = [bytes.fromhex(forbidden[0]), world.tenants["acme"].id.bytes]
        for text in decoded(edge["cursor"].encode()):
            assert not any(word.encode() in text for word in forbidden)
            assert not any(word in text for word in raw)


@covers("D-38")
async def test_cursor_length_is_independent_of_masked_values(world: World) -> None:
    """A value masked by a status rule is encoded as null."""
    query = (
        "{ opportunities(first: 100, filter: { status: { ne: WON } }, orderBy: [{ commission: ASC }])"
        " { edges { cursor } } }"
    )
    answer = await world.ask("limited", query)
    lengths = {len(edge["cursor"]) for edge in answer.data["opportunities"]["edges"]}
    assert len(lengths) == 1


@covers("D-38")
async def test_cursor_of_wrong_type_is_a_client_error(world: World) -> None:
    """Cursors of other types and malformed texts give a client error, never INTERNAL."""
    query = "query ($c: String) { opportunities(first: 1, after: $c) { totalCount } }"
    malformed: tuple[object, ...] = (
        None,
        "",
        5,
        [],
        {},
        True,
        "\x01\x02\x03",
        json.dumps({"a": 1}),
    )
    for value in malformed:
        answer = await world.ask("rep1", query, {"c": value})
        assert answer.status < 500, value
        assert set(answer.codes) <= {"BAD_CURSOR", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
