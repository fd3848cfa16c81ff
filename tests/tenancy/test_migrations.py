"""Imports of migrations, and their effect on tables in use: locks, removed columns and time limits (D-73)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData

from db.api import METADATA
from domain.setup import StageKind
from tenancy.engine.drift import drift
from tenancy.engine.history import MIGRATIONS
from tenancy.engine.provision import TIMEOUTS
from tests.tenancy.cell import MARK, Cell
from tests.tenancy.histories import longer, sql, steps

ALLOWED = {"alembic", "sqlalchemy"} | set(sys.stdlib_module_names)
SQUAWK = Path(sys.executable).parent / "squawk"
EXCLUDED = {
    "prefer-bigint-over-int": "the 32-bit integers are versions, positions and percentages, never row counts",
    "prefer-text-field": "the only VARCHARs are alembic's and those of enums with a CHECK",
    "require-concurrent-index-creation": "CONCURRENTLY cannot be in the tenant's one transaction; "
    "large tables get indexes in a separate step",
}


@pytest.mark.parametrize("file", sorted(MIGRATIONS.rglob("*.py")), ids=lambda file: file.stem)
def test_migration_imports_nothing_of_the_application(file: Path) -> None:
    assert not _forbidden_imports(file.read_text()), (
        f"{file.name} imports {_forbidden_imports(file.read_text())}. The application changes, a migration must "
        "not: write the names and values that it needs into it."
    )


def _forbidden_imports(text: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or "").partition(".")[0])
    return names - ALLOWED


@pytest.mark.parametrize(
    "text",
    ["import db.api", "from domain.setup import StageKind", "from . import x", "import tenancy"],
)
def test_import_of_the_application_is_found(text: str) -> None:
    assert _forbidden_imports(f"import sqlalchemy as sa\nfrom alembic import op\n{text}\n")


def _complaints(text: str) -> list[str]:
    """Complaints of squawk about a migration with the runner's time limits in a transaction."""
    command = [str(SQUAWK), "--reporter", "gcc", "--pg-version", "15.0", "--assume-in-transaction"]
    command += ["--stdin-filepath", "migration.sql", f"--exclude={','.join(EXCLUDED)}"]
    result = subprocess.run(
        command, input=TIMEOUTS + "\n" + text, capture_output=True, text=True, check=False
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("migration.sql:")]
    assert bool(lines) == bool(result.returncode), result.stderr
    return lines


@pytest.mark.parametrize(("since", "until"), steps())
def test_migration_passes_squawk(since: str, until: str) -> None:
    complaints = _complaints(sql(since, until))
    assert not complaints, "expand, deploy, then contract: " + "\n".join(complaints)


def test_ordinary_steps_pass_squawk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with longer(tmp_path, monkeypatch):
        for since, until in steps():
            assert not _complaints(sql(since, until))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ALTER TABLE account ADD COLUMN x text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE account ALTER COLUMN name TYPE varchar(9);", "changing-column-type"),
        ("ALTER TABLE account RENAME COLUMN name TO title;", "renaming-column"),
        ("ALTER TABLE account RENAME TO customer;", "renaming-table"),
        ("ALTER TABLE account DROP COLUMN city;", "ban-drop-column"),
        ("DROP TABLE account;", "ban-drop-table"),
        ("ALTER TABLE account ALTER COLUMN city SET NOT NULL;", "adding-not-nullable-field"),
        (
            "ALTER TABLE account ADD CONSTRAINT x CHECK (name <> '');",
            "constraint-missing-not-valid",
        ),
    ],
)
def test_squawk_reports_statements_that_block_users_of_a_table(text: str, rule: str) -> None:
    assert any(rule in line for line in _complaints(text))


def test_runner_sets_lock_and_statement_timeouts() -> None:
    """Without timeouts a waiting migration would block all later requests for the table."""
    assert "lock_timeout" in TIMEOUTS
    assert "statement_timeout" in TIMEOUTS


async def test_missing_migration_is_found(cell: Cell) -> None:
    assert not await drift(cell.admin, METADATA)
    declared = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.tables.values():
        table.to_metadata(declared)
    declared.tables["account"].append_column(Column("forgotten", Integer, comment="New."))
    declared.remove(declared.tables["share_rule"])
    differences = await drift(cell.admin, declared)
    assert "- column account.forgotten integer -- New." in differences
    assert any(line.startswith("+ table share_rule") for line in differences)


OLD = f"""
INSERT INTO employee (id, name, email) VALUES ('{MARK}', 'Ada', 'ada@example.com');
INSERT INTO role (id, name) VALUES ('{MARK}', 'Seller');
INSERT INTO profile (id, name) VALUES ('{MARK}', 'Sales');
INSERT INTO stage (id, name, kind, position) VALUES ('{MARK}', 'First', 'OPEN', 1);
INSERT INTO opportunity_type (id, name) VALUES ('{MARK}', 'Renewal');
INSERT INTO account (id, name, number, owner_id) VALUES ('{MARK}', 'One', '7', '{MARK}');
INSERT INTO opportunity (id, name, account_id, owner_id, type_id, stage_id, status, currency)
    VALUES ('{MARK}', 'Desks', '{MARK}', '{MARK}', '{MARK}', '{MARK}', 'OPEN', 'EUR');
INSERT INTO role_profile VALUES ('{MARK}', '{MARK}');
INSERT INTO profile_entity VALUES ('{MARK}', 'Account', 'ALL');
INSERT INTO profile_field VALUES ('{MARK}', 'Account', 'name');
INSERT INTO share_rule VALUES ('{MARK}', '{MARK}');
INSERT INTO opportunity_share VALUES ('{MARK}', '{MARK}');
INSERT INTO status_rule VALUES ('Opportunity', 'amount', '{{WON,LOST,WON}}'), ('Opportunity', 'margin', '{{}}');
"""  # noqa: S608 - constants


async def test_migration_0002_converts_permissions_to_records(cell: Cell) -> None:
    """No field becomes readable: a status rule without any status still hides its field."""
    attempt = cell.admin.transaction()  # rolled back, so that other tests do not see the schema
    await attempt.start()
    try:
        await cell.admin.execute("CREATE SCHEMA older; SET LOCAL search_path = older, pg_temp")
        await cell.admin.execute(sql("base", "0001"))
        await cell.admin.execute(OLD)
        await cell.admin.execute(sql("0001", "0002"))
        for table in ("role_profile", "profile_entity", "profile_field", "share_rule"):
            (row,) = await cell.admin.fetch(f"SELECT * FROM {table}")  # noqa: S608
            assert (row["version"], row["deleted_at"]) == (1, None)
            assert MARK in {row.get("role_id"), row.get("profile_id")}
        (opened,) = await cell.admin.fetch(
            "SELECT rows, creates, edits, deletes FROM profile_entity"
        )
        assert tuple(opened) == ("ALL", False, None, None)
        assert not await cell.admin.fetchval("SELECT bool_or(writes) FROM profile_field")
        (share,) = await cell.admin.fetch(
            "SELECT opportunity_id, employee_id FROM opportunity_share"
        )
        assert tuple(share) == (MARK, MARK)
        rules = await cell.admin.fetch("SELECT field, status FROM status_rule ORDER BY 1, 2")
        closed = [tuple(row) for row in rules if row["field"] == "margin"]
        assert [tuple(r) for r in rules[:2]] == [("amount", "LOST"), ("amount", "WON")]
        assert len(rules) == 3
        assert closed
        assert closed[0][1] not in {kind.value for kind in StageKind}
    finally:
        await attempt.rollback()
