"""The live list as a channel: whoever watches whatever, no frame holds or betrays what he may not see."""

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
from tests.live.property.place import Place, behind_a_socket, place
from tests.live.property.seen import ENTITY, Seen, difference, documents, seen
from tests.live.property.watch import Watcher, read
from tests.proof.rights import ONE_EACH, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.parallel import own_tenant, uuid_of

EVERYTHING = Document(
    "everything",
    f"{all_leaves(ENTITY)} one: shares(first: 2) {{ nodes {{ employee {{ name email }} }} }} "
    "two: history(last: 2) { nodes { field before after user { id } } }",
    at_most=50,
)
LINKED = {"account": "Account", "owner": "Employee"}
AROUND = {
    link: Document(link, f"{link} {{ {all_leaves(kind)} }}", at_most=50)
    for link, kind in LINKED.items()
}
WHOLE = {EVERYTHING.name: EVERYTHING} | {f"all of {link}": each for link, each in AROUND.items()}
"""Lists of all that there is to ask, one beside the other: together they would be too much for one request."""
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
"""What is written, with the record's number in it."""
ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
LOCKED = ("amount", "margin", "expectedCloseOn")
"""What is not changed any more in a won opportunity."""
UNSEEN = ("note", "margin")
"""What is written into one that hardly anybody sees: whatever it is, it is told to the same."""


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[Place]:
    async with place(world, "live-leaks") as made:
        yield made


# --- every field, for everybody -------------------------------------------------------------------


@dataclass
class Watched:
    """Everybody's lists of every field, and how many frames each has had."""

    here: Place
    truth: Truth
    watchers: dict[tuple[str, str], Watcher] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    cells: Counter[str] = field(default_factory=Counter)
    probes: dict[str, Probe] = field(default_factory=dict)
    """By persona, for as long as the truth stays what it is."""

    async def begin(self, persona: str) -> None:
        """Subscribe to all fields, each by itself, and to everything."""
        socket = await self.here.connect(persona)
        for name, document in documents().items():
            made = self.watchers[persona, name] = Watcher(self.here, persona, document)
            await made.begin(socket)
            self.seen[persona, name] = seen(self.truth, persona, name)
            assert made.rows.keys() == self.seen[persona, name].keys(), str(made)
        for name, document in WHOLE.items():
            made = self.watchers[persona, name] = Watcher(self.here, persona, document)
            await made.begin(await self.here.connect(persona))
            self.judge(made, 0)
        denied = self.watchers[persona, EVERYTHING.name].denied
        assert denied >= self.probe(persona).denials(ENTITY), f"{persona}: {denied}"

    def probe(self, persona: str) -> Probe:
        """The persona, with what he may not see now."""
        if persona not in self.probes:
            self.probes[persona] = self._probe(persona)
        return self.probes[persona]

    def _probe(self, persona: str) -> Probe:
        texts = canaries(self.truth, persona)
        # A history that is hidden tells of links by ids, which elsewhere may be seen.
        ids = {text for text in texts if ID.fullmatch(text) and text[4:] not in texts}
        forbidden = texts - ids
        return Probe(self.here.world, persona, self.truth, forbidden, self.cells)

    async def step(self, deed: str, **given: Any) -> None:
        """Do something, and hold what was told of it against what is to be told."""
        await self.here.own.done("admin", deed, **given)
        self.truth, self.probes = await load(self.here.world, self.here.slug), {}
        expected = {
            (persona, name): seen(self.truth, persona, name)
            for persona, name in self.watchers
            if name not in WHOLE
        }
        await self._until_told(expected, f"{deed} {given}")
        for key, now in expected.items():
            self._compare(key, now, f"{deed} {given}")
        for (_, name), watcher in self.watchers.items():
            if name in WHOLE:
                had = watcher.taken
                await watcher.settle()
                self.judge(watcher, had)

    async def _until_told(self, expected: dict[tuple[str, str], Seen], deed: str) -> None:
        for key, now in expected.items():
            watcher = self.watchers[key]
            assert watcher.operation is not None
            if difference(self.seen[key], now):
                operation, had = watcher.operation, watcher.taken
                await until(
                    lambda operation=operation, had=had: len(operation.frames) > had,  # type: ignore[misc]
                    lambda watcher=watcher: f"{watcher} was not told of {deed}",  # type: ignore[misc]
                )

    def _compare(self, key: tuple[str, str], now: Seen, deed: str) -> None:
        watcher = self.watchers[key]
        wanted = difference(self.seen[key], now)
        events = watcher.take()
        told = [(kind, id) for event in events for kind, id, _ in event.changes]
        assert [event.kind for event in events] == ["DELTA"] * bool(wanted), f"{watcher} of {deed}"
        assert set(told) == wanted, f"{watcher} of {deed}"
        assert watcher.rows.keys() == now.keys()
        for id, text in watcher.rows.items():
            if now[id] is None and key[1] not in ("attributes", *_keys()):
                assert set(json.loads(text).values()) == {None}, f"{watcher}: {text}"
        self.seen[key] = now
        self.cells["told" if wanted else "silent"] += 1

    def judge(self, watcher: Watcher, had: int) -> None:
        """Nothing that he may not see stands in the frames since then, and what he may is right."""
        assert watcher.operation is not None
        probe = self.probe(watcher.persona)
        for text in watcher.operation.frames[had:]:
            self.cells["frames"] += 1
            payload = json.dumps(json.loads(text)["payload"]).encode()
            # What leaves is named by its id, which he was told before.
            went = {
                uuid_of(id).hex for kind, id, _ in read(EVERYTHING, text).changes if kind == "LEFT"
            }
            found = leaks(Answer(200, {}, payload), probe.forbidden) - went
            assert not found, f"{watcher} reads {sorted(found)[:5]} in {text}"
        for node in (json.loads(text) for text in watcher.rows.values()):
            link = watcher.document.name
            if link not in LINKED:
                probe.judge(ENTITY, node)
            elif node[link] is not None:
                probe.judge(LINKED[link], node[link])


def _keys() -> list[str]:
    return [name for name in documents() if name.startswith("@")]


async def _records(here: Place) -> list[str]:
    """One that all see, another that is won, and one that only superiors see."""
    do = here.own.done
    renewal = await here.named("OpportunityType", "Renewal")
    made = [await here.own.opportunity("limited", type=renewal) for _ in range(2)]
    for id in made:
        for who in ("rep1", "rep2"):
            await do("admin", "opportunityShareCreate", opportunity=id, employee=await here.employee(who))  # fmt: skip
        await do("admin", "opportunityUpdate", id=id, amount="4711.25", commission="99.75", margin="1234.5")  # fmt: skip
    won = await here.named("Stage", "Won")
    await do("admin", "opportunityMove", id=made[1], stage=won)
    return [*made, await here.own.opportunity("director")]


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


async def _back_and_forth(watched: Watched, records: list[str]) -> None:
    """Won, and not any more: the commission comes and goes (20)."""
    here, [first, second, _] = watched.here, records
    won, proof = [await here.named("Stage", name) for name in ("Won", "Proof")]
    for id, stage in ((first, won), (second, proof), (first, proof), (second, won)):
        await watched.step("opportunityMove", id=id, stage=stage)
        await watched.step("opportunityUpdate", id=id, commission=f"4{stage[-2:].translate(DIGITS)}9.25")  # fmt: skip


DIGITS = str.maketrans("abcdef", "123456")


async def _come_and_go(watched: Watched, records: list[str]) -> None:
    """Who sees the record changes, the record goes to the bin and comes back (129)."""
    here, [first, _, unseen] = watched.here, records
    for who in ("rep1", "support", "limited"):
        share = {"opportunity": unseen, "employee": await here.employee(who)}
        await watched.step("opportunityShareCreate", **share)
        await watched.step("opportunityUpdate", id=unseen, name=f"CNRY shown to {who}")
        row = await here.own.value("SELECT max(id::text) FROM opportunity_share WHERE deleted_at IS NULL")  # fmt: skip
        await watched.step("opportunityShareDelete", id=f"osh_{row.replace('-', '')}")
        await watched.step("opportunityUpdate", id=unseen, name=f"CNRY hidden from {who}")
    for who in ("rep2", "limited", "director"):
        await watched.step("opportunityUpdate", id=unseen, owner=await here.employee(who))
    for id in (unseen, first):
        await watched.step("opportunityDelete", id=id)
        await watched.step("opportunityRestore", id=id)


async def _matrix(here: Place, personas: list[str]) -> Counter[str]:
    records = await _records(here)
    watched = Watched(here, await load(here.world, here.slug))
    for persona in personas:
        await watched.begin(persona)
    await _each_field(watched, records)
    await _back_and_forth(watched, records)
    await _come_and_go(watched, records)
    await asyncio.sleep(1.2)  # the feed looks twice a second by itself: nothing comes of that
    for watcher in watched.watchers.values():
        assert not watcher.take(), str(watcher)
        assert watcher.socket is not None
        await watcher.socket.close()
    return watched.cells


@covers("D-32", "D-61", "D-62", "VN-25")
async def test_each_field_reaches_those_who_may_read_it(here: Place) -> None:
    """For each field a frame exactly where somebody sees a difference: of a hidden one, none at all (125, 126)."""
    cells = await _matrix(here, [who for who in PERSONAS if who in ONE_EACH])
    assert min(cells["told"], cells["silent"], cells["frames"]) > 100, cells


@covers("D-32", "D-61", "D-62", "VN-25")
@pytest.mark.nightly
async def test_each_field_reaches_every_permitted_viewer(here: Place) -> None:
    await _matrix(here, list(PERSONAS))


# --- what is next door ----------------------------------------------------------------------------

SHOWN = Document("next door", "id name note version account { id name }", at_most=1000)


@covers("D-71", "D-64")
async def test_writes_in_another_tenant_are_not_sent(world: World) -> None:
    """Both tenants have records of the same ids, lists of the same text, and logs of the same length (132)."""
    async with (
        own_tenant(world, "live-here") as own,
        own_tenant(world, "live-next-door") as next_door,
        behind_a_socket(own) as here,
        behind_a_socket(next_door) as there,
    ):
        listed = [Watcher(each, "manager", SHOWN) for each in (here, there)]
        for each in listed:
            await each.begin(await each.place.connect("manager"))
        ours, theirs = listed
        both = sorted(ours.rows.keys() & theirs.rows.keys())
        assert both, "the demonstration is the same in both"
        for number, (writer, other) in enumerate([(ours, theirs), (theirs, ours)] * 3):
            had = len(other.kinds)
            asked = {"id": both[number % len(both)], "note": f"CNRY-{writer.place.slug}-{number}"}
            await writer.place.own.done("admin", "opportunityUpdate", **asked)
            await writer.settle()
            await other.settle()
            assert len(other.kinds) == had, "nothing was to be told"
        await asyncio.sleep(1.2)
        for mine, its in ((ours, theirs), (theirs, ours)):
            assert mine.operation is not None
            told = "".join(mine.operation.frames)
            assert f"CNRY-{mine.place.slug}-" in told
            assert f"CNRY-{its.place.slug}-" not in told
            await _not_resumed(mine, its)


async def _not_resumed(watcher: Watcher, other: Watcher) -> None:
    """A cursor of next door's is no cursor here, or of another list (136)."""
    assert watcher.socket is not None
    for cursor, _ in other.past:
        made = await watcher.socket.subscribe(SHOWN.subscription, {"after": cursor})
        await watcher.socket.first(made)
        if made.code is None:
            event = read(SHOWN, made.frames[0])
            assert event.kind == "RESYNC"
            assert {id for _, id, _ in event.changes} == watcher.rows.keys()
        else:
            assert made.code == "BAD_CURSOR"
        await watcher.socket.complete(made)


# --- who sees nothing is told nothing -------------------------------------------------------------


@covers("D-32", "D-62")
async def test_record_never_visible_sends_no_removal(here: Place) -> None:
    """Made, changed, moved, given away and deleted out of sight: not even an id is told."""
    watchers = [Watcher(here, who, SHOWN) for who in ("rep1", "rep2", "limited", "support")]
    above = Watcher(here, "admin", SHOWN)
    for each in (*watchers, above):
        await each.begin(await here.connect(each.persona))
    had = len(above.kinds)
    id = await here.own.opportunity("director")
    for deed, given in (
        ("opportunityUpdate", {"note": "CNRY-unseen"}),
        ("opportunityMove", {"stage": await here.named("Stage", "Won")}),
        ("opportunityUpdate", {"owner": await here.employee("admin")}),
        ("opportunityDelete", {}),
        ("opportunityRestore", {}),
        ("opportunityDelete", {}),
    ):
        await here.own.done("admin", deed, id=id, **given)
        await above.settle()
    assert above.kinds[had:].count("DELTA") >= 5, "who sees it is told of all of it"
    await asyncio.sleep(1.2)
    for each in watchers:
        await each.settle()
        assert each.operation is not None
        assert not any(uuid_of(id).hex in text for text in each.operation.frames), str(each)
        assert not any("CNRY-unseen" in text for text in each.operation.frames), str(each)
        assert len(each.operation.frames) == 1, str(each)
    for each in (*watchers, above):
        assert each.socket is not None
        await each.socket.close()
