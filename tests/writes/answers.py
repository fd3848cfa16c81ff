"""What came back of each root field of a mutation: done, failed with these faults, or not applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.writes.deeds import Deed, Mutation

Path = tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """One reason that was given. Refusals stand in `errors`, the others in the payload."""

    code: str
    path: Path | None
    """The place within the input; None if it was not said."""
    refusal: bool
    names: frozenset[str] = frozenset()
    """Of a refusal of fields: these."""
    conflict: Any = field(default=None, compare=False)


@dataclass
class Told:
    """What was answered for one root field."""

    payloads: list[Any]
    """One for each input; None where there is none."""
    faults: dict[int | None, list[Fault]] = field(default_factory=dict)
    """By the number of the input; None where that was not said."""

    @property
    def not_applied(self) -> bool:
        """Whether it failed only because another did."""
        return self.codes == {"NOT_APPLIED"}

    @property
    def codes(self) -> set[str]:
        """The codes of all faults."""
        return {fault.code for faults in self.faults.values() for fault in faults}

    def of(self, number: int) -> list[Fault]:
        """The faults of one input."""
        return self.faults.get(number, [])

    def add(self, number: int | None, fault: Fault) -> None:
        """Note one more."""
        self.faults.setdefault(number, []).append(fault)


def read(mutation: Mutation, answer: Any) -> list[Told] | str:
    """What was answered for each root field; or the code with which the whole request was refused."""
    errors = answer.get("errors", [])
    if answer.get("data") is None and any(not error.get("path") for error in errors):
        return str(errors[0]["extensions"]["code"])
    data = answer.get("data") or {}
    told = []
    for n, deed in enumerate(mutation.deeds):
        alias = f"r{n}"
        one = _payloads(deed, data.get(alias))
        for error in errors:
            if error["path"][0] == alias:
                _refusal(deed, one, error)
        told.append(one)
    return told


def _payloads(deed: Deed, payload: Any) -> Told:
    results = payload if not deed.many else (payload or {}).get("results")
    listed = [results] if not deed.many else results or [None] * len(deed.inputs)
    told = Told(listed)
    every = (payload or {}).get("userErrors", [])
    for each in every:
        told.add(*_user_error(deed, each))
    for number, one in enumerate(listed if deed.many else []):
        if one is not None:
            own = [each for each in every if _place(deed, each["path"])[0] == number]
            assert one["userErrors"] == own, (one, every)
    return told


def _user_error(deed: Deed, error: Any) -> tuple[int | None, Fault]:
    number, path = _place(deed, error["path"])
    assert error["message"], error
    return number, Fault(error["code"], path, refusal=False)


def _place(deed: Deed, path: list[str]) -> tuple[int | None, Path]:
    """The input's number, and the place within it."""
    if not deed.many:
        assert path[:1] == ["input"], path
        return 0, tuple(path[1:])
    assert path[:1] == ["inputs"], path
    return (int(path[1]), tuple(path[2:])) if path[1:] else (None, ())


def _refusal(deed: Deed, told: Told, error: Any) -> None:
    """Note an error: it may name its input, or fields, each with its place."""
    extensions = error["extensions"]
    code, at = extensions["code"], None
    if len(error["path"]) > 1:
        assert error["path"][1] == "results", error
        at = error["path"][2]
    conflict = extensions.get("conflict")
    for each in extensions.get("userErrors", []):
        told.add(*_user_error(deed, each))
    if fields := extensions.get("fields"):
        placed: dict[int | None, set[str]] = {}
        for each in fields:
            placed.setdefault(_place(deed, each["input"])[0], set()).add(each["field"])
        for number, names in placed.items():
            told.add(number, Fault(code, None, refusal=True, names=frozenset(names)))
        return
    number, path = _place(deed, extensions["input"]) if "input" in extensions else (at, None)
    if not deed.many:
        number = 0
    told.add(at if number is None else number, Fault(code, path, True, frozenset(), conflict))
