"""A shared evaluation reaches only subscribers of the same permission class, and all of them with identical bytes."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator

import pytest

from tests.live.property.client import Socket, until
from tests.live.property.documents import BY_NAME, DOCUMENTS, Document
from tests.live.property.served_tenant import ServedTenant, open_tenant, public_id
from tests.live.property.watch import Watcher, query_result
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
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "sharing") as served:
        yield served


async def _subscribe_all(tenant: ServedTenant, persona: str, *documents: Document) -> list[Watcher]:
    """Subscribers of a persona to the documents, all on one connection."""
    socket = await tenant.connect(persona)
    return [await _subscribe(tenant, persona, each, socket) for each in documents]


async def _subscribe(
    tenant: ServedTenant, persona: str, document: Document, socket: Socket
) -> Watcher:
    watcher = Watcher(tenant, persona, document)
    await watcher.subscribe(socket)
    return watcher


async def _close(watchers: list[Watcher]) -> None:
    for each in watchers:
        assert each.socket is not None
        await each.socket.close()


def _texts(watchers: list[Watcher]) -> str:
    return "\n".join(text for each in watchers if each.operation for text in each.operation.frames)


@covers("D-55", "D-64")
@pytest.mark.parametrize("document", [EVERYTHING, NOTES], ids=lambda each: each.name)
async def test_sellers_with_one_document_receive_only_their_own_records(
    tenant: ServedTenant, document: Document
) -> None:
    """The sellers have the same permission shape, text and variables, but different classes."""
    owned = {
        persona: await tenant.client.opportunity(persona, name=f"a deal of {persona}")
        for persona in SELLERS
    }
    # Two connections per seller, opened concurrently, so that any of them may create the shared evaluation.
    begun = await asyncio.gather(
        *[_subscribe_all(tenant, persona, document) for persona in (*SELLERS, *SELLERS)]
    )
    watchers = [each for listed in begun for each in listed]
    for number in range(ROUNDS):
        for persona in SELLERS:
            note = f"CNRY of {persona} {number}"
            await tenant.client.mutate("admin", "opportunityUpdate", id=owned[persona], note=note)
    for each in watchers:
        await each.settle()
    for persona in SELLERS:
        await tenant.client.mutate("admin", "opportunityDelete", id=owned[persona])
    for each in watchers:
        await each.settle()
        received = _texts([each])
        for persona in SELLERS:
            is_own = persona == each.persona
            assert (f"CNRY of {persona}" in received) == is_own, f"{each}: {persona}"
            assert (owned[persona] in received) == is_own, f"{each}: {persona}"
    await _close(watchers)


@covers("D-55", "D-64")
async def test_lists_are_shared_by_their_variables(
    tenant: ServedTenant,
) -> None:
    id = await tenant.client.opportunity("rep1", name="with a zebra")
    await tenant.client.opportunity("rep1", name="with an okapi")
    variants = [{"part": "zebra"}, {"part": "okapi"}, {"part": "no such thing"}]
    documents = [
        Document(NOTES.name, NOTES.selection, NOTES.filter, types=NOTES.types, variables=each)
        for each in variants
    ]
    watchers = await _subscribe_all(tenant, "admin", *documents)
    had = [len(each.kinds) for each in watchers]
    for note in ("one", "two", "three"):
        await tenant.client.mutate("admin", "opportunityUpdate", id=id, note=note)
    for each in watchers:
        await each.settle()
    await tenant.client.mutate("admin", "opportunityUpdate", id=id, name="without")
    for each in watchers:
        await each.settle()
    zebra, okapi, nothing = [each.kinds[n:] for each, n in zip(watchers, had, strict=True)]
    assert zebra
    assert zebra == ["DELTA"] * len(zebra)
    assert not okapi
    assert not nothing
    assert watchers[0].rows == {}
    await _close(watchers)


async def _second_administrator(tenant: ServedTenant) -> str:
    """Make the director an administrator; the permissions of both contain no user ids, so their class is the same."""
    role = await tenant.id_of("Role", "Administrator")
    user = public_id("usr", await tenant.client.user_id("director"))
    return await tenant.client.mutate("admin", "roleAssignmentCreate", user=user, role=role)


async def _write_everything(tenant: ServedTenant) -> None:
    """Write every kind of record that the documents show."""
    id = await tenant.client.opportunity("rep1")
    text = "SELECT account_id FROM opportunity WHERE id = $1::uuid"
    account = public_id("acc", await tenant.client.value(text, id.partition("_")[2]))
    mutate = tenant.client.mutate
    for number in range(4):
        await mutate("admin", "opportunityUpdate", id=id, note=f"n {number}", amount=f"{number}00")
        await mutate("admin", "accountUpdate", id=account, name=f"a {number}")
        share = {"opportunity": id, "employee": await tenant.employee_id("rep2")}
        shared = await mutate("admin", "opportunityShareCreate", **share)
        await mutate("admin", "addressCreate", account=account, city=f"c {number}")
        await mutate("admin", "opportunityShareDelete", id=shared)
    await mutate("admin", "opportunityDelete", id=id)
    await mutate("admin", "opportunityRestore", id=id)


@covers("D-64")
async def test_one_permission_class_gets_identical_bytes(tenant: ServedTenant) -> None:
    assigned = await _second_administrator(tenant)
    personas = ("admin", "director", "admin", "rep1", "rep1")
    begun = [await _subscribe_all(tenant, persona, *DOCUMENTS) for persona in personas]
    # Every connection numbers its operations alike, so the operation ids are the same too.
    had = [[len(each.kinds) for each in listed] for listed in begun]
    await _write_everything(tenant)
    await asyncio.sleep(1.2)  # a subscriber may hold the final rows before the last frame arrives
    for each in itertools.chain(*begun):
        await each.settle()
    for index, document in enumerate(DOCUMENTS):
        first, second, third, seller, colleague = (listed[index] for listed in begun)
        sent = [
            each.operation.frames[listed[index] :]
            for each, listed in zip((first, second, third, seller, colleague), had, strict=True)
            if each.operation
        ]
        assert sent[0] == sent[1] == sent[2], document.name
        assert sent[3] == sent[4], document.name
        assert first.cursor == second.cursor == third.cursor, document.name
        assert seller.cursor == colleague.cursor, document.name
        assert seller.cursor is None or seller.cursor != first.cursor, document.name
    assert any(each.kinds[n:] for each, n in zip(begun[0], had[0], strict=True))
    for listed in begun:
        await _close(listed)
    await tenant.client.mutate("admin", "roleAssignmentDelete", id=assigned)


@covers("D-64")
async def test_frames_differ_only_by_the_operation_id(tenant: ServedTenant) -> None:
    socket = await tenant.connect("rep1")
    document = BY_NAME["own fields"]
    ids = ("one", "another of another length", 'with "quotes" \\ and é 🌅')
    operations = [
        await socket.subscribe(document.subscription, {"after": None}, id=each) for each in ids
    ]
    for each in operations:
        await socket.wait_first(each)
    id = await tenant.opportunity_of("rep1")
    for note in ("x", 'y "quoted" \u2028', "z"):
        had = [len(each.frames) for each in operations]
        await tenant.client.mutate("admin", "opportunityUpdate", id=id, note=note)
        await until(
            lambda had=had: all(len(e.frames) > n for e, n in zip(operations, had, strict=True)),  # type: ignore[misc]
            lambda: f"not all received a frame: {operations}",
        )
    read = [[json.loads(text) for text in each.frames] for each in operations]
    assert [frame["id"] for listed in read for frame in listed] == [
        each.id for each in operations for _ in each.frames
    ]
    payloads = [[json.dumps(frame["payload"]) for frame in listed] for listed in read]
    assert payloads[0] == payloads[1] == payloads[2]
    tails = [[text[text.index('"payload"') :] for text in each.frames] for each in operations]
    assert tails[0] == tails[1] == tails[2], "the bytes after the id must be identical"
    await socket.close()


@covers("D-55", "D-64", "D-61")
async def test_cursor_of_another_permission_class_reveals_nothing(tenant: ServedTenant) -> None:
    """With a cursor of another class, the list is refused or sent in full, without records of the other list."""
    [owner] = await _subscribe_all(tenant, "rep1", EVERYTHING)
    id = await tenant.client.opportunity("rep1")
    await tenant.client.mutate("admin", "opportunityUpdate", id=id, note="CNRY-owner")
    await owner.settle()
    for persona in ("rep2", "manager", "admin", "limited"):
        socket = await tenant.connect(persona)
        variables = {"after": owner.cursor}
        operation = await socket.subscribe(EVERYTHING.subscription, variables)
        await socket.wait_first(operation)
        expected = await query_result(tenant, persona, EVERYTHING)
        if operation.code != "BAD_CURSOR":
            frame = json.loads(operation.frames[0])["payload"]["data"]["opportunities"]
            assert frame["kind"] == "RESYNC", persona
            assert {each["id"] for each in frame["changes"]} == expected.rows.keys()
        if persona in ("rep2", "limited"):
            assert "CNRY-owner" not in "".join(operation.frames)
        await socket.close()
    await _close([owner])


@covers("D-62", "D-63")
async def test_rights_changes_of_other_users_are_not_sent(tenant: ServedTenant) -> None:
    """A subscriber whose rows stay the same under the new permissions receives no event."""
    begun = [
        await _subscribe_all(tenant, persona, EVERYTHING, BY_NAME["plain"])
        for persona in ("admin", "rep2")
    ]
    watchers = [each for listed in begun for each in listed]
    mutate = tenant.client.mutate
    profile = await tenant.id_of("Profile", "Junior sales")
    for number in range(3):
        role = await mutate("admin", "roleCreate", name=f"unused {number}")
        await mutate("admin", "roleDelete", id=role)
        # A record that neither subscriber lists advances the log as well.
        id = await mutate("admin", "accountCreate", name=f"unused {number}")
        await mutate("admin", "accountDelete", id=id)
        grant = {"profile": profile, "entity": "Opportunity", "field": "margin"}
        await mutate(
            "admin",
            "fieldPermissionDelete",
            id=await mutate("admin", "fieldPermissionCreate", **grant),
        )
    await asyncio.sleep(1.2)
    for each in watchers:
        await each.settle()
        assert each.kinds == ["SNAPSHOT"], str(each)
    await _close(watchers)
