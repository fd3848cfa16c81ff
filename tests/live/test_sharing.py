"""What is evaluated once for many goes to those of the same class only, and to all of them alike, byte for byte."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator

import pytest

from tests.live.property.client import Socket, until
from tests.live.property.documents import BY_NAME, DOCUMENTS, Document
from tests.live.property.place import Place, place, public_id
from tests.live.property.watch import Watcher, answered
from tests.support.covers import covers
from tests.support.world import World

ROUNDS = 12
NUMBERS = itertools.count()
NOTES = Document(
    "notes of some",
    "id name note account { name } owner { name }",
    "name: { contains: $part }",
    types="$part: String!",
    variables={"part": "a"},
)
EVERYTHING = Document("notes", "id name note account { name } owner { name }")
SELLERS = ("rep1", "rep2", "limited")


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[Place]:
    async with place(world, "sharing") as made:
        yield made


async def _watch(here: Place, persona: str, *documents: Document) -> list[Watcher]:
    """All of these on one connection, each under the document's name as its id."""
    socket = await here.connect(persona)
    return [await _begun(here, persona, each, socket) for each in documents]


async def _begun(here: Place, persona: str, document: Document, socket: Socket) -> Watcher:
    made = Watcher(here, persona, document)
    await made.begin(socket)
    return made


async def _end(watchers: list[Watcher]) -> None:
    for each in watchers:
        assert each.socket is not None
        await each.socket.close()


def _texts(watchers: list[Watcher]) -> str:
    return "\n".join(text for each in watchers if each.operation for text in each.operation.frames)


@covers("D-55", "D-64")
@pytest.mark.parametrize("document", [EVERYTHING, NOTES], ids=lambda each: each.name)
async def test_two_sellers_share_a_document_and_nothing_else(
    here: Place, document: Document
) -> None:
    """Same permission shape, same text, same variables: a record of the other one reaches neither."""
    mine = {who: await here.own.opportunity(who, name=f"a deal of {who}") for who in SELLERS}
    # One socket before the others, two together: whoever comes first, nobody gets what is his.
    begun = await asyncio.gather(*[_watch(here, who, document) for who in (*SELLERS, *SELLERS)])
    watchers = [each for listed in begun for each in listed]
    for number in range(ROUNDS):
        for who in SELLERS:
            note = f"CNRY of {who} {number}"
            await here.own.done("admin", "opportunityUpdate", id=mine[who], note=note)
    for each in watchers:
        await each.settle()
    for who in SELLERS:
        await here.own.done("admin", "opportunityDelete", id=mine[who])
    for each in watchers:
        await each.settle()
        told = _texts([each])
        for who in SELLERS:
            is_his = who == each.persona
            assert (f"CNRY of {who}" in told) == is_his, f"{each}: {who}"
            assert (mine[who] in told) == is_his, f"{each}: {who}"
    await _end(watchers)


@covers("D-55", "D-64")
async def test_the_same_variables_are_the_same_list_and_others_are_not(here: Place) -> None:
    id = await here.own.opportunity("rep1", name="with a zebra")
    await here.own.opportunity("rep1", name="with an okapi")
    given = [{"part": "zebra"}, {"part": "okapi"}, {"part": "no such thing"}]
    documents = [
        Document(NOTES.name, NOTES.selection, NOTES.filter, types=NOTES.types, variables=each)
        for each in given
    ]
    watchers = await _watch(here, "admin", *documents)
    had = [len(each.kinds) for each in watchers]
    for note in ("one", "two", "three"):
        await here.own.done("admin", "opportunityUpdate", id=id, note=note)
    for each in watchers:
        await each.settle()
    await here.own.done("admin", "opportunityUpdate", id=id, name="without")
    for each in watchers:
        await each.settle()
    zebra, okapi, nothing = [each.kinds[n:] for each, n in zip(watchers, had, strict=True)]
    assert zebra
    assert zebra == ["DELTA"] * len(zebra)
    assert not okapi
    assert not nothing
    assert watchers[0].rows == {}
    await _end(watchers)


async def _second_administrator(here: Place) -> str:
    """The director becomes one, too: the same rights, and no ids in them."""
    role = await here.named("Role", "Administrator")
    user = public_id("usr", await here.own.user("director"))
    return await here.own.done("admin", "roleAssignmentCreate", user=user, role=role)


async def _written(here: Place) -> None:
    """A little of everything that these documents show, one after the other."""
    id = await here.own.opportunity("rep1")
    text = "SELECT account_id FROM opportunity WHERE id = $1::uuid"
    account = public_id("acc", await here.own.value(text, id.partition("_")[2]))
    do = here.own.done
    for number in range(4):
        await do("admin", "opportunityUpdate", id=id, note=f"n {number}", amount=f"{number}00")
        await do("admin", "accountUpdate", id=account, name=f"a {number}")
        share = {"opportunity": id, "employee": await here.employee("rep2")}
        shared = await do("admin", "opportunityShareCreate", **share)
        await do("admin", "addressCreate", account=account, city=f"c {number}")
        await do("admin", "opportunityShareDelete", id=shared)
    await do("admin", "opportunityDelete", id=id)
    await do("admin", "opportunityRestore", id=id)


@covers("D-64")
async def test_one_permission_class_gets_identical_bytes(here: Place) -> None:
    assigned = await _second_administrator(here)
    personas = ("admin", "director", "admin", "rep1", "rep1")
    begun = [await _watch(here, who, *DOCUMENTS) for who in personas]
    # Each on his own connection gave his operations the same ids: even those are alike.
    had = [[len(each.kinds) for each in listed] for listed in begun]
    await _written(here)
    await asyncio.sleep(1.2)  # some are what they will be before they have been told all
    for each in itertools.chain(*begun):
        await each.settle()
    for place_, document in enumerate(DOCUMENTS):
        first, second, third, seller, himself = (listed[place_] for listed in begun)
        told = [
            each.operation.frames[listed[place_] :]
            for each, listed in zip((first, second, third, seller, himself), had, strict=True)
            if each.operation
        ]
        assert told[0] == told[1] == told[2], document.name
        assert told[3] == told[4], document.name
        assert first.cursor == second.cursor == third.cursor, document.name
        assert seller.cursor == himself.cursor, document.name
        assert seller.cursor is None or seller.cursor != first.cursor, document.name
    assert any(each.kinds[n:] for each, n in zip(begun[0], had[0], strict=True))
    for listed in begun:
        await _end(listed)
    await here.own.done("admin", "roleAssignmentDelete", id=assigned)


@covers("D-64")
async def test_frames_differ_by_the_id_of_the_operation_only(here: Place) -> None:
    socket = await here.connect("rep1")
    document = BY_NAME["own fields"]
    ids = ("one", "another of another length", 'with "quotes" \\ and é 🌅')
    made = [await socket.subscribe(document.subscription, {"after": None}, id=each) for each in ids]
    for each in made:
        await socket.first(each)
    id = await here.of("rep1")
    for note in ("x", 'y "quoted" \u2028', "z"):
        had = [len(each.frames) for each in made]
        await here.own.done("admin", "opportunityUpdate", id=id, note=note)
        await until(
            lambda had=had: all(len(e.frames) > n for e, n in zip(made, had, strict=True)),  # type: ignore[misc]
            lambda: f"not all were told: {made}",
        )
    read = [[json.loads(text) for text in each.frames] for each in made]
    assert [frame["id"] for listed in read for frame in listed] == [
        each.id for each in made for _ in each.frames
    ]
    payloads = [[json.dumps(frame["payload"]) for frame in listed] for listed in read]
    assert payloads[0] == payloads[1] == payloads[2]
    tails = [[text[text.index('"payload"') :] for text in each.frames] for each in made]
    assert tails[0] == tails[1] == tails[2], "the same bytes behind the id"
    await socket.close()


@covers("D-55", "D-64", "D-61")
async def test_cursor_of_another_permission_class_is_refused(here: Place) -> None:
    """Whoever comes by a cursor of somebody else's begins anew, and is told nothing of the other's list (136)."""
    [his] = await _watch(here, "rep1", EVERYTHING)
    await here.own.done("admin", "opportunityUpdate", id=await here.of("rep1"), note="CNRY-his")
    await his.settle()
    for who in ("rep2", "manager", "admin", "limited"):
        socket = await here.connect(who)
        asked = {"after": his.cursor}
        made = await socket.subscribe(EVERYTHING.subscription, asked)
        await socket.first(made)
        seen = await answered(here, who, EVERYTHING)
        if made.code != "BAD_CURSOR":
            frame = json.loads(made.frames[0])["payload"]["data"]["opportunities"]
            assert frame["kind"] == "RESYNC", who
            assert {each["id"] for each in frame["changes"]} == seen.rows.keys()
        if who in ("rep2", "limited"):
            assert "CNRY-his" not in "".join(made.frames)
        await socket.close()
    await _end([his])


@covers("D-62", "D-63")
async def test_rights_changes_of_other_users_are_not_sent(here: Place) -> None:
    """Whose list is the same under the new rights goes on with it: he is not told that there are any (126)."""
    begun = [await _watch(here, who, EVERYTHING, BY_NAME["plain"]) for who in ("admin", "rep2")]
    watchers = [each for listed in begun for each in listed]
    do = here.own.done
    profile = await here.named("Profile", "Junior sales")
    for number in range(3):
        role = await do("admin", "roleCreate", name=f"nobody's {number}")
        await do("admin", "roleDelete", id=role)
        # What none of them sees moves the log on, too.
        id = await do("admin", "accountCreate", name=f"nobody's {number}")
        await do("admin", "accountDelete", id=id)
        grant = {"profile": profile, "entity": "Opportunity", "field": "margin"}
        await do(
            "admin", "fieldPermissionDelete", id=await do("admin", "fieldPermissionCreate", **grant)
        )
    await asyncio.sleep(1.2)
    for each in watchers:
        await each.settle()
        assert each.kinds == ["SNAPSHOT"], str(each)
    await _end(watchers)
