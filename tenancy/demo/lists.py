"""Rows of a tenant's lists: industries, types, lost reasons, features, tags, and the preferences."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from domain.cases import Billing, CaseState, Priority
from domain.setup import ContactKind, FeatureKey
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS, TYPE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import INDUSTRIES

ACCOUNT_TYPES = ("Account", "Company", "Personal")
PERSON_TYPES = ("Contact", "Consultant", "Lead")
EMPLOYEE_TYPES = ("Employee", "Agent")
LOST_REASONS = ("Price", "Competitor", "No budget", "No decision", "Other")
CASE_STATUSES = {
    "New": CaseState.OPEN,
    "In progress": CaseState.OPEN,
    "Waiting for the customer": CaseState.OPEN,
    "Closed": CaseState.CLOSED,
}
CASE_TYPES = {
    "Question": Billing.NONE,
    "Complaint": Billing.NONE,
    "Repair": Billing.PER_ACTIVITY,
    "Inspection": Billing.PER_CASE,
}
ACTIVITY_CATEGORIES = ("Call", "E-mail", "Meeting", "Visit", "Task")
TAGS = (
    "Hot",
    "Winter campaign",
    "Trade fair",
    "Do not call",
    "Référence",
    "hot lead",
    "VIP",
    "Old",
)
COLORS = ("#ef4444", "#3b82f6", "#22C55E", "#a855f7", None)


def lists(slug: str, now: date) -> Rows:
    """All rows of these lists, by table. The last row of a list is deleted if nothing refers to it."""
    return {
        "industry": _named(Draw(slug, "industry", now), (*INDUSTRIES, "Peat"), deleted="Peat"),
        "account_type": _account_types(Draw(slug, "account_type", now)),
        "person_type": _person_types(Draw(slug, "person_type", now)),
        "employee_type": [
            {**row, "default_title": f"{row['name']} of {slug}"}
            for row in _named(Draw(slug, "employee_type", now), EMPLOYEE_TYPES)
        ],
        "lost_reason": [
            {**row, "needs_note": row["name"] == "Other"}
            for row in _named(Draw(slug, "lost_reason", now), LOST_REASONS)
        ],
        "case_status": _case_statuses(Draw(slug, "case_status", now)),
        "case_type": _case_types(Draw(slug, "case_type", now)),
        "activity_category": _named(Draw(slug, "activity_category", now), ACTIVITY_CATEGORIES),
        "tag": _tags(Draw(slug, "tag", now)),
        "feature": _features(Draw(slug, "feature", now)),
        "preferences": _preferences(Draw(slug, "preferences", now)),
        "attribute_assignment": _assignments(Draw(slug, "attribute_assignment", now)),
    }


def _named(draw: Draw, names: Iterable[str], deleted: str | None = None) -> list[Row]:
    return [
        {**draw.key(number), "name": name, **draw.stamps(deleted=name == deleted)}
        for number, name in enumerate(names, 1)
    ]


def _unless_preferred(row: Row, employee: int) -> UUID | None:
    """The default owner of a type; None for the preferred (first) type, whose records are owned by their creators."""
    preferred = row["name"] in (ACCOUNT_TYPES[0], PERSON_TYPES[0])
    return None if preferred else made_id("employee", employee)


def _account_types(draw: Draw) -> list[Row]:
    return [
        {
            **row,
            "with_name": True,
            "with_last_name": row["name"] == "Personal",
            "default_owner_id": _unless_preferred(row, draw.rng.randint(1, 4)),
            "sender_email": f"desk{draw.rng.randint(1, 99)}@{draw.slug}.example",
            "document_delivery": draw.rng.choice(("EMAIL", "POST", None)),
        }
        for row in _named(draw, ACCOUNT_TYPES)
    ]


def _person_types(draw: Draw) -> list[Row]:
    consultant = ContactKind.CONSULTANT
    return [
        {
            **row,
            "kind": (consultant if row["name"] == "Consultant" else ContactKind.EMPLOYEE).value,
            "default_owner_id": _unless_preferred(row, draw.rng.randint(1, 4)),
        }
        for row in _named(draw, PERSON_TYPES)
    ]


def _case_statuses(draw: Draw) -> list[Row]:
    return [
        {**row, "state": CASE_STATUSES[row["name"]].value, "position": place}
        for place, row in enumerate(_named(draw, CASE_STATUSES), 1)
    ]


def _case_types(draw: Draw) -> list[Row]:
    """Case types; those that are billed refer to the products with which they are billed."""
    rows = []
    for row in _named(draw, CASE_TYPES):
        hourly = CASE_TYPES[row["name"]] is Billing.PER_ACTIVITY
        rows.append(
            {
                **row,
                "billing": CASE_TYPES[row["name"]].value,
                "contract_required": row["name"] == "Inspection",
                "hours_product_id": made_id("product", 7) if hourly else None,
                "overtime_product_id": made_id("product", 8) if hourly else None,
                "default_priority": draw.rng.choice((None, *(each.value for each in Priority))),
                "default_owner_id": made_id("employee", draw.rng.randint(3, 8)),
            }
        )
    return rows


def _tags(draw: Draw) -> list[Row]:
    return [
        {**row, "color": draw.rng.choice(COLORS)} for row in _named(draw, TAGS, deleted=TAGS[-1])
    ]


def _features(draw: Draw) -> list[Row]:
    """All features are enabled."""
    return [
        {**draw.key(number), "key": key.value, "enabled": True, **draw.stamps()}
        for number, key in enumerate(FeatureKey, 1)
    ]


def _preferences(draw: Draw) -> list[Row]:
    preferred: Mapping[str, tuple[str, int]] = {
        "default_account_type_id": ("account_type", 1),
        "default_person_type_id": ("person_type", 1),
        "default_lead_type_id": ("person_type", 3),
        "default_opportunity_type_id": ("opportunity_type", TYPE_NUMBERS["New business"]),
        "default_case_type_id": ("case_type", 1),
    }
    return [
        {
            **draw.key(1),
            **{column: made_id(*which) for column, which in preferred.items()},
            "sell_without_quote": True,
            "proof_needs_quote": False,
            **draw.stamps(),
        }
    ]


def _assignments(draw: Draw) -> list[Row]:
    """Assignments: `letters` to contacts and leads, `channel` to complaints only."""
    assigned: tuple[tuple[str, str, int], ...] = (
        ("letters", "person_type", 1),
        ("letters", "person_type", 3),
        ("channel", "case_type", 2),
    )
    return [
        {
            **draw.key(number),
            "attribute_id": made_id("attribute", ATTRIBUTE_NUMBERS[key]),
            "person_type_id": made_id(table, which) if table == "person_type" else None,
            "case_type_id": made_id(table, which) if table == "case_type" else None,
            **draw.stamps(),
        }
        for number, (key, table, which) in enumerate(assigned, 1)
    ]
