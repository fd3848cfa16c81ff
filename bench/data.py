"""Inserts generated accounts and opportunities into a demonstration tenant."""

from __future__ import annotations

from typing import Any

import asyncpg

from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS
from tenancy.demo.rows import made_id
from tenancy.demo.words import CITIES, INDUSTRIES, OCCASIONS, SEGMENTS, SUBJECTS, TIERS
from tenancy.engine.provision import Tenant

ACCOUNTS_PER = 10  # opportunities
EPOCH_MS = 1_704_067_200_000  # start of 2024
STEP_MS = 20_000  # between the timestamps of consecutive rows, in ids and created_at


def _id(table: str, number: str, seed: int) -> str:
    """SQL of a row's id, a deterministic UUID version 7 derived from its number."""
    moment = f"lpad(to_hex({EPOCH_MS + seed} + {number} * {STEP_MS}), 12, '0')"
    hashed = f"md5('{table}:{seed}:' || {number})"
    return f"({moment} || '7' || substr({hashed}, 1, 3) || '8' || substr({hashed}, 4, 15))::uuid"


def _draw(what: int, below: str, number: str = "n") -> str:
    """SQL of a pseudo-random integer from 0 to `below` - 1, derived from the row's number only."""
    return f"(hashint8extended({number}, $1::bigint * 100 + {what}) & 1073741823) % {below}"


def _pick(parameter: int, kind: str, what: int) -> str:
    """SQL of a pseudo-random element of a bound array."""
    array = f"${parameter}::{kind}[]"
    return f"({array})[1 + {_draw(what, f'cardinality({array})')}]"


def _accounts(schema: str, seed: int) -> str:
    country = f"(ARRAY['NL', 'SE', 'DE', 'FR'])[1 + {_draw(2, '4')}]"
    return f"""
        INSERT INTO {schema}.account (id, name, number, country, city, employee_count,
            key_account, owner_id, custom, created_at, updated_at)
        SELECT {_id("account", "n", seed)},
            {_pick(3, "text", 1)} || ' ' || {_pick(4, "text", 2)} || ' ' || n,
            'B{seed}-' || n, {country}, {_pick(3, "text", 1)}, {_draw(3, "9000")},
            {_draw(4, "20")} = 0, {_pick(5, "uuid", 5)},
            jsonb_build_object($6::text, {_pick(7, "text", 6)}), made, made
        FROM generate_series(1, $2::bigint) AS n,
            LATERAL (SELECT to_timestamp(({EPOCH_MS} + n * {STEP_MS}) / 1000.0)) AS t (made)
    """  # noqa: S608 - no user input


def _opportunities(schema: str, seed: int, accounts: int) -> str:
    """Opportunities; type and stage are a random pair from the pipelines."""
    account = f"(1 + {_draw(1, str(accounts))})"
    amount = f"CASE WHEN {_draw(2, '20')} > 0 THEN ({_draw(3, '40000')} * 25)::numeric END"
    day = f"CASE WHEN {_draw(4, '12')} > 0 THEN made::date + ({_draw(5, '700')})::int END"
    return f"""
        INSERT INTO {schema}.opportunity (id, name, account_id, owner_id, type_id, stage_id,
            status, probability, currency, amount, margin, commission, expected_close_on, note,
            custom, created_at, updated_at)
        SELECT {_id("opportunity", "n", seed)},
            {_pick(3, "text", 6)} || ', ' || {_pick(4, "text", 7)} || ' ' || n,
            {_id("account", account, seed)}, {_pick(5, "uuid", 8)},
            ($6::uuid[])[at], ($7::uuid[])[at], ($8::text[])[at], ($9::int[])[at],
            {_pick(10, "text", 10)}, amount, amount * 0.3, amount * 0.04, {day},
            CASE WHEN {_draw(11, "3")} = 0 THEN {_pick(4, "text", 7)} END,
            jsonb_build_object($11::text, {_pick(12, "text", 12)}, $13::text, {_draw(13, "200")}),
            made, made
        FROM generate_series(1, $2::bigint) AS n, LATERAL (
            SELECT to_timestamp(({EPOCH_MS} + n * {STEP_MS}) / 1000.0),
                1 + {_draw(9, "cardinality($6::uuid[])")}, {amount}
        ) AS t (made, at, amount)
    """  # noqa: S608 - no user input


async def fill(
    admin: asyncpg.Connection[Any], tenant: Tenant, opportunities: int, *, seed: int = 1
) -> None:
    """Insert `opportunities` rows, and a tenth as many accounts. A different seed gives different ids."""
    schema = tenant.placement.schema
    accounts = max(1, opportunities // ACCOUNTS_PER)
    employees = await admin.fetch(
        f"SELECT id FROM {schema}.employee WHERE deleted_at IS NULL ORDER BY id"  # noqa: S608
    )
    owners = [row["id"] for row in employees]
    pipelines = await admin.fetch(
        f"SELECT p.type_id, p.stage_id, s.kind, p.probability FROM {schema}.pipeline_stage p "  # noqa: S608
        f"JOIN {schema}.stage s ON s.id = p.stage_id ORDER BY p.id"
    )
    tier, seats, segment = (
        str(made_id("attribute", ATTRIBUTE_NUMBERS[key])) for key in ("tier", "seats", "segment")
    )
    cities = [city for city, _ in CITIES]
    async with admin.transaction():
        await admin.execute(
            _accounts(schema, seed),
            *(seed, accounts, cities, INDUSTRIES, owners, segment, SEGMENTS),
        )
        await admin.execute(
            _opportunities(schema, seed, accounts),
            *(seed, opportunities, SUBJECTS, OCCASIONS, owners),
            *(list(column) for column in zip(*pipelines, strict=True)),
            *(["EUR", "EUR", "USD", "SEK"], tier, TIERS, seats),
        )
        # Processes cache row counts per access version, so a new version makes them count again.
        await admin.execute(f"UPDATE {schema}.log_head SET access = access + 1")  # noqa: S608
        await admin.execute(f"ANALYZE {schema}.account, {schema}.opportunity")
