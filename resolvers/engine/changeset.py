"""The state of one record in a command: the caller's parameters, the record before and after, and the errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from domain.violations import Violation

Params: TypeAlias = Mapping[str, object]
"""What a caller sent for one record, by API name: the contract has checked the types of the values."""
Path = tuple[str, ...]
"""Where in the arguments something stands: `("inputs", "3", "amount")`."""
NOT_FOUND = "The record does not exist, or you cannot see it. Check the ID."
"""One sentence for what is deleted, invisible, of another type or tenant, and what never existed (D-32)."""
R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
I = TypeVar("I")  # noqa: E741 - the input, as in Changeset[R, I]
T = TypeVar("T")


class Action(Enum):
    """What a command does with a record, whatever the command is called."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    REPLACE = "replace"
    """Its reference moves to another record, because the one that it refers to is replaced and deleted."""


SAVES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})
"""The actions after which the record is live with new content."""


@dataclass(frozen=True)
class FieldError:
    """One of the `userErrors` of a payload: what a user can correct, and where in the input it stands."""

    code: UserErrorCode
    message: str
    path: Path
    about: ColumnOf[Any] | None = None
    """The column at fault, unless the caller set it. It is hidden from callers who may not read it."""
    because: tuple[ColumnOf[Any], ...] = ()
    """Columns whose values the message reveals. The reason is hidden from callers who may not read them."""


@dataclass(frozen=True)
class RelatedChange:
    """Another record that changes along with the one that a command is about."""

    type_: type[Record]
    before: Record
    after: Record


@dataclass(frozen=True)
class Assignment(Generic[T]):
    """A column and the value that it is set to."""

    column: ColumnOf[T]
    value: T | Hidden[T]


AnyAssignment: TypeAlias = Assignment[Any]
"""One of several, each of a column of its own type."""


def to(column: ColumnOf[T], value: T | Hidden[T]) -> Assignment[T]:
    """Set a column of a related record. The value may be hidden: the other record's own rights protect it."""
    return Assignment(column, value)


@dataclass
class Changeset(Generic[R, I]):
    """What is to become of one record. Nothing is written of it, nor of what goes along with it, if anything is wrong."""

    entity: Entity
    path: Path
    action: Action
    params: dict[str, object]
    """The fields that the caller set, by API name."""
    input: I = cast("I", None)  # noqa: RUF009 - generic actions have none
    """The command's own typed input; None for create, update and other actions of all records."""
    id: UUID | None = None
    version: int | None = None
    """The version that the caller last read, where the caller sends one."""
    before: R | None = None
    after: R | None = None
    skips: frozenset[object] = frozenset()
    """The hooks that do not run on it, as its command declares."""
    type_row: HiddenRow[Any] | None = None
    """The record's type, hidden, where presets read it."""
    template: Record | None = None
    """The record that this one is a copy of."""
    parent: Record | None = None
    """The record that this one is a child of, as far as the caller sees it."""
    relation: Reference | None = None
    """Of a record created along with its parent: the relation to that."""
    parent_changeset: AnyChangeset | None = None
    """Of a record created along with its parent: the changeset of that."""
    children: list[AnyChangeset] = field(default_factory=list)
    """Records that are created or changed along as children of this one."""
    references: dict[str, AnyChangeset] = field(default_factory=dict)
    """Records that are created along and referred to, by the name of the reference."""
    implied_writes: list[str] = field(default_factory=list)
    """Fields that the command sets by itself, for which the caller needs the right to write them."""
    implied_reads: list[str] = field(default_factory=list)
    """Fields that the command sets by itself, for which the caller needs the right to read them."""
    errors: list[FieldError] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    forbidden: dict[Path, str] = field(default_factory=dict)
    """Fields that the caller may not read, by their place in the input."""
    read_only: dict[Path, str] = field(default_factory=dict)
    before_ops: list[RelatedChange] = field(default_factory=list)
    """Written before this record."""
    after_ops: list[RelatedChange] = field(default_factory=list)
    """Written after this record."""
    created: list[Record] = field(default_factory=list)
    """New records that come of it, written last."""
    initial: list[AnyAssignment] = field(default_factory=list)
    """Columns that a command sets in the new records that it creates."""
    priority: bool = False
    """Whether it gives up what another record of the list takes over, so that it is written first."""
    side_effects: list[Callable[[TenantConnection], Awaitable[object]]] = field(
        default_factory=list
    )
    """What is done in internal tables once it is written."""

    @property
    def record(self) -> R:
        """The record as it is to be written; to be changed in place."""
        assert self.after is not None  # noqa: S101 - set once the record is locked or begun
        return self.after

    @property
    def existing(self) -> R:
        """The record as it was before, of one that is updated, deleted or restored."""
        assert self.before is not None  # noqa: S101 - set once the record is locked
        return self.before

    @property
    def failed(self) -> bool:
        """Whether something is wrong with it, or with what is created along."""
        wrong = bool(self.errors or self.refused or self.forbidden or self.read_only)
        along = (*self.references.values(), *self.children)
        return wrong or any(each.failed for each in along)

    def gives(self, column: AnyColumn) -> bool:
        """Whether the caller set the field of a column, be it to null."""
        return self.entity.named[column.key].name in self.params

    def gives_value(self, column: AnyColumn) -> bool:
        """Whether the caller set the field of a column to a value."""
        return self.params.get(self.entity.named[column.key].name) is not None

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
    ) -> None:
        """Add an error for a column, for an argument of another name, or for the record itself.

        The message reveals values of the columns in `because`, which may belong to other records.
        """
        what = self.entity.named.get(violation.column)
        name = argument or (what.name if what else None)
        at = (*self.path, name) if name else self.path
        unset = what is not None and argument is None and what.name not in self.params
        about = getattr(self.entity.type_, violation.column) if unset else None
        own = (getattr(self.entity.type_, each) for each in violation.because)
        why = (*own, *because)
        self.errors.append(FieldError(violation.code, violation.message, at, about, why))

    def violations(
        self, several: Iterable[Violation], because: Iterable[ColumnOf[Any]] = ()
    ) -> None:
        """Note several things that are wrong, because of the same fields of other records."""
        why = tuple(because)
        for each in several:
            self.violation(each, because=why)

    def error(self, code: UserErrorCode, message: str, *at: str) -> None:
        """Note what is wrong with a part of the input that is no column."""
        self.errors.append(FieldError(code, message, (*self.path, *at)))

    def refuse(self, code: Code, message: str, *at: str, **extensions: object) -> None:
        """Refuse the command for this record: an entry of `errors`."""
        place = [*self.path, *at]
        self.refused.append(Refused(code, message, input=place, **extensions))

    def missing(self, *at: str) -> None:
        """Refuse it because what is named there does not exist for the caller."""
        self.refuse(Code.NOT_FOUND, NOT_FOUND, *at)

    def normalize(
        self,
        column: ColumnOf[str] | ColumnOf[str | None],
        how: Callable[[str], str | Violation | None],
    ) -> None:
        """Normalize text that this command sets. Existing values stay unchanged."""
        text = getattr(self.record, column.key)
        if text is None or not self.differs(column):
            return
        normal = how(text)
        if isinstance(normal, Violation):
            self.violation(replace(normal, column=column.key))
        else:
            setattr(self.record, column.key, normal)

    def also_change(
        self, row: HiddenRow[S] | S, *assignments: AnyAssignment, first: bool = False
    ) -> None:
        """Change another record along with this one, after it or `first`. Nothing happens where the values stay."""
        before = opened(row)
        after = with_values(before, {a.column.key: opened(a.value) for a in assignments})
        if before != after:
            ops = self.before_ops if first else self.after_ops
            ops.append(RelatedChange(declared_by(before), before, after))

    def also_create(self, row: Record) -> None:
        """Create another record along with this one, after it."""
        self.created.append(row)

    def changes(self) -> Iterator[tuple[type[Record], Record | None, Record]]:
        """Every record that is written with this one: its type, the row before, and after."""
        yield self.entity.type_, self.before, self.record
        for op in (*self.before_ops, *self.after_ops):
            yield op.type_, op.before, op.after
        for row in self.created:
            yield declared_by(row), None, row

    def changes_of(self, type_: type[S]) -> list[tuple[S | None, S]]:
        """The rows of one type that are written with this record, before and after."""
        found = [(b, a) for kind, b, a in self.changes() if kind is type_]
        return cast("list[tuple[S | None, S]]", found)

    def everything(self) -> Iterator[AnyChangeset]:
        """This one and all that are created along, what is referred to first."""
        for each in self.references.values():
            yield from each.everything()
        yield self
        for each in self.children:
            yield from each.everything()

    def begin(self, row: Record) -> None:
        """Give it the row that is to be written: a new one, or a copy of the one before."""
        self.after = cast("R", row)

    def found(self, row: Record) -> None:
        """Note the row that it is about, as it is now."""
        self.before = cast("R", row)

    def begin_from_before(self) -> None:
        """Start from the row as it is now."""
        self.after = copy_row(self.existing)


AnyChangeset: TypeAlias = Changeset[Any, Any]
Saved: TypeAlias = Sequence[Changeset[R, Any]]
"""The changesets of one type that a hook is given."""


def live(items: Iterable[Changeset[R, I]]) -> list[Changeset[R, I]]:
    """Those with which nothing is wrong yet."""
    return [each for each in items if not each.failed]


def children_of(item: AnyChangeset, type_: type[S]) -> list[Changeset[S, Any]]:
    """The children of one type that are created or changed along with a record."""
    return [each for each in item.children if each.entity.type_ is type_]


def parent_of(item: AnyChangeset, type_: type[S]) -> S | None:
    """The parent of a record where it is of this type and the caller sees it."""
    found = item.parent
    return cast("S", found) if found is not None and declared_by(found) is type_ else None
