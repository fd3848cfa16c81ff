"""The contenders of the write benchmark: Relata, and hand-written SQL."""

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
from bench.writes.cases import LISTS, LONGEST, VERSION, Kind, WriteRequest
from bench.writes.targets import WriteTarget
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
    """A server that is measured with writes."""

    name: str

    def __init__(self, filled: Filled, targets: Sequence[WriteTarget]) -> None:
        super().__init__(filled)
        self.targets = targets

    @abstractmethod
    def encode(self, write_request: WriteRequest) -> Request:
        """The HTTP request of a write, with placeholders for the values that grow with each request."""

    def done(self, write_request: WriteRequest, number: int, version: int = 0) -> list[Any]:
        """Send a write once; return the records in the response. Raises Failed for an error."""
        request = self.encode(write_request)
        body = request.body.replace(b"$N", b"%d" % number)
        body = body.replace(f'"{VERSION}"'.encode(), b"%d" % version)
        status, answer = self.ask(Request(request.path, request.headers, body))
        read = json.loads(answer) if status == 200 else {}
        if status != 200 or "errors" in read or read.get("data") is None:
            raise Failed(
                f"{self.name} answers {write_request.kind} with {status}: {answer[:2000]!r}"
            )
        found: list[Any] = []
        for payload in read["data"].values():
            found += [each["opportunity"] for each in payload.get("results", [payload])]
        return found


class RelataWrites(Relata, Writer):
    """Relata, with an access token per tenant."""

    def sign_in(self) -> None:
        self._of = {
            target.schema: self.token(target.tenant.slug, target.email, target.password)
            for target in self.targets
        }

    def encode(self, write_request: WriteRequest) -> Request:
        inputs = [_input(values) for values in write_request.values]
        variables: dict[str, Any]
        if write_request.kind is Kind.BATCH:
            lists = [inputs[at : at + LONGEST] for at in range(0, len(inputs), LONGEST)]
            variables = dict(zip(_ALIASES, lists, strict=True))
        elif write_request.record is not None:
            known = {"id": _id("opp", write_request.record), "version": VERSION}
            variables = {"input": known | inputs[0]}
        else:
            variables = {"input": inputs[0]}
        headers = {**JSON, "authorization": f"Bearer {self._of[write_request.target.schema]}"}
        return Request("/graphql", headers, graphql(DOCUMENTS[write_request.kind], variables))


def _input(values: Mapping[str, Any]) -> dict[str, Any]:
    prefixes = {"account": "acc", "type": "opt"}
    return {
        name: _id(prefixes[name], value) if name in prefixes else value
        for name, value in values.items()
    }


def _id(prefix: str, id: UUID) -> str:
    return f"{prefix}_{id.hex}"


class LimitWrites(Writer):
    """Hand-written SQL; it gets the users and the parameters of its transactions from the environment."""

    name = "limit"

    def __init__(
        self, filled: Filled, targets: Sequence[WriteTarget], entries: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(filled, targets)
        self._entries = list(entries)
        self._at = {target.schema: number for number, target in enumerate(targets)}

    def command(self) -> list[str | Path]:
        return python("bench.limit.writer")

    def environment(self) -> Mapping[str, str]:
        return {
            "BENCH_DATABASE_URL": login(self.filled.servers.database_url, LOGIN),
            "BENCH_PLACES": json.dumps(self._entries),
        }

    def encode(self, write_request: WriteRequest) -> Request:
        values: Any = [dict(each) for each in write_request.values]
        if write_request.kind is not Kind.BATCH:
            values = values[0]
        if write_request.record is not None:
            values |= {"id": write_request.record, "version": VERSION}
        body = json.dumps(values, default=str).encode()
        return Request(f"/{self._at[write_request.target.schema]}/{write_request.kind}", JSON, body)
