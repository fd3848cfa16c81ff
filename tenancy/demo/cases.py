"""Rows of the cases: each has one primary account, and closed ones have a closing time."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from domain.cases import CaseState, Priority
from tenancy.demo.accounts import owners
from tenancy.demo.lists import CASE_STATUSES, CASE_TYPES
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import CONCERNS, NOTES

CASES = 90
ACCOUNTS = (1, 1, 2, 1, 3)
"""Number of accounts of each case, cyclically."""
CHANNELS = ("Phone", "Letter", "Façade", "")


def cases(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "case", now)
    rows = [
        _case(draw, number, owner, made["contract"])
        for number, owner in enumerate(owners(draw, CASES), 1)
    ]
    return {"case": rows, "case_account": _concerned(slug, now, rows, made)}


def _case(draw: Draw, number: int, owner: int, contracts: Sequence[Row]) -> Row:
    rng, slug = draw.rng, draw.slug
    status = rng.randint(1, len(CASE_STATUSES))
    state = list(CASE_STATUSES.values())[status - 1]
    kind = rng.randint(1, len(CASE_TYPES))
    under = kind == len(CASE_TYPES) or rng.random() < 0.2
    channel = str(made_id("attribute", ATTRIBUTE_NUMBERS["channel"]))
    stamps = draw.stamps(deleted=number % 23 == 0)
    return {
        **draw.key(number),
        "number": f"{slug.upper()}-S{rng.randint(10, 99)}{number:03}",
        "subject": rng.choice(CONCERNS),
        "description": draw.note(NOTES),
        "type_id": made_id("case_type", kind),
        "status_id": made_id("case_status", status),
        "state": state.value,
        "priority": rng.choice(list(Priority)).value,
        "owner_id": made_id("employee", owner),
        "contract_id": rng.choice(contracts)["id"] if under else None,
        "closed_at": stamps["updated_at"] if state is CaseState.CLOSED else None,
        "external_id": f"{slug}-case-{number}" if number % 7 == 0 else None,
        "custom": json.dumps({channel: rng.choice(CHANNELS)} if kind == 2 else {}),
        **stamps,
    }


def _concerned(
    slug: str, now: date, rows: Sequence[Row], made: Mapping[str, Sequence[Row]]
) -> list[Row]:
    """Accounts of the cases. The first is the contract's, if there is one, and is the primary account of the case."""
    draw = Draw(slug, "case_account", now)
    under = {row["id"]: row["account_id"] for row in made["contract"]}
    accounts = [row["id"] for row in made["account"]]
    result: list[Row] = []
    for index, row in enumerate(rows):
        first = under.get(row["contract_id"]) or draw.rng.choice(accounts)
        row["primary_account_id"] = first
        others = draw.rng.sample([one for one in accounts if one != first], 2)
        for position, account in enumerate([first, *others][: ACCOUNTS[index % len(ACCOUNTS)]]):
            result.append(
                {
                    **draw.key(len(result) + 1),
                    "case_id": row["id"],
                    "account_id": account,
                    "primary": position == 0,
                    **draw.stamps_within(row),
                }
            )
    return result
