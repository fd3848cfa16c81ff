"""Strawberry with SQLAlchemy's ORM and data loaders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Request, graphql, login, python
from bench.contenders.relata import DOCUMENTS
from bench.questions import Parameters, Question
from tenancy.engine.migrate import LOGIN

_SPELLED = {
    "orderBy: [{amount: DESC}]": "orderBy: AMOUNT_DESC",
    "filter: {amount: {lte: $most}}": "filter: {amountLte: $most}",
    "filter: {status: {eq: OPEN}, amount: {gte: $least}}": (
        "filter: {status: OPEN, amountGte: $least}"
    ),
    "filter: {employeeCount: {gte: $least}}": "filter: {employeeCountGte: $least}",
    "opportunitiesAggregate": "opportunitiesAggregate: opportunitiesByStage",
    "groupBy: [{stage: {record: true}}]": "",
}
"""Where its contract is simpler than ours; the selections are the same."""


class Strawberry(Contender):
    """One process, with a pool as large as ours."""

    name = "strawberry"

    def command(self) -> list[str | Path]:
        return python("bench.idiomatic.app")

    def environment(self) -> Mapping[str, str]:
        url = login(self.filled.servers.database_url, LOGIN)
        return {
            "BENCH_DATABASE_URL": url.replace("postgresql:", "postgresql+asyncpg:", 1),
            "BENCH_SCHEMA": self.filled.tenant.placement.schema,
            "BENCH_SELLER": str(self.filled.seller),
        }

    def request(self, question: Question, given: Parameters) -> Request:
        ours = DOCUMENTS[question.name]
        document = " ".join(ours.split())
        for one, other in _SPELLED.items():
            document = document.replace(one, other)
        headers = {**JSON, "x-viewer": "seller" if question.seller else "admin"}
        return Request("/graphql", headers, graphql(document, given))

    def canonical(self, question: Question, data: Any) -> Any:
        return canonical(data)
