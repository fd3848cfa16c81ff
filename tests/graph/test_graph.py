"""Whatever is done with whatever record, in whatever order, by whom: what is true of all records stays true."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from db.engine.base import Standard
from schema.api import MUTATIONS
from tests.graph.place import Place
from tests.graph.steps import Run
from tests.support.covers import covers

STEPS = 30
DAILY, NIGHTLY, SEEDS = 8, 60, range(12)
CATCH_UP = 300
COVERED = (
    *("D-04", "D-11", "D-12", "D-17", "D-20", "D-37", "D-60"),
    *("VN-25", "X-23", "EP-141", "EP-149", "EP-191", "EP-192", "EP-207", "EP-208"),
    *("SMP-12", "SMP-20", "VPM-08", "VPM-24", "VT-34", "EP-180"),
)
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "report_multiple_bugs": False,
    "stateful_step_count": STEPS,
    "suppress_health_check": list(HealthCheck),
}
UNDONE: dict[str, str] = {}
"""Deeds that cannot be done here, and why."""


def of(*entities: str) -> tuple[str, ...]:
    """The deeds with records of these kinds."""
    return tuple(name for name, each in MUTATIONS.items() if each.entity.name in entities)


SALES = of(
    "Opportunity", "StageHistory", "OpportunityShare", "OpportunityAccount", "OpportunityContact"
)
OFFERS, SOLD = of("Quote"), of("Contract")
CUSTOMERS = of("Account", "Address", "AccountLink", "AccountManager", "Person", "Affiliation")
WORK = of("Case", "CaseAccount", "Activity")
LABELS = of("Tag", "Tagging", "Favorite")
BIN = tuple(
    name
    for name, each in MUTATIONS.items()
    if each.command.standard in (Standard.DELETE, Standard.RESTORE)
)
CLOSING = tuple(n for n in SALES if n.endswith(("Sell", "Unlock", "Move", "Lose", "Lock")))


def machine(
    place: Place, loop: asyncio.AbstractEventLoop, done: Counter[str], outcomes: Counter[str]
) -> type[RuleBasedStateMachine]:
    """A machine whose rules are the areas' deeds; what must be true is looked at after every step."""

    class Graph(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            loop.run_until_complete(place.put_back())
            self.run = Run(place, done, outcomes, note)

        def teardown(self) -> None:
            loop.run_until_complete(self.run.end())

    def doing(name: str, names: tuple[str, ...]) -> Any:
        def do(self: Graph, rng: random.Random) -> None:
            loop.run_until_complete(self.run.step(rng, names))

        do.__name__ = name
        return rule(rng=st.randoms(use_true_random=False))(do)

    rules = {
        "anything": tuple(MUTATIONS), "anything_else": tuple(MUTATIONS), "sales": SALES, "offers": OFFERS,
        "closing": CLOSING, "sold": (*SOLD, *CLOSING), "customers": CUSTOMERS, "work": WORK,
        "labels": LABELS, "bin": BIN, "out_of_the_bin": tuple(n for n in BIN if "Restore" in n),
    }  # fmt: skip
    return type("Graph", (Graph,), {name: doing(name, names) for name, names in rules.items()})


@covers(*COVERED)
def test_random_steps_break_no_invariant(place: Place, loop: asyncio.AbstractEventLoop) -> None:
    done: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    few = settings(max_examples=DAILY, derandomize=True, **SETTINGS)
    run_state_machine_as_test(machine(place, loop, done, outcomes), settings=few)
    assert len(done) > 60, "many deeds were done"
    assert outcomes.keys() >= {"FORBIDDEN", "NOT_FOUND", "INVALID", "IN_USE", "replayed"}
    assert outcomes.keys() >= {"allOrNone None", "allOrNone True", "allOrNone False"}


@covers(*COVERED)
@pytest.mark.nightly
def test_random_commands_break_no_invariant(place: Place, loop: asyncio.AbstractEventLoop) -> None:
    """Many more, until everything that can be done was done. What goes wrong is cut down, and its seed told."""
    done: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    many = settings(max_examples=NIGHTLY, **SETTINGS)
    for number in SEEDS:
        made = seed(number)(machine(place, loop, done, outcomes))
        try:
            run_state_machine_as_test(made, settings=many)
        except BaseException as wrong:
            wrong.add_note(f"with the seed {number}")
            raise
    loop.run_until_complete(_catch_up(place, done, outcomes))
    assert MUTATIONS.keys() - done.keys() == UNDONE.keys(), "every deed was done"


async def _catch_up(place: Place, done: Counter[str], outcomes: Counter[str]) -> None:
    """What was not done by chance is asked for, among whatever else is done with such records."""
    for number in range(CATCH_UP):
        missing = tuple(name for name in MUTATIONS if name not in done and name not in UNDONE)
        if not missing:
            return
        told: list[str] = []
        await place.put_back()
        run, rng = Run(place, done, outcomes, told.append), random.Random(number)
        around = of(*(MUTATIONS[name].entity.name for name in missing))
        try:
            for _ in range(STEPS):
                await run.step(rng, missing if rng.randrange(2) else around)
        except AssertionError as wrong:
            wrong.add_note("\n".join([f"catching up, {number}:", *told[-6:]]))
            raise
