"""Outcomes of a command's inputs as plain values, for the response and for storage under an idempotency key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict, cast

from db.engine.write.row_json import value_text
from domain.codes import Code, Refused
from domain.message import Message, message_of
from domain.values import JsonObject
from resolvers.engine.changeset import AnyChangeset, FieldError, NamedRecord, Path, VersionConflict
from resolvers.engine.context import Context

NOT_WRITABLE = Message("You cannot write {fields}. {remedy}")
READ_ONLY = Message("You can read but not write {fields}. {remedy}")
UNWRITABLE = {Code.FIELD_FORBIDDEN: NOT_WRITABLE, Code.FIELD_READ_ONLY: READ_ONLY}
OMIT_FIELD = Message("Omit this field, or ask an administrator for the right.")
OMIT_FIELDS = Message("Omit these fields, or ask an administrator for the right.")
ASK_ADMINISTRATOR = Message("Ask an administrator for the right.")
CHANGED = Message("The record changed since the version that you sent. Reload and try again.")
HIDDEN_REASON = Message("Validation failed on a field you cannot read. Contact an administrator.")


class RecordEntry(TypedDict):
    """Another record that an error names."""

    id: str
    name: str | None


class FieldConflictEntry(TypedDict):
    """A field of a conflict, with its values as text."""

    field: str
    mine: str | None
    theirs: str | None
    base: str | None


class ConflictEntry(TypedDict):
    """What changed since the version that the caller sent."""

    version: int
    changedAt: str | None
    changedBy: RecordEntry | None
    fields: list[FieldConflictEntry]


class UserErrorEntry(TypedDict):
    """An entry of `userErrors`."""

    code: str
    message: Message
    path: list[str]
    conflict: ConflictEntry | None
    record: RecordEntry | None


class StoredUserError(TypedDict):
    """An entry of `userErrors` in storage."""

    code: str
    message: object
    """The stored form of a `Message`."""
    path: list[str]
    conflict: ConflictEntry | None


class ErrorEntry(TypedDict):
    """An entry of `errors`."""

    message: Message
    extensions: JsonObject
    """Contains `code`, and further entries depending on the code."""
    path: NotRequired[list[str | int]]
    locations: NotRequired[list[dict[str, int]]]


class StoredError(TypedDict):
    """An entry of `errors` in storage."""

    message: object
    """The stored form of a `Message`."""
    extensions: JsonObject


class FieldEntry(TypedDict):
    """An entry of `extensions.fields`: a field that may not be written."""

    type: str
    field: str
    input: list[str]


class OutcomeJson(TypedDict):
    """An outcome as it is stored under an idempotency key."""

    id: str | None
    errors: list[StoredUserError]
    refused: list[StoredError]


@dataclass
class Outcome:
    """The outcome of one input."""

    id: str | None = None
    """The record's id in API format."""
    errors: list[UserErrorEntry] = field(default_factory=list)
    """`userErrors`, each with code, message and path."""
    refused: list[ErrorEntry] = field(default_factory=list)
    """`errors`, each with message and extensions."""

    @property
    def failed(self) -> bool:
        """Whether the input failed."""
        return bool(self.errors or self.refused)


def outcome(ctx: Context, item: AnyChangeset) -> Outcome:
    """The outcome of a changeset, including its nested creates."""
    every = list(item.with_nested())
    errors = [_as_user_error(ctx, one, each) for one in every for each in one.errors]
    refused = [as_error(each) for one in every for each in one.refused]
    refused += _field_errors(Code.FIELD_FORBIDDEN, ((d, d.forbidden) for d in every))
    refused += _field_errors(Code.FIELD_READ_ONLY, ((d, d.read_only) for d in every))
    id = item.after.id if item.after is not None and not (errors or refused) else None
    return Outcome(f"{item.entity.prefix}_{id.hex}" if id else None, errors, refused)


def _as_user_error(ctx: Context, item: AnyChangeset, error: FieldError) -> UserErrorEntry:
    """The entry of `userErrors`, without a message or path that the caller may not read."""
    named = error.about is None or ctx.may_read(error.about)
    readable = named and all(map(ctx.may_read, error.because))
    return {
        "code": error.code.value,
        "message": error.message if readable else HIDDEN_REASON,
        "path": list(error.path if named else item.path),
        "conflict": _as_conflict(error.conflict) if error.conflict else None,
        "record": _as_record(error.record) if readable else None,
    }


def _as_conflict(conflict: VersionConflict) -> ConflictEntry:
    at = conflict.changed_at
    return {
        "version": conflict.version,
        "changedAt": None if at is None else value_text(at),
        "changedBy": _as_record(conflict.changed_by),
        "fields": [
            {"field": each.field, "mine": each.mine, "theirs": each.theirs, "base": each.base}
            for each in conflict.fields
        ],
    }


def _as_record(record: NamedRecord | None) -> RecordEntry | None:
    return None if record is None else {"id": record.id, "name": record.name}


def as_error(refused: Refused) -> ErrorEntry:
    """The entry of `errors` for a refusal."""
    return {
        "message": refused.message,
        "extensions": {"code": refused.code.value, **refused.extensions},
    }


def _field_errors(
    code: Code, places: Iterable[tuple[AnyChangeset, dict[Path, str]]]
) -> list[ErrorEntry]:
    """One error that lists every field."""
    fields: list[FieldEntry] = [
        {"type": item.entity.name, "field": name, "input": list(at)}
        for item, named in places
        for at, name in named.items()
    ]
    return [_field_error(code, fields)] if fields else []


def _field_error(code: Code, fields: list[FieldEntry]) -> ErrorEntry:
    """The error that names these fields. It suggests omitting them only if the input contains one."""
    named = list(dict.fromkeys(f"{each['type']}.{each['field']}" for each in fields))
    is_sent = any(each["input"][-1] in (each["field"], "key") for each in fields)
    omit = OMIT_FIELD if len(named) == 1 else OMIT_FIELDS
    remedy = omit if is_sent else ASK_ADMINISTRATOR
    text = UNWRITABLE[code].fill(fields=", ".join(named), remedy=remedy)
    return as_error(Refused(code, text, fields=fields))


def merged(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome with the errors of several failed inputs."""
    result = Outcome()
    fields: dict[str, list[FieldEntry]] = defaultdict(list)
    for each in outcomes:
        result.errors += each.errors
        for error in each.refused:
            listed = error["extensions"].get("fields")
            if listed is None:
                result.refused.append(error)
            else:
                code = str(error["extensions"]["code"])
                fields[code] += cast("list[FieldEntry]", listed)
    for name, entries in fields.items():
        result.refused.append(_field_error(Code[name], entries))
    return result


def stored(outcomes: Iterable[Outcome]) -> list[OutcomeJson]:
    """Outcomes for storage under an idempotency key, without values and field names that later rights may hide."""
    return [
        {
            "id": each.id,
            "errors": [_stored_user_error(error) for error in each.errors],
            "refused": [
                {"message": error["message"].as_json(), "extensions": error["extensions"]}
                for error in each.refused
            ],
        }
        for each in outcomes
    ]


def _stored_user_error(error: UserErrorEntry) -> StoredUserError:
    """Without the values and names that the caller may no longer be allowed to read when it is returned again."""
    conflict, message = error["conflict"], error["message"]
    if conflict is not None:
        conflict, message = {**conflict, "changedBy": None, "fields": []}, CHANGED
    return {
        "code": error["code"],
        "message": message.as_json(),
        "path": error["path"],
        "conflict": conflict,
    }


def restored(entries: Iterable[OutcomeJson]) -> list[Outcome]:
    """The outcomes from their stored form."""
    return [
        Outcome(
            each["id"],
            [_restored_user_error(error) for error in each["errors"]],
            [
                ErrorEntry(message=message_of(error["message"]), extensions=error["extensions"])
                for error in each["refused"]
            ],
        )
        for each in entries
    ]


def _restored_user_error(error: StoredUserError) -> UserErrorEntry:
    return {
        "code": error["code"],
        "message": message_of(error["message"]),
        "path": error["path"],
        "conflict": error.get("conflict"),
        "record": None,
    }
