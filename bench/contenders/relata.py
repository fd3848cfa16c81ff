"""Relata itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Failed, Request, graphql, python
from bench.read_cases import Parameters, ReadCase
from bench.tenant import DEMO, SECRET, SELLER, SLUG

FRESH_SECONDS = 300.0
"""Seconds for which an access token is used; it is valid for 15 minutes."""
SIGN_IN = """
mutation ($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { message } } }
"""

_OPPORTUNITY = """id name status probability amount { amount currency } expectedCloseOn note"""
_LIST = """
query ($most: Decimal!) {
  opportunities(first: 50, orderBy: [{amount: DESC}], filter: {amount: {lte: $most}}) {
    nodes {
      id name amount { amount currency } expectedCloseOn RULED
      account { id name city opportunities(first: 5) { nodes { id name status } } }
      owner { id name email }
      stage { id name position }
    }
    pageInfo { hasNextPage hasPreviousPage }
  }
}
"""
_PIPELINE = """
query ($least: Decimal!) {
  opportunities(first: 20, orderBy: [{amount: DESC}],
      filter: {status: {eq: OPEN}, amount: {gte: $least}}) {
    nodes { id name amount { amount currency } stage { id name } }
  }
  opportunitiesAggregate(filter: {status: {eq: OPEN}, amount: {gte: $least}},
      groupBy: [{stage: {record: true}}]) {
    groups { key { stage { record { id name } } } count sum { amount { amount currency } } }
  }
}
"""
DOCUMENTS = {
    "Q1": f"""
query ($id: ID!) {{
  opportunity(id: $id) {{
    {_OPPORTUNITY} createdAt account {{ id name city }} owner {{ id name email }}
  }}
}}
""",
    "Q2": _LIST.replace("RULED", ""),
    "Q3": f"""
query ($least: Int!) {{
  accounts(first: 20, filter: {{employeeCount: {{gte: $least}}}}) {{
    nodes {{
      id name city country
      opportunities(first: 10) {{
        nodes {{
          {_OPPORTUNITY}
          owner {{ id name email title }}
          stage {{ id name position }}
          type {{ id name }}
          account {{ id number employeeCount }}
        }}
      }}
    }}
  }}
}}
""",
    "Q4": _PIPELINE,
    "Q5": _LIST.replace("RULED", "margin { amount currency } commission { amount currency }"),
}


class Relata(Contender):
    """Relata, with access tokens of an administrator and of a sales representative."""

    name = "relata"

    def command(self) -> list[str | Path]:
        return python("bench.server")

    def environment(self) -> Mapping[str, str]:
        servers = self.filled.servers
        return {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "RELATA_SECRET": SECRET.decode(),
            "RELATA_DEMO": "false",
            "RELATA_PORT": str(self.port),
        }

    def prepare(self) -> None:
        if time.monotonic() - getattr(self, "_signed_in", -FRESH_SECONDS) < FRESH_SECONDS:
            return
        self.sign_in()
        self._signed_in = time.monotonic()

    def sign_in(self) -> None:
        """Get the access tokens for the requests."""
        self._tokens = {
            seller: self.token(SLUG, f"{SELLER if seller else 'admin'}@{SLUG}.example", DEMO)
            for seller in (False, True)
        }

    def token(self, tenant: str, email: str, password: str) -> str:
        """The access token of a user. Raises Failed if signing in fails."""
        params = {"tenant": tenant, "email": email, "password": password}
        status, body = self.ask(Request("/graphql", JSON, graphql(SIGN_IN, {"input": params})))
        token = json.loads(body).get("data", {}).get("signIn", {}).get("accessToken")
        if not token:
            raise Failed(f"Signing in failed: {status} {body!r}")
        return str(token)

    def document(self, read_case: ReadCase) -> str:
        """The GraphQL document of a read case."""
        return DOCUMENTS[read_case.name]

    def request(self, read_case: ReadCase, params: Parameters) -> Request:
        variables = dict(params)
        if read_case.name == "Q1":
            variables["id"] = "opp_" + variables["id"].replace("-", "")
        headers = {**JSON, "authorization": f"Bearer {self._tokens[read_case.seller]}"}
        return Request("/graphql", headers, graphql(self.document(read_case), variables))

    def canonical(self, read_case: ReadCase, data: Any) -> Any:
        return canonical(data)
