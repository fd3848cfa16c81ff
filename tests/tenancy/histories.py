"""The migrations of tenants as SQL, complete or step by step, and three more migrations for tests."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from tenancy.engine import history

STEPS = {
    "9001": """op.add_column('account', sa.Column('rating', sa.Integer(), comment='Rating from 1 to 5.'))
    op.create_table('mood', sa.Column('id', sa.Uuid(), primary_key=True, comment='ID.'), comment='Moods.')""",
    "9002": """op.create_index('account_rating_idx', 'account', ['rating'])
    op.execute("UPDATE account SET rating = 5")""",
    "9003": "op.add_column('mood', sa.Column('name', sa.Text(), comment='Name.'))",
}
"""Revisions that follow the newest one, with the body of `upgrade`."""


def revisions() -> list[str]:
    """All revisions of the tenants' migrations, oldest first."""
    walked = ScriptDirectory.from_config(history.config("tenant")).walk_revisions()
    return [each.revision for each in walked][::-1]


def steps() -> list[tuple[str, str]]:
    """Pairs of consecutive revisions, from `base` to the newest."""
    return list(pairwise(["base", *revisions()]))


def sql(since: str, until: str) -> str:
    """SQL of the migrations between two revisions."""
    text, settings = io.StringIO(), history.config("tenant")
    settings.attributes["buffer"] = text
    command.upgrade(settings, f"{since}:{until}", sql=True)
    return text.getvalue()


def _clear_caches() -> None:
    history.head.cache_clear()
    history.script.cache_clear()


@contextmanager
def longer(place: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Add the revisions of `STEPS` to the migrations; yields the newest revision before them."""
    newest = history.head()
    shutil.copytree(history.MIGRATIONS, place / "migrations")
    before = newest
    for name, body in STEPS.items():
        text = (
            f'"""Step {name}."""\nimport sqlalchemy as sa\nfrom alembic import op\n'
            f"revision = {name!r}\ndown_revision = {before!r}\n\ndef upgrade():\n    {body}\n"
        )
        (place / "migrations" / "tenant" / "versions" / f"{name}_step.py").write_text(text)
        before = name
    patch.setattr(history, "MIGRATIONS", place / "migrations")
    _clear_caches()
    try:
        yield newest
    finally:
        patch.undo()
        _clear_caches()
