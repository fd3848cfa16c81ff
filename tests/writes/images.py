"""Rows as JSON holds them, so that those which mean the same are equal."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tests.writes.kinds import MONEY, Row

Images = dict[str, dict[UUID, Row | None]]
"""Of every entity, its rows."""


def plain(text: str | None) -> Row | None:
    """An image with moments and amounts that are equal if they mean the same."""
    if text is None:
        return None
    image = json.loads(text)
    moments = {n: datetime.fromisoformat(v) for n, v in image.items() if n.endswith("_at") and v}
    amounts = {n: Decimal(str(v)) for n, v in image.items() if n in MONEY and v is not None}
    return {**image, **moments, **amounts}
