"""SQL of secured views: plain selects that Postgres inlines, masked columns, and the form of the row scope (D-50 to D-52)."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from auth.api import POLICIES
from auth.engine.viewer import ID_IN_LIMIT, OwnRowCount, Viewer
from auth.rights import _count_own_rows, load
from db.api import MODEL
from db.engine.entity import Entity
from db.engine.gate import Compiled, FieldAccess, Gate, Unsealed, VisibilityForm
from db.engine.sql import Folded, parameter
from db.engine.transaction import TransactionStart
from domain.access import EntityRights, RowScope
from resolvers.engine.context import Caller
from schema.engine.reads import Request
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

OPPORTUNITY, ACCOUNT = MODEL.entities["Opportunity"], MODEL.entities["Account"]
NO_USER = UUID(int=0)
QUOTED = {"user", "case"}
"""Tables whose names are SQL keywords."""
PULL_UP_BARRIERS = (
    "LIMIT",
    "OFFSET",
    "DISTINCT",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "MATERIALIZED",
    "WITH",
    "FOR UPDATE",
    "OVER",
)
"""Clauses that prevent Postgres from pulling a view up into the outer query."""


def viewer(entity: Entity, rows: RowScope = RowScope.ALL, **rights: FieldAccess) -> Viewer:
    """A viewer with all fields of an entity, except for the given rows scope and field rights."""
    closed = {name for name, right in rights.items() if right is FieldAccess.HIDDEN}
    ruled = {name: ("WON",) for name, right in rights.items() if right is FieldAccess.CONDITIONAL}
    granted = {each.name: EntityRights(rows, each.granted) for each in parent_entities(entity)}
    granted[entity.name] = EntityRights(rows, entity.granted - closed, ruled)
    return Viewer(NO_USER, NO_USER, 0, granted, {}, {}, {}, POLICIES)


def parent_entities(entity: Entity) -> list[Entity]:
    """The parents of an entity and their parents."""
    return [found for each in entity.parent_types for found in (each, *parent_entities(each))]


def view_sql(entity: Entity, authorizer: Viewer, form: VisibilityForm, *columns: str) -> str:
    """The SQL of a view with these columns, without the outer query."""
    gate = Gate(authorizer)
    seen = gate.see(entity, form)
    for column in columns:
        seen.column(column)
    sql = gate.compile(sa.select(seen.column("id")).select_from(seen)).sql
    found = re.search(r"FROM \((.*)\) AS \w+_1", " ".join(sql.split()))
    assert found is not None
    return found[1]


# --- plain --------------------------------------------------------------------------------------


@covers("D-50")
@pytest.mark.parametrize("form", VisibilityForm)
@pytest.mark.parametrize("rows", RowScope)
@pytest.mark.parametrize("entity", MODEL.entities.values(), ids=MODEL.entities)
def test_view_is_a_plain_select(entity: Entity, rows: RowScope, form: VisibilityForm) -> None:
    columns = [each.column for each in entity.fields.values()]
    sql = view_sql(entity, viewer(entity, rows), form, *columns)
    table = re.escape(
        f'"{entity.table.name}"' if entity.table.name in QUOTED else entity.table.name
    )
    assert sql.startswith("SELECT ")
    not_deleted = "" if entity.is_trace else rf" WHERE {table}\.deleted_at IS NULL"
    assert re.search(rf"^[^(]* FROM {table}{not_deleted}\b", sql)
    for barrier in PULL_UP_BARRIERS:
        assert not re.search(rf"\b{barrier}\b", sql), f"{barrier} in {sql}"
    assert not re.search(
        r"\b(?!in|or|and|any|exists|union all|where|from)\w+\(", sql, re.IGNORECASE
    )


@covers("D-34", "D-50")
@pytest.mark.parametrize("entity", MODEL.entities.values(), ids=MODEL.entities)
def test_view_without_rights_is_refused(entity: Entity) -> None:
    no_user = Viewer(NO_USER, NO_USER, 0, {}, {}, {}, {}, POLICIES)
    gate = Gate(no_user)
    seen = gate.see(entity)
    with pytest.raises((Unsealed, KeyError)):
        gate.compile(sa.select(seen.column("id")).select_from(seen))


@covers("D-34")
@pytest.mark.parametrize("form", VisibilityForm)
@pytest.mark.parametrize("entity", MODEL.entities.values(), ids=MODEL.entities)
def test_own_scope_without_policy_has_no_rows(entity: Entity, form: VisibilityForm) -> None:
    """Scope OWN of an entity without an owner policy, or of its children, is the condition false."""
    assert 0 < len(POLICIES.by_entity) < len(MODEL.entities)
    sql = view_sql(entity, viewer(entity, RowScope.OWN), form)
    highest = [entity, *parent_entities(entity)][-1]
    if POLICIES.of(highest.name) is None:
        assert re.search(r" (WHERE|AND) false\)*$", sql)
    else:
        assert "owners" not in sql
        pointed = highest.name == "Person"  # visible by affiliation, independent of the viewer
        assert pointed or re.search(r"= (ANY \()?\$1::", sql)


CHILDREN = [entity for entity in MODEL.entities.values() if entity.parents]


@pytest.mark.parametrize("form", VisibilityForm)
@pytest.mark.parametrize("rows", RowScope)
@pytest.mark.parametrize("entity", CHILDREN, ids=lambda entity: entity.name)
def test_child_rows_are_those_of_visible_parents(
    entity: Entity, rows: RowScope, form: VisibilityForm
) -> None:
    """The row scope of a child's permission is ignored: its rows are those with a visible parent."""
    closed = EntityRights(rows, entity.granted)
    child_only = Viewer(NO_USER, NO_USER, 0, {entity.name: closed}, {}, {}, {}, POLICIES)
    without_parents = view_sql(entity, child_only, form).replace('"', "")
    for relation in entity.parents:
        column = f"{entity.table.name}.{relation.column} IS NULL"
        assert (column if relation.nullable else "false") in without_parents
    parent_rights = EntityRights(rows, frozenset())
    for own in RowScope:
        rights = {parent_entities.name: parent_rights for parent_entities in entity.parent_types}
        rights[entity.name] = EntityRights(own, entity.granted)
        sql = view_sql(entity, dataclasses.replace(child_only, rights=rights), form).replace(
            '"', ""
        )
        for relation, parent_entities in zip(entity.parents, entity.parent_types, strict=True):
            over, link = parent_entities.table.name, f"{entity.table.name}.{relation.column}"
            assert f"FROM {over} WHERE {over}.id = {link} AND {over}.deleted_at IS NULL" in sql


# --- inlined by Postgres ------------------------------------------------------------------------


def nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def plan_nodes(world: World, compiled: Compiled, *values: Any) -> list[Any]:
    """The nodes of the Postgres plan with sequential scans disabled, as for a large table."""
    place = world.tenants["acme"].placement
    async with world.endpoint.app_context.database.read(place, TransactionStart()) as connection:
        await connection.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
        )
        text = await connection.fetchval("EXPLAIN (FORMAT JSON) " + compiled.sql, *values)
    return list(nodes(json.loads(text)[0]["Plan"]))


def used_indexes(found: list[Any]) -> set[str]:
    """The indexes of a plan, after asserting that no view remains as a separate scan."""
    assert not [node for node in found if node["Node Type"] in ("Subquery Scan", "CTE Scan")], found
    return {node["Index Name"] for node in found if "Index Name" in node}


@covers("D-50")
async def test_order_by_name_uses_its_index(world: World) -> None:
    gate = Gate(viewer(OPPORTUNITY, commission=FieldAccess.CONDITIONAL, margin=FieldAccess.HIDDEN))
    seen = gate.see(OPPORTUNITY)
    shown = [seen.column(name) for name in ("name", "margin", "commission", "amount")]
    order = (Folded(seen.column("name")), seen.column("id"))
    statement = sa.select(*shown).select_from(seen).order_by(*order).limit(51)
    found = await plan_nodes(world, gate.compile(statement), ["WON"], 51)
    assert used_indexes(found) == {"opportunity_name_idx"}
    assert not [node for node in found if "Sort" in node["Node Type"]], found


@covers("D-50")
async def test_filter_by_owner_uses_its_index(world: World) -> None:
    gate = Gate(viewer(OPPORTUNITY))
    seen = gate.see(OPPORTUNITY)
    mine = seen.condition_on("owner_id", lambda key: key == parameter("owner", sa.Uuid()))
    statement = (
        sa.select(seen.column("name")).select_from(seen).where(mine).order_by(seen.column("id"))
    )
    found = await plan_nodes(world, gate.compile(statement), NO_USER)
    assert used_indexes(found) == {"opportunity_owner_id_id_idx"}
    assert not [node for node in found if "Sort" in node["Node Type"]], found


@covers("D-50", "D-54")
@pytest.mark.parametrize("scope", RowScope)
async def test_view_under_lateral_join_is_inlined(world: World, scope: RowScope) -> None:
    """Under LATERAL the plan uses the index of the parent's key, for every row scope."""
    account = viewer(ACCOUNT)
    both = {**account.rights, **viewer(OPPORTUNITY, scope).rights}
    gate = Gate(dataclasses.replace(account, rights=both))
    outer, inner = gate.see(ACCOUNT), gate.see(OPPORTUNITY)
    joined = inner.column("account_id") == outer.column("id")
    few = sa.select(inner.column("name")).select_from(inner).where(joined).limit(3)
    lateral = sa.join(outer, sa.lateral(few, "few"), sa.true(), isouter=True)
    statement = sa.select(outer.column("name")).select_from(lateral)
    compiled = gate.compile(statement)
    values: dict[str, Any] = {"viewer:employee": NO_USER}
    parameters = [
        3 if name.startswith("param") else values.get(name, []) for name in compiled.parameters
    ]
    found = await plan_nodes(world, compiled, *parameters)
    scans = [n for n in found if n["Node Type"] == "Subquery Scan" and n.get("Alias") != "few"]
    assert not scans
    assert "opportunity_account_id_idx" in {node.get("Index Name") for node in found}


# --- masks --------------------------------------------------------------------------------------


@covers("D-51")
def test_closed_columns_are_null_and_never_named() -> None:
    authorizer = viewer(OPPORTUNITY, margin=FieldAccess.HIDDEN)
    sql = view_sql(OPPORTUNITY, authorizer, VisibilityForm.PREDICATE, "margin", "name")
    assert "NULL AS margin" in sql
    assert "opportunity.margin" not in sql
    gate = Gate(authorizer)
    seen = gate.see(OPPORTUNITY)
    met = seen.condition_on("margin", lambda column: column > 1)
    assert "opportunity.margin" not in gate.compile(sa.select(met).select_from(seen)).sql


@covers("D-51")
def test_ruled_column_is_selected_as_case() -> None:
    sql = view_sql(
        OPPORTUNITY,
        viewer(OPPORTUNITY, commission=FieldAccess.CONDITIONAL),
        VisibilityForm.PREDICATE,
        "commission",
    )
    case = r"CASE WHEN \(?opportunity\.status = ANY \(\$1::TEXT\[\]\)\)? THEN opportunity\.commission END AS commission"
    assert re.search(case, sql), sql


@covers("D-51")
def test_ruled_column_is_filtered_with_its_status() -> None:
    gate = Gate(viewer(OPPORTUNITY, commission=FieldAccess.CONDITIONAL))
    seen = gate.see(OPPORTUNITY)
    met = seen.condition_on("commission", lambda column: column > parameter("least", sa.Numeric()))
    sql = gate.compile(sa.select(seen.column("id")).select_from(seen).where(met)).sql
    assert "CASE" not in sql
    assert re.search(
        r"WHERE opportunity_1\.status_ = ANY \(\$\d::TEXT\[\]\) AND opportunity_1\.commission_raw > \$\d",
        sql,
    )


FILTERS: dict[str, bool] = {
    '{eq: "1"}': True, '{in: ["1", "2"]}': True, '{lt: "1"}': True, '{lte: "1"}': True,
    '{gt: "1"}': True, '{gte: "1"}': True, "{isNull: false}": True,
    '{ne: "1"}': True, '{notIn: ["1"]}': True, "{isNull: true}": True,
}  # fmt: skip


@covers("D-51")
@pytest.mark.parametrize("test", FILTERS)
async def test_filter_on_ruled_field_has_no_case(world: World, test: str) -> None:
    """Negated operators too: each is the complement of a positive condition with the status."""
    query = "{ opportunities(filter: {commission: %s}) { totalCount } }" % test  # noqa: UP031
    sql, _ = await plan_of(world, "rep1", query)
    assert "CASE" not in sql
    assert re.search(
        r"\.status_ = ANY \(\$\d+::TEXT\[\]\) AND opportunity_\d\.commission_raw ", sql
    )
    ordered = "{ opportunities(orderBy: [{commission: DESC}]) { nodes { id } } }"
    sql, _ = await plan_of(world, "rep1", ordered)
    assert re.search(
        r"CASE WHEN .*opportunity\.status = ANY .* THEN opportunity\.commission END", sql
    )


@covers("D-51")
async def test_filter_on_ruled_field_uses_its_index(world: World) -> None:
    least = parameter("least", sa.Numeric())
    found = []
    for variant in ("test", "case"):
        gate = Gate(viewer(OPPORTUNITY, amount=FieldAccess.CONDITIONAL))
        seen = gate.see(OPPORTUNITY)
        met = (
            seen.condition_on("amount", lambda c: c > least)
            if variant == "test"
            else seen.column("amount") > least
        )
        statement = sa.select(seen.column("id")).select_from(seen).where(met)
        compiled = gate.compile(statement)
        values = [["WON"] if n.startswith("statuses") else 10**9 for n in compiled.parameters]
        plan = await plan_nodes(world, compiled, *values)
        used_indexes(plan)
        found.append(
            [
                n["Index Cond"]
                for n in plan
                if n.get("Index Name") == "opportunity_amount_idx" and "Index Cond" in n
            ]
        )
    by_test, by_case = found
    assert any("amount >" in condition for condition in by_test)
    assert not any("amount >" in condition for condition in by_case)


# --- forms --------------------------------------------------------------------------------------


async def plan_of(
    world: World, persona: str, query: str, reach: OwnRowCount | None = None
) -> tuple[str, bool]:
    """The SQL of a persona's query, and whether Postgres plans it for its parameter values."""
    tenant, app_context = world.tenants["acme"], world.endpoint.app_context
    user = await world.admin.fetchval(
        f"SELECT user_id FROM {world.schema()}.credential WHERE email = $1",  # noqa: S608
        f"{persona}@acme.example",
    )
    async with app_context.database.read(tenant.placement, TransactionStart()) as connection:
        known = await load(connection, MODEL, POLICIES, user)
    assert known is not None
    if reach is not None:
        known = dataclasses.replace(
            known, own_row_counts=dict.fromkeys(known.own_row_counts, reach)
        )
    request = Request(query, world.endpoint.documents.get(query), None, {})
    made, _ = world.endpoint.reads.explain(Caller(tenant, user, NO_USER, ""), known, request)
    assert made is not None
    assert made.compiled is not None
    return " ".join(made.compiled.sql.split()), made.uses_id_in


ID_IN = "opportunity.id IN (SELECT opportunity.id FROM opportunity WHERE opportunity.owner_id = ANY"
PREDICATE = re.compile(r"EXISTS \(SELECT 1 AS \w+ FROM opportunity_share")
ROOT = "{ opportunities(first: 3) { totalCount nodes { id name } aggregate { count } } }"
NESTED = "{ accounts(first: 3) { nodes { opportunities(first: 3) { totalCount nodes { id } } } } }"
OTHER_QUERIES = (
    NESTED,
    '{ opportunity(id: "opp_00000000000000000000000000000001") { name } }',
    '{ nodes(ids: ["opp_00000000000000000000000000000001"]) { id ... on Opportunity { name } } }',
    "{ accounts(filter: {opportunities: {some: {}}}) { totalCount } }",
)


async def test_root_list_with_few_visible_rows_uses_id_in(world: World) -> None:
    sql, custom = await plan_of(world, "rep1", ROOT)
    assert ID_IN in sql
    assert "UNION ALL" in sql
    assert custom, "a generic plan does not know the number of rows"


@pytest.mark.parametrize(
    ("reach", "narrow"),
    [
        (OwnRowCount(0, 0), True),
        (OwnRowCount(ID_IN_LIMIT, 1_000_000), True),
        (OwnRowCount(ID_IN_LIMIT + 1, 1_000_000), False),
        (OwnRowCount(707, 10_000), True),
        (
            OwnRowCount(708, 10_000),
            False,
        ),  # one visible row in 14: a page needs fewer rows than 708
        (OwnRowCount(1, 0), False),  # no statistics yet, so the table is small
    ],
)
async def test_id_in_is_used_up_to_its_limits(
    world: World, reach: OwnRowCount, narrow: bool
) -> None:
    sql, custom = await plan_of(world, "rep1", ROOT, reach)
    assert (ID_IN in sql, "UNION ALL" in sql, custom) == (narrow, narrow, narrow)
    assert bool(PREDICATE.search(sql)) != narrow


@pytest.mark.parametrize("query", OTHER_QUERIES)
async def test_other_queries_use_predicate(world: World, query: str) -> None:
    sql, custom = await plan_of(world, "rep1", query)
    assert "UNION ALL" not in sql
    assert PREDICATE.search(sql)
    assert not custom


async def test_nested_list_below_id_in_root_uses_predicate(world: World) -> None:
    query = "{ opportunities(first: 3) { nodes { account { opportunities(first: 3) { nodes { id } } } } } }"
    sql, custom = await plan_of(world, "rep1", query)
    assert sql.count(ID_IN) == 1
    assert len(PREDICATE.findall(sql)) == 1
    assert custom


async def test_scope_all_has_no_row_condition(world: World) -> None:
    sql, custom = await plan_of(world, "admin", ROOT)
    assert "owner_id" not in sql
    assert "opportunity_share" not in sql
    assert not custom


@pytest.mark.parametrize("persona", PERSONAS)
async def test_both_forms_find_the_same_rows(world: World, persona: str) -> None:
    tenant, app_context = world.tenants["acme"], world.endpoint.app_context
    user = await world.admin.fetchval(
        f"SELECT user_id FROM {world.schema()}.credential WHERE email = $1",  # noqa: S608
        f"{persona}@acme.example",
    )
    async with app_context.database.read(tenant.placement, TransactionStart()) as connection:
        known = await load(connection, MODEL, POLICIES, user)
        assert known is not None
        for name in known.rights:
            found = [
                await _all(connection, known, MODEL.entities[name], form) for form in VisibilityForm
            ]
            assert found[0] == found[1], name
            assert len(found[0]) == len(set(found[0]))


async def test_reach_excludes_children_and_history(world: World) -> None:
    """Loading rights counts no rows of children, which have no form of their own, and does not scan the history."""
    tenant, app_context = world.tenants["acme"], world.endpoint.app_context
    user = await world.admin.fetchval(f'SELECT id FROM {world.schema()}."user" LIMIT 1')  # noqa: S608
    async with app_context.database.read(tenant.placement, TransactionStart()) as connection:
        known = await load(connection, MODEL, POLICIES, user)
        assert known is not None
        own = {n: EntityRights(RowScope.OWN, e.granted) for n, e in MODEL.entities.items()}
        reach = await _count_own_rows(connection, MODEL, dataclasses.replace(known, rights=own))
    excluded = {entity.name for entity in CHILDREN} | {"HistoryEntry"}
    assert reach.keys() == MODEL.entities.keys() - excluded


async def _all(
    connection: asyncpg.Connection[Any], known: Viewer, entity: Entity, form: VisibilityForm
) -> list[UUID]:
    gate = Gate(known)
    seen = gate.see(entity, form)
    compiled = gate.compile(
        sa.select(seen.column("id")).select_from(seen).order_by(seen.column("id"))
    )
    values = [known.value(name) for name in compiled.parameters]
    return [row[0] for row in await connection.fetch(compiled.sql, *values)]


@covers("D-51")
def test_column_label_has_one_mask() -> None:
    """A currency masked like an amount cannot share a label with the currency masked by its own right."""
    no_user = UUID(int=0)
    rights = EntityRights(
        RowScope.ALL, frozenset({"amount", "currency", "margin"}), {"currency": ("WON",)}
    )
    viewer = Viewer(no_user, no_user, 0, {"Opportunity": rights}, {}, {}, {}, POLICIES)
    seen = Gate(viewer).see(MODEL.entities["Opportunity"])
    seen.column("currency")
    with pytest.raises(Unsealed, match="currency is masked as currency and as amount"):
        seen.column("currency", under="amount")
    seen.column("currency", label="open_currency", under="amount")
    seen.column("currency", label="open_currency", under="margin")  # neither is masked
