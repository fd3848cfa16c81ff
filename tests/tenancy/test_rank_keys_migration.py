"""The migration from numeric ranks to rank keys preserves the order, and new keys fit between the migrated ones."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from fractional_indexing import generate_key_between, validate_order_key

from domain.ranks import DIGITS, last
from tests.support.covers import covers
from tests.tenancy.cell import MARK, Cell
from tests.tenancy.histories import revisions, sql

OLD = f"""
INSERT INTO employee (id, name, email) VALUES ('{MARK}', 'Ada', 'ada@example.com');
INSERT INTO stage (id, name, kind, position) VALUES ('{MARK}', 'First', 'OPEN', 1),
    (gen_random_uuid(), 'Second', 'OPEN', 2);
INSERT INTO opportunity_type (id, name) VALUES ('{MARK}', 'Renewal');
INSERT INTO account (id, name, number, owner_id) VALUES ('{MARK}', 'One', '7', '{MARK}');
INSERT INTO opportunity (id, name, account_id, owner_id, type_id, stage_id, status, currency, rank)
SELECT gen_random_uuid(), 'Desks', '{MARK}', '{MARK}', '{MARK}', s.id, 'OPEN', 'EUR', r.rank
FROM stage s, (
    VALUES (-1014.0), (0), (0.0001), (250.25), (250.25), (1773489600.0016), (NULL), (NULL)
) AS r (rank), generate_series(1, 30);
"""  # noqa: S608 - constants
BEFORE = "SELECT id FROM opportunity ORDER BY stage_id, rank NULLS LAST, id"
AFTER = 'SELECT id FROM opportunity ORDER BY stage_id, rank_key COLLATE "C", id'
KEYS = 'SELECT rank_key FROM opportunity WHERE stage_id = $1 ORDER BY rank_key COLLATE "C"'


@covers("X-21", "D-73")
async def test_migrated_rank_keys_have_the_order_of_the_numbers(cell: Cell) -> None:
    admin, attempt = cell.admin, cell.admin.transaction()
    await attempt.start()  # rolled back, so that other tests do not see the schema
    try:
        await admin.execute("CREATE SCHEMA older; SET LOCAL search_path = older, pg_temp")
        await admin.execute(sql("base", "0007"))
        await admin.execute(OLD)
        before = [row["id"] for row in await admin.fetch(BEFORE)]
        await admin.execute(sql("0007", revisions()[-1]))
        assert [row["id"] for row in await admin.fetch(AFTER)] == before
        keys = [row["rank_key"] for row in await admin.fetch(KEYS, MARK)]
        assert len(keys) == 240
        for low, high in pairwise(keys):
            validate_order_key(low, DIGITS)
            assert low < generate_key_between(low, high, digits=DIGITS) < high
        first = generate_key_between(None, keys[0], digits=DIGITS)
        await admin.execute("UPDATE opportunity SET rank_key = $1 WHERE stage_id = $2", first, MARK)
        assert last(datetime(2026, 1, 1, tzinfo=UTC)) > keys[-1]
    finally:
        await attempt.rollback()
