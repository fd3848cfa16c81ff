"""One record of a deed, from what was asked for to what is to be kept, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from db.engine.fields import Reference
from db.engine.model import Entity
from db.engine.write.connection import TenantConnection
from db.engine.write.row_json import Row, named
from domain.codes import Code, Refused, UserErrorCode
from domain.violations import Violation

Path = tuple[str, ...]
"""Where in the arguments something stands: `("inputs", "3", "amount")`."""
NOBODY = "There is no such record, or you may not see it."
"""One sentence for what is deleted, invisible, of another type or tenant, and what never was (D-32)."""


@dataclass(frozen=True)
class Told:
    """Something that the person at the screen can put right."""

    problem: UserErrorCode
    message: str
    path: Path


@dataclass(frozen=True)
class Other:
    """A record that changes along with the one that was asked for."""

    entity: Entity
    before: Row
    after: Row


@dataclass
class Draft:
    """What is to become of one record."""

    entity: Entity
    path: Path
    given: dict[str, Any]
    """What the caller set, by the API's names."""
    id: UUID | None = None
    version: int | None = None
    """The version that the caller has seen, if he says."""
    before: Row | None = None
    after: Row = field(default_factory=dict)
    verb: str = ""
    """What is done with it, such as `Update`, or a word of its area's own."""
    touched: tuple[str, ...] = ()
    """Fields that the deed sets by itself, for which the caller needs the right as if he named them."""
    said: tuple[str, ...] = ()
    """Fields that only the deed sets, which the caller needs to read."""
    way: Reference | None = None
    """Of what is created along with its whole: the way to that."""
    whole: Row | None = None
    """The record that this is a part of."""
    above: Draft | None = None
    """Of what is created along with its whole: the draft of that."""
    nested: list[Draft] = field(default_factory=list)
    brought: dict[str, Draft] = field(default_factory=dict)
    """Records that it comes to point to, created along with it, by the names of the ways to them."""
    told: list[Told] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    forbidden: dict[Path, str] = field(default_factory=dict)
    """Fields that the caller may not read, by where they were given."""
    read_only: dict[Path, str] = field(default_factory=dict)
    first: list[Other] = field(default_factory=list)
    """What must be changed before this one is kept."""
    then: list[Other] = field(default_factory=list)
    """What is changed after it."""
    early: bool = False
    """Whether it gives up what another one takes, so that it is kept before that."""
    new: list[tuple[Entity, Row]] = field(default_factory=list)
    """Records that come of it besides, and are kept after it."""
    besides: list[Callable[[TenantConnection], Awaitable[object]]] = field(default_factory=list)
    """What else is done once it is kept, in the system's own bookkeeping."""

    @property
    def failed(self) -> bool:
        """Whether it cannot be done."""
        wrong = bool(self.told or self.refused or self.forbidden or self.read_only)
        along = (*self.brought.values(), *self.nested)
        return wrong or any(each.failed for each in along)

    def fault(self, fault: Violation, argument: str | None = None) -> None:
        """Something is wrong with a column, with an argument that is called otherwise, or with the whole record."""
        what = named(self.entity).get(fault.column)
        name = argument or (what.name if what else None)
        at = (*self.path, name) if name else self.path
        self.told.append(Told(fault.problem, fault.message, at))

    def faults(self, several: Iterable[Violation]) -> None:
        """Several things are wrong."""
        for fault in several:
            self.fault(fault)

    def spell(self, column: str, how: Callable[[str], str | Violation | None]) -> None:
        """What was set anew in a column is kept as `how` spells it. What was there before is left alone."""
        text = self.after[column]
        if text is None or (self.before is not None and self.before[column] == text):
            return
        spelled = how(text)
        if isinstance(spelled, Violation):
            self.fault(replace(spelled, column=column))
        else:
            self.after[column] = spelled

    def refuse(self, code: Code, message: str, *at: str, **extensions: object) -> None:
        """The deed is refused, whatever the person at the screen does."""
        place = [*self.path, *at]
        self.refused.append(Refused(code, message, input=place, **extensions))

    def missing(self, *at: str) -> None:
        """What is named there does not exist, as far as the caller can know."""
        self.refuse(Code.NOT_FOUND, NOBODY, *at)

    def leave(self, name: str) -> None:
        """The deed sets this field by itself where the caller does not say to what."""
        if self.given.get(name) is None:
            self.given.pop(name, None)
            self.touched += (name,)

    def changes(self) -> Iterable[tuple[Entity, Row | None, Row]]:
        """What is done to this record and to others along with it: each before, if it was there, and after."""
        yield self.entity, self.before, self.after
        for other in (*self.first, *self.then):
            yield other.entity, other.before, other.after
        for entity, row in self.new:
            yield entity, None, row

    def everything(self) -> Iterable[Draft]:
        """This one and all that is created with it."""
        for each in self.brought.values():
            yield from each.everything()
        yield self
        for each in self.nested:
            yield from each.everything()
