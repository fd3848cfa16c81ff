"""Column declarations: one line defines a column and how the API exposes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, Unpack, cast

from sqlalchemy import ForeignKey, Index, Numeric, Text, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import MappedColumn, mapped_column

from db.engine.sql import Sql, SqlType
from domain.values import MAX_TEXT_LENGTH

Declared: TypeAlias = MappedColumn[Any]
"""A column of a table. The annotation beside it gives the type of its values."""
SEARCH = "search"
"""Name of the filter over all searched columns; reserved, so no column may have it."""
NAME_LENGTH = 255
"""Maximum characters of a name or an external id."""
MONEY = Numeric(18, 4)
"""Type of amounts: enough digits for the minor units of every currency. Output is rounded to the currency's digits."""


class ColumnOptions(TypedDict, total=False):
    """Options of `mapped_column` besides the type and the comment."""

    nullable: bool
    primary_key: bool
    unique: bool
    server_default: str | Sql | TextClause
    sort_order: int
    type_: SqlType
    """The type, for columns without an annotation."""


@dataclass(frozen=True)
class Exposed:
    """How the API exposes a column."""

    filter: bool = False
    sort: bool = False
    aggregate: bool = False
    write: bool = True
    """Whether a caller may set it. False for columns that only the server maintains."""
    immutable: bool = False
    """Whether it can be set on create only. Dedicated commands may still change it."""
    server_assigned: bool = False
    """Whether the server assigns a value on create if the caller sends none."""
    max_length: int = MAX_TEXT_LENGTH
    """Maximum characters of a text. Indexed columns have a lower limit, because Postgres cannot index long values."""
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
    """For references: whether the record is a child of its target, visible, deleted and restored with it."""
    nested_create: bool = False
    """For references: whether the target can be created nested in the record's own input."""
    restrict: bool = True
    """For references: whether the record prevents the deletion of its target (D-11)."""
    attributes: bool = False


def field(
    doc: str,
    sql_type: SqlType | type[SqlType] | None = None,
    *,
    filter: bool = False,
    sort: bool = False,
    aggregate: bool = False,
    write: bool = True,
    immutable: bool = False,
    server_assigned: bool = False,
    max_length: int = MAX_TEXT_LENGTH,
    name: str | None = None,
    deprecated: str | None = None,
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A column exposed by the API. `doc` is its SQL comment and its GraphQL description."""
    exposed = Exposed(
        filter, sort, aggregate, write, immutable, server_assigned, max_length, name, deprecated
    )
    return mapped_column(sql_type, comment=doc, info={"api": exposed}, **column)


def internal(
    doc: str,
    sql_type: SqlType | type[SqlType] | ForeignKey | None = None,
    *,
    name: str | None = None,
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A column that the API does not expose; `name` is its name in Postgres where it differs."""
    return mapped_column(sql_type, name=name, comment=doc, info={"api": None}, **column)


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
    """An amount of money, exposed as `{ amount currency }`; `currency` names the column with the currency code."""
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
    foreign_key: bool = True,
    use_alter: bool = False,
    on_delete: Literal["RESTRICT", "CASCADE"] = "RESTRICT",
    **column: Unpack[ColumnOptions],
) -> Declared:
    """A foreign key into the table `target`: exposes the object, filters and sorts through it, and its reverse list.

    The column name must end in `_id`; the API name is the part before it. Without `reverse` there is no
    reverse list. An `owned` record is a child of its target: visible, deleted and restored with it (D-15).
    Without `restrict` the target can be deleted. Without `foreign_key` there is no foreign key constraint, so the
    record may outlive its target. `use_alter` adds the constraint by ALTER, for tables that refer to each other.
    """
    exposed = Exposed(
        True, True, False, write, immutable or owned, server_assigned, target=target, reverse=reverse,
        reverse_doc=reverse_doc, owned=owned, nested_create=nested_create, restrict=restrict,
    )  # fmt: skip
    keys = (
        [ForeignKey(f"{target}.id", ondelete=on_delete, use_alter=use_alter)] if foreign_key else []
    )
    return mapped_column(*keys, comment=doc, info={"api": exposed}, **column)


class FormulaInputs(Protocol):
    """The columns that a formula uses, as attributes."""

    def __getattr__(self, name: str) -> Sql: ...


@dataclass(frozen=True)
class Expression:
    """A value that Postgres computes from other columns of the row. Readable where all of them are."""

    doc: str
    sql_type: SqlType
    inputs: tuple[str, ...]
    formula: Callable[[FormulaInputs], Sql]
    exposed: Exposed


def expression(
    doc: str,
    sql_type: SqlType,
    formula: Callable[[FormulaInputs], Sql],
    *,
    inputs: tuple[str, ...],
    currency: str | None = None,
    filter: bool = False,
    sort: bool = False,
    aggregate: bool = False,
) -> Expression:
    """A value of type `sql_type` that `formula` computes from the columns in `inputs`, which must be fields.

    It has no right of its own: its level is the lowest of its inputs' (D-57). The formula must not raise
    on any row, and may use only the columns in `inputs`.
    """
    exposed = Exposed(filter, sort, aggregate, write=False, currency=currency)
    return Expression(doc, sql_type, inputs, formula, exposed)


@dataclass(frozen=True)
class Derived:
    """A value that Python computes from columns of the row. It cannot be filtered or sorted by."""

    doc: str
    sql_type: SqlType
    inputs: tuple[str, ...]
    function: Callable[..., object]


def derived(
    doc: str,
    function: Callable[..., object],
    *,
    inputs: tuple[str, ...],
    sql_type: SqlType | None = None,
) -> Derived:
    """A value of type `sql_type` (default: text) that a function of domain/ computes from the columns in `inputs`.

    The function gets their values in that order, in API format, None where empty, and returns the API
    value. Its level is the lowest of its inputs' (D-57). A root field that contains one is executed in
    Python, over the rows of the same statement.
    """
    return Derived(doc, sql_type or Text(), inputs, function)


def custom_attributes(sort_order: int) -> Declared:
    """The column with the values of custom attributes, by attribute id (D-72)."""
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


def unique_outside_trash(name: str, *columns: str) -> Index:
    """A unique index over the records that are not in the trash, so deleted records do not block new ones (D-15)."""
    return Index(name, *columns, unique=True, postgresql_where=text("deleted_at IS NULL"))


def folded(column: str) -> TextClause:
    """Index expression: a text column without case and accents, as used by sorting and search."""
    return text(f'platform.fold({column}) COLLATE "C"')


class Digits(str):
    """Column name in `__search__` of which only the digits are searched, such as a telephone number."""

    __slots__ = ()


class NameField(str):
    """Column name in `__search__` that is a further part of the record's display name, after the first."""

    __slots__ = ()


def searched(columns: Iterable[str]) -> list[TextClause]:
    """Index expressions: searched columns by their trigrams."""
    return [
        text(
            f"platform.digits({column}) platform.gin_trgm_ops"
            if isinstance(column, Digits)
            else f'platform.fold({column}) COLLATE "C" platform.gin_trgm_ops'
        )
        for column in columns
    ]


def descending(column: str) -> TextClause:
    """Index expression: a nullable column in descending order, NULLs last, as lists are sorted."""
    return text(f"{column} DESC NULLS LAST")


def exposed(info: Mapping[str, object]) -> Exposed | None:
    """How the API exposes the column with this `info`; None for internal columns."""
    return cast("Exposed | None", info["api"])
