"""The model of writes: checks the response of a mutation and computes the state after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.writes.commands import Command, Input, Mutation
from tests.writes.entity_types import MONEY
from tests.writes.expectations import ACTIONS
from tests.writes.input_rules import Expectation, InputContext
from tests.writes.responses import ApiError, FieldResult
from tests.writes.rights import SetUp
from tests.writes.state import State

MICROSECOND = timedelta(microseconds=1)
FIELD_CODES = {"FIELD_FORBIDDEN", "FIELD_READ_ONLY"}


@dataclass
class Outcome:
    """Effect of a mutation: the state after it and the ids of the changed records."""

    state: State
    ids: list[list[UUID | None]] = field(default_factory=list)
    """By root field and input: the id of the record; None if the input failed."""
    failed: bool = False


class Mismatch(AssertionError):
    """The response to an input differs from the model."""


def apply(
    setup: SetUp,
    before: State,
    mutation: Mutation,
    results: list[FieldResult],
    now: datetime | None,
) -> Outcome:
    """Check the result of each root field and compute the state after the mutation."""
    work = before.copy()
    work.changes, work.unspecified, last = [], set(), now or before.now
    outcome, failing = Outcome(work), 0
    for number, (command, result) in enumerate(zip(mutation.commands, results, strict=True)):
        # Root fields run in order, each one microsecond after the one before it.
        work.root, work.now = number, last - MICROSECOND * (len(results) - 1 - number)
        if failing:
            assert result.errors, f"r{number} succeeded in a mutation that failed"
            assert "INTERNAL" not in result.codes, result
            continue
        fails = bool(result.errors) and not command.independent and not result.not_applied
        failing += fails
        outcome.ids.append(_command(setup, outcome, mutation.persona, command, result))
    outcome.failed = failing > 0
    skipped = [n for n, result in enumerate(results) if result.not_applied]
    assert outcome.failed or not skipped, f"r{skipped} not applied, though nothing failed"
    for number, (command, result) in enumerate(zip(mutation.commands, results, strict=True)):
        if outcome.failed and not result.errors:
            raise Mismatch(f"r{number} {command.action} succeeded in a mutation that failed")
    if outcome.failed:
        outcome.state, outcome.ids = before, []
    return outcome


def _command(
    setup: SetUp, outcome: Outcome, persona: str, command: Command, results: FieldResult
) -> list[UUID | None]:
    """Apply one root field: each input in the state after the one before it."""
    ids: list[UUID | None] = []
    for number, each in enumerate(command.inputs):
        context = InputContext(setup, outcome.state, setup.people[persona], command.entity, each)
        expected: Expectation = ACTIONS[command.action](context)
        if _is_repeated(command, each, "externalId"):
            expected.allow("DUPLICATE", refusal=False)
        if _is_repeated(command, each, "id"):
            twice = (
                expected.allowed
                if _refused(results) and not results.not_applied
                else expected.errors
            )
            twice.add(ApiError("INVALID", ("id",), refusal=False))
        succeeded = not expected.errors
        if not results.not_applied:
            succeeded = _check(command, number, expected, results)
        if succeeded:
            ids.append(expected.effect())
        else:
            ids.append(None)
    return ids


def _is_repeated(command: Command, values: Input, name: str) -> bool:
    """Whether two inputs of a list have the same id, or the same external id in an upsert."""
    values_in_list = [each.get(name) for each in command.inputs]
    counts = name == "id" or command.action == "Upsert"
    return counts and values.get(name) is not None and values_in_list.count(values[name]) > 1


def _check(command: Command, number: int, expected: Expectation, results: FieldResult) -> bool:
    """Whether the input succeeded; raises Mismatch if its errors are not the expected ones."""
    got = results.of(number)
    all_or_nothing = command.many and not command.independent
    errors_without_index = results.errors.get(None, [])
    others_failed = all_or_nothing and any(n != number for n in results.errors)
    what = f"{command.action} {command.entity} input {number}: {command.inputs[number]}: got {got}, expected {expected}"
    if not got:
        if expected.errors and not (
            errors_without_index and _matches_any(errors_without_index, expected)
        ):
            found_after_validation = all(
                error.code in ("DUPLICATE", "FORBIDDEN") for error in expected.errors
            )
            if not (others_failed and (found_after_validation or _refused(results))):
                raise Mismatch(what)
        return not expected.errors
    for error in got:
        if not any(_matches(error, each) for each in (*expected.errors, *expected.allowed)):
            raise Mismatch(f"{what}: unexpected {error.code}")
    for error in got:
        if error.code == "CONFLICT" and expected.conflict is not None:
            fields = {
                each["field"]: (each["mine"], each["theirs"], each["base"])
                for each in error.conflict["fields"]
            }
            if (error.conflict["version"], fields) != expected.conflict:
                raise Mismatch(f"{what}: {error.conflict} instead of {expected.conflict}")
    if expected.refused_fields:
        _check_refused_fields(expected, got, what)
    refused = any(error.refusal for error in (*expected.errors, *got))
    if (
        not refused
        and not others_failed
        and not _is_repeated(command, command.inputs[number], "externalId")
    ):
        for each in expected.errors:
            if not any(_matches(error, each) for error in got) and not _is_optional(each, got):
                raise Mismatch(f"{what}: {each.code} is missing")
    if not expected.errors and not expected.allowed:
        raise Mismatch(what)
    return False


def _refused(results: FieldResult) -> bool:
    """Whether the root field was refused; further errors are then not reported."""
    return any(error.refusal for errors in results.errors.values() for error in errors)


def _is_optional(expected: ApiError, got: list[ApiError]) -> bool:
    """Whether an expected error may be absent because an earlier check failed.

    The checks run in this order: values that cannot be stored, broken rules, duplicates. Each check reports
    all of its errors, and the next one runs only if there are none.
    """
    if any((error.code, error.path) == ("INVALID", ("id",)) for error in got):
        return True
    if (expected.code, expected.path) == ("REQUIRED", ("currency",)):
        return bool(got)  # the server sets it only where nothing else failed
    if any(error.code in ("TOO_LONG", "REQUIRED") or _of_value(error) for error in got):
        return expected.code not in ("TOO_LONG", "REQUIRED")
    return expected.code == "DUPLICATE"


def _of_value(error: ApiError) -> bool:
    return error.code == "INVALID" and (error.path or ("",))[0] in (*MONEY, "attributes")


def _matches_any(errors_without_index: list[ApiError], expected: Expectation) -> bool:
    """Whether one of the errors without an input index matches this input."""
    known = (*expected.errors, *expected.allowed)
    return any(_matches(error, each) for error in errors_without_index for each in known)


def _matches(got: ApiError, expected: ApiError) -> bool:
    anywhere = expected.path is None or got.path is None
    return (got.code, got.refusal) == (expected.code, expected.refusal) and (
        anywhere or got.path == expected.path
    )


def _check_refused_fields(expected: Expectation, got: list[ApiError], what: str) -> None:
    """Check that a refusal names all fields that the caller may never write, before any other error."""
    codes = {error.code for error in got if error.refusal}
    if not codes <= {*FIELD_CODES, "FORBIDDEN"}:
        raise Mismatch(f"{what}: field refusals take precedence")
    named = frozenset().union(*(error.names for error in got))
    if codes & FIELD_CODES and not expected.refused_fields <= named:
        raise Mismatch(f"{what}: {sorted(expected.refused_fields - named)} not named")
