"""Rows of sales: ids and names are fixed, everything else is drawn; and who shares which."""

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
"""How many of those that are won were sold, each with a quote and a contract: the first."""
CURRENCIES = {"EUR": 2, "USD": 2, "SEK": 2, "JPY": 0, "KWD": 3}
"""With their digits after the point (D-17)."""
ARRANGED = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any of them: what comes to a stage later is the last there."""
SHARED_WITH_REP2, SHARED_WITH_SUPPORT = 7, 2


def names() -> list[str]:
    """The same for every tenant; the odd ones are strewn in."""
    rng = chance("names", "opportunity")
    plain = [f"{subject}, {occasion}" for subject in SUBJECTS for occasion in OCCASIONS]
    chosen = [*ODD_OPPORTUNITIES, *rng.sample(plain, OPPORTUNITIES - len(ODD_OPPORTUNITIES))]
    rng.shuffle(chosen)
    return chosen


def sales(slug: str, now: date) -> Rows:
    """Every row of the area, by table."""
    draw = Draw(slug, "opportunity", now)
    drawn = owners(draw, OPPORTUNITIES)
    prices = Prices(draw.rng, [draw.rng.randint(1, 600) * 50 for _ in range(8)])
    opportunities = [
        _opportunity(draw, prices, number, name, owner)
        for number, (name, owner) in enumerate(zip(names(), drawn, strict=True), start=1)
    ]
    _close(Draw(slug, "closed", now), opportunities)
    shares = _shares(Draw(slug, "opportunity_share", now), opportunities)
    return {"opportunity": opportunities, "opportunity_share": shares}


def _close(draw: Draw, opportunities: list[Row]) -> None:
    """What is told of those that are won or lost, and where each stands among those of its stage."""
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
    """The sort key of a place; several opportunities have the same."""
    return last(ARRANGED + timedelta(seconds=place))


@dataclass
class Prices:
    """Amounts in a currency's own minor units; many are equal, so that sorting meets ties."""

    rng: random.Random
    usual: list[int]

    def money(self) -> Row:
        """The four columns of an opportunity's money."""
        rng = self.rng
        currency = rng.choices(list(CURRENCIES), (10, 6, 4, 3, 2))[0]
        digits = CURRENCIES[currency]
        kind = rng.choices(("none", "zero", "usual", "free"), (6, 3, 41, 50))[0]
        whole = {"none": 0, "zero": 0, "usual": rng.choice(self.usual)}.get(kind)
        minor = rng.randint(1, 9_000_000) if whole is None else whole * 10**digits
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
    """A stage that the type activates, and the status that follows from it."""
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
    """Some have none, many are at the end of a month."""
    day = draw.now + timedelta(days=draw.rng.randint(-250, 300))
    kind = draw.rng.choices(("none", "end of month", "any"), (10, 45, 45))[0]
    if kind == "none":
        return None
    return day if kind == "any" else day.replace(day=1) - timedelta(days=1)


def _custom(draw: Draw) -> JsonObject:
    """Each attribute is there or not."""
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
    """Some of rep1's with rep2, a deleted one among them if there is one, and some with support."""
    rng = draw.rng
    rep1, rep2, support = (made_id("employee", NUMBERS[who]) for who in ("rep1", "rep2", "support"))
    renewal = made_id("opportunity_type", TYPE_NUMBERS["Renewal"])
    his = [row for row in opportunities if row["owner_id"] == rep1]
    live = [row for row in his if row["deleted_at"] is None]
    gone = [row for row in his if row["deleted_at"] is not None]
    chosen = [*rng.sample(live, SHARED_WITH_REP2 - len(gone[:1])), *gone[:1]]
    closed = [row for row in live if row["type_id"] != renewal]
    pairs = [(row, rep2) for row in chosen]
    pairs += [(row, support) for row in rng.sample(closed, SHARED_WITH_SUPPORT)]
    return [_share(draw, number, *pair) for number, pair in enumerate(pairs, 1)]


def _share(draw: Draw, number: int, opportunity: Row, whom: UUID) -> Row:
    return {
        **draw.key(number),
        "opportunity_id": opportunity["id"],
        "employee_id": whom,
        **draw.stamps_within(opportunity),
    }
