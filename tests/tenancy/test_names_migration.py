"""Migration 0010 renames tables and columns, and the object types that stored rows refer to."""

from tests.tenancy.cell import MARK, Cell
from tests.tenancy.histories import sql

BEFORE = f"""
INSERT INTO profile (id, name) VALUES ('{MARK}', 'Sales');
INSERT INTO profile_entity (id, profile_id, entity, rows) VALUES ('{MARK}', '{MARK}', 'StageVisit', 'ALL');
INSERT INTO profile_field (id, profile_id, entity, field) VALUES
    ('{MARK}', '{MARK}', 'BusinessRole', 'description'), (gen_random_uuid(), '{MARK}', 'Account', 'name');
INSERT INTO status_rule (id, entity, field, status) VALUES ('{MARK}', 'Opportunity', 'amount', 'WON');
INSERT INTO tag (id, name, colour) VALUES ('{MARK}', 'key', '#3b82f6');
INSERT INTO unit (id, name) VALUES ('{MARK}', 'hour');
INSERT INTO history (id, record_id, key, kind, entity, field, after, record_version, at) VALUES
    ('{MARK}', '{MARK}', 'Tag.colour', 'UPDATED', 'Tag', 'colour', '#3b82f6', 2, now()),
    (gen_random_uuid(), '{MARK}', 'Unit.name', 'UPDATED', 'Unit', 'name', 'hour', 2, now()),
    (gen_random_uuid(), '{MARK}', 'UnitedNations.name', 'UPDATED', 'UnitedNations', 'name', 'x', 2, now());
"""  # noqa: S608 - constants
RENAMED = (
    "stage_history",
    "opportunity_contact",
    "attribute_assignment",
    "object_permission",
    "field_permission",
)


async def test_migration_0010_renames_stored_object_types_and_fields(cell: Cell) -> None:
    attempt = cell.admin.transaction()
    await attempt.start()
    try:
        await cell.admin.execute("CREATE SCHEMA older; SET LOCAL search_path = older, pg_temp")
        await cell.admin.execute(sql("base", "0009"))
        await cell.admin.execute(BEFORE)
        await cell.admin.execute(sql("0009", "0010"))
        fetch = cell.admin.fetch
        assert [r[0] for r in await fetch("SELECT entity FROM object_permission")] == [
            "StageHistory"
        ]
        granted = await fetch("SELECT entity, field FROM field_permission ORDER BY 1")
        assert [tuple(r) for r in granted] == [("Account", "name"), ("OpportunityContact", "role")]
        assert [tuple(r) for r in await fetch("SELECT name, color FROM tag")] == [
            ("key", "#3b82f6")
        ]
        assert [r[0] for r in await fetch("SELECT name FROM unit_of_measure")] == ["hour"]
        history = await fetch("SELECT key, entity, field FROM history ORDER BY 1")
        assert [tuple(r) for r in history] == [
            ("Tag.color", "Tag", "color"),
            ("UnitOfMeasure.name", "UnitOfMeasure", "name"),
            ("UnitedNations.name", "UnitedNations", "name"),
        ]
        for table in RENAMED:
            names = await fetch(
                "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass", table
            )
            assert names
            assert all(row[0].startswith(table) for row in names)
    finally:
        await attempt.rollback()
