"""Hand-written SQL, with and without a tenant's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Request, login, python
from bench.read_cases import Parameters, ReadCase
from tenancy.engine.migrate import LOGIN


class Limit(Contender):
    """Runs the statement in a transaction like Relata's."""

    name = "limit"

    def command(self) -> list[str | Path]:
        return python("bench.limit.app")

    def environment(self) -> Mapping[str, str]:
        return {
            "BENCH_DATABASE_URL": login(self.filled.servers.database_url, LOGIN),
            "BENCH_SCHEMA": self.filled.tenant.placement.schema,
            "BENCH_SELLER": str(self.filled.seller),
            "BENCH_VARIANT": self.name,
        }

    def request(self, read_case: ReadCase, params: Parameters) -> Request:
        return Request("/" + read_case.name, JSON, orjson.dumps(dict(params)))

    def canonical(self, read_case: ReadCase, data: Any) -> Any:
        return canonical(data)


class Bare(Limit):
    """Runs the statement without a transaction."""

    name = "bare"
