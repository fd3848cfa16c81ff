"""Chooses records and consistent inputs, so that most generated commands succeed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from db.api import MODEL
from tests.graph.place import Facts, Row

if TYPE_CHECKING:
    from tests.graph.draw import Drawn

Input = dict[str, Any]
Apt = Callable[[Facts, Row], bool]
Fit = Callable[["Drawn", Input, Row | None], Input]


def spelled(entity: str, row: Row | None) -> str | None:
    """The id of a record as the API spells it."""
    return None if row is None else f"{MODEL.entities[entity].prefix}_{row['id'].hex}"


def anything(facts: Facts, row: Row) -> bool:
    """Whatever there is."""
    return True


def apt(entity: str, verb: str) -> Apt:
    """Which records of a kind a deed can be done with, as far as that is easily told."""
    if (entity, verb) in APT or verb != "Delete":
        return APT.get((entity, verb), anything)
    users = MODEL.users(MODEL.entities[entity])
    return lambda facts, row: (
        not any(
            each[way.column] == row["id"] for kind, way in users for each in facts.live(kind.name)
        )
    )


def _quoted(facts: Facts, row: Row) -> bool:
    quotes = [q for q in facts.live("Quote") if q["opportunity_id"] == row["id"]]
    return not row["locked"] and any(q["active"] and q["net"] for q in quotes)


def _changeable(facts: Facts, row: Row) -> bool:
    opportunity = facts.rows["Opportunity"][row["opportunity_id"]]
    sold = opportunity["locked"] or row["accepted_at"] is not None
    return not sold and row["approved_at"] is None


def _unlocked(facts: Facts, row: Row) -> bool:
    return not facts.rows["Opportunity"][row["opportunity_id"]]["locked"]


APT: Mapping[tuple[str, str], Apt] = {
    ("Opportunity", "Sell"): _quoted,
    ("Opportunity", "Unlock"): lambda _, row: row["locked"] or row["status"] != "OPEN",
    ("Opportunity", "Lose"): lambda _, row: not row["locked"],
    ("Opportunity", "Move"): lambda _, row: not row["locked"],
    ("Opportunity", "Update"): lambda _, row: not row["locked"],
    ("Quote", "SetItems"): _changeable,
    ("Quote", "Update"): _changeable,
    ("Quote", "Approve"): _changeable,
    ("Quote", "Activate"): _unlocked,
    ("Quote", "Deactivate"): lambda facts, row: row["active"] and _changeable(facts, row),
    ("Quote", "Unapprove"): lambda _, row: (
        row["approved_at"] is not None and row["accepted_at"] is None
    ),
    ("Quote", "Delete"): lambda facts, row: not row["active"] and _changeable(facts, row),
    ("Contract", "End"): lambda _, row: row["status"] == "ACTIVE",
    ("Contract", "Renew"): lambda _, row: row["ends_on"] and row["renewal_months"] is not None,
    ("Contract", "Detach"): lambda _, row: row["opportunity_id"] is not None,
    ("Case", "Close"): lambda _, row: row["state"] == "OPEN",
    ("Case", "Update"): lambda _, row: row["state"] == "OPEN",
    ("Case", "Reopen"): lambda _, row: row["state"] == "CLOSED",
    ("CaseAccount", "Delete"): lambda facts, row: (
        facts.rows["Case"][row["case_id"]]["state"] == "OPEN"
    ),
    ("Activity", "Complete"): lambda _, row: row["done_at"] is None,
}
KEEPERS = ("Administrator", "Full access")


def _is_not_his(facts: Facts, row: Row) -> bool:
    """Whether it is not what the administrator has his rights from: somebody must go on giving and taking."""
    him = {r["id"] for r in facts.all("Employee") if (r["email"] or "").startswith("admin@")}
    kept = him | {r["id"] for r in facts.all("User") if r["employee_id"] in him}
    kept |= {r["id"] for e in ("Role", "Profile") for r in facts.all(e) if r["name"] in KEEPERS}
    return not kept & {row["id"], row.get("user_id"), row.get("role_id"), row.get("profile_id")}


WORTH: Mapping[str, Apt] = dict.fromkeys(
    ("Employee", "User", "Role", "RoleAssignment", "Profile", "RoleProfile", "ObjectPermission",
     "FieldPermission"),
    _is_not_his,
)  # fmt: skip


def _move(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """To one of the type's stages, beside what is there already."""
    if row is None or drawn.chance(8):
        return given
    facts = drawn.facts
    steps = [s for s in facts.live("PipelineStage") if s["type_id"] == row["type_id"]]
    if not steps:
        return given
    stage = facts.rows["Stage"][drawn.one_of(*steps)["stage_id"]]
    beside = [o for o in facts.live("Opportunity") if o["stage_id"] == stage["id"]]
    for name in ("before", "after"):
        given.pop(name, None)
    if beside and drawn.chance(2):
        given[drawn.one_of("before", "after")] = spelled("Opportunity", drawn.one_of(*beside))
    return given | {"stage": spelled("Stage", stage)}


def _without_stage(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """The house chooses the stage, mostly."""
    if not drawn.chance(6):
        given.pop("stage", None)
    return given


def _opportunity(drawn: Drawn, given: Input, row: Row | None) -> Input:
    return _without_stage(drawn, given, row)


def _lose(drawn: Drawn, given: Input, row: Row | None) -> Input:
    if not drawn.chance(4):
        given["note"] = "They chose somebody else."
    return _without_stage(drawn, given, row)


def _items(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """Lines of the quote itself, each once; what is new has a price."""
    mine = [i for i in drawn.facts.live("QuoteItem") if row and i["quote_id"] == row["id"]]
    left = sorted(mine, key=lambda item: item["position"])
    for item in given.get("items") or ():
        if "id" in item:
            if left and item["id"] is not None and not drawn.chance(20):
                item["id"] = spelled("QuoteItem", left.pop(drawn.rng.randrange(len(left))))
            else:
                del item["id"]
    return given


def _line(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """A line with a price; what rounds it has nothing else."""
    if given.get("kind") == "ROUNDING" and not drawn.chance(4):
        return {"kind": "ROUNDING", "name": "Rounding", "unitPrice": "-0.05"}
    if given.get("unitPrice") is None and "id" not in given:
        given["unitPrice"] = drawn.one_of("12.50", "0.33", "100", "1")
    if "quantity" in given:
        given["quantity"] = drawn.one_of("1", "3", "2.5")
    return {"name": drawn.marked()} | given


def _affiliation(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """A person or a new one, at an account or a new one; at a place of that."""
    for named, new in (("person", "newPerson"), ("account", "newAccount")):
        if new in given and given[new] is not None:
            given.pop(named, None)
        elif new in given:
            del given[new]
    if not drawn.chance(5):
        given.pop("address", None)
    if row is not None and drawn.chance(3):
        places = [a for a in drawn.facts.live("Address") if a["account_id"] == row["account_id"]]
        if places and "account" not in given:
            given["address"] = spelled("Address", drawn.one_of(*places))
    return given


def _on_one(columns: tuple[str, ...]) -> Fit:
    def fit(drawn: Drawn, given: Input, row: Row | None) -> Input:
        """On exactly one record, mostly."""
        if drawn.chance(15):
            return given
        named = [name for name in columns if given.pop(name, None) is not None] or list(columns)
        if drawn.nested:
            return given
        if row is not None:
            return given
        name = drawn.one_of(*named)
        return given | {name: drawn.link(name[0].upper() + name[1:])}

    return fit


def _case(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """Under a contract of its account, if it has one."""
    contracts = drawn.facts.live("Contract")
    if row is not None:
        contracts = [c for c in contracts if c["account_id"] == row["primary_account_id"]]
    if "contract" in given and contracts and not drawn.chance(6):
        given["contract"] = spelled("Contract", drawn.one_of(*contracts))
    return given


def _upsell(drawn: Drawn, given: Input, row: Row | None) -> Input:
    lasting = [c for c in drawn.facts.live("Contract") if c["time_based"]]
    if lasting and not drawn.chance(6):
        given["contract"] = spelled("Contract", drawn.one_of(*lasting))
    return given


def _feature(drawn: Drawn, given: Input, row: Row | None) -> Input:
    """Off now and then only: what is off is done by nobody."""
    return given | {"enabled": not drawn.chance(4)} if "enabled" in given else given


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
