"""Rows of the addresses: most accounts have one, some have several, of which one is the head office."""

from collections.abc import Sequence
from datetime import date

from tenancy.demo.rows import Draw, Row

STREETS = ("Keizersgracht", "Stationsweg", "Rue de la Loi", "Storgatan", "Grote Markt")


def addresses(slug: str, now: date, accounts: Sequence[Row]) -> list[Row]:
    """Up to three addresses per account; they are in the trash if their account is."""
    draw = Draw(slug, "address", now)
    places = [
        (account, place)
        for number, account in enumerate(accounts, 1)
        for place in range((1, 1, 2, 3, 0)[number % 5])
    ]
    return [_address(draw, number, *each) for number, each in enumerate(places, 1)]


def _address(draw: Draw, number: int, account: Row, place: int) -> Row:
    rng = draw.rng
    return {
        **draw.key(number),
        "account_id": account["id"],
        "street": None if rng.random() < 0.1 else f"{rng.choice(STREETS)} {draw.slug}",
        "house_number": str(rng.randint(1, 400)),
        "postcode": f"{rng.randint(1000, 9999)} {draw.slug[:2].upper()}",
        "city": account["city"],
        "country": account["country"],
        "visiting": place == 0,
        "postal": rng.random() < 0.5,
        "invoicing": place != 1,
        "default_invoicing": place == 0,
        "head_office": place == 0,
        **draw.stamps_within(account),
    }
