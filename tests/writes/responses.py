"""Parses the response of each root field: succeeded, failed with errors, or not applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.writes.commands import Command, Mutation

Path = tuple[str, ...]


@dataclass(frozen=True)
class ApiError:
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
    errors: dict[int | None, list[ApiError]] = field(default_factory=dict)
    """By input index; None for errors without an index."""

    @property
    def not_applied(self) -> bool:
        """Whether it failed only because another root field failed."""
        return self.codes == {"NOT_APPLIED"}

    @property
    def codes(self) -> set[str]:
        """Codes of all errors."""
        return {error.code for errors in self.errors.values() for error in errors}

    def of(self, number: int) -> list[ApiError]:
        """Errors of one input."""
        return self.errors.get(number, [])

    def add(self, number: int | None, error: ApiError) -> None:
        """Add one error."""
        self.errors.setdefault(number, []).append(error)


def read(mutation: Mutation, answer: Any) -> list[FieldResult] | str:
    """Result of each root field, or the error code of a request refused as a whole."""
    errors = answer.get("errors", [])
    if answer.get("data") is None and any(not error.get("path") for error in errors):
        return str(errors[0]["extensions"]["code"])
    data = answer.get("data") or {}
    result = []
    for n, command in enumerate(mutation.commands):
        alias = f"r{n}"
        one = _payloads(command, data.get(alias))
        for error in errors:
            if error["path"][0] == alias:
                _refusal(command, one, error)
        result.append(one)
    return result


def _payloads(command: Command, payload: Any) -> FieldResult:
    results = payload if not command.many else (payload or {}).get("results")
    listed = [results] if not command.many else results or [None] * len(command.inputs)
    result = FieldResult(listed)
    all_errors = (payload or {}).get("userErrors", [])
    for each in all_errors:
        result.add(*_user_error(command, each))
    for number, one in enumerate(listed if command.many else []):
        if one is not None:
            own_errors = [each for each in all_errors if _place(command, each["path"])[0] == number]
            assert one["userErrors"] == own_errors, (one, all_errors)
    return result


def _user_error(command: Command, error: Any) -> tuple[int | None, ApiError]:
    number, path = _place(command, error["path"])
    assert error["message"], error
    return number, ApiError(error["code"], path, refusal=False, conflict=error["conflict"])


def _place(command: Command, path: list[str]) -> tuple[int | None, Path]:
    """Input index and the path within the input."""
    if not command.many:
        assert path[:1] == ["input"], path
        return 0, tuple(path[1:])
    assert path[:1] == ["inputs"], path
    return (int(path[1]), tuple(path[2:])) if path[1:] else (None, ())


def _refusal(command: Command, result: FieldResult, error: Any) -> None:
    """Add a top-level error; it may name its input or a list of fields."""
    extensions = error["extensions"]
    code, at = extensions["code"], None
    if len(error["path"]) > 1:
        assert error["path"][1] == "results", error
        at = error["path"][2]
    for each in extensions.get("userErrors", []):
        result.add(*_user_error(command, each))
    if fields := extensions.get("fields"):
        names_by_input: dict[int | None, set[str]] = {}
        for each in fields:
            names_by_input.setdefault(_place(command, each["input"])[0], set()).add(each["field"])
        for number, names in names_by_input.items():
            result.add(number, ApiError(code, None, refusal=True, names=frozenset(names)))
        return
    number, path = _place(command, extensions["input"]) if "input" in extensions else (at, None)
    if not command.many:
        number = 0
    result.add(at if number is None else number, ApiError(code, path, refusal=True))
