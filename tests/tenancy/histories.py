"""A tenant's history as SQL, whole or step by step; and a longer one than there is, to migrate through."""

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
    "9001": """op.add_column('account', sa.Column('rating', sa.Integer(), comment='How good it is.'))
    op.create_table('mood', sa.Column('id', sa.Uuid(), primary_key=True, comment='Its id.'), comment='Moods.')""",
    "9002": """op.create_index('account_rating_idx', 'account', ['rating'])
    op.execute("UPDATE account SET rating = 5")""",
    "9003": "op.add_column('mood', sa.Column('name', sa.Text(), comment='What it is called.'))",
}
"""Revisions after the last that there is, with what they do."""


def revisions() -> list[str]:
    """Every revision of the tenants' history, the first one first."""
    found = ScriptDirectory.from_config(history.config("tenant")).walk_revisions()
    return [each.revision for each in found][::-1]


def steps() -> list[tuple[str, str]]:
    """Every step of the history: from where, and to where."""
    return list(pairwise(["base", *revisions()]))


def sql(since: str, until: str) -> str:
    """The part of the history between two revisions."""
    text, settings = io.StringIO(), history.config("tenant")
    settings.attributes["buffer"] = text
    command.upgrade(settings, f"{since}:{until}", sql=True)
    return text.getvalue()


def _forget() -> None:
    history.head.cache_clear()
    history.script.cache_clear()


@contextmanager
def longer(place: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """As if the history went on; yields what is the newest revision in truth."""
    newest = history.head()
    shutil.copytree(history.MIGRATIONS, place / "migrations")
    before = newest
    for name, deed in STEPS.items():
        text = (
            f'"""Step {name}."""\nimport sqlalchemy as sa\nfrom alembic import op\n'
            f"revision = {name!r}\ndown_revision = {before!r}\n\ndef upgrade():\n    {deed}\n"
        )
        (place / "migrations" / "tenant" / "versions" / f"{name}_step.py").write_text(text)
        before = name
    patch.setattr(history, "MIGRATIONS", place / "migrations")
    _forget()
    try:
        yield newest
    finally:
        patch.undo()
        _forget()
