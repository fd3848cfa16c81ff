"""Strawberry with SQLAlchemy's ORM and data loaders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Request, graphql, login, python
from bench.contenders.relata import DOCUMENTS
from bench.read_cases import Parameters, ReadCase
from tenancy.engine.migrate import LOGIN

_REPLACEMENTS = {
    "orderBy: [{amount: DESC}]": "orderBy: AMOUNT_DESC",
    "filter: {amount: {lte: $most}}": "filter: {amountLte: $most}",
    "filter: {status: {eq: OPEN}, amount: {gte: $least}}": (
        "filter: {status: OPEN, amountGte: $least}"
    ),
    "filter: {employeeCount: {gte: $least}}": "filter: {employeeCountGte: $least}",
    "opportunitiesAggregate": "opportunitiesAggregate: opportunitiesByStage",
    "groupBy: [{stage: {record: true}}]": "",
}
"""Replacements in Relata's documents where the schema is simpler; the selections are equal."""


class Strawberry(Contender):
    """One process, with a connection pool of the same size as Relata's."""

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

    def request(self, read_case: ReadCase, params: Parameters) -> Request:
        document = " ".join(DOCUMENTS[read_case.name].split())
        for one, other in _REPLACEMENTS.items():
            document = document.replace(one, other)
        headers = {**JSON, "x-viewer": "seller" if read_case.seller else "admin"}
        return Request("/graphql", headers, graphql(document, params))

    def canonical(self, read_case: ReadCase, data: Any) -> Any:
        return canonical(data)
