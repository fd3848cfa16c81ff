"""The five reads that are measured, and what each request of them asks for."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.tenant import Filled

MANY = 200
"""Requests that differ from each other: nothing can be answered out of a cache of results."""
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One of the reads."""

    name: str
    title: str
    seller: bool = False
    """Whether it is asked by one who sees his own rows only, rather than by one who sees all."""


QUESTIONS = (
    Question("Q1", "one opportunity by its id, with account and owner"),
    Question("Q2", "50 opportunities by amount, with relations and a nested list"),
    Question("Q3", "20 accounts, 10 opportunities of each, with their relations"),
    Question("Q4", "filter and order, with the first 20, and sums by stage"),
    Question("Q5", "Q2 as a seller: his rows, masked fields", seller=True),
)


async def asked(
    admin: asyncpg.Connection[Any], filled: Filled
) -> Mapping[str, Sequence[Parameters]]:
    """The parameters of every request, by question; the same for every contender."""
    schema = filled.tenant.placement.schema
    rows = await admin.fetch(
        f"SELECT id FROM {schema}.opportunity WHERE deleted_at IS NULL "  # noqa: S608
        f"ORDER BY md5(id::text) LIMIT {MANY}"
    )
    drawn = random.Random(7)  # noqa: S311 - nothing is secret in it
    most = [{"most": str(250_000 + 3_500 * i)} for i in range(MANY)]
    least = [{"least": 25 * i} for i in range(MANY)]
    amount = [{"least": str(900_000 + 450 * i)} for i in range(MANY)]
    for each in (most, least, amount):
        drawn.shuffle(each)
    return {
        "Q1": [{"id": str(row["id"])} for row in rows],
        "Q2": most,
        "Q3": least,
        "Q4": amount,
        "Q5": most,
    }
