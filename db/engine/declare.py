"""The words a table is declared with: one line says what a column is and everything the API does with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, Unpack, cast

from sqlalchemy import ForeignKey, Index, Numeric, Text, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import MappedColumn, mapped_column

from db.engine.sql import Sql, SqlType
from domain.values import LONGEST

Declared: TypeAlias = MappedColumn[Any]
"""A column of a table. What type its values have is said by the annotation beside it."""
SEARCH = "search"
"""The word of a filter that looks into all columns an entity is searched by: no column can be called so."""
WORD = 255
"""Characters of a name, or of what another system calls something."""
MONEY = Numeric(18, 4)
"""Wide enough for every currency's minor units; how many digits are shown is the currency's matter."""


class ColumnOptions(TypedDict, total=False):
    """What SQLAlchemy is told of a column besides its type and comment."""

    nullable: bool
    primary_key: bool
    unique: bool
    server_default: str | Sql | TextClause
    sort_order: int
    type_: SqlType
    """Where no annotation beside the column says it."""


@dataclass(frozen=True)
class Exposed:
    """What the API does with a column."""

    filter: bool = False
    sort: bool = False
    aggregate: bool = False
    write: bool = True
    """Whether a caller may set it. What the server keeps itself is never written by a caller."""
    immutable: bool = False
    """Whether it is set as the record is created, and by no update after that; what is `chosen` has deeds of its own."""
    server_assigned: bool = False
    """Whether the server chooses, as the record is created, where a caller does not."""
    longest: int = LONGEST
    """Characters of a text. What an index holds is shorter, because Postgres refuses to index long ones."""
    name: str | None = None
    """The API's name where it differs from the column's."""
    deprecated: str | None = None
    currency: str | None = None
    """For money: the column with the currency's code."""
    target: str | None = None
    """For references: the table the column points into."""
    reverse: str | None = None
    reverse_doc: str = ""
    owned: bool = False
    """For references: whether the record is a part of its target, seen, deleted and restored with it."""
    nested_create: bool = False
    """For references: whether the target may be created along, where the record is created along with another one."""
    restrict: bool = True
    """For references: whether what points there keeps its target from being deleted (D-11)."""
    attributes: bool = False


def field(
    doc: str,
    kind: SqlType | type[SqlType] | None = None,
    *,
    filter: bool = False,
    sort: bool = False,
    aggregate: bool = False,
    write: bool = True,
    immutable: bool = False,
    server_assigned: bool = False,
    longest: int = LONGEST,
    name: str | None = None,
    deprecated: str | None = None,
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A column the API shows. `doc` is its SQL comment and its GraphQL description."""
    exposed = Exposed(
        filter, sort, aggregate, write, immutable, server_assigned, longest, name, deprecated
    )
    return mapped_column(kind, comment=doc, info={"api": exposed}, **column)


def internal(
    doc: str,
    kind: SqlType | type[SqlType] | ForeignKey | None = None,
    *,
    name: str | None = None,
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A column the API never shows; `name` is its name in Postgres where it differs."""
    return mapped_column(kind, name=name, comment=doc, info={"api": None}, **column)


def money(
    doc: str,
    *,
    currency: str = "currency",
    filter: bool = False,
    sort: bool = False,
    aggregate: bool = False,
    write: bool = True,
    **column: Unpack[ColumnOptions],
) -> Declared:
    """An amount in the currency that the row names in `currency`; shown as `{ amount currency }`."""
    exposed = Exposed(filter, sort, aggregate, write, currency=currency)
    return mapped_column(MONEY, comment=doc, info={"api": exposed}, **column)


def reference(
    doc: str,
    target: str,
    *,
    reverse: str | None,
    reverse_doc: str = "",
    write: bool = True,
    immutable: bool = False,
    server_assigned: bool = False,
    owned: bool = False,
    nested_create: bool = False,
    restrict: bool = True,
    keyed: bool = True,
    late: bool = False,
    on_delete: Literal["RESTRICT", "CASCADE"] = "RESTRICT",
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A foreign key into `target`: the object it names, filter and sort through it, and the way back.

    The column must end in `_id`; the API's name is what stands before it. Without `reverse` there is
    no way back. What is a `part` of its target is seen, deleted and restored with it (D-15). What does
    not `hold` its target lets it be deleted. What is not `keyed` may outlive its target, so Postgres does
    not keep the two together. One of two tables that point to each other is made `late` for that link.
    """
    exposed = Exposed(
        True,
        True,
        False,
        write,
        immutable=immutable or owned,
        server_assigned=server_assigned,
        target=target,
        reverse=reverse,
        reverse_doc=reverse_doc,
        owned=owned,
        nested_create=nested_create,
        restrict=restrict,
    )
    keys = [ForeignKey(f"{target}.id", ondelete=on_delete, use_alter=late)] if keyed else []
    return mapped_column(*keys, comment=doc, info={"api": exposed}, **column)


class FormulaInputs(Protocol):
    """The columns that an expression is made of, by their names."""

    def __getattr__(self, name: str) -> Sql: ...


@dataclass(frozen=True)
class Expression:
    """A value that Postgres computes from other columns of the row. It may be read where all of them may."""

    doc: str
    kept: SqlType
    needs: tuple[str, ...]
    formula: Callable[[FormulaInputs], Sql]
    exposed: Exposed


def expression(
    doc: str,
    kept: SqlType,
    formula: Callable[[FormulaInputs], Sql],
    *,
    needs: tuple[str, ...],
    currency: str | None = None,
    filter: bool = False,
    sort: bool = False,
    aggregate: bool = False,
) -> Expression:
    """A value of type `kept` that `formula` makes of the columns in `needs`, which must be fields.

    It has no right of its own: its level is the least of its inputs' (D-57). The formula must be total,
    so that it raises on no row, and it may only name what it needs.
    """
    exposed = Exposed(filter, sort, aggregate, write=False, currency=currency)
    return Expression(doc, kept, needs, formula, exposed)


@dataclass(frozen=True)
class Derived:
    """A value that Python computes from columns of the row: neither filtered nor sorted by."""

    doc: str
    kept: SqlType
    needs: tuple[str, ...]
    function: Callable[..., object]


def derived(
    doc: str,
    function: Callable[..., object],
    *,
    needs: tuple[str, ...],
    kept: SqlType | None = None,
) -> Derived:
    """A value of type `kept` (default: text) that a function of domain/ makes of the columns in `needs`.

    The function takes their values in that order, as the API spells them, each None where it is
    empty; it returns what the API is to show. Its level is the least of its inputs' (D-57). A root
    field with one of these in it is executed in Python, over the rows of the same statement.
    """
    return Derived(doc, kept or Text(), needs, function)


def custom_attributes(sort_order: int) -> Declared:
    """The values of the tenant's own attributes, by the attribute's id (D-72)."""
    doc = "Values of the tenant's own attributes."
    return mapped_column(
        "custom",
        JSONB,
        nullable=False,
        server_default="{}",
        comment=doc,
        info={"api": Exposed(True, True, False, attributes=True)},
        sort_order=sort_order,
    )


def live(name: str, *columns: str) -> Index:
    """A unique index over the records that are not in the bin: a deleted one is in nobody's way (D-15)."""
    return Index(name, *columns, unique=True, postgresql_where=text("deleted_at IS NULL"))


def folded(column: str) -> TextClause:
    """For an index: a text column without case and accents, as it is sorted and searched."""
    return text(f'platform.fold({column}) COLLATE "C"')


class Digits(str):
    """The name of a text field of which only the digits are searched, as of a telephone number."""

    __slots__ = ()


class Called(str):
    """The name of a text field that says what a record is called, besides the first that it is searched by."""

    __slots__ = ()


def searched(columns: Iterable[str]) -> list[TextClause]:
    """For an index: columns as they are searched by a piece, each by its groups of three characters."""
    return [
        text(
            f"platform.digits({column}) platform.gin_trgm_ops"
            if isinstance(column, Digits)
            else f'platform.fold({column}) COLLATE "C" platform.gin_trgm_ops'
        )
        for column in columns
    ]


def descending(column: str) -> TextClause:
    """For an index: a nullable column from high to low, empty values last, as lists are sorted."""
    return text(f"{column} DESC NULLS LAST")


def exposed(info: Mapping[str, object]) -> Exposed | None:
    """What the API does with the column whose `info` this is, or None where it is internal."""
    return cast("Exposed | None", info["api"])
