"""The two migration histories, of the catalog and of the tenants, rendered by alembic as SQL scripts."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from db.engine.transaction import Driver

MIGRATIONS = Path(__file__).resolve().parents[2] / "db" / "migrations"


def config(history: str) -> Config:
    """Alembic's settings for `catalog` or `tenant`."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS / history))
    settings.set_main_option("path_separator", "os")
    return settings


@cache
def head(history: str = "tenant") -> str:
    """The newest revision of a history."""
    newest = ScriptDirectory.from_config(config(history)).get_current_head()
    if newest is None:
        raise LookupError(f"the {history} history is empty")
    return newest


def is_known(revision: str, history: str = "tenant") -> bool:
    """Whether this version knows a revision, so that it can create and migrate such a schema."""
    revisions = ScriptDirectory.from_config(config(history)).walk_revisions()
    return revision in {each.revision for each in revisions}


@cache
def script(since: str = "base", history: str = "tenant", until: str = "head") -> str:
    """The SQL that migrates from one revision to another. That of a tenant does not set search_path."""
    text = io.StringIO()
    settings = config(history)
    settings.attributes["buffer"] = text
    command.upgrade(settings, f"{since}:{until}", sql=True)
    return text.getvalue()


async def upgrade_catalog(admin: Driver) -> None:
    """Migrate the catalog to its newest revision. Idempotent, and safe for concurrent processes."""
    async with admin.transaction():
        await admin.execute("SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock(4242)")
        found = await admin.fetchval("SELECT to_regclass('catalog.alembic_version')::text")
        since = (
            await admin.fetchval("SELECT version_num FROM catalog.alembic_version")
            if found
            else None
        )
        if since != head("catalog"):
            await admin.execute("CREATE SCHEMA IF NOT EXISTS catalog")
            await admin.execute(script(since or "base", "catalog"))
