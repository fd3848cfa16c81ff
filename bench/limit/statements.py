"""The five reads as hand-written SQL, with the same responses as Relata, byte by byte.

They rely on facts that a general service cannot assume: the existing indexes, the order of rows from a subquery, the
columns that are never null, and the permissions of the caller.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from bench.limit.texts import identity, maybe, money, nodes, record, text, word

# ruff: noqa: S608 - no user input


_DAY = maybe(word("o.expected_close_on"))
_AMOUNT = money("o.amount", "o.currency")
_OWNER = {"id": identity("emp", "e.id"), "name": text("e.name"), "email": text("e.email")}
_STAGE = {"id": identity("stg", "s.id"), "name": text("s.name")}
_PLACED = maybe(record(**_STAGE, position="s.position::text"))
_ACCOUNT = {
    "id": identity("acc", "a.id"),
    "name": maybe(text("a.name")),
    "city": maybe(text("a.city")),
}
_OPPORTUNITY = {
    "id": identity("opp", "o.id"),
    "name": text("o.name"),
    "status": word("o.status"),
    "probability": maybe("o.probability::text"),
    "amount": maybe(_AMOUNT),
    "expectedCloseOn": _DAY,
    "note": maybe(text("o.note")),
}
_CREATED = (
    """'"' || to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"'"""
)
_JOINED = """
    LEFT JOIN employee e ON e.id = o.owner_id AND e.deleted_at IS NULL
    LEFT JOIN stage s ON s.id = o.stage_id AND s.deleted_at IS NULL"""
_BY_AMOUNT = "ORDER BY o.amount DESC NULLS LAST, o.id DESC"

_RECORD = record(
    **_OPPORTUNITY,
    createdAt=_CREATED,
    account=maybe(record(**_ACCOUNT)),
    owner=maybe(record(**_OWNER)),
)
ONE = f"""
SELECT '{{"opportunity":' || coalesce((
    SELECT {_RECORD}
    FROM opportunity o
    LEFT JOIN account a ON a.id = o.account_id AND a.deleted_at IS NULL
    LEFT JOIN employee e ON e.id = o.owner_id AND e.deleted_at IS NULL
    WHERE o.id = $1 AND o.deleted_at IS NULL
), 'null') || '}}'
"""


def _page(ruled: dict[str, str], columns: str, mine: str) -> str:
    """Fifty opportunities with their relations; `mine` is the condition of visible rows."""
    child = record(id=identity("opp", "c.id"), name=text("c.name"), status=word("c.status"))
    children = f"""(
        SELECT string_agg({child}, ',') FROM (
            SELECT o.id, o.name, o.status FROM opportunity o
            WHERE o.account_id = a.id AND o.deleted_at IS NULL {mine} ORDER BY o.id LIMIT 5
        ) c)"""
    account = f"""coalesce((
        SELECT {record(**_ACCOUNT, opportunities=nodes(children))}
        FROM account a WHERE a.id = o.account_id AND a.deleted_at IS NULL), 'null')"""
    node = record(
        id=identity("opp", "o.id"),
        name=text("o.name"),
        amount=_AMOUNT,
        expectedCloseOn=_DAY,
        **ruled,
        account=account,
        owner=maybe(record(**_OWNER)),
        stage=_PLACED,
    )
    return f"""
SELECT '{{"opportunities":{{"nodes":['
    || coalesce(string_agg(node, ',') FILTER (WHERE place <= 50), '')
    || '],"pageInfo":{{"hasNextPage":' || (count(*) > 50)::text
    || ',"hasPreviousPage":false}}}}}}'
FROM (
    SELECT row_number() OVER () AS place, {node} AS node
    FROM (
        SELECT o.id, o.name, o.amount, o.currency, o.expected_close_on, o.account_id, o.owner_id,
            o.stage_id {columns}
        FROM opportunity o WHERE o.amount <= $1 AND o.deleted_at IS NULL {mine}
        {_BY_AMOUNT} LIMIT 51
    ) o {_JOINED}
    {_BY_AMOUNT}
) n
"""


LIST = _page({}, "", "")

_COMMISSION = money("o.commission", "o.currency")
SELLER = _page(
    {
        "margin": maybe(money("o.margin", "o.currency")),
        "commission": maybe(f"CASE WHEN o.status = 'WON' THEN {_COMMISSION} END"),
    },
    ", o.margin, o.commission, o.status",
    """AND (o.owner_id = ANY ($2) OR o.type_id = ANY ($3) OR EXISTS (
        SELECT FROM opportunity_share h WHERE h.opportunity_id = o.id AND h.employee_id = $4))""",
)

_CHILD = record(
    **_OPPORTUNITY,
    owner=maybe(record(**_OWNER, title=maybe(text("e.title")))),
    stage=_PLACED,
    type=maybe(record(id=identity("opt", "t.id"), name=text("t.name"))),
    account=record(
        id=identity("acc", "a.id"),
        number=text("a.number"),
        employeeCount=maybe("a.employee_count::text"),
    ),
)
_CHILDREN = f"""(
    SELECT string_agg({_CHILD}, ',' ORDER BY o.id)
    FROM (
        SELECT * FROM opportunity o WHERE o.account_id = a.id AND o.deleted_at IS NULL
        ORDER BY o.id LIMIT 10
    ) o {_JOINED}
    LEFT JOIN opportunity_type t ON t.id = o.type_id AND t.deleted_at IS NULL)"""
_PARENT = record(**_ACCOUNT, country=maybe(text("a.country")), opportunities=nodes(_CHILDREN))
TREE = f"""
SELECT '{{"accounts":' || {nodes(f"string_agg({_PARENT}, ',')")} || '}}'
FROM (
    SELECT a.id, a.name, a.city, a.country, a.number, a.employee_count FROM account a
    WHERE a.employee_count >= $1 AND a.deleted_at IS NULL ORDER BY a.id LIMIT 20
) a
"""

_FOUND = """o.status = 'OPEN' AND o.amount >= $1 AND o.deleted_at IS NULL"""
_NODE = record(
    id=identity("opp", "o.id"),
    name=text("o.name"),
    amount=_AMOUNT,
    stage=maybe(record(**_STAGE)),
)
_TOP = f"""
SELECT '{{"opportunities":{{"nodes":[' || coalesce((
    SELECT string_agg({_NODE}, ',' {_BY_AMOUNT})
    FROM (
        SELECT o.id, o.name, o.amount, o.currency, o.stage_id FROM opportunity o
        WHERE {_FOUND} {_BY_AMOUNT} LIMIT 20
    ) o
    LEFT JOIN stage s ON s.id = o.stage_id AND s.deleted_at IS NULL
), '') ||"""
_SUMS = f"coalesce(string_agg({money('total', 'currency')}, ',' ORDER BY currency), '')"
_KEY = record(stage=record(record=maybe(record(**_STAGE))))
GROUPS = f"""{_TOP} ']}},"opportunitiesAggregate":{{"groups":[' || (
    SELECT coalesce(string_agg(
        '{{"key":' || {_KEY} || ',"count":' || many::text
        || ',"sum":{{"amount":[' || amounts || ']}}}}', ',' ORDER BY stage_id), '')
    FROM (
        SELECT stage_id, sum(many) AS many, {_SUMS} AS amounts
        FROM (
            SELECT o.stage_id, o.currency, count(*) AS many, sum(o.amount) AS total
            FROM opportunity o WHERE {_FOUND} GROUP BY o.stage_id, o.currency
        ) g GROUP BY stage_id
    ) f LEFT JOIN stage s ON s.id = f.stage_id AND s.deleted_at IS NULL
) || ']}}}}'
"""

STATEMENTS = {"Q1": ONE, "Q2": LIST, "Q3": TREE, "Q4": GROUPS, "Q5": SELLER}


def arguments(name: str, params: dict[str, Any], seller: tuple[Any, ...]) -> tuple[Any, ...]:
    """The bind parameters from the body of a request; `seller` are those of the sales representative's rights."""
    match name:
        case "Q1":
            return (UUID(params["id"]),)
        case "Q2":
            return (Decimal(params["most"]),)
        case "Q3":
            return (params["least"],)
        case "Q5":
            return (Decimal(params["most"]), *seller)
        case _:
            return (Decimal(params["least"]),)
