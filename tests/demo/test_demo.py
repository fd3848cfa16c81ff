"""The demo data in Postgres: two tenants with equal ids and names but different values."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Text

from bench.data import fill
from cli.servers.embedded import Servers
from db.api import METADATA, MODEL
from domain.access import (
    AttributeRights,
    EntityRights,
    ProfileRights,
    RowScope,
    StatusRestriction,
    WriteRights,
    WriteScope,
    rights,
)
from domain.setup import AttributeKind
from tenancy.demo import ensure_demo, seed
from tenancy.demo.people import PERSONAS
from tenancy.demo.rights import CLOSED
from tenancy.demo.rows import made_id
from tenancy.demo.sales import CURRENCIES
from tenancy.demo.seed import rows
from tenancy.engine.history import upgrade_catalog
from tenancy.engine.provision import Tenant, create, tenants
from tests.support.place import with_database

NOW = date(2026, 3, 14)
HASH = "$argon2id$v=19$not-a-real-one"
Table = dict[UUID, dict[str, Any]]


async def table_rows(admin: asyncpg.Connection[Any], tenant: Tenant, table: str) -> list[Any]:
    name = f'{tenant.placement.schema}."{table}"'
    return await admin.fetch(f"SELECT t.* FROM {name} AS t ORDER BY t")  # noqa: S608


@dataclass
class World:
    """Both demo tenants, with access to their rows."""

    admin: asyncpg.Connection[Any]
    tenants: dict[str, Tenant]
    messages: list[str]

    async def rows(self, slug: str, table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await table_rows(self.admin, self.tenants[slug], table)]

    async def table(self, slug: str, table: str) -> Table:
        return {row["id"]: row for row in await self.rows(slug, table)}

    async def both(self, table: str) -> tuple[Table, Table]:
        return await self.table("acme", table), await self.table("globex", table)


@pytest.fixture(scope="module")
async def world(servers: Servers) -> AsyncIterator[World]:
    """A separate database, because other tests use the same tenant names."""
    # Not the demonstration's database, which cannot be copied while it has connections.
    first = await asyncpg.connect(with_database(servers.database_url, "postgres"))
    await first.execute("CREATE DATABASE demo_test")
    admin = await asyncpg.connect(servers.database_url, database="demo_test")
    try:
        await upgrade_catalog(admin)
        messages: list[str] = []
        await ensure_demo(admin, password_hash=HASH, now=NOW, report=messages.append)
        known = {tenant.slug: tenant for tenant, _ in await tenants(admin)}
        yield World(admin, known, messages)
    finally:
        await admin.close()
        await first.execute("DROP DATABASE demo_test WITH (FORCE)")
        await first.close()


async def test_existing_demo_tenants_are_not_changed(world: World) -> None:
    assert list(world.tenants) == ["acme", "globex"]
    assert all(tenant.demo for tenant in world.tenants.values())
    assert len(world.messages) == 2
    await ensure_demo(world.admin, password_hash="other", report=world.messages.append)
    assert len(world.messages) == 2
    assert {row["password"] for row in await world.rows("acme", "credential")} == {HASH}


# --- equal and different values -----------------------------------------------------------------

MADE = rows("acme", NOW, HASH)
ENTITIES = MADE.keys() & {entity.table.name for entity in MODEL.entities.values()}


@pytest.mark.parametrize("table", sorted(ENTITIES))
async def test_ids_and_names_are_equal_in_both_tenants(world: World, table: str) -> None:
    acme, globex = await world.both(table)
    assert acme
    assert acme.keys() == globex.keys()
    assert all(id.version == 7 for id in acme)
    made = [row["id"] for row in MADE[table]]
    assert made == sorted(made)
    assert acme.keys() <= {made_id(table, number) for number in range(1, len(acme) + 9)}
    for name in ("name", "key"):
        if name in METADATA.tables[table].columns:
            assert {id: row[name] for id, row in acme.items()} == {
                id: row[name] for id, row in globex.items()
            }


ALWAYS_DIFFERENT = {
    "account": ("number", "website", "external_id"),
    "employee": ("email",),
    "opportunity": ("note", "external_id"),
    "address": ("street", "postcode"),
    "quote": ("number",),
    "contract": ("number", "external_id"),
    "case": ("number", "external_id"),
    "person": ("email", "external_id", "note"),
    "affiliation": ("email",),
    "product": ("code", "price", "external_id"),
    "employee_type": ("default_title",),
    "opportunity_contact": ("role",),
}
MOSTLY_DIFFERENT = {
    "account": ("phone", "city", "employee_count", "owner_id", "created_at", "updated_at"),
    "employee": ("created_at",),
    "user": ("created_at",),
    "role": ("created_at",),
    "address": ("house_number", "city", "created_at"),
    "quote": ("opportunity_id", "net", "tax", "total", "valid_until", "created_at"),
    "quote_item": ("net", "total", "unit_price"),
    "contract": ("account_id", "opportunity_id", "net", "total", "starts_on"),
    "contract_line": ("net", "total"),
    "case": ("description", "created_at"),
    "case_account": ("account_id",),
    "activity": ("note", "customer_id", "planned_at", "done_at"),
    "person": ("owner_id", "born_on"),
    "affiliation": ("account_id", "since"),
    "account_link": ("account_id", "other_id", "note"),
    "account_manager": ("account_id",),
    "opportunity_account": ("opportunity_id", "account_id"),
    "stage_history": ("entered_at",),
    "tagging": ("account_id", "person_id", "opportunity_id", "contract_id", "case_id"),
    "favorite": ("account_id", "person_id", "opportunity_id", "contract_id", "case_id"),
    "opportunity_share": ("opportunity_id", "created_at"),
    "field_permission": ("created_at",),
    "stage": ("description", "created_at"),
    "pipeline_stage": ("created_at",),
    "opportunity": (
        *("account_id", "owner_id", "amount", "margin", "commission", "expected_close_on"),
        *("custom", "created_at", "updated_at", "stage_id"),
    ),
}
SOMETIMES_DIFFERENT = {
    "account": ("industry_id", "country", "key_account", "custom", "version"),
    "attribute": ("label",),
    "address": ("country", "postal", "version"),
    "employee": ("title",),
    "pipeline_stage": ("probability",),
    "opportunity": ("type_id", "status", "probability", "currency", "deleted_at", "version"),
}


async def test_values_differ_between_the_tenants(world: World) -> None:
    assert await _equal_shares(world, ALWAYS_DIFFERENT) == {}
    mostly = await _equal_shares(world, MOSTLY_DIFFERENT)
    assert {column: share for column, share in mostly.items() if share > 0.2} == {}
    sometimes = await _equal_shares(world, SOMETIMES_DIFFERENT)
    assert {column: share for column, share in sometimes.items() if share == 1} == {}


async def _equal_shares(world: World, columns: dict[str, tuple[str, ...]]) -> dict[str, float]:
    """Share of rows with equal values in both tenants, by column, among rows with a value."""
    shares = {}
    for table, names in columns.items():
        acme, globex = await world.both(table)
        for name in names:
            pairs = [(acme[id][name], globex[id][name]) for id in acme]
            full = [pair for pair in pairs if pair not in {(None, None), ("", "")}]
            if same := sum(1 for one, other in full if one == other):
                shares[f"{table}.{name}"] = same / len(full)
    return shares


async def test_seeding_is_deterministic(world: World) -> None:
    admin = world.admin
    scratch = await create(admin, "scratch", "Scratch")

    async def made() -> dict[str, list[Any]]:
        await seed(admin, scratch, password_hash=HASH, now=NOW)
        tables = [table for table in METADATA.tables if table != "log_head"]
        return {table: await table_rows(admin, scratch, table) for table in tables}

    attempt = admin.transaction()
    await attempt.start()
    first = await made()
    await attempt.rollback()
    assert await made() == first
    assert {table for table, records in first.items() if records} == MADE.keys()


# --- people and rights --------------------------------------------------------------------------


async def test_employees_form_the_expected_hierarchy(world: World) -> None:
    for slug in ("acme", "globex"):
        staff = {row["email"]: row for row in await world.rows(slug, "employee")}
        of = {row["id"]: email.partition("@")[0] for email, row in staff.items()}
        over = {of[row["id"]]: of.get(row["manager_id"]) for row in staff.values()}
        assert over.items() >= {
            ("director", None), ("region-north", "director"), ("manager", "region-north"),
            ("rep1", "manager"), ("rep2", "manager"), ("limited", "manager"),
            ("support", "director"), ("admin", "director"),
        }  # fmt: skip
        users = {of[row["employee_id"]]: row for row in await world.rows(slug, "user")}
        assert {who for who, user in users.items() if user["active"]} == set(PERSONAS)
        further = over.keys() - set(PERSONAS) - {"region-north"}
        assert len(further) == 6
        assert len(further - users.keys()) == 3
        assert staff[f"region-north@{slug}.example"]["name"] == "Head of region North"


async def test_personas_have_lower_case_email_addresses(world: World) -> None:
    users = await world.table("acme", "user")
    users_by_email = {
        row["email"]: users[row["user_id"]] for row in await world.rows("acme", "credential")
    }
    assert {email for email, user in users_by_email.items() if user["active"]} == {
        f"{persona}@acme.example" for persona in PERSONAS
    }
    assert all(email == email.lower() for email in users_by_email)


async def _rights(world: World, persona: str) -> dict[str, EntityRights]:
    schema = world.tenants["acme"].placement.schema
    profiles = await world.admin.fetch(
        f"""SELECT p.* FROM {schema}.credential c
            JOIN {schema}.role_assignment a ON a.user_id = c.user_id
            JOIN {schema}.role_profile r ON r.role_id = a.role_id
            JOIN {schema}.profile p ON p.id = r.profile_id
            WHERE c.email = $1""",  # noqa: S608
        f"{persona}@acme.example",
    )
    entities = await world.rows("acme", "object_permission")
    fields = await world.rows("acme", "field_permission")
    return rights(
        (
            ProfileRights(
                profile["full"],
                {e["entity"]: RowScope(e["rows"]) for e in _of(entities, profile["id"])},
                frozenset((f["entity"], f["field"]) for f in _of(fields, profile["id"])),
                {e["entity"]: _writes(e) for e in _of(entities, profile["id"])},
                frozenset(
                    (f["entity"], f["field"]) for f in _of(fields, profile["id"]) if f["writes"]
                ),
            )
            for profile in profiles
        ),
        (
            StatusRestriction(row["entity"], row["field"], frozenset({row["status"]}))
            for row in await world.rows("acme", "status_rule")
        ),
        (
            AttributeRights(
                str(row["id"]), row["entity"], row["key"], row["label"], AttributeKind(row["kind"])
            )
            for row in await world.rows("acme", "attribute")
        ),
        MODEL.granted,
    )


def _writes(row: dict[str, Any]) -> WriteRights:
    edits, deletes = (row[name] and WriteScope(row[name]) for name in ("edits", "deletes"))
    return WriteRights(row["creates"], edits, deletes)


def _of(rows: list[dict[str, Any]], profile: UUID) -> list[dict[str, Any]]:
    return [row for row in rows if row["profile_id"] == profile]


@pytest.mark.covers("D-34")
async def test_rights_are_visible_to_administrators_only(world: World) -> None:
    for persona in PERSONAS:
        opened = set(await _rights(world, persona))
        if persona == "admin":
            assert opened == set(MODEL.entities)
        else:
            assert not opened & CLOSED
    assert set(MODEL.entities) >= CLOSED


@pytest.mark.covers("D-33")
async def test_every_writable_field_is_readable(world: World) -> None:
    for persona in PERSONAS[1:]:
        for entity, mine in (await _rights(world, persona)).items():
            attributes = {attribute.id for attribute in mine.attributes.values()}
            assert mine.writable <= mine.fields | attributes, entity


async def test_support_sees_all_renewals(world: World) -> None:
    [rule] = await world.rows("acme", "share_rule")
    assert (await world.table("acme", "role"))[rule["role_id"]]["name"] == "Customer support"
    assert (await world.table("acme", "opportunity_type"))[rule["type_id"]]["name"] == "Renewal"


async def test_some_of_rep1s_opportunities_are_shared(world: World) -> None:
    sets = []
    for slug in ("acme", "globex"):
        of = {r["id"]: r["email"].partition("@")[0] for r in await world.rows(slug, "employee")}
        sales = await world.table(slug, "opportunity")
        shares = await world.rows(slug, "opportunity_share")
        assert {of[sales[row["opportunity_id"]]["owner_id"]] for row in shares} == {"rep1"}
        assert {of[row["employee_id"]] for row in shares} == {"rep2", "support"}
        sets.append({row["opportunity_id"] for row in shares})
    assert sets[0] != sets[1]


# --- the records --------------------------------------------------------------------------------


@pytest.mark.covers("VN-19", "VN-20", "VN-21", "VN-22", "VN-24", "D-20")
async def test_each_pipeline_has_ordered_stages_with_probabilities(world: World) -> None:
    stages = await world.table("acme", "stage")
    assert [(row["name"], row["kind"]) for row in stages.values()] == [
        ("Prospect", "OPEN"),
        ("Nurture", "OPEN"),
        ("Qualification", "OPEN"),
        ("Development", "OPEN"),
        ("Solution", "OPEN"),
        ("Proof", "OPEN"),
        ("Negotiation", "OPEN"),
        ("Won", "WON"),
        ("Lost", "LOST"),
    ]
    types = await world.table("acme", "opportunity_type")
    assert [row["name"] for row in types.values()] == ["New business", "Expansion", "Renewal"]
    pipelines = await world.rows("acme", "pipeline_stage")
    for type_id in types:
        mine = [row for row in pipelines if row["type_id"] == type_id]
        assert [row["position"] for row in mine] == list(range(1, len(mine) + 1))
        by_kind = {stages[row["stage_id"]]["kind"]: row["probability"] for row in mine}
        assert (by_kind["WON"], by_kind["LOST"]) == (100, 0)
        assert 0 < by_kind["OPEN"] < 100
    active = {(row["type_id"], row["stage_id"]) for row in pipelines}
    sales = await world.rows("acme", "opportunity")
    assert {(row["type_id"], row["stage_id"]) for row in sales} == active
    assert all(row["status"] == stages[row["stage_id"]]["kind"] for row in sales)


@pytest.mark.covers("D-17")
async def test_amounts_are_in_minor_units_with_ties_and_gaps(world: World) -> None:
    for slug in ("acme", "globex"):
        sales = await world.rows(slug, "opportunity")
        assert {row["currency"] for row in sales} == set(CURRENCIES)
        for row in sales:
            for name in ("amount", "margin", "commission"):
                if (value := row[name]) is not None:
                    assert value == round(value, CURRENCIES[row["currency"]])
        amounts = [row["amount"] for row in sales]
        assert min(amounts.count(None), amounts.count(Decimal(0))) > 5
        assert len(set(amounts)) < 0.7 * len(amounts)
        days = [row["expected_close_on"] for row in sales]
        assert days.count(None) > 20
        assert len(set(days)) < 0.8 * len(days)
        timestamps = {row["created_at"] for row in sales}
        assert 0.9 * len(sales) < len(timestamps) < len(sales)
        assert any(row["margin"] is not None and row["margin"] < 0 for row in sales)


async def test_owners_parents_and_trashed_records(world: World) -> None:
    for slug in ("acme", "globex"):
        staff = await world.table(slug, "employee")
        accounts = await world.table(slug, "account")
        sales = await world.rows(slug, "opportunity")
        assert {row["owner_id"] for row in sales} == staff.keys()
        assert {row["owner_id"] for row in accounts.values()} == staff.keys()
        trashed = {id for id, row in accounts.items() if row["deleted_at"]}
        assert trashed & {row["account_id"] for row in sales if not row["deleted_at"]}
        assert trashed & {r["parent_id"] for r in accounts.values() if not r["deleted_at"]}
        assert sum(1 for row in sales if row["deleted_at"]) > 5
        assert sum(1 for row in staff.values() if row["deleted_at"]) == 1
        assert sum(1 for row in accounts.values() if row["name"] is None) == 3
        assert max(_depth(accounts, row) for row in accounts.values()) == 3


def _depth(accounts: Table, row: dict[str, Any]) -> int:
    return 1 + _depth(accounts, accounts[row["parent_id"]]) if row["parent_id"] else 0


@pytest.mark.covers("D-12")
async def test_children_are_trashed_with_their_parent(world: World) -> None:
    for slug in ("acme", "globex"):
        for table, parent in (("address", "account"), ("opportunity_share", "opportunity")):
            parents = await world.table(slug, parent)
            rows = await world.rows(slug, table)
            assert all(r["deleted_at"] == parents[r[f"{parent}_id"]]["deleted_at"] for r in rows)
            assert {r["deleted_at"] is None for r in rows} == {True, False}
        heads = [r["account_id"] for r in await world.rows(slug, "address") if r["head_office"]]
        placed = {row["account_id"] for row in await world.rows(slug, "address")}
        assert sorted(heads) == sorted(placed)
        assert placed < (await world.table(slug, "account")).keys()


async def test_primary_account_of_a_case_matches_its_link(world: World) -> None:
    for slug in ("acme", "globex"):
        cases = await world.table(slug, "case")
        links = [row for row in await world.rows(slug, "case_account") if row["primary"]]
        assert {id: row["primary_account_id"] for id, row in cases.items()} == {
            row["case_id"]: row["account_id"] for row in links
        }


async def test_attributes_hold_values_of_their_kind(world: World) -> None:
    kinds = {str(r["id"]): r["kind"] for r in await world.rows("acme", "attribute")}
    values: dict[str, list[Any]] = {id: [] for id in kinds}
    sales = await world.rows("acme", "opportunity")
    others = [await world.rows("acme", table) for table in ("account", "person", "case")]
    for row in (*sales, *itertools.chain(*others)):
        for id, value in json.loads(row["custom"]).items():
            values[id].append(value)
    allowed = {"TEXT": str, "DATE": str, "BOOLEAN": bool, "NUMBER": int | float}
    for id, contents in values.items():
        assert contents
        assert all(isinstance(value, allowed[kinds[id]]) for value in contents)
        if kinds[id] == "DATE":
            assert all(date.fromisoformat(value) for value in contents)
        if kinds[id] == "NUMBER":
            assert {0, -4, 2.5} <= set(contents)
        if kinds[id] == "TEXT":
            assert "" in contents
    assert len(values[min(values)]) < 0.8 * len(sales)


async def test_no_timestamp_lies_in_the_future(world: World) -> None:
    for table in ENTITIES:
        for row in (await world.table("globex", table)).values():
            assert (
                row["created_at"] <= row["updated_at"] <= (row["deleted_at"] or row["updated_at"])
            )
            assert (row["deleted_at"] or row["updated_at"]).date() <= NOW


async def test_fill_adds_opportunities_for_benchmarks(world: World) -> None:
    before = await world.table("globex", "opportunity")
    attempt = world.admin.transaction()  # rolled back, because other tests count rows
    await attempt.start()
    await fill(world.admin, world.tenants["globex"], 300)
    first = await world.table("globex", "opportunity")
    await fill(world.admin, world.tenants["globex"], 20, seed=2)
    second = await world.table("globex", "opportunity")
    accounts = await world.table("globex", "account")
    await attempt.rollback()
    assert (len(first), len(second)) == (len(before) + 300, len(before) + 320)
    assert {row["account_id"] for row in second.values()} <= accounts.keys()
    added = [row for id, row in second.items() if id not in before]
    assert all(row["id"].version == 7 for row in added)
    assert {row["status"] for row in added} == {"OPEN", "WON", "LOST"}


def folded(text: str) -> str:
    """The expected form of a text folded for case-insensitive and accent-insensitive search."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


async def test_python_and_postgres_fold_texts_equally(world: World) -> None:
    texts: set[str] = set()
    for table in METADATA.sorted_tables:
        columns = [column.name for column in table.columns if isinstance(column.type, Text)]
        for slug in ("acme", "globex"):
            for row in await world.rows(slug, table.name):
                texts |= {row[name] for name in columns if row[name] is not None}
                values = json.loads(row.get("custom", "{}")).values()
                texts |= {value for value in values if isinstance(value, str)}
    ordered = sorted(texts)
    folded_rows = await world.admin.fetch(
        "SELECT platform.fold(t) FROM unnest($1::text[]) t", ordered
    )
    assert [row[0] for row in folded_rows] == [folded(text) for text in ordered]


@pytest.mark.parametrize("days", [1, 100, 900])
def test_demo_dates_are_relative_to_the_seeding_day(days: int) -> None:
    """Timestamps and dates shift with the seeding day, except expected close dates, which fall on ends of months."""
    moved = rows("acme", NOW + timedelta(days=days), HASH)
    assert moved == rows("acme", NOW + timedelta(days=days), HASH)
    for table, before in MADE.items():
        for first, second in zip(before, moved[table], strict=True):
            for name, value in first.items():
                if isinstance(value, date) and name != "expected_close_on":
                    assert second[name] - value == timedelta(days=days), f"{table}.{name}"
    closing = [(each["expected_close_on"], NOW) for each in MADE["opportunity"]]
    assert all(abs(day - now) < timedelta(days=340) for day, now in closing if day)
