"""Invariants of all records. Each check yields a description of every violation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from db.api import MODEL
from domain.activities import employers
from domain.columns import named
from domain.quotes import line_amounts, sum_totals
from domain.tree import closes_cycle
from tests.graph.graph_tenant import Records, Row
from tests.support.rows import as_row, as_rows

Check = Callable[[Records], Iterator[str]]
SUBJECT_COLUMNS = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns of which exactly one refers to the subject of an activity or a favorite."""
TAGGED = (*SUBJECT_COLUMNS, "product_id")
"""The columns of which exactly one refers to the tagged record."""
CUSTOMERS = {
    "account_id": "id",
    "opportunity_id": "account_id",
    "contract_id": "account_id",
    "case_id": "primary_account_id",
}
"""By column of the subject, the subject's column with the account whose timeline contains the activity."""


def group_by(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows grouped by the value of a column."""
    grouped: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def quotes_add_up(records: Records) -> Iterator[str]:
    """The amounts of a quote are the sums of its lines, whose positions are dense (D-17)."""
    lines = group_by(records.live("QuoteItem"), "quote_id")
    for quote in records.live("Quote"):
        own_rows = sorted(lines[quote["id"]], key=lambda row: row["position"])
        if [row["position"] for row in own_rows] != list(range(1, len(own_rows) + 1)):
            yield f"quote {quote['id']}: lines at {[row['position'] for row in own_rows]}"
        amounts = line_amounts(as_rows(own_rows), quote["discount_percent"], quote["currency"])
        for line, expected in zip(own_rows, amounts, strict=True):
            if (line["net"], line["tax"], line["total"]) != (
                expected.net,
                expected.tax,
                expected.total,
            ):
                yield f"line {line['id']}: {line['net'], line['tax']} instead of {expected}"
            if line["currency"] != quote["currency"]:
                yield f"line {line['id']} is in {line['currency']}, its quote is not"
        sums = sum_totals(amounts)
        if (quote["net"], quote["tax"], quote["total"]) != (sums.net, sums.tax, sums.total):
            yield f"quote {quote['id']}: {quote['net'], quote['tax']} instead of {sums}"


def at_most_one_quote_is_active(records: Records) -> Iterator[str]:
    """An opportunity has at most one active quote (D-03)."""
    for opportunity, quotes in group_by(records.live("Quote"), "opportunity_id").items():
        active = [row["id"] for row in quotes if row["active"]]
        if len(active) > 1:
            yield f"opportunity {opportunity} has the active quotes {active}"


def addresses_have_roles(records: Records) -> Iterator[str]:
    """An account with addresses has one head office and, with invoicing addresses, one default of them (D-12)."""
    accounts = records.rows["Account"]
    for id, own_rows in group_by(records.live("Address"), "account_id").items():
        heads = [row["id"] for row in own_rows if row["head_office"]]
        if len(heads) != 1:
            yield f"account {id} has the head offices {heads}"
        invoiced = {row["id"] for row in own_rows if row["invoicing"]}
        defaults = [row["id"] for row in own_rows if row["default_invoicing"]]
        if len(defaults) != min(1, len(invoiced)) or not invoiced.issuperset(defaults):
            yield f"account {id}: of {invoiced} the default is {defaults}"
        if accounts[id]["postal_is_invoicing"]:
            different = [row["id"] for row in own_rows if row["postal"] != row["invoicing"]]
            if different:
                yield f"account {id}: postal and invoicing addresses differ: {different}"


def one_account_is_primary(records: Records) -> Iterator[str]:
    """A case with accounts has one primary account, to which the case refers as well (D-12, EP-207)."""
    links = group_by(records.live("CaseAccount"), "case_id")
    for case in records.live("Case"):
        own_rows = links[case["id"]]
        primary = [row["account_id"] for row in own_rows if row["primary"]]
        if len(primary) != min(1, len(own_rows)) or [case["primary_account_id"]] != (
            primary or [None]
        ):
            yield f"case {case['id']} has {case['primary_account_id']}, its links have {primary}"


def cases_follow_their_status(records: Records) -> Iterator[str]:
    """A case has the state of its status, a closing time if closed, and a contract of its primary account."""
    for case in records.live("Case"):
        status = records.rows["CaseStatus"][case["status_id"]]
        if case["state"] != status["state"]:
            yield f"case {case['id']} is {case['state']} in {status['name']}"
        if (case["closed_at"] is None) != (case["state"] == "OPEN"):
            yield f"case {case['id']} is {case['state']}, closed at {case['closed_at']}"
        contract = records.rows["Contract"].get(case["contract_id"])
        if contract and contract["account_id"] != case["primary_account_id"]:
            yield f"case {case['id']} is under the contract of {contract['account_id']}"


def hierarchies_have_no_cycles(records: Records) -> Iterator[str]:
    """Accounts and employees are not their own ancestors (SMP-12)."""
    for entity, column in (("Account", "parent_id"), ("Employee", "manager_id")):
        parents = {row["id"]: row[column] for row in records.all(entity)}
        for id, parent in parents.items():
            if parent is not None and closes_cycle(id, parent, parents):
                yield f"{entity} {id} is its own ancestor"


def links_are_mirrored(records: Records) -> Iterator[str]:
    """Each of two linked accounts has a link record with the same note (EP-191, EP-192)."""
    notes = {
        (row["account_id"], row["other_id"]): row["note"] for row in records.live("AccountLink")
    }
    for (one, other), note in notes.items():
        if notes.get((other, one), 0) != note:
            yield f"the link of {one} with {other} is not mirrored"


def stages_are_of_the_type(records: Records) -> Iterator[str]:
    """An opportunity is in a stage of its type and has the status of that stage (VN-25, D-20)."""
    steps = {(row["type_id"], row["stage_id"]) for row in records.live("PipelineStage")}
    for row in records.live("Opportunity"):
        if (row["type_id"], row["stage_id"]) not in steps:
            yield f"opportunity {row['id']} is in {row['stage_id']}, which its type does not have"
        if row["status"] != records.rows["Stage"][row["stage_id"]]["kind"]:
            yield f"opportunity {row['id']} is {row['status']} in {row['stage_id']}"
        if (row["closed_on"] is None) != (row["status"] == "OPEN"):
            yield f"opportunity {row['id']} is {row['status']}, closed on {row['closed_on']}"
        if row["lost_reason_id"] is not None and row["status"] != "LOST":
            yield f"opportunity {row['id']} has a lost reason, but is {row['status']}"


def stage_history_is_consistent(records: Records) -> Iterator[str]:
    """The only open stay in the stage history is in the current stage, and closed stays have their duration (X-23)."""
    stays = group_by(records.live("StageHistory"), "opportunity_id")
    for row in records.live("Opportunity"):
        own_rows = stays[row["id"]]
        current = [stay["stage_id"] for stay in own_rows if stay["left_at"] is None]
        if own_rows and current != [row["stage_id"]]:
            yield f"opportunity {row['id']} is in {row['stage_id']}, its history {current}"
        for stay in own_rows:
            left = stay["left_at"]
            seconds = left and int((left - stay["entered_at"]).total_seconds())
            if stay["seconds"] != seconds or (seconds or 0) < 0:
                yield f"stay {stay['id']}: {stay['seconds']} instead of {seconds} seconds"


def attached(records: Records) -> dict[UUID, list[Row]]:
    """The contracts attached to each opportunity."""
    contracts = group_by(records.live("Contract"), "opportunity_id")
    contracts.pop(None, None)
    return contracts


def in_force(records: Records) -> dict[UUID, list[Row]]:
    """The lines of each contract that are in force."""
    lines = [row for row in records.live("ContractLine") if row["ended_on"] is None]
    return group_by(lines, "contract_id")


def root(records: Records, item: UUID) -> UUID:
    """The quote line from which a quote line was originally copied."""
    row = records.rows["QuoteItem"][item]
    return item if row["source_id"] is None else root(records, row["source_id"])


def sold_once(records: Records) -> Iterator[str]:
    """An opportunity has one contract per kind and currency, and each sold line is in force once (D-04)."""
    lines = in_force(records)
    for opportunity, contracts in attached(records).items():
        kinds = Counter((row["kind_id"], row["currency"]) for row in contracts)
        if max(kinds.values()) > 1:
            yield f"opportunity {opportunity} has several contracts of a kind: {kinds}"
        sold = [line for row in contracts for line in lines[row["id"]]]
        roots = Counter(root(records, n) for n in (line["quote_item_id"] for line in sold) if n)
        if roots and max(roots.values()) > 1:
            yield f"opportunity {opportunity} has the same line in force twice: {roots}"


def contracts_add_up(records: Records) -> Iterator[str]:
    """The amounts of a contract with lines are the sums of those in force."""
    lines, known = in_force(records), group_by(records.live("ContractLine"), "contract_id")
    for row in records.live("Contract"):
        for column in ("net", "total") if known[row["id"]] else ():
            expected = sum((line[column] or 0 for line in lines[row["id"]]), 0)
            if (row[column] or 0) != expected:
                yield f"contract {row['id']}: {column} {row[column]} instead of {expected}"
        if any(line["currency"] != row["currency"] for line in known[row["id"]]):
            yield f"contract {row['id']} has lines in other currencies"


def activities_have_one_subject(records: Records) -> Iterator[str]:
    """An activity has exactly one subject, and the customer of that subject (EP-205)."""
    working = employers(as_rows(records.all("Affiliation")))
    sources = {
        f"{name.lower()}_id": name for name in ("Account", "Opportunity", "Contract", "Case")
    }
    for row in records.live("Activity"):
        subjects = named(as_row(row), SUBJECT_COLUMNS)
        if len(subjects) != 1:
            yield f"activity {row['id']} does not have one subject"
            continue
        [(column, id)] = subjects
        source = sources.get(column)
        expected = (
            working.get(id) if source is None else records.rows[source][id][CUSTOMERS[column]]
        )
        if row["customer_id"] != expected:
            yield f"activity {row['id']} on {column} {id}: {row['customer_id']}, not {expected}"


def tags_and_favorites_are_unique(records: Records) -> Iterator[str]:
    """A record has each tag once and is a favorite of a user once (VT-34, EP-180)."""
    for entity, owner, columns in (
        ("Tagging", "tag_id", TAGGED),
        ("Favorite", "user_id", SUBJECT_COLUMNS),
    ):
        keys = [tuple(row[name] for name in (owner, *columns)) for row in records.live(entity)]
        yield from (f"{entity} {key} exists twice" for key, n in Counter(keys).items() if n > 1)
        for key in keys:
            if sum(value is not None for value in key[1:]) != 1:
                yield f"{entity} {key} does not refer to one record"


def affiliation_addresses_match(records: Records) -> Iterator[str]:
    """The address of an affiliation belongs to its account (VPM-08)."""
    for row in records.live("Affiliation"):
        address = records.rows["Address"].get(row["address_id"])
        if address is not None and address["account_id"] != row["account_id"]:
            yield f"affiliation {row['id']} has an address of {address['account_id']}"


def nothing_refers_to_the_trash(records: Records) -> Iterator[str]:
    """No record outside the trash has a parent or a required reference in the trash (D-11, D-15)."""
    for entity in MODEL.entities.values():
        relations = [
            (relation, entity.targets[relation.name].name)
            for relation in entity.references.values()
            if relation.exposed.owned or (relation.exposed.restrict and not relation.nullable)
        ]
        if entity.is_trace:
            continue
        for row in records.live(entity.name):
            for relation, target in relations:
                id = row[relation.column]
                if id is not None and records.rows[target][id]["deleted_at"] is not None:
                    yield f"{entity.name} {row['id']}: its {relation.name} {id} is in the trash"


def singletons_are_unique(records: Records) -> Iterator[str]:
    """There is one record of preferences, and one record per feature."""
    if len(records.live("Preferences")) != 1:
        yield "there is not exactly one record of preferences"
    keys = [row["key"] for row in records.live("Feature")]
    if len(keys) != len(set(keys)):
        yield f"features {sorted(keys)}"


CHECKS: Sequence[Check] = (
    quotes_add_up,
    at_most_one_quote_is_active,
    addresses_have_roles,
    one_account_is_primary,
    cases_follow_their_status,
    hierarchies_have_no_cycles,
    links_are_mirrored,
    stages_are_of_the_type,
    stage_history_is_consistent,
    sold_once,
    contracts_add_up,
    activities_have_one_subject,
    tags_and_favorites_are_unique,
    affiliation_addresses_match,
    nothing_refers_to_the_trash,
    singletons_are_unique,
)


def assert_invariants(records: Records) -> None:
    """Run all checks and fail with the violations."""
    violations = [f"{check.__name__}: {each}" for check in CHECKS for each in check(records)]
    assert not violations, "\n".join(violations)
