"""Random sequences of mutations by all personas break no invariant of the records."""

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
from tests.graph.graph_tenant import GraphTenant
from tests.graph.steps import Run
from tests.support.covers import covers

STEPS = 30
EXAMPLES, NIGHTLY_EXAMPLES, SEEDS = 8, 60, range(12)
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
UNREACHABLE: dict[str, str] = {}
"""Mutations that cannot succeed in this tenant, with the reason."""


def of(*entities: str) -> tuple[str, ...]:
    """The mutations of these entities."""
    return tuple(name for name, each in MUTATIONS.items() if each.entity.name in entities)


SALES = of(
    "Opportunity", "StageHistory", "OpportunityShare", "OpportunityAccount", "OpportunityContact"
)
OFFERS, SOLD = of("Quote"), of("Contract")
CUSTOMERS = of("Account", "Address", "AccountLink", "AccountManager", "Person", "Affiliation")
WORK = of("Case", "CaseAccount", "Activity")
LABELS = of("Tag", "Tagging", "Favorite")
TRASH = tuple(
    name
    for name, each in MUTATIONS.items()
    if each.command.standard in (Standard.DELETE, Standard.RESTORE)
)
CLOSING = tuple(n for n in SALES if n.endswith(("Sell", "Unlock", "Move", "Lose", "Lock")))


def machine(
    tenant: GraphTenant, loop: asyncio.AbstractEventLoop, done: Counter[str], outcomes: Counter[str]
) -> type[RuleBasedStateMachine]:
    """A state machine with a rule per area; the invariants are checked after every step."""

    class Graph(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            loop.run_until_complete(tenant.reset())
            self.run = Run(tenant, done, outcomes, note)

        def teardown(self) -> None:
            loop.run_until_complete(self.run.end())

    def step_rule(name: str, names: tuple[str, ...]) -> Any:
        def do(self: Graph, rng: random.Random) -> None:
            loop.run_until_complete(self.run.step(rng, names))

        do.__name__ = name
        return rule(rng=st.randoms(use_true_random=False))(do)

    rules = {
        "anything": tuple(MUTATIONS), "anything_else": tuple(MUTATIONS), "sales": SALES, "offers": OFFERS,
        "closing": CLOSING, "sold": (*SOLD, *CLOSING), "customers": CUSTOMERS, "work": WORK,
        "labels": LABELS, "trash": TRASH, "restore": tuple(n for n in TRASH if "Restore" in n),
    }  # fmt: skip
    return type("Graph", (Graph,), {name: step_rule(name, names) for name, names in rules.items()})


@covers(*COVERED)
def test_random_steps_break_no_invariant(
    tenant: GraphTenant, loop: asyncio.AbstractEventLoop
) -> None:
    done: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    few = settings(max_examples=EXAMPLES, derandomize=True, **SETTINGS)
    run_state_machine_as_test(machine(tenant, loop, done, outcomes), settings=few)
    assert len(done) > 60, "most mutations must have succeeded"
    assert outcomes.keys() >= {"FORBIDDEN", "NOT_FOUND", "INVALID", "IN_USE", "replayed"}
    assert outcomes.keys() >= {"allOrNone None", "allOrNone True", "allOrNone False"}


@covers(*COVERED)
@pytest.mark.nightly
def test_random_commands_break_no_invariant(
    tenant: GraphTenant, loop: asyncio.AbstractEventLoop
) -> None:
    """Many more sequences, until every mutation succeeded. A failure is minimized and reported with its seed."""
    done: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    many = settings(max_examples=NIGHTLY_EXAMPLES, **SETTINGS)
    for number in SEEDS:
        seeded = seed(number)(machine(tenant, loop, done, outcomes))
        try:
            run_state_machine_as_test(seeded, settings=many)
        except BaseException as error:
            error.add_note(f"with the seed {number}")
            raise
    loop.run_until_complete(_catch_up(tenant, done, outcomes))
    assert MUTATIONS.keys() - done.keys() == UNREACHABLE.keys(), (
        "every mutation must have succeeded"
    )


async def _catch_up(tenant: GraphTenant, done: Counter[str], outcomes: Counter[str]) -> None:
    """Run the mutations that have not succeeded yet, mixed with others of the same entities."""
    for number in range(CATCH_UP):
        missing = tuple(name for name in MUTATIONS if name not in done and name not in UNREACHABLE)
        if not missing:
            return
        trace: list[str] = []
        await tenant.reset()
        run, rng = Run(tenant, done, outcomes, trace.append), random.Random(number)
        around = of(*(MUTATIONS[name].entity.name for name in missing))
        try:
            for _ in range(STEPS):
                await run.step(rng, missing if rng.randrange(2) else around)
        except AssertionError as error:
            error.add_note("\n".join([f"catching up, {number}:", *trace[-6:]]))
            raise
