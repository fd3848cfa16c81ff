"""Changesets: the state of one record in a command, with parameters, row before and after, and errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar, cast
from uuid import UUID

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.hidden import Hidden, HiddenRow, opened
from db.engine.row import AnyColumn, ColumnOf, copy_row, declared_by, with_values
from db.engine.write.connection import TenantConnection
from domain.codes import Code, Refused, UserErrorCode
from domain.message import Message
from domain.violations import Violation

Params: TypeAlias = Mapping[str, object]
"""The caller's values for one record, by API name; their types are already validated."""
Path = tuple[str, ...]
"""Path in the arguments, such as `("inputs", "3", "amount")`."""
NOT_FOUND = Message("The record does not exist, or you cannot see it. Check the ID.")
"""The same message for deleted, invisible and unknown ids, and ids of other types or tenants (D-32)."""
R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
I = TypeVar("I")  # noqa: E741 - the input, as in Changeset[R, I]
T = TypeVar("T")


class Action(Enum):
    """What a command does with a record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    REPLACE = "replace"
    """One of its references moves to a replacement, because the target is deleted."""


SAVES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})
"""Actions after which the record is live with changed values."""


@dataclass(frozen=True)
class NamedRecord:
    """Another record that an error names; the caller sees it."""

    id: str
    """In API format."""
    name: str | None
    """Its name, or its number; None if it has neither, or the caller reads neither."""


@dataclass(frozen=True)
class ConflictingField:
    """A field that another caller changed since this caller read it, with the three values as text."""

    field: str
    mine: str | None
    theirs: str | None
    base: str | None
    """Value in the version that the caller read."""
    key: str
    """Key in the history, such as `Account.name`."""


@dataclass(frozen=True)
class VersionConflict:
    """A change of a record since the version that the caller sent."""

    version: int
    """The current version."""
    changed_at: datetime | None
    """Time of the last change that conflicts; None if the caller may not read it."""
    changed_by: NamedRecord | None
    """The employee who made it."""
    fields: tuple[ConflictingField, ...]


@dataclass(frozen=True)
class FieldError:
    """An entry of `userErrors`: a problem that a user can correct, with its path in the input."""

    code: UserErrorCode
    message: Message
    path: Path
    about: ColumnOf[Any] | None = None
    """The column at fault, if the caller did not set it. Its name is hidden from callers who may not read it."""
    because: tuple[ColumnOf[Any], ...] = ()
    """Columns whose values the message reveals. The message is hidden from callers who may not read them."""
    conflict: VersionConflict | None = None
    record: NamedRecord | None = None
    """The record that has the value already."""


@dataclass(frozen=True)
class RelatedChange:
    """Another record that changes together with the record of a changeset."""

    type_: type[Record]
    before: Record
    after: Record


@dataclass(frozen=True)
class Assignment(Generic[T]):
    """A column and the value that it is set to."""

    column: ColumnOf[T]
    value: T | Hidden[T]


AnyAssignment: TypeAlias = Assignment[Any]
"""An assignment to a column of any type."""


def assign(column: ColumnOf[T], value: T | Hidden[T]) -> Assignment[T]:
    """An assignment for a related record. The value may be hidden, because the related record has its own rights."""
    return Assignment(column, value)


@dataclass
class Changeset(Generic[R, I]):
    """The planned change of one record. If it has errors, neither it nor its related changes are written."""

    entity: Entity
    path: Path
    action: Action
    params: dict[str, object]
    """The fields that the caller set, by API name."""
    input: I = cast("I", None)  # noqa: RUF009 - generic actions have none
    """The command's typed input; None for standard commands."""
    id: UUID | None = None
    version: int | None = None
    """The version that the caller last read, if they sent one."""
    before: R | None = None
    after: R | None = None
    skips: frozenset[object] = frozenset()
    """Hooks that do not run on it, as declared by its command."""
    type_row: HiddenRow[Any] | None = None
    """The record's type as a hidden row, if presets loaded it."""
    template: Record | None = None
    """The record that this one duplicates."""
    parent: Record | None = None
    """The parent record, if it is visible to the caller."""
    relation: Reference | None = None
    """Of a nested create: the reference to the parent."""
    parent_changeset: AnyChangeset | None = None
    """Of a nested create: the parent's changeset."""
    children: list[AnyChangeset] = field(default_factory=list)
    """Children that are created or changed with this record."""
    references: dict[str, AnyChangeset] = field(default_factory=dict)
    """Nested creates of reference targets, by the name of the reference."""
    implied_writes: list[str] = field(default_factory=list)
    """Fields that the command sets itself and that the caller must be allowed to write."""
    implied_reads: list[str] = field(default_factory=list)
    """Fields that the command sets itself and that the caller must be allowed to read."""
    errors: list[FieldError] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    forbidden: dict[Path, str] = field(default_factory=dict)
    """Fields that the caller may not read, by path in the input."""
    read_only: dict[Path, str] = field(default_factory=dict)
    before_ops: list[RelatedChange] = field(default_factory=list)
    """Written before this record."""
    after_ops: list[RelatedChange] = field(default_factory=list)
    """Written after this record."""
    created: list[Record] = field(default_factory=list)
    """Additional new records, written last."""
    initial: list[AnyAssignment] = field(default_factory=list)
    """Column values that a command sets in a new record."""
    priority: bool = False
    """Whether it is written first, because it gives up a unique value that another changeset takes over."""
    side_effects: list[Callable[[TenantConnection], Awaitable[object]]] = field(
        default_factory=list
    )
    """Writes to internal tables after the record is written."""

    @property
    def record(self) -> R:
        """The row to write; hooks modify it in place."""
        assert self.after is not None  # noqa: S101 - set when the record is locked or initialized
        return self.after

    @property
    def existing(self) -> R:
        """The row before the change, of an update, delete or restore."""
        assert self.before is not None  # noqa: S101 - set when the record is locked
        return self.before

    @property
    def failed(self) -> bool:
        """Whether it or a nested create has errors."""
        has_errors = bool(self.errors or self.refused or self.forbidden or self.read_only)
        nested = (*self.references.values(), *self.children)
        return has_errors or any(each.failed for each in nested)

    @property
    def is_refused(self) -> bool:
        """Whether it was refused for reasons other than values that the user can correct."""
        has_conflict = any(each.conflict is not None for each in self.errors)
        return bool(self.refused or self.forbidden or self.read_only or has_conflict)

    def has_input(self, column: AnyColumn) -> bool:
        """Whether the caller sent the field of a column, including null."""
        return self.entity.named[column.key].name in self.params

    def has_value(self, column: AnyColumn) -> bool:
        """Whether the caller sent a non-null value for the field of a column."""
        return self.params.get(self.entity.named[column.key].name) is not None

    def has_error(self, column: str) -> bool:
        """Whether the value of a column was refused already; other checks of it would repeat that."""
        member = self.entity.named.get(column)
        return member is not None and any(
            each.path == (*self.path, member.name) for each in self.errors
        )

    def differs(self, *columns: AnyColumn) -> bool:
        """Whether the record is new or one of these columns changes."""
        before, after = self.before, self.record
        return before is None or any(
            getattr(before, c.key) != getattr(after, c.key) for c in columns
        )

    def violation(
        self,
        violation: Violation,
        argument: str | None = None,
        because: Iterable[ColumnOf[Any]] = (),
        record: NamedRecord | None = None,
    ) -> None:
        """Add an error for a column, for another argument, or for the record itself.

        `because` names the columns whose values the message reveals; they may belong to other records.
        """
        member = self.entity.named.get(violation.column)
        name = argument or (member.name if member else None)
        path = (*self.path, name) if name else self.path
        unset = member is not None and argument is None and member.name not in self.params
        about = getattr(self.entity.type_, violation.column) if unset else None
        own = (getattr(self.entity.type_, each) for each in violation.because)
        reasons = (*own, *because)
        self.errors.append(
            FieldError(violation.code, violation.message, path, about, reasons, record=record)
        )

    def violations(
        self, violations: Iterable[Violation], because: Iterable[ColumnOf[Any]] = ()
    ) -> None:
        """Add several errors that reveal the same columns of other records."""
        reasons = tuple(because)
        for each in violations:
            self.violation(each, because=reasons)

    def error(
        self,
        code: UserErrorCode,
        message: Message,
        *at: str,
        conflict: VersionConflict | None = None,
    ) -> None:
        """Add an error for a part of the input that is not a column."""
        self.errors.append(FieldError(code, message, (*self.path, *at), conflict=conflict))

    def refuse(self, code: Code, message: Message, *at: str, **extensions: object) -> None:
        """Refuse the command for this record; adds an entry to `errors`."""
        path = [*self.path, *at]
        self.refused.append(Refused(code, message, input=path, **extensions))

    def missing(self, *at: str) -> None:
        """Refuse the command because the record at this path does not exist or is not visible."""
        self.refuse(Code.NOT_FOUND, NOT_FOUND, *at)

    def normalize(
        self,
        column: ColumnOf[str] | ColumnOf[str | None],
        function: Callable[[str], str | Violation | None],
    ) -> None:
        """Normalize a text that this command sets. Existing values stay unchanged."""
        text = getattr(self.record, column.key)
        if text is None or self.has_error(column.key) or not self.differs(column):
            return
        normalized = function(text)
        if isinstance(normalized, Violation):
            self.violation(replace(normalized, column=column.key))
        else:
            setattr(self.record, column.key, normalized)

    def also_change(
        self, row: HiddenRow[S] | S, *assignments: AnyAssignment, first: bool = False
    ) -> None:
        """Change another record after this one, or before it with `first`. Does nothing if the values are the same."""
        before = opened(row)
        after = with_values(before, {a.column.key: opened(a.value) for a in assignments})
        if before != after:
            ops = self.before_ops if first else self.after_ops
            ops.append(RelatedChange(declared_by(before), before, after))

    def also_create(self, row: Record) -> None:
        """Create another record after this one."""
        self.created.append(row)

    def changes(self) -> Iterator[tuple[type[Record], Record | None, Record]]:
        """Every record that this changeset writes: type, row before, and row after."""
        yield self.entity.type_, self.before, self.record
        for op in (*self.before_ops, *self.after_ops):
            yield op.type_, op.before, op.after
        for row in self.created:
            yield declared_by(row), None, row

    def changes_of(self, type_: type[S]) -> list[tuple[S | None, S]]:
        """The written records of one type: rows before and after."""
        rows = [(b, a) for kind, b, a in self.changes() if kind is type_]
        return cast("list[tuple[S | None, S]]", rows)

    def with_nested(self) -> Iterator[AnyChangeset]:
        """This changeset and its nested ones; reference targets first, children last."""
        for each in self.references.values():
            yield from each.with_nested()
        yield self
        for each in self.children:
            yield from each.with_nested()

    def set_after(self, row: Record) -> None:
        """Set the row to write: a new row, or a copy of the existing one."""
        self.after = cast("R", row)

    def set_before(self, row: Record) -> None:
        """Set the existing row."""
        self.before = cast("R", row)

    def copy_before(self) -> None:
        """Set the row to write to a copy of the existing row."""
        self.after = copy_row(self.existing)


AnyChangeset: TypeAlias = Changeset[Any, Any]
Saved: TypeAlias = Sequence[Changeset[R, Any]]
"""The changesets of one type, as a hook receives them."""


def without_failed(items: Iterable[Changeset[R, I]]) -> list[Changeset[R, I]]:
    """The changesets without errors."""
    return [each for each in items if not each.failed]


def children_of(item: AnyChangeset, type_: type[S]) -> list[Changeset[S, Any]]:
    """The changesets of a record's children of one type."""
    return [each for each in item.children if each.entity.type_ is type_]


def parent_of(item: AnyChangeset, type_: type[S]) -> S | None:
    """The parent record, if it has this type and is visible to the caller."""
    parent = item.parent
    return cast("S", parent) if parent is not None and declared_by(parent) is type_ else None
