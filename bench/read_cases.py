"""The five read cases, and the parameters of their requests."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.tenant import Filled

MANY = 200
"""Number of different requests per case, so that a cache of results has no effect."""
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class ReadCase:
    """A read that is measured."""

    name: str
    title: str
    seller: bool = False
    """Whether the caller is a sales representative with own rows only, rather than an administrator."""


READ_CASES = (
    ReadCase("Q1", "one opportunity by its id, with account and owner"),
    ReadCase("Q2", "50 opportunities by amount, with relations and a nested list"),
    ReadCase("Q3", "20 accounts, 10 opportunities of each, with their relations"),
    ReadCase("Q4", "filter and order, with the first 20, and sums by stage"),
    ReadCase("Q5", "Q2 as a sales representative: own rows, masked fields", seller=True),
)


async def params_by_case(
    admin: asyncpg.Connection[Any], filled: Filled
) -> Mapping[str, Sequence[Parameters]]:
    """The parameters of every request, by case; equal for all contenders."""
    schema = filled.tenant.placement.schema
    rows = await admin.fetch(
        f"SELECT id FROM {schema}.opportunity WHERE deleted_at IS NULL "  # noqa: S608
        f"ORDER BY md5(id::text) LIMIT {MANY}"
    )
    rng = random.Random(7)  # noqa: S311 - not for security
    most = [{"most": str(250_000 + 3_500 * i)} for i in range(MANY)]
    least = [{"least": 25 * i} for i in range(MANY)]
    amount = [{"least": str(900_000 + 450 * i)} for i in range(MANY)]
    for each in (most, least, amount):
        rng.shuffle(each)
    return {
        "Q1": [{"id": str(row["id"])} for row in rows],
        "Q2": most,
        "Q3": least,
        "Q4": amount,
        "Q5": most,
    }
