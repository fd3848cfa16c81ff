"""Who tells the watchers: Relata, and Strawberry's own loop."""

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


class Teller(Server):
    """One who tells watchers of changes."""

    name: str

    def __init__(self, filled: Filled, board: Board) -> None:
        super().__init__(filled)
        self.board = board

    @property
    @abstractmethod
    def subscription(self) -> str:
        """What is watched, in GraphQL."""

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, Any]:
        """Those of the subscription."""

    @property
    @abstractmethod
    def tokens(self) -> Sequence[str]:
        """What connections say who they are with, by turns."""

    def write(self, id: str, name: str) -> str:
        """The body of the request that gives a record another name."""
        return graphql(_WRITE, {"input": {"id": id, "name": name}}).decode()


class RelataLive(Relata, Teller):
    """The server of `run`."""

    subscription = f"""subscription ($account: String!) {{
        opportunities({_FILTER}, atMost: 250) {{ {_EVENT} }} }}"""

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"account": ACCOUNT}

    @property
    def tokens(self) -> Sequence[str]:
        return self.board.tokens()

    def records(self) -> list[Any]:
        """What the query answers that asks for the same records."""
        headers = {**JSON, "authorization": self.tokens[0]}
        body = graphql(_LISTED, self.variables)
        status, answer = self.ask(Request("/graphql", headers, body))
        read = json.loads(answer)
        if status != 200 or "errors" in read:
            raise Failed(f"{self.name} does not answer: {answer[:2000]!r}")
        return list(read["data"]["opportunities"]["nodes"])


class StrawberryLive(Teller):
    """A generator and an execution for each watcher; it has no database."""

    name = "strawberry"
    subscription = f"subscription {{ opportunities {{ {_EVENT} }} }}"
    variables: Mapping[str, Any] = {}
    tokens: Sequence[str] = [""]
    mended = ""

    def give(self, records: Sequence[Any], cursor: str) -> None:
        """What it is to tell of."""
        told = json.dumps({"records": list(records), "cursor": cursor})
        self._board.write_text(told)

    @property
    def _board(self) -> Path:
        return self.filled.data / "board.json"

    def command(self) -> list[str | Path]:
        return python("bench.live.idiomatic")

    def environment(self) -> Mapping[str, str]:
        return {"BENCH_BOARD": str(self._board), "BENCH_MENDED": self.mended}


class MendedLive(StrawberryLive):
    """The same without the leak of graphql-core 3.3.2."""

    name = "mended"
    mended = "yes"
