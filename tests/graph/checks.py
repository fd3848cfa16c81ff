"""What is true of all records at any time, whoever did what: each check yields what is wrong, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from db.api import MODEL
from domain.activities import employers
from domain.columns import named
from domain.quotes import totals, whole
from domain.tree import closes_cycle
from tests.graph.place import Facts, Row
from tests.support.rows import as_row, as_rows

Check = Callable[[Facts], Iterator[str]]
ON = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with what an activity, or a favorite, is on."""
TAGGED = (*ON, "product_id")
"""The columns with what a tag is on."""
CUSTOMERS = {
    "account_id": "id",
    "opportunity_id": "account_id",
    "contract_id": "account_id",
    "case_id": "primary_account_id",
}
"""The column of an activity's record with the account whose timeline it is in."""


def by(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by what they have in a column."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def quotes_add_up(facts: Facts) -> Iterator[str]:
    """A quote comes to what its lines do, and each of these to its share (D-17)."""
    lines = by(facts.live("QuoteItem"), "quote_id")
    for quote in facts.live("Quote"):
        mine = sorted(lines[quote["id"]], key=lambda row: row["position"])
        if [row["position"] for row in mine] != list(range(1, len(mine) + 1)):
            yield f"quote {quote['id']}: lines at {[row['position'] for row in mine]}"
        parts = totals(as_rows(mine), quote["discount_percent"], quote["currency"])
        for line, part in zip(mine, parts, strict=True):
            if (line["net"], line["tax"], line["total"]) != (part.net, part.tax, part.total):
                yield f"line {line['id']}: {line['net'], line['tax']} instead of {part}"
            if line["currency"] != quote["currency"]:
                yield f"line {line['id']} is in {line['currency']}, its quote is not"
        sums = whole(parts)
        if (quote["net"], quote["tax"], quote["total"]) != (sums.net, sums.tax, sums.total):
            yield f"quote {quote['id']}: {quote['net'], quote['tax']} instead of {sums}"


def one_quote_counts(facts: Facts) -> Iterator[str]:
    """At most one quote of an opportunity is the active one (D-03)."""
    for opportunity, quotes in by(facts.live("Quote"), "opportunity_id").items():
        active = [row["id"] for row in quotes if row["active"]]
        if len(active) > 1:
            yield f"opportunity {opportunity} has the active quotes {active}"


def addresses_have_roles(facts: Facts) -> Iterator[str]:
    """One head office; one default where invoices go somewhere; invoices to the post where that is so (D-12)."""
    accounts = facts.rows["Account"]
    for id, mine in by(facts.live("Address"), "account_id").items():
        heads = [row["id"] for row in mine if row["head_office"]]
        if len(heads) != 1:
            yield f"account {id} has the head offices {heads}"
        invoiced = {row["id"] for row in mine if row["invoicing"]}
        defaults = [row["id"] for row in mine if row["default_invoicing"]]
        if len(defaults) != min(1, len(invoiced)) or not invoiced.issuperset(defaults):
            yield f"account {id}: of {invoiced} the default is {defaults}"
        if accounts[id]["postal_is_invoicing"]:
            wrong = [row["id"] for row in mine if row["postal"] != row["invoicing"]]
            if wrong:
                yield f"account {id} has invoices where the post goes, but for {wrong}"


def one_account_is_primary(facts: Facts) -> Iterator[str]:
    """A case that concerns accounts has one primary one, and says so itself (D-12, EP-207)."""
    links = by(facts.live("CaseAccount"), "case_id")
    for case in facts.live("Case"):
        mine = links[case["id"]]
        primary = [row["account_id"] for row in mine if row["primary"]]
        if len(primary) != min(1, len(mine)) or [case["primary_account_id"]] != (primary or [None]):
            yield f"case {case['id']} says {case['primary_account_id']}, its accounts {primary}"


def cases_follow_their_status(facts: Facts) -> Iterator[str]:
    """Open or closed as the status is; closed at some time; under a contract of the primary account."""
    for case in facts.live("Case"):
        status = facts.rows["CaseStatus"][case["status_id"]]
        if case["state"] != status["state"]:
            yield f"case {case['id']} is {case['state']} in {status['name']}"
        if (case["closed_at"] is None) != (case["state"] == "OPEN"):
            yield f"case {case['id']} is {case['state']}, closed at {case['closed_at']}"
        contract = facts.rows["Contract"].get(case["contract_id"])
        if contract and contract["account_id"] != case["primary_account_id"]:
            yield f"case {case['id']} is under the contract of {contract['account_id']}"


def nothing_is_above_itself(facts: Facts) -> Iterator[str]:
    """Neither an account nor an employee (SMP-12)."""
    for entity, column in (("Account", "parent_id"), ("Employee", "manager_id")):
        parents = {row["id"]: row[column] for row in facts.all(entity)}
        for id, parent in parents.items():
            if parent is not None and closes_cycle(id, parent, parents):
                yield f"{entity} {id} is above itself"


def links_are_mirrored(facts: Facts) -> Iterator[str]:
    """Each of two linked accounts has a record that says the same (EP-191, EP-192)."""
    notes = {(row["account_id"], row["other_id"]): row["note"] for row in facts.live("AccountLink")}
    for (one, other), note in notes.items():
        if notes.get((other, one), 0) != note:
            yield f"the link of {one} with {other} is not mirrored"


def stages_are_of_the_type(facts: Facts) -> Iterator[str]:
    """An opportunity stands in a stage that its type activates, and is what that makes it (VN-25, D-20)."""
    steps = {(row["type_id"], row["stage_id"]) for row in facts.live("PipelineStage")}
    for row in facts.live("Opportunity"):
        if (row["type_id"], row["stage_id"]) not in steps:
            yield f"opportunity {row['id']} is in {row['stage_id']}, which its type does not have"
        if row["status"] != facts.rows["Stage"][row["stage_id"]]["kind"]:
            yield f"opportunity {row['id']} is {row['status']} in {row['stage_id']}"
        if (row["closed_on"] is None) != (row["status"] == "OPEN"):
            yield f"opportunity {row['id']} is {row['status']}, closed on {row['closed_on']}"
        if row["lost_reason_id"] is not None and row["status"] != "LOST":
            yield f"opportunity {row['id']} was lost for a reason, and is {row['status']}"


def stays_are_noted(facts: Facts) -> Iterator[str]:
    """An opportunity with a log of stages is in the one it came to last, and in no other (X-23)."""
    visits = by(facts.live("StageHistory"), "opportunity_id")
    for row in facts.live("Opportunity"):
        mine = visits[row["id"]]
        here = [visit["stage_id"] for visit in mine if visit["left_at"] is None]
        if mine and here != [row["stage_id"]]:
            yield f"opportunity {row['id']} is in {row['stage_id']}, its log says {here}"
        for visit in mine:
            left = visit["left_at"]
            seconds = left and int((left - visit["entered_at"]).total_seconds())
            if visit["seconds"] != seconds or (seconds or 0) < 0:
                yield f"visit {visit['id']}: {visit['seconds']} instead of {seconds} seconds"


def attached(facts: Facts) -> dict[UUID, list[Row]]:
    """The contracts of each opportunity that count as sold with it."""
    found = by(facts.live("Contract"), "opportunity_id")
    found.pop(None, None)
    return found


def in_force(facts: Facts) -> dict[UUID, list[Row]]:
    """The lines of each contract that have not ended."""
    lines = [row for row in facts.live("ContractLine") if row["ended_on"] is None]
    return by(lines, "contract_id")


def root(facts: Facts, item: UUID) -> UUID:
    """The line that a line of a quote was first copied from."""
    row = facts.rows["QuoteItem"][item]
    return item if row["source_id"] is None else root(facts, row["source_id"])


def sold_once(facts: Facts) -> Iterator[str]:
    """One contract of a kind per opportunity, and nothing that was sold is in force twice (D-04)."""
    lines = in_force(facts)
    for opportunity, contracts in attached(facts).items():
        kinds = Counter((row["kind_id"], row["currency"]) for row in contracts)
        if max(kinds.values()) > 1:
            yield f"opportunity {opportunity} has several contracts of a kind: {kinds}"
        sold = [line for row in contracts for line in lines[row["id"]]]
        roots = Counter(root(facts, n) for n in (line["quote_item_id"] for line in sold) if n)
        if roots and max(roots.values()) > 1:
            yield f"opportunity {opportunity} was sold the same twice: {roots}"


def contracts_add_up(facts: Facts) -> Iterator[str]:
    """A contract with lines comes to what those in force do."""
    lines, known = in_force(facts), by(facts.live("ContractLine"), "contract_id")
    for row in facts.live("Contract"):
        for column in ("net", "total") if known[row["id"]] else ():
            comes = sum((line[column] or 0 for line in lines[row["id"]]), 0)
            if (row[column] or 0) != comes:
                yield f"contract {row['id']}: {column} {row[column]} instead of {comes}"
        if any(line["currency"] != row["currency"] for line in known[row["id"]]):
            yield f"contract {row['id']} has lines in other currencies"


def activities_are_on_one(facts: Facts) -> Iterator[str]:
    """An activity is on exactly one record, and in the timeline of the account that this concerns (EP-205)."""
    working = employers(as_rows(facts.all("Affiliation")))
    sources = {
        f"{name.lower()}_id": name for name in ("Account", "Opportunity", "Contract", "Case")
    }
    for row in facts.live("Activity"):
        found = named(as_row(row), ON)
        if len(found) != 1:
            yield f"activity {row['id']} is not on one record"
            continue
        [(column, id)] = found
        source = sources.get(column)
        expected = working.get(id) if source is None else facts.rows[source][id][CUSTOMERS[column]]
        if row["customer_id"] != expected:
            yield f"activity {row['id']} on {column} {id}: {row['customer_id']}, not {expected}"


def labels_are_unique(facts: Facts) -> Iterator[str]:
    """A tag is on a record once, and a record at a user's hand once; each on exactly one (VT-34, EP-180)."""
    for entity, who, columns in (("Tagging", "tag_id", TAGGED), ("Favorite", "user_id", ON)):
        keys = [tuple(row[name] for name in (who, *columns)) for row in facts.live(entity)]
        yield from (f"{entity} {key} is there twice" for key, n in Counter(keys).items() if n > 1)
        for key in keys:
            if sum(part is not None for part in key[1:]) != 1:
                yield f"{entity} {key} is not on one record"


def people_work_at_places(facts: Facts) -> Iterator[str]:
    """Where somebody works at an account is a place of that account (VPM-08)."""
    for row in facts.live("Affiliation"):
        address = facts.rows["Address"].get(row["address_id"])
        if address is not None and address["account_id"] != row["account_id"]:
            yield f"affiliation {row['id']} is at a place of {address['account_id']}"


def nothing_points_into_the_bin(facts: Facts) -> Iterator[str]:
    """A part goes with its whole, and what a record cannot be without stays (D-11, D-15)."""
    for entity in MODEL.entities.values():
        ways = [
            (way, entity.targets[way.name].name)
            for way in entity.references.values()
            if way.exposed.owned or (way.exposed.restrict and not way.nullable)
        ]
        if entity.is_trace:
            continue
        for row in facts.live(entity.name):
            for way, target in ways:
                id = row[way.column]
                if id is not None and facts.rows[target][id]["deleted_at"] is not None:
                    yield f"{entity.name} {row['id']}: its {way.name} {id} is in the bin"


def one_of_its_kind(facts: Facts) -> Iterator[str]:
    """There is one record of preferences, and each feature once."""
    if len(facts.live("Preferences")) != 1:
        yield "preferences are there several times, or never"
    keys = [row["key"] for row in facts.live("Feature")]
    if len(keys) != len(set(keys)):
        yield f"features {sorted(keys)}"


CHECKS: Sequence[Check] = (
    quotes_add_up,
    one_quote_counts,
    addresses_have_roles,
    one_account_is_primary,
    cases_follow_their_status,
    nothing_is_above_itself,
    links_are_mirrored,
    stages_are_of_the_type,
    stays_are_noted,
    sold_once,
    contracts_add_up,
    activities_are_on_one,
    labels_are_unique,
    people_work_at_places,
    nothing_points_into_the_bin,
    one_of_its_kind,
)


def hold(facts: Facts) -> None:
    """All of it is true."""
    wrong = [f"{check.__name__}: {each}" for check in CHECKS for each in check(facts)]
    assert not wrong, "\n".join(wrong)
