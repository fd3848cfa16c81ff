"""No frame of any live list contains or reveals data that its viewer may not read."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.leaks.channels import all_leaves
from tests.leaks.probe import Probe
from tests.leaks.truth import Truth, canaries, leaks, load
from tests.live.property.client import until
from tests.live.property.documents import Document
from tests.live.property.seen import ENTITY, Seen, difference, documents, seen
from tests.live.property.served_tenant import ServedTenant, open_tenant, serve_tenant
from tests.live.property.watch import Watcher, read
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import own_tenant, uuid_of

EVERYTHING = Document(
    "everything",
    f"{all_leaves(ENTITY)} one: shares(first: 2) {{ nodes {{ employee {{ name email }} }} }} "
    "two: history(last: 2) { nodes { field before after user { id } } }",
    first=50,
)
LINKED = {"account": "Account", "owner": "Employee"}
LINKED_DOCUMENTS = {
    link: Document(link, f"{link} {{ {all_leaves(kind)} }}", first=50)
    for link, kind in LINKED.items()
}
COMPLETE = {EVERYTHING.name: EVERYTHING} | {
    f"all of {link}": each for link, each in LINKED_DOCUMENTS.items()
}
"""Documents that together select every readable field; one request with all of them would exceed the cost limit."""
VALUES: dict[str, tuple[Any, ...]] = {
    "name": ("CNRY name {}",),
    "note": ("CNRY note {}", None),
    "externalId": ("CNRY external {id}",),
    "probability": (41, 57),
    "amount": ("770{}01.25",),
    "margin": ("55{}03.75", None),
    "commission": ("33{}07.5", "34{}07.5"),
    "expectedCloseOn": ("2026-11-03", "2026-11-04"),
    "attributes": (
        [{"key": "tier", "text": "CNRY tier {}"}],
        [{"key": "seats", "number": "88{}"}],
        [{"key": "kickoff", "date": "2027-01-09"}],
        [{"key": "strategic", "boolean": True}],
        [{"key": "strategic", "boolean": False}],
    ),
}
"""Values to write, by field; `{}` stands for the number of the record and `{id}` for its id."""
ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
LOCKED = ("amount", "margin", "expectedCloseOn")
"""Fields that cannot be changed in a won opportunity."""
UNSEEN = ("note", "margin")
"""Fields written into the record that only superiors see; two suffice because all fields reach the same viewers."""


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "live-leaks") as served:
        yield served


# --- every field, for every persona ---------------------------------------------------------------


@dataclass
class Watched:
    """The subscribers of all personas to every field, with what each must have received."""

    tenant: ServedTenant
    truth: Truth
    watchers: dict[tuple[str, str], Watcher] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    cells: Counter[str] = field(default_factory=Counter)
    probes: dict[str, Probe] = field(default_factory=dict)
    """By persona; discarded after every write."""

    async def begin(self, persona: str) -> None:
        """Subscribe a persona to each field separately and to the complete documents."""
        socket = await self.tenant.connect(persona)
        for name, document in documents().items():
            watcher = self.watchers[persona, name] = Watcher(self.tenant, persona, document)
            await watcher.subscribe(socket)
            self.seen[persona, name] = seen(self.truth, persona, name)
            assert watcher.rows.keys() == self.seen[persona, name].keys(), str(watcher)
        for name, document in COMPLETE.items():
            watcher = self.watchers[persona, name] = Watcher(self.tenant, persona, document)
            await watcher.subscribe(await self.tenant.connect(persona))
            self.check(watcher, 0)
        denied = self.watchers[persona, EVERYTHING.name].denied
        assert denied >= self.probe(persona).denials(ENTITY), f"{persona}: {denied}"

    def probe(self, persona: str) -> Probe:
        """The probe of a persona, with the texts that it may not read now."""
        if persona not in self.probes:
            self.probes[persona] = self._probe(persona)
        return self.probes[persona]

    def _probe(self, persona: str) -> Probe:
        texts = canaries(self.truth, persona)
        # A hidden history entry contains ids of linked records, which other fields may show.
        ids = {text for text in texts if ID.fullmatch(text) and text[4:] not in texts}
        forbidden = texts - ids
        return Probe(self.tenant.world, persona, self.truth, forbidden, self.cells)

    async def step(self, command: str, **params: Any) -> None:
        """Run a command and compare the frames sent for it with the expected ones."""
        await self.tenant.client.mutate("admin", command, **params)
        self.truth, self.probes = await load(self.tenant.world, self.tenant.slug), {}
        expected = {
            (persona, name): seen(self.truth, persona, name)
            for persona, name in self.watchers
            if name not in COMPLETE
        }
        await self._until_received(expected, f"{command} {params}")
        for key, now in expected.items():
            self._compare(key, now, f"{command} {params}")
        for (_, name), watcher in self.watchers.items():
            if name in COMPLETE:
                had = watcher.applied
                await watcher.settle()
                self.check(watcher, had)

    async def _until_received(self, expected: dict[tuple[str, str], Seen], step: str) -> None:
        for key, now in expected.items():
            watcher = self.watchers[key]
            assert watcher.operation is not None
            if difference(self.seen[key], now):
                operation, had = watcher.operation, watcher.applied
                await until(
                    lambda operation=operation, had=had: len(operation.frames) > had,  # type: ignore[misc]
                    lambda watcher=watcher: f"{watcher} received nothing for {step}",  # type: ignore[misc]
                )

    def _compare(self, key: tuple[str, str], now: Seen, step: str) -> None:
        watcher = self.watchers[key]
        expected = difference(self.seen[key], now)
        events = watcher.apply_new()
        changes = [(kind, id) for event in events for kind, id, _, _ in event.changes]
        assert [event.kind for event in events] == ["DELTA"] * bool(expected), (
            f"{watcher} of {step}"
        )
        assert set(changes) == expected, f"{watcher} of {step}"
        assert watcher.rows.keys() == now.keys()
        for id, text in watcher.rows.items():
            if now[id] is None and key[1] not in ("attributes", *_keys()):
                assert set(json.loads(text).values()) == {None}, f"{watcher}: {text}"
        self.seen[key] = now
        self.cells["sent" if expected else "silent"] += 1

    def check(self, watcher: Watcher, had: int) -> None:
        """Check that the frames after the first `had` contain nothing forbidden and that the rows are correct."""
        assert watcher.operation is not None
        probe = self.probe(watcher.persona)
        for text in watcher.operation.frames[had:]:
            self.cells["frames"] += 1
            payload = json.dumps(json.loads(text)["payload"]).encode()
            # A LEFT names the id of a record that the viewer could read before.
            left = {
                uuid_of(id).hex
                for kind, id, _, _ in read(EVERYTHING, text).changes
                if kind == "LEFT"
            }
            leaked = leaks(Answer(200, {}, payload), probe.forbidden) - left
            assert not leaked, f"{watcher} reads {sorted(leaked)[:5]} in {text}"
        for node in (json.loads(text) for text in watcher.rows.values()):
            link = watcher.document.name
            if link not in LINKED:
                probe.assert_record(ENTITY, node)
            elif node[link] is not None:
                probe.assert_record(LINKED[link], node[link])


def _keys() -> list[str]:
    return [name for name in documents() if name.startswith("@")]


async def _records(tenant: ServedTenant) -> list[str]:
    """Create a record that every persona sees, a won one, and one that only superiors see."""
    mutate = tenant.client.mutate
    renewal = await tenant.id_of("OpportunityType", "Renewal")
    shared = [await tenant.client.opportunity("limited", type=renewal) for _ in range(2)]
    for id in shared:
        for persona in ("rep1", "rep2"):
            employee = await tenant.employee_id(persona)
            await mutate("admin", "opportunityShareCreate", opportunity=id, employee=employee)
        await mutate("admin", "opportunityUpdate", id=id, amount="4711.25", commission="99.75", margin="1234.5")  # fmt: skip
    won = await tenant.id_of("Stage", "Won")
    await mutate("admin", "opportunityMove", id=shared[1], stage=won)
    return [*shared, await tenant.client.opportunity("director")]


async def _each_field(watched: Watched, records: list[str]) -> None:
    for number, id in enumerate(records):
        for name, values in VALUES.items():
            if (number == 1 and name in LOCKED) or (number == 2 and name not in UNSEEN):
                continue
            for value in values:
                await watched.step(
                    "opportunityUpdate", id=id, **{name: _numbered(value, number, id)}
                )


def _numbered(value: Any, number: int, id: str) -> Any:
    if isinstance(value, list):
        return [{key: _numbered(one, number, id) for key, one in each.items()} for each in value]
    return value.format(number, id=id) if isinstance(value, str) else value


async def _win_and_reopen(watched: Watched, records: list[str]) -> None:
    """Move records to Won and back: the commission is readable only while they are won."""
    tenant, [first, second, _] = watched.tenant, records
    won, proof = [await tenant.id_of("Stage", name) for name in ("Won", "Proof")]
    for id, stage in ((first, won), (second, proof), (first, proof), (second, won)):
        await watched.step("opportunityMove", id=id, stage=stage)
        await watched.step("opportunityUpdate", id=id, commission=f"4{stage[-2:].translate(DIGITS)}9.25")  # fmt: skip


DIGITS = str.maketrans("abcdef", "123456")


async def _change_visibility(watched: Watched, records: list[str]) -> None:
    """Share, reassign, delete and restore a record, so that its viewers change."""
    tenant, [first, _, unseen] = watched.tenant, records
    for persona in ("rep1", "support", "limited"):
        share = {"opportunity": unseen, "employee": await tenant.employee_id(persona)}
        await watched.step("opportunityShareCreate", **share)
        await watched.step("opportunityUpdate", id=unseen, name=f"CNRY shown to {persona}")
        row = await tenant.client.value("SELECT max(id::text) FROM opportunity_share WHERE deleted_at IS NULL")  # fmt: skip
        await watched.step("opportunityShareDelete", id=f"osh_{row.replace('-', '')}")
        await watched.step("opportunityUpdate", id=unseen, name=f"CNRY hidden from {persona}")
    for persona in ("rep2", "limited", "director"):
        await watched.step("opportunityUpdate", id=unseen, owner=await tenant.employee_id(persona))
    for id in (unseen, first):
        await watched.step("opportunityDelete", id=id)
        await watched.step("opportunityRestore", id=id)


async def _matrix(tenant: ServedTenant, personas: list[str]) -> Counter[str]:
    records = await _records(tenant)
    watched = Watched(tenant, await load(tenant.world, tenant.slug))
    for persona in personas:
        await watched.begin(persona)
    await _each_field(watched, records)
    await _win_and_reopen(watched, records)
    await _change_visibility(watched, records)
    await asyncio.sleep(1.2)  # the feed polls twice a second and must send nothing
    for watcher in watched.watchers.values():
        assert not watcher.apply_new(), str(watcher)
        assert watcher.socket is not None
        await watcher.socket.close()
    return watched.cells


@covers("D-32", "D-61", "D-62", "VN-25")
async def test_each_field_reaches_only_permitted_viewers(tenant: ServedTenant) -> None:
    """A change sends a frame exactly to the viewers of a difference; a change of a hidden field sends none."""
    cells = await _matrix(tenant, [each for each in PERSONAS if each in PERSONA_PER_PROFILE])
    assert min(cells["sent"], cells["silent"], cells["frames"]) > 100, cells


@covers("D-32", "D-61", "D-62", "VN-25")
@pytest.mark.nightly
async def test_each_field_reaches_every_permitted_viewer(tenant: ServedTenant) -> None:
    await _matrix(tenant, list(PERSONAS))


# --- other tenants --------------------------------------------------------------------------------

SHOWN = Document("two tenants", "id name note version account { id name }", first=1000)


@covers("D-71", "D-64")
async def test_writes_in_another_tenant_are_not_sent(world: World) -> None:
    """Both tenants have records with the same ids, subscriptions with the same text, and logs of the same length."""
    async with (
        own_tenant(world, "live-first") as first,
        own_tenant(world, "live-second") as second,
        serve_tenant(first) as one,
        serve_tenant(second) as two,
    ):
        listed = [Watcher(each, "manager", SHOWN) for each in (one, two)]
        for each in listed:
            await each.subscribe(await each.tenant.connect("manager"))
        ours, theirs = listed
        both = sorted(ours.rows.keys() & theirs.rows.keys())
        assert both, "the demonstration data are the same in both"
        for number, (writer, other) in enumerate([(ours, theirs), (theirs, ours)] * 3):
            had = len(other.kinds)
            params = {"id": both[number % len(both)], "note": f"CNRY-{writer.tenant.slug}-{number}"}
            await writer.tenant.client.mutate("admin", "opportunityUpdate", **params)
            await writer.settle()
            await other.settle()
            assert len(other.kinds) == had, "a write in another tenant was sent"
        await asyncio.sleep(1.2)
        for mine, its in ((ours, theirs), (theirs, ours)):
            assert mine.operation is not None
            text = "".join(mine.operation.frames)
            assert f"CNRY-{mine.tenant.slug}-" in text
            assert f"CNRY-{its.tenant.slug}-" not in text
            await _not_resumed(mine, its)


async def _not_resumed(watcher: Watcher, other: Watcher) -> None:
    """A cursor of the other tenant is refused, or leads to a full RESYNC."""
    assert watcher.socket is not None
    for cursor, _ in other.past:
        operation = await watcher.socket.subscribe(SHOWN.subscription, {"after": cursor})
        await watcher.socket.wait_first(operation)
        if operation.code is None:
            event = read(SHOWN, operation.frames[0])
            assert event.kind == "RESYNC"
            assert {id for _, id, _, _ in event.changes} == watcher.rows.keys()
        else:
            assert operation.code == "BAD_CURSOR"
        await watcher.socket.complete(operation)


# --- records that are never visible ---------------------------------------------------------------


@covers("D-32", "D-62")
async def test_record_never_visible_sends_nothing(tenant: ServedTenant) -> None:
    """Creating, changing, moving, reassigning and deleting it sends not even its id."""
    watchers = [
        Watcher(tenant, persona, SHOWN) for persona in ("rep1", "rep2", "limited", "support")
    ]
    superior = Watcher(tenant, "admin", SHOWN)
    for each in (*watchers, superior):
        await each.subscribe(await tenant.connect(each.persona))
    had = len(superior.kinds)
    id = await tenant.client.opportunity("director")
    for command, params in (
        ("opportunityUpdate", {"note": "CNRY-unseen"}),
        ("opportunityMove", {"stage": await tenant.id_of("Stage", "Won")}),
        ("opportunityUpdate", {"owner": await tenant.employee_id("admin")}),
        ("opportunityDelete", {}),
        ("opportunityRestore", {}),
        ("opportunityDelete", {}),
    ):
        await tenant.client.mutate("admin", command, id=id, **params)
        await superior.settle()
    assert superior.kinds[had:].count("DELTA") >= 5, "a viewer of the record receives all changes"
    await asyncio.sleep(1.2)
    for each in watchers:
        await each.settle()
        assert each.operation is not None
        assert not any(uuid_of(id).hex in text for text in each.operation.frames), str(each)
        assert not any("CNRY-unseen" in text for text in each.operation.frames), str(each)
        assert len(each.operation.frames) == 1, str(each)
    for each in (*watchers, superior):
        assert each.socket is not None
        await each.socket.close()
