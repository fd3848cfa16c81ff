"""The result of each input of a command, as plain values: for the response, and kept under an idempotency key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict, cast

from domain.codes import Code, Refused
from domain.values import JsonObject
from resolvers.engine.changeset import AnyChangeset, FieldError, Path
from resolvers.engine.context import Context

CLOSED = "You cannot write {names}. {remedy}"
FIXED = "You can read {names} but not write {it}. {remedy}"
UNWRITABLE = {Code.FIELD_FORBIDDEN: CLOSED, Code.FIELD_READ_ONLY: FIXED}
LEAVE_OUT = "Omit {it}, or ask an administrator for the right."
ASK = "Ask an administrator for the right."
SINCE = "The record changed since the version that you sent. Reload and try again."
UNTOLD = "Validation failed on a field you cannot read. Contact an administrator."


class UserErrorEntry(TypedDict):
    """An entry of `userErrors`."""

    code: str
    message: str
    path: list[str]


class ErrorEntry(TypedDict):
    """An entry of `errors`."""

    message: str
    extensions: JsonObject
    """With `code`, and what else the code calls for."""
    path: NotRequired[list[str | int]]
    locations: NotRequired[list[dict[str, int]]]


class FieldEntry(TypedDict):
    """A field that may not be written, as it stands in `extensions.fields`."""

    type: str
    field: str
    input: list[str]


class StoredOutcome(TypedDict):
    """An outcome as it is stored under an idempotency key."""

    id: str | None
    told: list[UserErrorEntry]
    refused: list[ErrorEntry]


@dataclass
class Outcome:
    """The result of one input."""

    id: str | None = None
    """The record's id as the API spells it."""
    errors: list[UserErrorEntry] = field(default_factory=list)
    """`userErrors`, each with code, message and path."""
    refused: list[ErrorEntry] = field(default_factory=list)
    """`errors`, each with message and extensions."""

    @property
    def failed(self) -> bool:
        """Whether nothing was done."""
        return bool(self.errors or self.refused)


def outcome(ctx: Context, item: AnyChangeset) -> Outcome:
    """The result of a changeset, with that of all that was to be created along with it."""
    every = list(item.everything())
    errors = [_as_user_error(ctx, one, each) for one in every for each in one.errors]
    refused = [as_error(each) for one in every for each in one.refused]
    refused += _fields(Code.FIELD_FORBIDDEN, ((d, d.forbidden) for d in every))
    refused += _fields(Code.FIELD_READ_ONLY, ((d, d.read_only) for d in every))
    done = item.after.id if item.after is not None and not (errors or refused) else None
    return Outcome(f"{item.entity.prefix}_{done.hex}" if done else None, errors, refused)


def _as_user_error(ctx: Context, item: AnyChangeset, error: FieldError) -> UserErrorEntry:
    """As it stands in `userErrors`: without the reason, and the place, that the caller may not read."""
    named = error.about is None or ctx.may_read(error.about)
    told = named and all(map(ctx.may_read, error.because))
    return {
        "code": error.code.value,
        "message": error.message if told else UNTOLD,
        "path": list(error.path if named else item.path),
    }


def as_error(refused: Refused) -> ErrorEntry:
    """A refusal as it stands in `errors`."""
    return {
        "message": refused.message,
        "extensions": {"code": refused.code.value, **refused.extensions},
    }


def _fields(
    code: Code, several: Iterable[tuple[AnyChangeset, dict[Path, str]]]
) -> list[ErrorEntry]:
    """One error that lists every field."""
    fields: list[FieldEntry] = [
        {"type": item.entity.name, "field": name, "input": list(at)}
        for item, named in several
        for at, name in named.items()
    ]
    return [_unwritten(code, fields)] if fields else []


def _unwritten(code: Code, fields: list[FieldEntry]) -> ErrorEntry:
    """The error that names these fields. What a command writes by itself cannot be left out of its input."""
    named = list(dict.fromkeys(f"{each['type']}.{each['field']}" for each in fields))
    it = "it" if len(named) == 1 else "them"
    given = any(each["input"][-1] in (each["field"], "key") for each in fields)
    remedy = LEAVE_OUT.format(it=it) if given else ASK
    text = UNWRITABLE[code].format(names=", ".join(named), it=it, remedy=remedy)
    return as_error(Refused(code, text, fields=fields))


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """The result of a command that failed for all its inputs: one list of errors."""
    whole = Outcome()
    fields: dict[str, list[FieldEntry]] = defaultdict(list)
    for each in outcomes:
        whole.errors += each.errors
        for error in each.refused:
            listed = error["extensions"].get("fields")
            if listed is None:
                whole.refused.append(error)
            else:
                code = str(error["extensions"]["code"])
                fields[code] += cast("list[FieldEntry]", listed)
    for name, several in fields.items():
        whole.refused.append(_unwritten(Code[name], several))
    return whole


def stored(outcomes: Iterable[Outcome]) -> list[StoredOutcome]:
    """As it is stored under an idempotency key: without values and names that other rights might hide later."""
    found: list[StoredOutcome] = []
    for each in outcomes:
        refused = deepcopy(each.refused)
        for error in refused:
            conflict = error["extensions"].get("conflict")
            if isinstance(conflict, dict):
                error["message"] = SINCE
                conflict["fields"] = []
        found.append({"id": each.id, "told": each.errors, "refused": refused})
    return found


def restored(found: Iterable[StoredOutcome]) -> list[Outcome]:
    """The outcomes of what was stored."""
    return [Outcome(each["id"], each["told"], each["refused"]) for each in found]
