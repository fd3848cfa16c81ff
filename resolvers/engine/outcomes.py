"""What came of each input of a deed, as plain values: told to the caller, and kept under his key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.codes import Code, Refused
from resolvers.engine.drafts import Draft, Path

CLOSED = "You may not write {names}. {remedy}"
FIXED = "You may read {names}, but not write {it}. {remedy}"
LEAVE_OUT = "Leave {it} out, or ask an administrator for the right."
ASK = "Ask an administrator for the right."


@dataclass
class Outcome:
    """What came of one input."""

    id: str | None = None
    """The record's id as the API spells it."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """`userErrors`, each with code, message and path."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """`errors`, each with message and extensions."""

    @property
    def failed(self) -> bool:
        """Whether nothing was done."""
        return bool(self.told or self.refused)


def outcome(draft: Draft) -> Outcome:
    """What came of a draft, with that of all that was to be created along with it."""
    every = list(draft.everything())
    told = [
        {"code": each.problem.value, "message": each.message, "path": list(each.path)}
        for one in every
        for each in one.told
    ]
    refused = [as_error(each) for one in every for each in one.refused]
    refused += _fields(Code.FIELD_FORBIDDEN, ((d, d.forbidden) for d in every))
    refused += _fields(Code.FIELD_READ_ONLY, ((d, d.read_only) for d in every))
    done = draft.after.get("id") if not (told or refused) else None
    return Outcome(f"{draft.entity.prefix}_{done.hex}" if done else None, told, refused)


def as_error(refused: Refused) -> dict[str, Any]:
    """A refusal as it stands in `errors`."""
    return {
        "message": refused.message,
        "extensions": {"code": refused.code.value, **refused.extensions},
    }


def _fields(code: Code, several: Iterable[tuple[Draft, dict[Path, str]]]) -> list[dict[str, Any]]:
    """One error that lists every field."""
    fields = [
        {"type": draft.entity.name, "field": name, "input": list(at)}
        for draft, named in several
        for at, name in named.items()
    ]
    return [_unwritten(code, fields)] if fields else []


def _unwritten(code: Code, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """The error that names these fields. What a deed writes by itself cannot be left out of its input."""
    named = list(dict.fromkeys(f"{each['type']}.{each['field']}" for each in fields))
    it = "it" if len(named) == 1 else "them"
    given = any(each["input"][-1] in (each["field"], "key") for each in fields)
    remedy = LEAVE_OUT.format(it=it) if given else ASK
    message = CLOSED if code == Code.FIELD_FORBIDDEN else FIXED
    said = message.format(names=", ".join(named), it=it, remedy=remedy)
    return as_error(Refused(code, said, fields=fields))


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """What came of all inputs of a deed that was to be done for all or none: one list of what is wrong."""
    whole = Outcome()
    fields: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in outcomes:
        whole.told += each.told
        for error in each.refused:
            listed = error["extensions"].get("fields")
            if listed is None:
                whole.refused.append(error)
            else:
                fields[error["extensions"]["code"]] += listed
    for code, listed in fields.items():
        whole.refused.append(_unwritten(Code(code), listed))
    return whole


def kept(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """As it is kept under a key: without any value, which rights of another day might hide."""
    found = [asdict(each) for each in outcomes]
    for error in (error for each in found for error in each["refused"]):
        if "conflict" in error["extensions"]:
            error["extensions"]["conflict"] |= {"fields": []}
    return found
