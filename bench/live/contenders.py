"""The servers compared by the benchmark: Relata, and the subscriptions of Strawberry."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.contenders.contender import JSON, Failed, Request, Server, graphql, python
from bench.contenders.relata import Relata
from bench.live.board import ACCOUNT, Board
from bench.tenant import Filled

_NODE = """
    id name amount { amount currency } expectedCloseOn note account { name } stage { name }
"""
_EVENT = f"kind cursor changes {{ kind id node {{ {_NODE} }} }}"
_FILTER = "filter: {account: {name: {eq: $account}}}"
_LISTED = f"query ($account: String!) {{ opportunities({_FILTER}, first: 100) {{ nodes {{ {_NODE} }} }} }}"
_WRITE = """
mutation ($input: OpportunityUpdateInput!) {
  opportunityUpdate(input: $input) { opportunity { id name } }
}
"""


class LiveServer(Server):
    """A server with a subscription to a list of opportunities."""

    name: str

    def __init__(self, filled: Filled, board: Board) -> None:
        super().__init__(filled)
        self.board = board

    @property
    @abstractmethod
    def subscription(self) -> str:
        """The text of the subscription."""

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, Any]:
        """The variables of the subscription."""

    @property
    @abstractmethod
    def tokens(self) -> Sequence[str]:
        """Authorization headers, used by the connections in rotation."""

    def write(self, id: str, name: str) -> str:
        """The body of a request that renames a record."""
        return graphql(_WRITE, {"input": {"id": id, "name": name}}).decode()


class RelataLive(Relata, LiveServer):
    """Relata as `run` starts it."""

    subscription = f"""subscription ($account: String!) {{
        opportunities({_FILTER}, first: 250) {{ {_EVENT} }} }}"""

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"account": ACCOUNT}

    @property
    def tokens(self) -> Sequence[str]:
        return self.board.tokens()

    def records(self) -> list[Any]:
        """The same records, from a query. Raises Failed if the server returns an error."""
        headers = {**JSON, "authorization": self.tokens[0]}
        body = graphql(_LISTED, self.variables)
        status, text = self.ask(Request("/graphql", headers, body))
        response = json.loads(text)
        if status != 200 or "errors" in response:
            raise Failed(f"{self.name} returned an error: {text[:2000]!r}")
        return list(response["data"]["opportunities"]["nodes"])


class StrawberryLive(LiveServer):
    """Strawberry with one generator and one execution per subscriber, and records in memory."""

    name = "strawberry"
    subscription = f"subscription {{ opportunities {{ {_EVENT} }} }}"
    variables: Mapping[str, Any] = {}
    tokens: Sequence[str] = [""]
    mended = ""

    def load_records(self, records: Sequence[Any], cursor: str) -> None:
        """Write the records and a cursor to the file that the server reads at its start."""
        self._file.write_text(json.dumps({"records": list(records), "cursor": cursor}))

    @property
    def _file(self) -> Path:
        return self.filled.data / "board.json"

    def command(self) -> list[str | Path]:
        return python("bench.live.idiomatic")

    def environment(self) -> Mapping[str, str]:
        return {"BENCH_BOARD": str(self._file), "BENCH_MENDED": self.mended}


class MendedLive(StrawberryLive):
    """The same with a patch for the memory leak of graphql-core 3.3.2."""

    name = "mended"
    mended = "yes"
