"""PostGraphile on its copy of the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.canonical import canonical
from bench.contenders.contender import JSON, Contender, Request, graphql, login
from bench.read_cases import Parameters, ReadCase
from bench.rival_tables import LOGIN
from tests.support.node import install
from web.node import environment, find_node

HOME = Path(__file__).resolve().parents[1] / "postgraphile"
OLDEST = 22
MONEY = ("amount", "margin", "commission")

_OPPORTUNITY = "id: rowId name status probability amount currency expectedCloseOn note"
_LIST = """
query ($most: BigFloat!) {
  opportunities: allOpportunities(first: 50, orderBy: [AMOUNT_DESC, ROW_ID_DESC],
      filter: {amount: {lessThanOrEqualTo: $most}}) {
    nodes {
      id: rowId name amount currency expectedCloseOn RULED
      account: accountByAccountId {
        id: rowId name city
        opportunities: opportunitiesByAccountId(first: 5, orderBy: [ROW_ID_ASC]) {
          nodes { id: rowId name status }
        }
      }
      owner: employeeByOwnerId { id: rowId name email }
      stage: stageByStageId { id: rowId name position }
    }
    pageInfo { hasNextPage hasPreviousPage }
  }
}
"""
_TOTALS = """
query ($least: BigFloat!) {
  opportunities: allOpportunities(first: 20, orderBy: [AMOUNT_DESC, ROW_ID_DESC],
      filter: {status: {equalTo: "OPEN"}, amount: {greaterThanOrEqualTo: $least}}) {
    nodes { id: rowId name amount currency stage: stageByStageId { id: rowId name } }
    groupedAggregates(groupBy: [STAGE_ID, CURRENCY]) {
      keys sum { amount } distinctCount { rowId }
    }
  }
  stages: allStages { nodes { id: rowId name } }
}
"""
DOCUMENTS = {
    "Q1": f"""
query ($id: UUID!) {{
  opportunity: opportunityByRowId(rowId: $id) {{
    {_OPPORTUNITY} createdAt
    account: accountByAccountId {{ id: rowId name city }}
    owner: employeeByOwnerId {{ id: rowId name email }}
  }}
}}
""",
    "Q2": _LIST.replace("RULED", ""),
    "Q3": f"""
query ($least: Int!) {{
  accounts: allAccounts(first: 20, orderBy: [ROW_ID_ASC],
      filter: {{employeeCount: {{greaterThanOrEqualTo: $least}}}}) {{
    nodes {{
      id: rowId name city country
      opportunities: opportunitiesByAccountId(first: 10, orderBy: [ROW_ID_ASC]) {{
        nodes {{
          {_OPPORTUNITY}
          owner: employeeByOwnerId {{ id: rowId name email title }}
          stage: stageByStageId {{ id: rowId name position }}
          type: opportunityTypeByTypeId {{ id: rowId name }}
          account: accountByAccountId {{ id: rowId number employeeCount }}
        }}
      }}
    }}
  }}
}}
""",
    "Q4": _TOTALS,
    "Q5": _LIST.replace("RULED", "margin commission: visibleCommission"),
}


class PostGraphile(Contender):
    """One Node process, with a connection pool of the same size as Relata's."""

    name = "postgraphile"

    def command(self) -> list[str | Path]:
        return [find_node(OLDEST), install(HOME, OLDEST) / "server.mjs"]

    def directory(self) -> Path:
        return HOME

    def environment(self) -> Mapping[str, str]:
        return {
            **environment(find_node(OLDEST)),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
            "RIVAL_DATABASE_URL": login(self.filled.servers.database_url, LOGIN),
            "RIVAL_SELLER": str(self.filled.seller),
        }

    def request(self, read_case: ReadCase, params: Parameters) -> Request:
        headers = {**JSON, "x-viewer": "seller" if read_case.seller else "admin"}
        return Request("/graphql", headers, graphql(DOCUMENTS[read_case.name], params))

    def canonical(self, read_case: ReadCase, data: Any) -> Any:
        if read_case.name == "Q4":
            data = _groups(data)
        return canonical(_with_money(data))


def _with_money(value: Any) -> Any:
    """Combine the columns of amounts and currency into one value, as in the other contenders."""
    if isinstance(value, list):
        return [_with_money(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _with_money(each) for name, each in value.items()}
    if "name" in found and "currency" in found:
        currency = found.pop("currency")
        for name in MONEY:
            if found.get(name) is not None:
                found[name] = {"amount": found[name], "currency": currency}
    return found


def _money(sums: Mapping[str, Decimal]) -> list[Mapping[str, str]]:
    return [{"amount": str(sums[currency]), "currency": currency} for currency in sorted(sums)]


def _groups(data: Any) -> Any:
    """The groups in Relata's form. PostGraphile returns only the id of a stage, so stages are selected separately."""
    found = dict(data["opportunities"])
    stages = {each["id"]: each for each in data["stages"]["nodes"]}
    sums: dict[str, dict[str, Decimal]] = defaultdict(dict)
    counts: dict[str, int] = defaultdict(int)
    for each in found.pop("groupedAggregates"):
        stage, currency = each["keys"]
        sums[stage][currency] = Decimal(each["sum"]["amount"])
        counts[stage] += int(each["distinctCount"]["rowId"])
    groups = [
        {
            "key": {"stage": {"record": stages[stage]}},
            "count": counts[stage],
            "sum": {"amount": _money(sums[stage])},
        }
        for stage in sorted(sums)
    ]
    return {"opportunities": found, "opportunitiesAggregate": {"groups": groups}}
