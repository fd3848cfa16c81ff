"""Rows of the opportunities and their shares: ids and names are fixed, everything else is random."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.ranks import last
from domain.setup import AttributeKind, StageKind
from domain.values import JsonObject
from tenancy.demo.accounts import owners
from tenancy.demo.companies import COMPANIES
from tenancy.demo.lists import LOST_REASONS
from tenancy.demo.people import NUMBERS
from tenancy.demo.pipelines import (
    ATTRIBUTES,
    PIPELINES,
    STAGE_KINDS,
    STAGE_NUMBERS,
    TYPE_NUMBERS,
)
from tenancy.demo.rows import Draw, Row, Rows, chance, made_id
from tenancy.demo.words import NOTES, OCCASIONS, ODD_OPPORTUNITIES, SEATS, SUBJECTS, TIERS

OPPORTUNITIES = 400
SOLD = 36
"""Number of won opportunities that were sold with a quote and a contract; these are the first ones."""
CURRENCIES = {"EUR": 2, "USD": 2, "SEK": 2, "JPY": 0, "KWD": 3}
"""Currencies with the number of decimals (D-17)."""
RANKED_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""Earlier than any opportunity: later arrivals in a stage sort last."""
SHARED_WITH_REP2, SHARED_WITH_SUPPORT = 7, 2


def names() -> list[str]:
    """The names of the opportunities, equal in every tenant and shuffled."""
    rng = chance("names", "opportunity")
    plain = [f"{subject}, {occasion}" for subject in SUBJECTS for occasion in OCCASIONS]
    selected = [*ODD_OPPORTUNITIES, *rng.sample(plain, OPPORTUNITIES - len(ODD_OPPORTUNITIES))]
    rng.shuffle(selected)
    return selected


def sales(slug: str, now: date) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "opportunity", now)
    owner_numbers = owners(draw, OPPORTUNITIES)
    prices = Prices(draw.rng, [draw.rng.randint(1, 600) * 50 for _ in range(8)])
    opportunities = [
        _opportunity(draw, prices, number, name, owner)
        for number, (name, owner) in enumerate(zip(names(), owner_numbers, strict=True), start=1)
    ]
    _close(Draw(slug, "closed", now), opportunities)
    shares = _shares(Draw(slug, "opportunity_share", now), opportunities)
    return {"opportunity": opportunities, "opportunity_share": shares}


def _close(draw: Draw, opportunities: list[Row]) -> None:
    """Set the columns of closed opportunities, and the position on the board."""
    rng, sold = draw.rng, 0
    for number, row in enumerate(opportunities):
        won, lost = row["status"] == StageKind.WON, row["status"] == StageKind.LOST
        sold += won
        reason = rng.randint(1, len(LOST_REASONS)) if lost and number % 6 else None
        row |= {
            "locked": won and sold <= SOLD and sold % 4 == 0,
            "closed_on": row["updated_at"].date() if won or lost else None,
            "lost_reason_id": made_id("lost_reason", reason) if reason else None,
            "lost_note": draw.note(NOTES) if lost else None,
            "rank_key": _rank(rng.randint(1, 4000)) if number % 5 else None,
            "source_contract_id": None,
        }


def _rank(place: int) -> str:
    """The sort key of a board position; several opportunities have the same."""
    return last(RANKED_SINCE + timedelta(seconds=place))


@dataclass
class Prices:
    """Random amounts in minor units of the currency; many are equal, so that sorting has ties."""

    rng: random.Random
    usual: list[int]

    def money(self) -> Row:
        """The columns `currency`, `amount`, `margin` and `commission`."""
        rng = self.rng
        currency = rng.choices(list(CURRENCIES), (10, 6, 4, 3, 2))[0]
        digits = CURRENCIES[currency]
        kind = rng.choices(("none", "zero", "usual", "free"), (6, 3, 41, 50))[0]
        major = {"none": 0, "zero": 0, "usual": rng.choice(self.usual)}.get(kind)
        minor = rng.randint(1, 9_000_000) if major is None else major * 10**digits
        amount = None if kind == "none" else minor
        margin = None if amount is None or rng.random() < 0.15 else minor * rng.randint(-5, 45)
        commission = None if amount is None or rng.random() < 0.1 else minor * rng.randint(1, 8)
        return {
            "currency": currency,
            "amount": _decimal(amount, digits),
            "margin": _decimal(None if margin is None else margin // 100, digits),
            "commission": _decimal(None if commission is None else commission // 100, digits),
        }


def _decimal(minor: int | None, digits: int) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-digits)


def _opportunity(draw: Draw, prices: Prices, number: int, name: str, owner: int) -> Row:
    rng = draw.rng
    account = rng.randint(1, len(COMPANIES))
    return {
        **draw.key(number),
        "name": name,
        "account_id": made_id("account", account),
        "owner_id": made_id("employee", owner),
        **_standing(rng),
        **prices.money(),
        "expected_close_on": _day(draw),
        "note": draw.note(NOTES),
        "external_id": f"{draw.slug}-deal-{number}" if number % 7 == 0 else None,
        "custom": json.dumps(_custom(draw), ensure_ascii=False),
        **draw.stamps(deleted=rng.random() < 0.04),
    }


def _standing(rng: random.Random) -> Row:
    """Type, an active stage of its pipeline, the resulting status, and a probability."""
    name = rng.choices(list(TYPE_NUMBERS), (5, 3, 2))[0]
    stage, usual = rng.choice(list(PIPELINES[name].items()))
    probability = rng.choices((usual, rng.randint(0, 100), None), (7, 3, 1))[0]
    return {
        "type_id": made_id("opportunity_type", TYPE_NUMBERS[name]),
        "stage_id": made_id("stage", STAGE_NUMBERS[stage]),
        "status": STAGE_KINDS[stage].value,
        "probability": usual if usual in (0, 100) else probability,
    }


def _day(draw: Draw) -> date | None:
    """The expected close date: None for some, the end of a month for many."""
    day = draw.now + timedelta(days=draw.rng.randint(-250, 300))
    kind = draw.rng.choices(("none", "end of month", "any"), (10, 45, 45))[0]
    if kind == "none":
        return None
    return day if kind == "any" else day.replace(day=1) - timedelta(days=1)


def _custom(draw: Draw) -> JsonObject:
    """Random custom attributes; each is present in about two thirds of the rows."""
    rng = draw.rng
    values: JsonObject = {}
    for number, extra in enumerate(ATTRIBUTES, 1):
        if extra.entity != "Opportunity" or rng.random() < 0.35:
            continue
        values[str(made_id("attribute", number))] = {
            AttributeKind.TEXT: rng.choice(TIERS),
            AttributeKind.NUMBER: rng.choice((*SEATS, rng.randint(1, 500))),
            AttributeKind.DATE: str(draw.now + timedelta(days=rng.randint(-30, 400))),
            AttributeKind.BOOLEAN: rng.random() < 0.5,
        }[extra.kind]
    return values


def _shares(draw: Draw, opportunities: list[Row]) -> list[Row]:
    """Shares of rep1's opportunities with rep2, including a deleted one if there is one, and with support."""
    rng = draw.rng
    rep1, rep2, support = (
        made_id("employee", NUMBERS[handle]) for handle in ("rep1", "rep2", "support")
    )
    renewal = made_id("opportunity_type", TYPE_NUMBERS["Renewal"])
    owned = [row for row in opportunities if row["owner_id"] == rep1]
    live = [row for row in owned if row["deleted_at"] is None]
    trashed = [row for row in owned if row["deleted_at"] is not None]
    shared = [*rng.sample(live, SHARED_WITH_REP2 - len(trashed[:1])), *trashed[:1]]
    closed = [row for row in live if row["type_id"] != renewal]
    pairs = [(row, rep2) for row in shared]
    pairs += [(row, support) for row in rng.sample(closed, SHARED_WITH_SUPPORT)]
    return [_share(draw, number, *pair) for number, pair in enumerate(pairs, 1)]


def _share(draw: Draw, number: int, opportunity: Row, employee: UUID) -> Row:
    return {
        **draw.key(number),
        "opportunity_id": opportunity["id"],
        "employee_id": employee,
        **draw.stamps_within(opportunity),
    }
