"""The hand-written SQL, in a tenant's transaction and without any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Request, login, python
from bench.questions import Parameters, Question
from tenancy.engine.migrate import LOGIN


class Limit(Contender):
    """With a transaction like ours around the statement."""

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

    def request(self, question: Question, given: Parameters) -> Request:
        return Request("/" + question.name, JSON, orjson.dumps(dict(given)))

    def canonical(self, question: Question, data: Any) -> Any:
        return canonical(data)


class Bare(Limit):
    """The statement alone."""

    name = "bare"
