"""Statements that bypass the gate: they read or write a record's table directly, or contain unchecked SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Bundle, aliased, with_loader_criteria
from sqlalchemy.sql import operators, quoted_name
from sqlalchemy.sql.elements import UnaryExpression

from db.engine.gate import SecuredView
from db.engine.sql import AsDate, Concat, parameter
from db.sales import Opportunity, OpportunityShare
from db.staff import Session, User

O: Any = Opportunity.__table__  # noqa: E741 - short, as every line uses it
U: Any = User.__table__
S: Any = Session.__table__
"""An internal table, which statements may use directly."""
SHARE: Any = OpportunityShare.__table__
FIRST = AsDate(Concat(["0001-01-01"]))
one = sa.select(O.c.margin).limit(1).scalar_subquery()
ids = sa.select(O.c.id)
other_table: Any = sa.Table("opportunity", sa.MetaData(), sa.Column("id", sa.Integer))
other_schema: Any = sa.Table("tenant", sa.MetaData(), sa.Column("id", sa.Uuid), schema="catalog")


def see(view: SecuredView, *where: Any) -> Any:
    """A read that is valid except for `where`."""
    return sa.select(view.column("id")).select_from(view).where(*where)


def show(view: SecuredView, *values: Any) -> Any:
    """A read that is valid except for `values`."""
    return sa.select(*values).select_from(view)


def named(text: str) -> Any:
    """An identifier marked not to be quoted."""
    return quoted_name(text, quote=False)


Case = Callable[[SecuredView], Any]
READS: dict[str, Case] = {
    "select": lambda s: ids,
    "select of the table": lambda s: sa.select(O),
    "alias": lambda s: sa.select(O.alias("x").c.id),
    "subquery": lambda s: sa.select(ids.subquery().c.id),
    "scalar subquery": lambda s: show(s, one),
    "exists": lambda s: see(s, sa.exists(ids)),
    "not exists": lambda s: see(s, ~sa.exists(ids)),
    "in": lambda s: see(s, s.column("id").in_(ids)),
    "any": lambda s: see(s, s.column("id") == sa.any_(ids.scalar_subquery())),
    "cte": lambda s: sa.select(ids.cte("x").c.id),
    "recursive cte": lambda s: sa.select(ids.cte("x", recursive=True).union_all(ids).c.id),
    "cte that writes": lambda s: sa.select(
        sa.delete(O).returning(O.c.id).cte("x").c.id
    ),
    "cte beside": lambda s: see(s).add_cte(ids.cte("x")),
    "lateral": lambda s: sa.select(s.column("id")).select_from(
        s.join(sa.lateral(ids, "l"), sa.true())
    ),
    "join": lambda s: sa.select(s.column("id")).select_from(sa.join(s, O, sa.true())),
    "outer join": lambda s: sa.select(s.column("id")).select_from(
        sa.join(s, O, sa.true(), isouter=True)
    ),
    "union": lambda s: sa.union_all(sa.select(S.c.id), ids),
    "except": lambda s: sa.except_(sa.select(S.c.id), ids),
    "column without its table": lambda s: see(s, O.c.margin > 1),
    "column in the order": lambda s: see(s).order_by(O.c.margin),
    "column in the grouping": lambda s: see(s).group_by(O.c.margin),
    "column in the having": lambda s: see(s).group_by(s.column("id")).having(sa.func.max(O.c.margin) > 1),
    "column in grouping sets": lambda s: see(s).group_by(sa.func.grouping_sets(O.c.margin)),
    "column in grouping()": lambda s: show(s, sa.func.grouping(O.c.margin)),
    "column in greatest()": lambda s: show(s, sa.func.greatest(O.c.margin, 1)),
    "column in least()": lambda s: show(s, sa.func.least(one, 1)),
    "column in date_trunc()": lambda s: show(s, sa.func.date_trunc(Concat(["day"]), O.c.created_at)),
    "column in a date": lambda s: show(s, AsDate(sa.func.date_trunc(Concat(["day"]), O.c.created_at))),
    "column in a window": lambda s: show(s, sa.func.row_number().over(order_by=O.c.margin)),
    "column in a filter": lambda s: show(s, sa.func.count().filter(O.c.margin > 1)),
    "column in an aggregate's order": lambda s: show(
        s, sa.func.max(aggregate_order_by(s.column("id"), O.c.id))
    ),
    "correlated": lambda s: show(s, sa.select(O.c.margin).correlate(O).scalar_subquery()),
    "for update of": lambda s: see(s).with_for_update(of=O),
    "sample": lambda s: sa.select(sa.tablesample(O, sa.func.bernoulli(1)).c.id),
    "table of that name": lambda s: sa.select(sa.table("opportunity", sa.column("id"))),
    "another table of that name": lambda s: sa.select(other_table),
    "table of another schema": lambda s: sa.select(other_schema),
    "entity": lambda s: sa.select(Opportunity),
    "attribute": lambda s: sa.select(Opportunity.margin),
    "aliased entity": lambda s: sa.select(aliased(Opportunity)),
    "attribute of an aliased entity": lambda s: sa.select(aliased(Opportunity).margin),
    "bundle": lambda s: sa.select(Bundle("b", Opportunity.id)),
    "loader criteria": lambda s: sa.select(Opportunity).options(
        with_loader_criteria(Opportunity, Opportunity.name == "x")
    ),
    "loader criteria on another": lambda s: sa.select(Session).options(
        with_loader_criteria(Session, sa.exists(ids))
    ),
}  # fmt: skip
"""Reads of a record's table."""

WRITES: dict[str, Case] = {
    "insert": lambda s: sa.insert(O),
    "update": lambda s: sa.update(O).values(name="x"),
    "update of an alias": lambda s: sa.update(O.alias()).values(name="x"),
    "delete": lambda s: sa.delete(O),
    "delete where seen": lambda s: sa.delete(O).where(sa.exists(see(s))),
    "insert of an entity": lambda s: sa.insert(Opportunity),
    "update of an entity": lambda s: sa.update(Opportunity).values(name="x"),
    "delete of an entity": lambda s: sa.delete(Opportunity),
    "upsert": lambda s: upsert(O).on_conflict_do_nothing(),
    "delete using": lambda s: sa.delete(S).where(S.c.user_id == U.c.id),
    "update from": lambda s: sa.update(S).values(user_id=U.c.id).where(U.c.active),
    "update to a subquery": lambda s: sa.update(S).values(generation=one),
    "insert from select": lambda s: sa.insert(SHARE).from_select(
        ["opportunity_id", "employee_id"], sa.select(O.c.id, O.c.owner_id)
    ),
    "several rows with a subquery": lambda s: sa.insert(SHARE).values(
        [{"opportunity_id": ids.limit(1).scalar_subquery(), "employee_id": None}] * 2
    ),
    "conflict set to a subquery": lambda s: upsert(SHARE).on_conflict_do_update(
        index_elements=["opportunity_id"], set_={"employee_id": one}
    ),
    "conflict where": lambda s: upsert(SHARE).on_conflict_do_update(
        index_elements=["opportunity_id"], set_={"employee_id": None}, where=sa.exists(ids)
    ),
    "returning a column": lambda s: sa.insert(SHARE).returning(O.c.margin),
    "returning an alias's column": lambda s: sa.delete(S).returning(O.alias("x").c.margin),
    "returning a subquery": lambda s: sa.insert(SHARE).returning(one),
    "update returning a column": lambda s: sa.update(S).values(generation=2).returning(O.c.margin),
    "delete returning a column": lambda s: sa.delete(S).returning(O.c.margin),
    "delete where exists": lambda s: sa.delete(S).where(sa.exists(ids)),
}
"""Writes to a record's table, and reads of one in a write to another table."""

RAW: dict[str, Case] = {
    "text": lambda s: sa.text("SELECT margin FROM opportunity"),
    "text with columns": lambda s: sa.text("SELECT id FROM opportunity").columns(sa.column("id")),
    "text in where": lambda s: see(s, sa.text("true")),
    "text in order": lambda s: see(s).order_by(sa.text("1")),
    "text as a table": lambda s: sa.select(sa.column("x")).select_from(sa.text("opportunity")),
    "text in a function": lambda s: show(s, sa.func.max(sa.text("margin"))),
    "literal column": lambda s: sa.select(sa.literal_column("1")),
    "literal column with a query": lambda s: show(s, sa.literal_column("(SELECT margin FROM opportunity)")),
    "literal column in where": lambda s: see(s, sa.literal_column("true")),
    "prefix": lambda s: see(s).prefix_with("ALL"),
    "suffix": lambda s: see(s).suffix_with("FOR UPDATE"),
    "prefix of an insert": lambda s: sa.insert(SHARE).prefix_with("x"),
    "prefix of an update": lambda s: sa.update(S).values(generation=1).prefix_with("ONLY"),
    "prefix of a delete": lambda s: sa.delete(S).prefix_with("x"),
    "prefix of a cte": lambda s: sa.select(sa.select(S.c.id).cte("x").prefix_with("MATERIALIZED").c.id),
    "suffix of a cte": lambda s: sa.select(sa.select(S.c.id).cte("x").suffix_with("x").c.id),
    "hint": lambda s: see(s).with_hint(s, "ONLY"),
    "hint on a table": lambda s: sa.select(S.c.id).with_hint(S, "%(name)s x"),
    "hint for postgres": lambda s: sa.select(S.c.id).with_hint(S, "x", "postgresql"),
    "hint on the statement": lambda s: see(s).with_statement_hint("x"),
    "hint on an update": lambda s: sa.update(S).values(generation=1).with_hint("x"),
    "hint on a delete": lambda s: sa.delete(S).with_hint("x"),
    "operator": lambda s: see(s, s.column("name").op("~")("x")),
    "operator that is a query": lambda s: see(s, s.column("name").op("= '' OR EXISTS (SELECT 1) OR 1 =")("x")),
    "bool operator": lambda s: see(s, s.column("name").bool_op("!~")("x")),
    "prefix operator": lambda s: show(s, UnaryExpression(s.column("name"), operator=operators.custom_op("@"))),
    "postfix operator": lambda s: show(s, UnaryExpression(s.column("name"), modifier=operators.custom_op("x; y"))),
    "name of a label": lambda s: show(s, s.column("id").label(named("x FROM opportunity --"))),
    "name of a column": lambda s: sa.select(sa.column(named("margin FROM opportunity --"))),
    "name of a subquery": lambda s: sa.select(sa.select(S.c.id).subquery(named("x, opportunity")).c.id),
    "name of a cte": lambda s: sa.select(sa.select(S.c.id).cte(named("x AS (SELECT 1), y")).c.id),
    "name of a collation": lambda s: show(s, s.column("name").collate(named('"C", margin'))),
    "field of extract": lambda s: show(s, sa.extract("epoch FROM now()) + (SELECT 1", s.column("created_at"))),
}  # fmt: skip
"""Constructs that put unchecked SQL into a statement."""

FUNCTIONS: dict[str, Case] = {
    "pg_sleep": lambda s: sa.select(sa.func.pg_sleep(1)),
    "query_to_xml": lambda s: sa.select(sa.func.query_to_xml("SELECT 1", True, True, "")),
    "pg_read_file": lambda s: sa.select(sa.func.pg_read_file("x")),
    "dblink": lambda s: sa.select(sa.func.dblink("x", "y")),
    "set_config": lambda s: sa.select(sa.func.set_config("role", "x", False)),
    "lo_import": lambda s: sa.select(sa.func.lo_import("x")),
    "now": lambda s: show(s, sa.func.now()),
    "random": lambda s: show(s, sa.func.random()),
    "upper case": lambda s: sa.select(sa.func.PG_SLEEP(1)),
    "of another schema": lambda s: sa.select(sa.func.evil.count()),
    "allowed name in another schema": lambda s: sa.select(sa.func.catalog.pattern("x")),
    "of a schema that is a query": lambda s: sa.select(getattr(sa.func, "x(); SELECT ").count()),
    "date_trunc of another schema": lambda s: show(
        s, sa.func.evil.date_trunc("day", s.column("created_at"))
    ),
    "date of another schema's date_trunc": lambda s: show(
        s, AsDate(sa.func.evil.date_trunc("day", s.column("created_at")))
    ),
    "a name that is a query": lambda s: sa.select(
        getattr(sa.func, "count(*) FROM opportunity --")()
    ),
    "in a filter": lambda s: see(s, sa.func.pg_sleep(s.column("probability")).is_(None)),
    "within an allowed one": lambda s: show(s, sa.func.max(sa.func.pg_sleep(1))),
    "rows of records": lambda s: sa.select(sa.func.json_to_recordset("[]").table_valued("a")),
    "rows of numbers": lambda s: sa.select(sa.func.generate_series(1, 2).table_valued("x")),
    "rows of values": lambda s: sa.select(sa.func.jsonb_array_elements("[]").column_valued("x")),
    "sample of an internal table": lambda s: sa.select(
        sa.tablesample(S, sa.func.bernoulli(1)).c.id
    ),
    "within group": lambda s: show(s, sa.func.percentile_cont(0.5).within_group(s.column("id"))),
    "array_agg": lambda s: show(s, sa.func.array_agg(s.column("id"))),
    "power": lambda s: show(s, sa.func.pow(s.column("probability"), 100)),
    "next value": lambda s: sa.select(sa.Sequence("x").next_value()),
}
"""Functions that are on no allowlist."""

PARTIAL: dict[str, Case] = {
    "cast": lambda s: see(s, sa.cast(s.column("name"), sa.Integer) > 1),
    "division": lambda s: see(s, s.column("probability") / 0 > 1),
    "integer division": lambda s: see(s, s.column("probability") // 0 > 1),
    "remainder": lambda s: see(s, s.column("probability") % 0 > 1),
    "regular expression": lambda s: see(s, s.column("name").regexp_match("(")),
    "negated regular expression": lambda s: see(s, ~s.column("name").regexp_match("(")),
    "replaced by a regular expression": lambda s: show(s, s.column("name").regexp_replace("(", "")),
    "like": lambda s: see(s, s.column("name").like("\\")),
    "like an expression": lambda s: see(s, s.column("name").like(s.column("note"))),
    "not like": lambda s: see(s, s.column("name").not_like("\\")),
    "ilike": lambda s: see(s, s.column("name").ilike("\\")),
    "not ilike": lambda s: see(s, s.column("name").not_ilike("\\")),
    "contains": lambda s: see(s, s.column("name").contains("\\")),
    "starts with": lambda s: see(s, s.column("name").startswith("\\")),
    "ends with": lambda s: see(s, s.column("name").iendswith("\\")),
    "match": lambda s: see(s, s.column("name").match("x &")),
    "date of a text": lambda s: see(s, AsDate(s.column("name")) > FIRST),
    "date of a text in parts": lambda s: see(s, AsDate(Concat([s.column("name")])) > FIRST),
    "date of a text made longer": lambda s: see(
        s, AsDate(Concat(["2026-", s.column("name")])) > FIRST
    ),
    "date of a parameter": lambda s: see(s, AsDate(parameter("x", sa.Text())) > FIRST),
    "date of a text of a record": lambda s: see(
        s, AsDate(sa.func.to_char(s.column("created_at"), "YYYY")) > FIRST
    ),
    "date of the greatest text": lambda s: see(
        s, AsDate(sa.func.greatest(s.column("name"), s.column("note"))) > FIRST
    ),
    "date of a truncated text": lambda s: see(
        s, AsDate(sa.func.coalesce(s.column("name"))) > FIRST
    ),
    "date_trunc field from a row": lambda s: show(
        s, sa.func.date_trunc(s.column("name"), s.column("created_at"))
    ),
    "time zone from a row": lambda s: show(
        s, sa.func.timezone(s.column("name"), s.column("created_at"))
    ),
    "date of a query": lambda s: see(s, AsDate(sa.select(S.c.id).scalar_subquery()) > FIRST),
}
"""Expressions that raise an error on some rows, and so could reveal rows hidden from the caller (D-53)."""
