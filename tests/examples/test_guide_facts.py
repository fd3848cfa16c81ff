"""Tables of limits and codes in the guide are complete and match the product."""

from __future__ import annotations

import pytest

from domain.codes import CloseCode, Code
from schema.admission import Limits
from schema.engine.errors import STATUS
from subscriptions.engine.limits import MAX_LIVE_LISTS, MAX_OPERATIONS, MAX_SOCKETS
from tests.examples.pages import ROOT

GUIDE = ROOT / "docs" / "guide"
LIMITS = Limits()
READING = {
    "records of one page": f"{LIMITS.page}",
    "objects that a response could contain": f"{LIMITS.nodes:,}",
    "values that a response could contain": f"{LIMITS.fields:,}",
    "nesting, connections not counted": f"{LIMITS.depth}",
    "characters and tokens of a document": f"{LIMITS.characters:,} and {LIMITS.tokens:,}",
    "aliases": f"{LIMITS.aliases}",
    "inputs of one mutation field": f"{LIMITS.list_items}",
}
LIVE = {
    "records of a window": f"`first`, {LIMITS.default_live} by default, at most {LIMITS.live:,}",
    "operations on one socket": f"{MAX_OPERATIONS}",
    "live lists of one user": f"{MAX_LIVE_LISTS}",
    "sockets of one user": f"{MAX_SOCKETS}",
}


@pytest.mark.parametrize(("page", "limits"), [("reading", READING), ("live-updates", LIVE)])
def test_documented_limits_match_the_product(page: str, limits: dict[str, str]) -> None:
    table = (GUIDE / f"{page}.md").read_text().partition("| limit | value |\n|---|---|\n")[2]
    rows = [f"| {name} | {value} |" for name, value in limits.items()]
    assert table.partition("\n\n")[0].splitlines() == rows


def test_every_error_code_has_a_reaction() -> None:
    table = (
        (GUIDE / "errors.md").read_text().partition("| code | reaction |")[2].partition("\n\n")[0]
    )
    assert [
        code for code in Code if f"`{code}`" not in table and code != Code.RESYNC_REQUIRED
    ] == []


def test_every_close_code_has_a_reaction() -> None:
    table = (GUIDE / "live-updates.md").read_text().partition("| code | reason | reaction |")[2]
    assert [code for code in CloseCode if f"\n| {code} |" not in table] == []


def test_every_http_status_is_documented() -> None:
    table = (GUIDE / "errors.md").read_text().partition("| status | when |")[2]
    rows = [row for row in table.partition("\n\n")[0].splitlines() if row.startswith("| ")]
    for code, status in STATUS.items():
        assert [row for row in rows if str(status) in row.split("|")[1] and f"`{code}`" in row], (
            code
        )
