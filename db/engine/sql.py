"""SQL elements that SQLAlchemy does not have. Only the sealed compiler renders them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Label,
    Numeric,
    Select,
    Text,
    any_,
    bindparam,
    func,
)
from sqlalchemy import Column as StoredColumn
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

Sql: TypeAlias = ColumnElement[Any]
"""An SQL expression; its type is not known statically."""
Bool: TypeAlias = ColumnElement[bool]
"""A condition."""
SqlType: TypeAlias = TypeEngine[Any]
"""An SQL type."""
Query: TypeAlias = Select[Any]
"""A SELECT; its row types are not known statically."""
Labelled: TypeAlias = Label[Any]
"""A named expression in the list of a SELECT."""
TableColumn: TypeAlias = StoredColumn[Any]
"""A column of a table, as its record class declares it."""
Parameter: TypeAlias = BindParameter[Any]
"""A value that is bound when the statement runs."""
Part: TypeAlias = str | Sql
"""A piece of a text: a constant, or an expression computed per row."""


class Column(Sql):
    """`alias.name`. It adds nothing to FROM: the planner writes every FROM itself, so nothing is correlated implicitly."""

    __visit_name__ = "seen_column"
    inherit_cache = False

    def __init__(self, alias: str, name: str, kind: SqlType) -> None:
        self.alias = alias
        self.name = name
        self.type = kind


class Concat(ColumnElement[str]):
    """Concatenation of texts: `a || b`."""

    __visit_name__ = "concat"
    inherit_cache = False
    type = Text()

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts: list[Part] = []
        for part in parts:
            if not isinstance(part, str):
                self.parts.append(part)
            elif self.parts and isinstance(last := self.parts[-1], str):
                self.parts[-1] = last + part
            elif part:
                self.parts.append(part)
        self.parts = self.parts or [""]


class IntLiteral(ColumnElement[int]):
    """An integer constant, rendered into the statement instead of bound."""

    __visit_name__ = "int_literal"
    inherit_cache = False
    type = Integer()

    def __init__(self, value: int) -> None:
        self.value = value


class DecimalLiteral(ColumnElement[Decimal]):
    """A decimal constant, rendered into the statement instead of bound."""

    __visit_name__ = "exact"
    inherit_cache = False
    type = Numeric()

    def __init__(self, value: Decimal) -> None:
        self.value = value


PERCENT = DecimalLiteral(Decimal("0.01"))


class Folded(ColumnElement[str]):
    """A text without case and accents, compared by code points, as used by sorting and search."""

    __visit_name__ = "folded"
    inherit_cache = False
    type = Text()

    def __init__(self, value: Sql) -> None:
        self.value = value


class Matched(ColumnElement[bool]):
    """Whether a text has a word similar to another text: the operator `%>` of pg_trgm, with its threshold."""

    __visit_name__ = "matched"
    inherit_cache = False
    type = Boolean()

    def __init__(self, value: Sql, to: Sql) -> None:
        self.value = value
        self.to = to


class StringAgg(ColumnElement[str]):
    """`string_agg(value, ',' ORDER BY …)`; NULL without rows."""

    __visit_name__ = "texts"
    inherit_cache = False
    type = Text()

    def __init__(
        self,
        value: Sql,
        *order: Sql,
        where: ColumnElement[bool] | None = None,
    ) -> None:
        self.value = value
        self.order = order
        self.where = where


class LastText(ColumnElement[str]):
    """The value of the last row by an order, of the rows that fulfil `where`; NULL without rows."""

    __visit_name__ = "last_text"
    inherit_cache = False
    type = Text()

    def __init__(self, value: Sql, order: Sql, where: ColumnElement[bool]) -> None:
        self.value = value
        self.order = order
        self.where = where


class AsText(ColumnElement[str]):
    """`value::text`."""

    __visit_name__ = "as_text"
    inherit_cache = False
    type = Text()

    def __init__(self, value: ClauseElement) -> None:
        self.value = value


class AsDate(ColumnElement[date]):
    """`value::date`, of timestamps and of constant dates."""

    __visit_name__ = "as_date"
    inherit_cache = False
    type = Date()

    def __init__(self, value: Sql) -> None:
        self.value = value


class Ratio(ColumnElement[Decimal]):
    """Quotient of two numbers; NULL where the divisor is zero, so that it never raises."""

    __visit_name__ = "ratio"
    inherit_cache = False
    type = Numeric()

    def __init__(self, of: Sql, to: Sql) -> None:
        self.of = of
        self.to = to


def flat(*parts: Part | Concat) -> Concat:
    """Concatenate and flatten nested concatenations, so that adjacent literals are merged."""
    pieces: list[Part] = []
    for part in parts:
        pieces.extend(part.parts if isinstance(part, Concat) else [part])
    return Concat(pieces)


def or_null(value: Sql) -> ColumnElement[str]:
    """`null` where the text is NULL, because one NULL would make the entire concatenation NULL (D-56)."""
    return func.coalesce(value, Concat(["null"]))


def parameter(name: str, kind: SqlType) -> Parameter:
    """A value bound under `name` when the statement runs."""
    return bindparam(name, type_=kind, required=True)


def one_of(value: Sql, name: str, kind: SqlType) -> ColumnElement[bool]:
    """`value = ANY(array bound under name)`; an empty array is false."""
    test: ColumnElement[bool] = value == any_(parameter(name, ARRAY(kind)))
    return test


_SELF = Concat(["{}"])


def json_text(value: Sql) -> ColumnElement[str]:
    """A jsonb value as text without quotes: `#>>` with the empty path."""
    return value.op("#>>", return_type=Text())(_SELF)
