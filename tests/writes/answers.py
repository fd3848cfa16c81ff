"""Parses the response of each root field: succeeded, failed with errors, or not applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.writes.commands import Command, Mutation

Path = tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """One error. Refusals come from the top-level `errors`, the others from the payload's `userErrors`."""

    code: str
    path: Path | None
    """Path within the input; None if the error has none."""
    refusal: bool
    names: frozenset[str] = frozenset()
    """Refused fields, for a field-level refusal."""
    conflict: Any = field(default=None, compare=False)


@dataclass
class FieldResult:
    """Response of one root field."""

    payloads: list[Any]
    """One payload per input; None where it is null."""
    faults: dict[int | None, list[Fault]] = field(default_factory=dict)
    """By input index; None for errors without an index."""

    @property
    def not_applied(self) -> bool:
        """Whether it failed only because another root field failed."""
        return self.codes == {"NOT_APPLIED"}

    @property
    def codes(self) -> set[str]:
        """Codes of all errors."""
        return {fault.code for faults in self.faults.values() for fault in faults}

    def of(self, number: int) -> list[Fault]:
        """Errors of one input."""
        return self.faults.get(number, [])

    def add(self, number: int | None, fault: Fault) -> None:
        """Add one error."""
        self.faults.setdefault(number, []).append(fault)


def read(mutation: Mutation, answer: Any) -> list[FieldResult] | str:
    """Result of each root field, or the error code of a request refused as a whole."""
    errors = answer.get("errors", [])
    if answer.get("data") is None and any(not error.get("path") for error in errors):
        return str(errors[0]["extensions"]["code"])
    data = answer.get("data") or {}
    told = []
    for n, command in enumerate(mutation.commands):
        alias = f"r{n}"
        one = _payloads(command, data.get(alias))
        for error in errors:
            if error["path"][0] == alias:
                _refusal(command, one, error)
        told.append(one)
    return told


def _payloads(command: Command, payload: Any) -> FieldResult:
    results = payload if not command.many else (payload or {}).get("results")
    listed = [results] if not command.many else results or [None] * len(command.inputs)
    told = FieldResult(listed)
    every = (payload or {}).get("userErrors", [])
    for each in every:
        told.add(*_user_error(command, each))
    for number, one in enumerate(listed if command.many else []):
        if one is not None:
            own = [each for each in every if _place(command, each["path"])[0] == number]
            assert one["userErrors"] == own, (one, every)
    return told


def _user_error(command: Command, error: Any) -> tuple[int | None, Fault]:
    number, path = _place(command, error["path"])
    assert error["message"], error
    return number, Fault(error["code"], path, refusal=False)


def _place(command: Command, path: list[str]) -> tuple[int | None, Path]:
    """Input index and the path within the input."""
    if not command.many:
        assert path[:1] == ["input"], path
        return 0, tuple(path[1:])
    assert path[:1] == ["inputs"], path
    return (int(path[1]), tuple(path[2:])) if path[1:] else (None, ())


def _refusal(command: Command, told: FieldResult, error: Any) -> None:
    """Add a top-level error; it may name its input or a list of fields."""
    extensions = error["extensions"]
    code, at = extensions["code"], None
    if len(error["path"]) > 1:
        assert error["path"][1] == "results", error
        at = error["path"][2]
    conflict = extensions.get("conflict")
    for each in extensions.get("userErrors", []):
        told.add(*_user_error(command, each))
    if fields := extensions.get("fields"):
        placed: dict[int | None, set[str]] = {}
        for each in fields:
            placed.setdefault(_place(command, each["input"])[0], set()).add(each["field"])
        for number, names in placed.items():
            told.add(number, Fault(code, None, refusal=True, names=frozenset(names)))
        return
    number, path = _place(command, extensions["input"]) if "input" in extensions else (at, None)
    if not command.many:
        number = 0
    told.add(at if number is None else number, Fault(code, path, True, frozenset(), conflict))
