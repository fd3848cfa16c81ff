"""Postgres and Python use the same number of decimal digits for every currency."""

from __future__ import annotations

from itertools import product
from string import ascii_uppercase

from domain.money import minor_digits
from tests.support.covers import covers
from tests.tenancy.cell import Cell


@covers("D-17")
async def test_postgres_and_python_agree_on_the_digits_of_every_currency(cell: Cell) -> None:
    codes = ["".join(letters) for letters in product(ascii_uppercase, repeat=3)]
    rows = await cell.admin.fetch(
        "SELECT code, platform.minor(code) AS digits FROM unnest($1::text[]) AS code", codes
    )
    differing = {
        row["code"]: (row["digits"], minor_digits(row["code"]))
        for row in rows
        if row["digits"] != minor_digits(row["code"])
    }
    assert len(rows) == 26**3
    assert differing == {}, "add a migration of the catalog, or a code to _ISO in domain/money.py"
