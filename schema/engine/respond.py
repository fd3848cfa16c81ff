"""Builds the response to a mutation: its payloads, and errors for refused inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.codes import Code, Refused
from domain.live import live_position
from domain.message import Message
from domain.values import JsonObject
from resolvers.engine.results import ErrorEntry, Outcome, UserErrorEntry, as_error, merged
from schema.engine.derived import DerivedFailed
from schema.engine.failures import error_entry_of
from schema.engine.payloads import Payload, PayloadField

NOT_APPLIED = Message(
    "Not applied, because another mutation of the same operation failed. Correct that one and try "
    "again."
)
Texts = Mapping[str, Sequence[object]]
"""The records of the payloads, by the key of their text; each has one item per input."""


class MutationResult:
    """The response to a mutation: its data by response key, and its errors."""

    def __init__(self) -> None:
        self.data: JsonObject = {}
        self.errors: list[ErrorEntry] = []
        self._position: str | None = None

    def set_position(self, epoch: int, position: int) -> None:
        """Set the position of the change log at which the payloads are visible."""
        self._position = live_position(epoch, position)

    def add_executed(self, payload: Payload, outcomes: Sequence[Outcome], texts: Texts) -> None:
        """Add a mutation that was executed, possibly with some inputs failed."""
        entity = payload.mutation.entity.name
        if not payload.mutation.many:
            self.data[payload.key] = self._filled(entity, payload.shown, outcomes[0], texts, 0)
            return
        fields: JsonObject = {}
        combined = Outcome(errors=[error for each in outcomes for error in each.errors])
        for shown in payload.shown:
            if shown.key in payload.results:
                fields[shown.key] = self._results(payload, shown.key, outcomes, texts)
            else:
                fields[shown.key] = _value(f"{entity}ManyPayload", shown, combined, self._position)
        for number, each in enumerate(outcomes):
            # Where `results` is not selected, refused inputs are still listed in `errors`.
            if not payload.results:
                self._refuse(each, [payload.key], number)
        self.data[payload.key] = fields

    def _results(
        self, payload: Payload, key: str, outcomes: Sequence[Outcome], texts: Texts
    ) -> list[object]:
        results: list[object] = []
        for number, each in enumerate(outcomes):
            if each.refused:
                self._refuse(each, [payload.key, key], number)
                results.append(None)
            else:
                shown = payload.results[key]
                results.append(
                    self._filled(payload.mutation.entity.name, shown, each, texts, number)
                )
        return results

    def _refuse(self, outcome: Outcome, path: list[str | int], number: int) -> None:
        place = [*path, number] if len(path) > 1 else path
        self.errors += [placed(error, place) for error in outcome.refused]

    def add_derived_error(self, failure: DerivedFailed) -> None:
        """Add an error of a derived field in a payload; the mutation itself stands."""
        key, *between, shown = failure.text.split(".")
        path = [key, *between, failure.number, shown] if between else [key, shown]
        self.errors.append(placed(error_entry_of(failure.error), [*path, *failure.place]))

    def add_rolled_back(
        self, payloads: Sequence[Payload], failed: int, outcomes: Sequence[Outcome]
    ) -> None:
        """Add all mutations of an operation that was rolled back because of the one with the number `failed`."""
        for number, payload in enumerate(payloads):
            if number == failed:
                self._add_failed(payload, outcomes)
            else:
                self._add_not_applied(payload)

    def _add_failed(self, payload: Payload, outcomes: Sequence[Outcome]) -> None:
        """Add the mutation that caused the rollback."""
        combined = merged(outcomes)
        if combined.refused:
            self.data[payload.key] = None
            # User errors are listed once, with the first.
            listed = [with_params(each) for each in combined.errors]
            extra: JsonObject = {"userErrors": listed} if listed else {}
            for error in combined.refused:
                extensions, extra = {**error["extensions"], **extra}, {}
                entry = ErrorEntry(message=error["message"], extensions=extensions)
                self.errors.append(placed(entry, [payload.key]))
            return
        if not payload.mutation.many:
            self.data[payload.key] = self._filled(
                payload.mutation.entity.name, payload.shown, combined, {}, 0
            )
            return
        kind = payload.mutation.payload
        self.data[payload.key] = {
            shown.key: None if shown.key in payload.results else _value(kind, shown, combined)
            for shown in payload.shown
        }

    def _add_not_applied(self, payload: Payload) -> None:
        """Add a mutation that was rolled back or not started because another one failed."""
        self.data[payload.key] = None
        error = as_error(Refused(Code.NOT_APPLIED, NOT_APPLIED))
        self.errors.append(placed(error, [payload.key]))

    def _filled(
        self,
        entity: str,
        shown: Sequence[PayloadField],
        outcome: Outcome,
        texts: Texts,
        number: int,
    ) -> JsonObject:
        """The payload of one input."""
        fields: JsonObject = {}
        position = None if outcome.failed else self._position
        for each in shown:
            if each.text:
                rows = texts.get(each.text, ())
                present = number < len(rows) and not outcome.failed
                fields[each.key] = rows[number] if present else None
            else:
                fields[each.key] = _value(f"{entity}Payload", each, outcome, position)
        return fields


def placed(error: ErrorEntry, path: list[str | int]) -> ErrorEntry:
    """An error entry with its path in the response."""
    return {**error, "path": path}


def _value(kind: str, shown: PayloadField, outcome: Outcome, position: str | None = None) -> object:
    match shown.word:
        case "id":
            return outcome.id
        case "userErrors":
            return [_error(each, shown) for each in outcome.errors]
        case "__typename":
            return kind
        case "livePosition":
            return position
    return None


def with_params(error: UserErrorEntry) -> JsonObject:
    """The fields of a `UserError`."""
    return {**error, "params": error["message"].values()}


def _error(error: UserErrorEntry, shown: PayloadField) -> JsonObject:
    source = with_params(error)
    return {each.key: each.value(source) for each in shown.selection}
