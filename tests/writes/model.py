"""The model of writes: given a mutation and what was answered, whether that was right, and what is so from then on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.writes.answers import Fault, FieldResult
from tests.writes.commands import Command, Input, Mutation
from tests.writes.expectations import ACTIONS
from tests.writes.judge import Asked, Judged
from tests.writes.kinds import MONEY
from tests.writes.rights import SetUp
from tests.writes.state import State

MOMENT = timedelta(microseconds=1)
FIELD_CODES = {"FIELD_FORBIDDEN", "FIELD_READ_ONLY"}


@dataclass
class Done:
    """What a mutation came to."""

    state: State
    ids: list[list[UUID | None]] = field(default_factory=list)
    """By root field and input: the record, if it was done."""
    failed: bool = False


class Wrong(AssertionError):
    """The house and the model do not agree on what comes of an input."""


def apply(
    setup: SetUp, before: State, mutation: Mutation, told: list[FieldResult], now: datetime | None
) -> Done:
    """Check what was answered for each root field, and work out the state afterwards."""
    work = before.copy()
    work.touches, work.loose, last = [], set(), now or before.now
    done, failing = Done(work), 0
    for number, (command, one) in enumerate(zip(mutation.commands, told, strict=True)):
        # What is done in one mutation is done one after the other, and dated so.
        work.root, work.now = number, last - MOMENT * (len(told) - 1 - number)
        if failing:
            assert one.faults, f"r{number} was done beside one that failed"
            assert "INTERNAL" not in one.codes, one
            continue
        fails = bool(one.faults) and not command.by_itself and not one.not_applied
        failing += fails
        done.ids.append(_command(setup, done, mutation.persona, command, one))
    done.failed = failing > 0
    skipped = [n for n, one in enumerate(told) if one.not_applied]
    assert done.failed or not skipped, f"r{skipped} not applied, though nothing failed"
    for number, (command, one) in enumerate(zip(mutation.commands, told, strict=True)):
        if done.failed and not one.faults:
            raise Wrong(f"r{number} {command.action} says it was done in a mutation that failed")
    if done.failed:
        done.state, done.ids = before, []
    return done


def _command(
    setup: SetUp, done: Done, persona: str, command: Command, told: FieldResult
) -> list[UUID | None]:
    """One root field: its inputs one after the other, each in the state that the last one left."""
    ids: list[UUID | None] = []
    for number, each in enumerate(command.inputs):
        asked = Asked(setup, done.state, setup.people[persona], command.entity, each)
        judged: Judged = ACTIONS[command.action](asked)
        if _named_twice(command, each, "externalId"):
            judged.perhaps("DUPLICATE", refusal=False)
        if _named_twice(command, each, "id"):
            twice = judged.loose if _refused(told) and not told.not_applied else judged.faults
            twice.add(Fault("INVALID", ("id",), refusal=False))
        fits = not judged.faults
        if not told.not_applied:
            fits = _check(command, number, judged, told)
        if fits:
            ids.append(judged.effect())
        else:
            ids.append(None)
    return ids


def _named_twice(command: Command, given: Input, name: str) -> bool:
    """Whether two inputs of a list are about the same record, by its id or by what an upsert knows it by."""
    named = [each.get(name) for each in command.inputs]
    counts = name == "id" or command.action == "Upsert"
    return counts and given.get(name) is not None and named.count(given[name]) > 1


def _check(command: Command, number: int, judged: Judged, told: FieldResult) -> bool:
    """Whether the input was done; wrong if it should not have been, or failed otherwise than it should."""
    got = told.of(number)
    together = command.many and not command.by_itself
    unplaced = told.faults.get(None, [])
    others = together and any(n != number for n in told.faults)
    expected = sorted(f"{f.code}{f.path}" for f in judged.faults)
    what = f"{command.action} {command.entity} input {number}: {command.inputs[number]}: told {got}, expected {expected}"
    if not got:
        if judged.faults and not (unplaced and _placed(unplaced, judged)):
            late = all(fault.code in ("DUPLICATE", "FORBIDDEN") for fault in judged.faults)
            if not (others and (late or _refused(told))):
                raise Wrong(what)
        return not judged.faults
    for fault in got:
        if not any(_means(fault, each) for each in (*judged.faults, *judged.loose)):
            raise Wrong(f"{what}: not this")
    for fault in got:
        if fault.code == "CONFLICT" and judged.conflict is not None:
            fields = {
                each["field"]: (each["mine"], each["theirs"], each["base"])
                for each in fault.conflict["fields"]
            }
            if (fault.conflict["version"], fields) != judged.conflict:
                raise Wrong(f"{what}: {fault.conflict} instead of {judged.conflict}")
    if judged.refused_fields:
        _fields(judged, got, what)
    refused = any(fault.refusal for fault in (*judged.faults, *got))
    if (
        not refused
        and not others
        and not _named_twice(command, command.inputs[number], "externalId")
    ):
        for each in judged.faults:
            if not any(_means(fault, each) for fault in got) and not _hidden(each, got):
                raise Wrong(f"{what}: nothing of {each.code}")
    if not judged.faults and not judged.loose:
        raise Wrong(what)
    return False


def _refused(told: FieldResult) -> bool:
    """Whether something was refused: what is wrong besides is then not looked for."""
    return any(fault.refusal for faults in told.faults.values() for fault in faults)


def _hidden(expected: Fault, got: list[Fault]) -> bool:
    """Whether a fault need not be told beside what was told.

    Values that cannot be kept at all are told first, then what breaks a rule, then what another record
    has already: each of these is told completely, and the next is looked for when there is none of it.
    """
    if any((fault.code, fault.path) == ("INVALID", ("id",)) for fault in got):
        return True
    if any(fault.code in ("TOO_LONG", "REQUIRED") or _of_value(fault) for fault in got):
        return expected.code not in ("TOO_LONG", "REQUIRED")
    return expected.code == "DUPLICATE"


def _of_value(fault: Fault) -> bool:
    return fault.code == "INVALID" and (fault.path or ("",))[0] in (*MONEY, "attributes")


def _placed(unplaced: list[Fault], judged: Judged) -> bool:
    """Whether what was said of no input in particular can be about this one."""
    known = (*judged.faults, *judged.loose)
    return any(_means(fault, each) for fault in unplaced for each in known)


def _means(got: Fault, expected: Fault) -> bool:
    anywhere = expected.path is None or got.path is None
    return (got.code, got.refusal) == (expected.code, expected.refusal) and (
        anywhere or got.path == expected.path
    )


def _fields(judged: Judged, got: list[Fault], what: str) -> None:
    """Fields that may never be written are all named, and before anything else is looked at."""
    codes = {fault.code for fault in got if fault.refusal}
    if not codes <= {*FIELD_CODES, "FORBIDDEN"}:
        raise Wrong(f"{what}: fields come first")
    named = frozenset().union(*(fault.names for fault in got))
    if codes & FIELD_CODES and not judged.refused_fields <= named:
        raise Wrong(f"{what}: {sorted(judged.refused_fields - named)} not named")
