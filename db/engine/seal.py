"""Compiles SQL, and refuses statements that name a record's table without the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    ColumnClause,
    Delete,
    FromClause,
    Function,
    Insert,
    Table,
    Update,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op

from db.engine.base import Base, Internal
from db.engine.sql import (
    AsDate,
    AsText,
    Column,
    Concat,
    DecimalLiteral,
    Folded,
    IntLiteral,
    LastText,
    Matched,
    Ratio,
    StringAgg,
)

if TYPE_CHECKING:
    from db.engine.gate import SecuredView

Compiler: Any = PGCompiler_asyncpg
Preparer: Any = PGDialect_asyncpg.preparer

FUNCTIONS = frozenset(
    [
        "avg",
        "bool_or",
        "coalesce",
        "count",
        "convert_to",
        "date_trunc",
        "digits",
        "greatest",
        "grouping",
        "grouping_sets",
        "jsonb_typeof",
        "least",
        "max",
        "min",
        "minor",
        "number",
        "pattern",
        "round",
        "row_number",
        "rows",
        "replace",
        "substr",
        "sum",
        "to_char",
        "to_json",
        "to_jsonb",
        "timezone",
        "unnest",
        "word_similarity",
    ]
)
"""Functions that raise on no row, which could reveal hidden rows (D-53), and read no other table."""

TRUSTED_FUNCTIONS = frozenset(
    [
        "current_schema",
        "hashtextextended",
        "jsonb_populate_recordset",
        "pg_advisory_xact_lock",
    ]
)
"""Additional functions for trusted statements, whose arguments are constants or bound by the engine."""

WORDED = ("date_trunc", "timezone")
"""Functions that raise on an unknown first argument, which therefore must be a constant or a bound, checked value."""

HOMES = ((), ("platform",))
"""Allowed schemas of functions: pg_catalog (no prefix) and `platform`."""

OPERATORS = frozenset({"->", "#>>", "@>"})

NEVER = (
    "cast",
    "extract",
    "custom_op_unary_operator",
    "custom_op_unary_modifier",
    "truediv_binary",
    "floordiv_binary",
    "mod_binary",
    "regexp_match_op_binary",
    "not_regexp_match_op_binary",
    "regexp_replace_op_binary",
    "match_op_binary",
    "not_match_op_binary",
    "not_like_op_binary",
    "ilike_op_binary",
    "not_ilike_op_binary",
)
"""Constructs that may raise on a hidden row (D-53), or that render unescaped text."""


class Unsealed(Exception):
    """A statement bypasses the gate or contains unchecked SQL. A bug, never a user error."""


class SealedCompiler(Compiler):  # type: ignore[misc]  # SQLAlchemy leaves its compiler untyped
    """Renders a statement; `issued` decides whether a view of a record's table came from the gate.

    The check is in the compiler because a walk over the statement's tree misses some sources of SQL:
    DELETE … USING, UPDATE … FROM, multi-row VALUES, prefixes and hints.
    """

    def __init__(
        self, *args: object, issued: Callable[[ClauseElement], bool], **kw: object
    ) -> None:
        self._issued = issued
        self._inside = 0
        # Anonymous names are derived from object ids. Keep the objects alive, so that no id is
        # reused and a statement always renders to the same text.
        self._alive: list[ClauseElement] = []
        super().__init__(*args, **kw)

    def visit_seen(self, view: SecuredView, asfrom: bool = False, **kw: object) -> str:
        if not self._issued(view):
            raise Unsealed(f"{view.name} was not issued by this gate: use gate.see().")
        self._inside += 1
        self._alive.append(view.select())
        try:
            inner: str = self.process(self._alive[-1], asfrom=True)
        finally:
            self._inside -= 1
        return f"({inner}) AS {self.preparer.quote(view.name)}"

    def visit_table(self, table: Table, *args: object, **kw: object) -> str:
        self._refuse_record(table)
        return str(super().visit_table(table, *args, **kw))

    def _refuse_record(self, table: Table) -> None:
        if self._inside == 0 and not issubclass(_owner(table), Internal):
            raise Unsealed(f"{table.name} is read without the gate: use gate.see({table.name}).")

    def visit_insert(self, insert: Insert, *args: object, **kw: object) -> str:
        _refuse_target(insert.table)
        return str(super().visit_insert(insert, *args, **kw))

    def visit_update(self, update: Update, *args: object, **kw: object) -> str:
        _refuse_target(update.table)
        return str(super().visit_update(update, *args, **kw))

    def visit_delete(self, delete: Delete, *args: object, **kw: object) -> str:
        _refuse_target(delete.table)
        return str(super().visit_delete(delete, *args, **kw))

    def visit_function(self, func: Function[object], *args: object, **kw: object) -> str:
        if func.name.lower() not in FUNCTIONS or tuple(func.packagenames) not in HOMES:
            raise Unsealed(f"{func.name}() is not on the list of total functions: see FUNCTIONS.")
        if func.name.lower() in WORDED and not _ours(next(iter(func.clauses))):
            raise Unsealed(
                f"{func.name}() raises on an unknown first argument: it may not come from a row."
            )
        return str(super().visit_function(func, *args, **kw))

    def visit_column(self, column: ColumnClause[object], *args: object, **kw: object) -> str:
        if column.is_literal and column.name != "*":
            _refuse_raw(column)
        # RETURNING names columns of tables that are in no FROM.
        table = getattr(column.table, "element", column.table)
        if isinstance(table, Table):
            self._refuse_record(table)
        return str(super().visit_column(column, *args, **kw))

    def visit_custom_op_binary(
        self, element: BinaryExpression[object], operator: custom_op[object], **kw: object
    ) -> str:
        if operator.opstring not in OPERATORS:
            raise Unsealed(f"The operator {operator.opstring!r} is not on the list: see OPERATORS.")
        return str(super().visit_custom_op_binary(element, operator, **kw))

    def visit_like_op_binary(
        self, binary: BinaryExpression[object], operator: object, **kw: object
    ) -> str:
        """LIKE for patterns escaped by platform.pattern() only: any other may end in a backslash and raise."""
        parts = binary.right.parts if isinstance(binary.right, Concat) else [binary.right]
        if any(not isinstance(part, str) and _name(part) != "pattern" for part in parts):
            raise Unsealed("LIKE requires a pattern escaped by platform.pattern().")
        return str(super().visit_like_op_binary(binary, operator, **kw))

    def visit_textclause(self, clause: object, *args: object, **kw: object) -> NoReturn:
        _refuse_raw(clause)

    def visit_tstring(self, clause: object, *args: object, **kw: object) -> NoReturn:
        _refuse_raw(clause)

    def visit_textual_select(self, clause: object, *args: object, **kw: object) -> NoReturn:
        _refuse_raw(clause)

    def get_select_hint_text(self, hints: Mapping[FromClause, str]) -> str | None:
        if hints:
            _refuse_raw(next(iter(hints.values())))
        return None

    def get_statement_hint_text(self, hints: Sequence[object]) -> str:
        return "" if not hints else _refuse_raw(hints[0])

    def format_from_hint_text(
        self, sqltext: object, table: object, hint: object, iscrud: object
    ) -> NoReturn:
        _refuse_raw(hint)

    def visit_seen_column(self, column: Column, **kw: object) -> str:
        return f"{self.preparer.quote(column.alias)}.{self.preparer.quote(column.name)}"

    def visit_concat(self, concat: Concat, **kw: object) -> str:
        kw = _inner(kw)
        parts = [
            _literal(part) if isinstance(part, str) else self.process(part, **kw)
            for part in concat.parts
        ]
        return parts[0] if len(parts) == 1 else "(" + " || ".join(parts) + ")"

    def visit_int_literal(self, number: IntLiteral, **kw: object) -> str:
        return str(int(number.value))

    def visit_exact(self, number: DecimalLiteral, **kw: object) -> str:
        return f"{number.value:f}"

    def visit_folded(self, folded: Folded, **kw: object) -> str:
        return f'platform.fold({self.process(folded.value, **_inner(kw))}) COLLATE "C"'

    def visit_matched(self, matched: Matched, **kw: object) -> str:
        value, to = (
            self.process(matched.value, **_inner(kw)),
            self.process(matched.to, **_inner(kw)),
        )
        return f"({value}) OPERATOR(platform.%>) ({to})"

    def visit_as_text(self, cast: AsText, **kw: object) -> str:
        return f"({self.process(cast.value, **_inner(kw))})::text"

    def visit_as_date(self, cast: AsDate, **kw: object) -> str:
        """Never raises on timestamps and on constant dates; other values are refused."""
        if (
            not (isinstance(cast.value, Concat) and _ours(cast.value))
            and _name(cast.value) != "date_trunc"
        ):
            raise Unsealed("A value becomes a date by date_trunc(): a text might not be one.")
        return f"({self.process(cast.value, **_inner(kw))})::date"

    def visit_ratio(self, ratio: Ratio, **kw: object) -> str:
        of, to = self.process(ratio.of, **_inner(kw)), self.process(ratio.to, **_inner(kw))
        return f"({of}) / NULLIF({to}, 0)"

    def visit_texts(self, agg: StringAgg, **kw: object) -> str:
        kw = _inner(kw)
        where = f" FILTER (WHERE {self.process(agg.where, **kw)})" if agg.where is not None else ""
        value = self.process(agg.value, **kw)
        order = ", ".join(self.process(each, **kw) for each in agg.order)
        return f"string_agg({value}, ',' ORDER BY {order}){where}"

    def visit_last_text(self, last: LastText, **kw: object) -> str:
        kw = _inner(kw)
        value, order = self.process(last.value, **kw), self.process(last.order, **kw)
        where = self.process(last.where, **kw)
        return f"(array_agg({value} ORDER BY {order} DESC) FILTER (WHERE {where}))[1]"


class TrustedCompiler(SealedCompiler):
    """Renders statements that may name any table: writes, and reads whose results are hidden values.

    Constructs that may raise on a row, and raw SQL, are refused as in `SealedCompiler`.
    """

    def _refuse_record(self, table: Table) -> None:
        return

    def visit_function(self, func: Function[object], *args: object, **kw: object) -> str:
        if func.name.lower() in TRUSTED_FUNCTIONS:
            return str(Compiler.visit_function(self, func, *args, **kw))
        return super().visit_function(func, *args, **kw)

    def visit_cast(self, element: object, **kw: object) -> str:
        return str(Compiler.visit_cast(self, element, **kw))

    def visit_insert(self, insert: Insert, *args: object, **kw: object) -> str:
        return str(Compiler.visit_insert(self, insert, *args, **kw))

    def visit_update(self, update: Update, *args: object, **kw: object) -> str:
        return str(Compiler.visit_update(self, update, *args, **kw))


def _never(compiler: SealedCompiler, element: object, *args: object, **kw: object) -> NoReturn:
    what = getattr(element, "operator", None) or type(element)
    raise Unsealed(f"{what.__name__} may raise or contains unchecked text: see NEVER.")


for _each in NEVER:
    setattr(SealedCompiler, f"visit_{_each}", _never)


def _ours(word: object) -> bool:
    """Whether a value is a constant or a bound parameter, so that it does not come from a row."""
    if isinstance(word, BindParameter):
        return True
    return isinstance(word, Concat) and all(isinstance(part, str) for part in word.parts)


def _name(part: object) -> str:
    return str(part.name) if isinstance(part, FunctionElement) else ""


def _owner(table: FromClause) -> type:
    for mapper in Base.registry.mappers:
        if mapper.local_table is table:
            return mapper.class_
    return object


def _refuse_target(table: FromClause) -> None:
    if not issubclass(_owner(table), Internal):
        name = getattr(table, "name", table)
        raise Unsealed(f"{name} is written outside the unit of work: use add() or change().")


def _refuse_raw(what: object) -> NoReturn:
    raise Unsealed(f"Raw SQL is unchecked, so it is not rendered: {what!s:.60}")


def _inner(kw: dict[str, object]) -> dict[str, object]:
    """Arguments for rendering a nested expression, without those that apply to the outer column."""
    return {k: v for k, v in kw.items() if k not in ("add_to_result_map", "within_columns_clause")}


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    if any(character < " " for character in text) or "\\" in text:
        escaped = "".join(
            f"\\x{ord(c):02x}" if c < " " else c for c in quoted.replace("\\", "\\\\")
        )
        return f"E'{escaped}'"
    return f"'{quoted}'"


class SealedPreparer(Preparer):  # type: ignore[misc]  # likewise untyped
    """Quotes every name. Names marked as unquoted are refused, because they would be raw SQL."""

    def __init__(self, *args: object, **kw: object) -> None:
        super().__init__(*args, **kw)
        self._quoted: dict[str, str] = {}

    def quote(self, ident: str) -> str:
        if type(ident) is not str:
            return self._asked_to(ident)
        if ident not in self._quoted:
            self._quoted[ident] = str(super().quote(ident))
        return self._quoted[ident]

    def _asked_to(self, ident: str) -> str:
        """Quote a name that has a quoting flag of SQLAlchemy; unquoted is refused."""
        if getattr(ident, "quote", None) is False:
            _refuse_raw(ident)
        return str(super().quote(ident))


class SealedDialect(PGDialect_asyncpg):
    """The dialect for Postgres through asyncpg, with the sealed compiler."""

    statement_compiler: Any = SealedCompiler
    preparer: Any = SealedPreparer
    supports_statement_cache = False


DIALECT = cast("Callable[[], PGDialect_asyncpg]", SealedDialect)()
