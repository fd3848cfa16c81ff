"""Chooses records and consistent inputs, so that most generated commands succeed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from db.api import MODEL
from tests.graph.graph_tenant import Records, Row

if TYPE_CHECKING:
    from tests.graph.generator import Generator

Input = dict[str, Any]
RowFilter = Callable[[Records, Row], bool]
Fit = Callable[["Generator", Input, Row | None], Input]


def public_id_of(entity: str, row: Row | None) -> str | None:
    """The public id of a record."""
    return None if row is None else f"{MODEL.entities[entity].prefix}_{row['id'].hex}"


def any_row(records: Records, row: Row) -> bool:
    """Accepts every row."""
    return True


def can_target(entity: str, suffix: str) -> RowFilter:
    """A filter for the rows for which a command is likely to succeed."""
    if (entity, suffix) in TARGETS or suffix != "Delete":
        return TARGETS.get((entity, suffix), any_row)
    users = MODEL.users(MODEL.entities[entity])
    return lambda records, row: (
        not any(
            each[relation.column] == row["id"]
            for kind, relation in users
            for each in records.live(kind.name)
        )
    )


def _quoted(records: Records, row: Row) -> bool:
    quotes = [q for q in records.live("Quote") if q["opportunity_id"] == row["id"]]
    return not row["locked"] and any(q["active"] and q["net"] for q in quotes)


def _changeable(records: Records, row: Row) -> bool:
    opportunity = records.rows["Opportunity"][row["opportunity_id"]]
    sold = opportunity["locked"] or row["accepted_at"] is not None
    return not sold and row["approved_at"] is None


def _unlocked(records: Records, row: Row) -> bool:
    return not records.rows["Opportunity"][row["opportunity_id"]]["locked"]


TARGETS: Mapping[tuple[str, str], RowFilter] = {
    ("Opportunity", "Sell"): _quoted,
    ("Opportunity", "Unlock"): lambda _, row: row["locked"] or row["status"] != "OPEN",
    ("Opportunity", "Lose"): lambda _, row: not row["locked"],
    ("Opportunity", "Move"): lambda _, row: not row["locked"],
    ("Opportunity", "Update"): lambda _, row: not row["locked"],
    ("Quote", "SetItems"): _changeable,
    ("Quote", "Update"): _changeable,
    ("Quote", "Approve"): _changeable,
    ("Quote", "Activate"): _unlocked,
    ("Quote", "Deactivate"): lambda records, row: row["active"] and _changeable(records, row),
    ("Quote", "Unapprove"): lambda _, row: (
        row["approved_at"] is not None and row["accepted_at"] is None
    ),
    ("Quote", "Delete"): lambda records, row: not row["active"] and _changeable(records, row),
    ("Contract", "End"): lambda _, row: row["status"] == "ACTIVE",
    ("Contract", "Renew"): lambda _, row: row["ends_on"] and row["renewal_months"] is not None,
    ("Contract", "Detach"): lambda _, row: row["opportunity_id"] is not None,
    ("Case", "Close"): lambda _, row: row["state"] == "OPEN",
    ("Case", "Update"): lambda _, row: row["state"] == "OPEN",
    ("Case", "Reopen"): lambda _, row: row["state"] == "CLOSED",
    ("CaseAccount", "Delete"): lambda records, row: (
        records.rows["Case"][row["case_id"]]["state"] == "OPEN"
    ),
    ("Activity", "Complete"): lambda _, row: row["done_at"] is None,
}
ESSENTIAL = ("Administrator", "Full access")


def _is_not_essential(records: Records, row: Row) -> bool:
    """Whether the administrator's permissions do not depend on the row, so that it may be changed."""
    employees = {
        r["id"] for r in records.all("Employee") if (r["email"] or "").startswith("admin@")
    }
    essential = employees | {r["id"] for r in records.all("User") if r["employee_id"] in employees}
    essential |= {
        r["id"] for e in ("Role", "Profile") for r in records.all(e) if r["name"] in ESSENTIAL
    }
    return not essential & {
        row["id"],
        row.get("user_id"),
        row.get("role_id"),
        row.get("profile_id"),
    }


NOT_ESSENTIAL: Mapping[str, RowFilter] = dict.fromkeys(
    ("Employee", "User", "Role", "RoleAssignment", "Profile", "RoleProfile", "ObjectPermission",
     "FieldPermission"),
    _is_not_essential,
)  # fmt: skip


def _move(generator: Generator, params: Input, row: Row | None) -> Input:
    """Move to a stage of the type, before or after an opportunity in it."""
    if row is None or generator.chance(8):
        return params
    records = generator.records
    steps = [s for s in records.live("PipelineStage") if s["type_id"] == row["type_id"]]
    if not steps:
        return params
    stage = records.rows["Stage"][generator.one_of(*steps)["stage_id"]]
    others = [o for o in records.live("Opportunity") if o["stage_id"] == stage["id"]]
    for name in ("before", "after"):
        params.pop(name, None)
    if others and generator.chance(2):
        params[generator.one_of("before", "after")] = public_id_of(
            "Opportunity", generator.one_of(*others)
        )
    return params | {"stage": public_id_of("Stage", stage)}


def _without_stage(generator: Generator, params: Input, row: Row | None) -> Input:
    """Usually omit the stage, so that the command chooses it."""
    if not generator.chance(6):
        params.pop("stage", None)
    return params


def _opportunity(generator: Generator, params: Input, row: Row | None) -> Input:
    return _without_stage(generator, params, row)


def _lose(generator: Generator, params: Input, row: Row | None) -> Input:
    if not generator.chance(4):
        params["note"] = "They chose a competitor."
    return _without_stage(generator, params, row)


def _items(generator: Generator, params: Input, row: Row | None) -> Input:
    """Use ids of the quote's own lines, each once."""
    own_rows = [
        i for i in generator.records.live("QuoteItem") if row and i["quote_id"] == row["id"]
    ]
    left = sorted(own_rows, key=lambda item: item["position"])
    for item in params.get("items") or ():
        if "id" in item:
            if left and item["id"] is not None and not generator.chance(20):
                item["id"] = public_id_of("QuoteItem", left.pop(generator.rng.randrange(len(left))))
            else:
                del item["id"]
    return params


def _line(generator: Generator, params: Input, row: Row | None) -> Input:
    """A line with a price, or a rounding line without other values."""
    if params.get("kind") == "ROUNDING" and not generator.chance(4):
        return {"kind": "ROUNDING", "name": "Rounding", "unitPrice": "-0.05"}
    if params.get("unitPrice") is None and "id" not in params:
        params["unitPrice"] = generator.one_of("12.50", "0.33", "100", "1")
    if "quantity" in params:
        params["quantity"] = generator.one_of("1", "3", "2.5")
    return {"name": generator.unique_text()} | params


def _affiliation(generator: Generator, params: Input, row: Row | None) -> Input:
    """An existing or a new person at an existing or a new account, with an address of that account."""
    for named, new in (("person", "newPerson"), ("account", "newAccount")):
        if new in params and params[new] is not None:
            params.pop(named, None)
        elif new in params:
            del params[new]
    if not generator.chance(5):
        params.pop("address", None)
    if row is not None and generator.chance(3):
        addresses = [
            a for a in generator.records.live("Address") if a["account_id"] == row["account_id"]
        ]
        if addresses and "account" not in params:
            params["address"] = public_id_of("Address", generator.one_of(*addresses))
    return params


def _on_one(columns: tuple[str, ...]) -> Fit:
    def fit(generator: Generator, params: Input, row: Row | None) -> Input:
        """Usually refer to exactly one record."""
        if generator.chance(15):
            return params
        named = [name for name in columns if params.pop(name, None) is not None] or list(columns)
        if generator.nested:
            return params
        if row is not None:
            return params
        name = generator.one_of(*named)
        return params | {name: generator.link(name[0].upper() + name[1:])}

    return fit


def _case(generator: Generator, params: Input, row: Row | None) -> Input:
    """Prefer a contract of the case's account."""
    contracts = generator.records.live("Contract")
    if row is not None:
        contracts = [c for c in contracts if c["account_id"] == row["primary_account_id"]]
    if "contract" in params and contracts and not generator.chance(6):
        params["contract"] = public_id_of("Contract", generator.one_of(*contracts))
    return params


def _upsell(generator: Generator, params: Input, row: Row | None) -> Input:
    time_based = [c for c in generator.records.live("Contract") if c["time_based"]]
    if time_based and not generator.chance(6):
        params["contract"] = public_id_of("Contract", generator.one_of(*time_based))
    return params


def _feature(generator: Generator, params: Input, row: Row | None) -> Input:
    """Disable features rarely, because their mutations are then refused."""
    return params | {"enabled": not generator.chance(4)} if "enabled" in params else params


TYPES = ("accountType", "personType", "opportunityType", "caseType", "employeeType")
LABELLED = ("account", "person", "product", "opportunity", "contract", "case")
FITS: Mapping[tuple[str, str], Fit] = {
    ("Opportunity", "Move"): _move,
    ("Opportunity", "Sell"): _without_stage,
    ("Opportunity", "Unlock"): _without_stage,
    ("Opportunity", "Lose"): _lose,
    ("Opportunity", "Upsell"): _upsell,
    ("Opportunity", "Create"): _opportunity,
    ("Quote", "SetItems"): _items,
    ("QuoteItem", ""): _line,
    ("Affiliation", ""): _affiliation,
    ("AttributeAssignment", ""): _on_one(TYPES),
    ("Tagging", ""): _on_one(LABELLED),
    ("Favorite", ""): _on_one(tuple(each for each in LABELLED if each != "product")),
    ("Activity", ""): _on_one(tuple(each for each in LABELLED if each != "product")),
    ("Case", "Create"): _case,
    ("Case", "Update"): _case,
    ("Feature", "Update"): _feature,
}
