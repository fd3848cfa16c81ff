"""Who writes: Relata, and the hand-written SQL."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.contenders.contender import JSON, Failed, Request, Server, graphql, login, python
from bench.contenders.relata import Relata
from bench.tenant import Filled
from bench.writes.cases import LISTS, LONGEST, VERSION, Deed, Kind
from bench.writes.places import Place
from tenancy.engine.migrate import LOGIN

_SELECTION = "opportunity { id version name amount { amount currency } stage { name } }"
_ALIASES = "abcdefgh"[:LISTS]
_MANY = " ".join(
    f"{alias}: opportunityCreateMany(inputs: ${alias}) {{ results {{ {_SELECTION} }} }}"
    for alias in _ALIASES
)
_VARIABLES = ", ".join(f"${alias}: [OpportunityCreateInput!]!" for alias in _ALIASES)
DOCUMENTS = {
    Kind.CREATE: f"""mutation ($input: OpportunityCreateInput!) {{
        opportunityCreate(input: $input) {{ {_SELECTION} }} }}""",
    Kind.UPDATE: f"""mutation ($input: OpportunityUpdateInput!) {{
        opportunityUpdate(input: $input) {{ {_SELECTION} }} }}""",
    Kind.BATCH: f"mutation ({_VARIABLES}) {{ {_MANY} }}",
}


class Writer(Server):
    """One who is asked to write."""

    name: str

    def __init__(self, filled: Filled, places: Sequence[Place]) -> None:
        super().__init__(filled)
        self.places = places

    @abstractmethod
    def spoken(self, deed: Deed) -> Request:
        """How it is asked; what grows from one request to the next is not yet in it."""

    def done(self, deed: Deed, number: int, version: int = 0) -> list[Any]:
        """Ask it once; the records that it answers with."""
        request = self.spoken(deed)
        body = request.body.replace(b"$N", b"%d" % number)
        body = body.replace(f'"{VERSION}"'.encode(), b"%d" % version)
        status, answer = self.ask(Request(request.path, request.headers, body))
        read = json.loads(answer) if status == 200 else {}
        if status != 200 or "errors" in read or read.get("data") is None:
            raise Failed(f"{self.name} answers {deed.kind} with {status}: {answer[:2000]!r}")
        found: list[Any] = []
        for payload in read["data"].values():
            found += [each["opportunity"] for each in payload.get("results", [payload])]
        return found


class RelataWrites(Relata, Writer):
    """The server of `run`, asked with a token for each tenant."""

    def sign_in(self) -> None:
        self._of = {
            place.schema: self.token(place.tenant.slug, place.email, place.password)
            for place in self.places
        }

    def spoken(self, deed: Deed) -> Request:
        inputs = [_input(values) for values in deed.values]
        variables: dict[str, Any]
        if deed.kind is Kind.BATCH:
            lists = [inputs[at : at + LONGEST] for at in range(0, len(inputs), LONGEST)]
            variables = dict(zip(_ALIASES, lists, strict=True))
        elif deed.record is not None:
            known = {"id": _id("opp", deed.record), "version": VERSION}
            variables = {"input": known | inputs[0]}
        else:
            variables = {"input": inputs[0]}
        headers = {**JSON, "authorization": f"Bearer {self._of[deed.place.schema]}"}
        return Request("/graphql", headers, graphql(DOCUMENTS[deed.kind], variables))


def _input(values: Mapping[str, Any]) -> dict[str, Any]:
    prefixes = {"account": "acc", "type": "opt"}
    return {
        name: _id(prefixes[name], value) if name in prefixes else value
        for name, value in values.items()
    }


def _id(prefix: str, id: UUID) -> str:
    return f"{prefix}_{id.hex}"


class LimitWrites(Writer):
    """The hand-written SQL; it is told who writes, and what its transactions are entered with."""

    name = "limit"

    def __init__(
        self, filled: Filled, places: Sequence[Place], entries: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(filled, places)
        self._entries = list(entries)
        self._at = {place.schema: number for number, place in enumerate(places)}

    def command(self) -> list[str | Path]:
        return python("bench.limit.writer")

    def environment(self) -> Mapping[str, str]:
        return {
            "BENCH_DATABASE_URL": login(self.filled.servers.database_url, LOGIN),
            "BENCH_PLACES": json.dumps(self._entries),
        }

    def spoken(self, deed: Deed) -> Request:
        values: Any = [dict(each) for each in deed.values]
        if deed.kind is not Kind.BATCH:
            values = values[0]
        if deed.record is not None:
            values |= {"id": deed.record, "version": VERSION}
        body = json.dumps(values, default=str).encode()
        return Request(f"/{self._at[deed.place.schema]}/{deed.kind}", JSON, body)
