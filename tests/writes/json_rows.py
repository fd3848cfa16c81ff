"""Rows parsed from JSON, comparable by value."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tests.writes.entity_types import MONEY, Row

JsonRows = dict[str, dict[UUID, Row | None]]
"""Rows by entity and id."""


def parse_row(text: str | None) -> Row | None:
    """A row with timestamps as datetimes and amounts as decimals."""
    if text is None:
        return None
    row = json.loads(text)
    timestamps = {n: datetime.fromisoformat(v) for n, v in row.items() if n.endswith("_at") and v}
    amounts = {n: Decimal(str(v)) for n, v in row.items() if n in MONEY and v is not None}
    return {**row, **timestamps, **amounts}
