"""The writes as hand-written SQL, one statement each, with the same effects as Relata's.

They rely on facts that a general service must check: the set and validity of the input fields, the permissions of
the caller, and the selected fields.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from bench.limit.texts import identity, money, record, rounded, text

# ruff: noqa: S608 - no user input

_FIRST = """
    SELECT s.id, s.kind, p.probability FROM {schema}.pipeline_stage p
    JOIN {schema}.stage s ON s.id = p.stage_id
    WHERE p.type_id = {type} AND p.deleted_at IS NULL AND s.deleted_at IS NULL
    ORDER BY p.position LIMIT 1"""
_NUMERIC = ("amount", "margin", "commission")
_COLUMNS = """(id, name, account_id, owner_id, type_id, stage_id, status, probability, currency,
    amount, expected_close_on, note, rank_key)"""
LONGEST = 250
"""Number of opportunities per root field of a batch; the change log has them list by list."""
_MOMENT = "(extract(epoch FROM now()) * 1000000)::bigint + 62135596800000000"
"""Microseconds since the year 1."""
_PLACE = "row_number() OVER () - 1"
_SHOWN = record(
    id=identity("opp", "o.id"),
    version="o.version::text",
    name=text("o.name"),
    amount=money("o.amount", "o.currency"),
    stage=record(name=text("s.name")),
)
_PAYLOAD = record(opportunity=_SHOWN)
_HISTORY = """INSERT INTO {schema}.history
    (id, record_id, key, kind, entity, field, before, after, record_version, at, user_id)"""


def _base36(number: str, width: int) -> str:
    """SQL of an integer in base 36, with digits that sort as text."""
    digit = f"({number}) / (36::numeric ^ place)::bigint % 36"
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (
        f"(SELECT string_agg(substr('{digits}', ({digit})::integer + 1, 1), '' ORDER BY place DESC)"
        f" FROM generate_series(0, {width - 1}) AS place)"
    )


_RANK = f"'l' || {_base36(_MOMENT, 12)}"
"""The sort key of a record that enters a stage; records of one request are distinguished by their index."""


def _image(row: str) -> str:
    """SQL of an opportunity in the format of the change log: decimals are strings."""
    numeric = ", ".join(f"'{name}', {row}.{name}::text" for name in _NUMERIC)
    return f"to_jsonb({row}) || jsonb_build_object({numeric})"


_HEAD = "UPDATE {schema}.log_head SET position = position + 1 RETURNING position"
_STAGE_ENTRIES = """
    visited AS (
        INSERT INTO {schema}.stage_history (id, opportunity_id, stage_id, entered_at)
        SELECT uuidv7(), id, stage_id, now() FROM made ORDER BY id
        RETURNING *)"""
_HISTORY_ENTRIES = f"""
    noted AS ({_HISTORY}
        SELECT uuidv7(), id, entity || '.', 'CREATED', entity, NULL, NULL, NULL, 1, now(), $1
        FROM (SELECT id, 'Opportunity' AS entity FROM made
            UNION ALL SELECT id, 'StageHistory' FROM visited) AS each)"""
_INSERTED = """{schema}.change_log
    (position, number, kind, entity, record_id, changed, before, after, access, user_id,
    request_id, at)"""

# The lock on the log's head is taken last, and held for one message only, which contains the lock, the statement and
# the commit, with ids as the only values.
LOCK = "SELECT pg_advisory_xact_lock('log_head'::regclass::oid::integer, 1)"
CREATED = f"""
WITH head AS ({_HEAD})
INSERT INTO {_INSERTED}
SELECT position, 0, 'CREATED', 'Opportunity', id, '{{}}'::text[], NULL::jsonb, {_image("o")}, false,
    $1::uuid, $2::uuid, now()
FROM head, {{schema}}.opportunity o WHERE id = $3::uuid
UNION ALL
SELECT position, 1, 'CREATED', 'StageHistory', id, '{{}}', NULL, to_jsonb(v), false, $1, $2, now()
FROM head, {{schema}}.stage_history v WHERE opportunity_id = $3
"""
UPDATED = f"""
WITH head AS ({_HEAD})
INSERT INTO {_INSERTED}
SELECT position, 0, 'UPDATED', 'Opportunity', id, current_setting('bench.changed')::text[],
    current_setting('bench.before')::jsonb, {_image("o")}, false, $1::uuid, $2::uuid, now()
FROM head, {{schema}}.opportunity o WHERE id = $3::uuid
"""

CREATE = f"""
WITH made AS (
        INSERT INTO {{schema}}.opportunity {_COLUMNS}
        SELECT $3, $4, $5, $2, $6, f.id, f.kind, f.probability, $7, $8, $9, $10,
            {_RANK}
        FROM ({_FIRST.replace("{type}", "$6")}) f
        RETURNING *),
    {_STAGE_ENTRIES},
    {_HISTORY_ENTRIES}
SELECT convert_to({record(opportunityCreate=_PAYLOAD)}, 'UTF8')
FROM made o JOIN {{schema}}.stage s ON s.id = o.stage_id
"""

_GIVEN = """jsonb_to_recordset($4::jsonb) AS g (name text, account uuid, type uuid, currency text,
    amount numeric, "expectedCloseOn" date, note text)"""
BATCH = f"""
WITH made AS (
        INSERT INTO {{schema}}.opportunity {_COLUMNS}
        SELECT uuidv7(), g.name, g.account, $2, g.type, f.id, f.kind, f.probability, g.currency,
            g.amount, g."expectedCloseOn", g.note,
            {_RANK} || rtrim({_base36("g.number", 4)}, '0')
        FROM (SELECT *, {_PLACE} AS number FROM {_GIVEN}) g,
            LATERAL ({_FIRST.replace("{type}", "g.type")}) f
        RETURNING *),
    {_STAGE_ENTRIES},
    {_HISTORY_ENTRIES},
    head AS ({_HEAD}),
    created AS (
        SELECT row_number() OVER (ORDER BY id) - 1 AS place, 0 AS kind, 'Opportunity' AS entity, id,
            {_image("made")} AS image
        FROM made
        UNION ALL
        SELECT row_number() OVER (ORDER BY opportunity_id) - 1, 1, 'StageHistory', id,
            to_jsonb(visited)
        FROM visited),
    logged AS (INSERT INTO {_INSERTED}
        SELECT position, row_number() OVER (ORDER BY place / {LONGEST}, kind, place) - 1, 'CREATED',
            entity, id, '{{}}'::text[], NULL, image, false, $1, $3, now()
        FROM head, created)
SELECT convert_to('{{"opportunityCreateMany":{{"results":['
    || string_agg({_PAYLOAD}, ',') || ']}}}}', 'UTF8')
FROM made o JOIN {{schema}}.stage s ON s.id = o.stage_id
"""

_ROUNDED_AMOUNT = rounded("amount", "currency") + "::text"
UPDATE = f"""
WITH made AS (
        UPDATE {{schema}}.opportunity
        SET name = $4, amount = $5, note = $6, version = version + 1, updated_at = now()
        WHERE id = $2 AND version = $3 AND deleted_at IS NULL
        RETURNING new.id, new.version, new.name, new.amount, new.note, new.currency, new.stage_id,
            old.name AS old_name, old.amount AS old_amount, old.note AS old_note,
            {_image("old")} AS before),
    fields AS (
        SELECT id, version, field, was, is_ FROM made, LATERAL (VALUES
            ('name', old_name, name),
            ('amount', {_ROUNDED_AMOUNT.replace("amount", "old_amount")}, {_ROUNDED_AMOUNT}),
            ('note', old_note, note)
        ) AS f (field, was, is_) WHERE was IS DISTINCT FROM is_),
    noted AS ({_HISTORY}
        SELECT uuidv7(), id, 'Opportunity.' || field, 'UPDATED', 'Opportunity', field, was, is_,
            version, now(), $1 FROM fields),
    kept AS MATERIALIZED (
        SELECT set_config('bench.before', before::text, true),
            set_config('bench.changed', (SELECT array_agg(field) FROM fields)::text, true)
        FROM made)
SELECT convert_to({record(opportunityUpdate=_PAYLOAD)}, 'UTF8')
FROM kept, made o JOIN {{schema}}.stage s ON s.id = o.stage_id
"""

_TEXTS = {
    "create": CREATE,
    "update": UPDATE,
    "batch": BATCH,
    "created": CREATED,
    "updated": UPDATED,
}


def statement(kind: str, schema: str) -> str:
    """The SQL for one tenant."""
    return _TEXTS[kind].replace("{schema}", schema)


def arguments(kind: str, params: Any, user: UUID, employee: UUID, id: UUID) -> tuple[Any, ...]:
    """The bind parameters from the body of a request; `id` is the new id."""
    match kind:
        case "batch":
            return (user, employee, id, params)
        case "update":
            values = params["name"], Decimal(params["amount"]), params["note"]
            return (user, UUID(params["id"]), params["version"], *values)
        case _:
            return (
                *(user, employee, id, params["name"], UUID(params["account"])),
                *(UUID(params["type"]), params["currency"], Decimal(params["amount"])),
                *(date.fromisoformat(params["expectedCloseOn"]), params["note"]),
            )
