"""Initial rows of a new tenant's lists: types, contract kinds, lost reasons, case statuses. Administrators can change them."""

from __future__ import annotations

from collections.abc import Mapping

Row = Mapping[str, object]

INITIAL_ROWS: Mapping[str, tuple[Row, ...]] = {
    "account_type": (
        {"name": "Account"},
        {"name": "Company"},
        {"name": "Personal", "with_last_name": True},
    ),
    "person_type": (
        {"name": "Contact", "kind": "EMPLOYEE"},
        {"name": "Consultant", "kind": "CONSULTANT"},
        {"name": "Lead", "kind": "EMPLOYEE"},
    ),
    "employee_type": ({"name": "Employee"},),
    "case_type": ({"name": "Question"}, {"name": "Complaint", "default_priority": "HIGH"}),
    "case_status": (
        {"name": "New", "state": "OPEN", "position": 1},
        {"name": "In progress", "state": "OPEN", "position": 2},
        {"name": "Waiting for the customer", "state": "OPEN", "position": 3},
        {"name": "Closed", "state": "CLOSED", "position": 4},
    ),
    "lost_reason": (
        {"name": "Price"},
        {"name": "Competitor"},
        {"name": "No budget"},
        {"name": "No decision"},
        {"name": "Other", "needs_note": True},
    ),
    "contract_kind": (
        {"name": "Software contract", "time_based": True, "months": 12, "renews": True},
        {"name": "Implementation contract"},
        {"name": "Change contract"},
        {"name": "Private cloud contract", "time_based": True, "months": 12, "renews": True},
        {"name": "Support contract", "time_based": True, "months": 12, "renews": True},
        {"name": "Delivery"},
    ),
    "unit_of_measure": ({"name": "piece"}, {"name": "hour"}, {"name": "month"}, {"name": "year"}),
    "activity_category": (
        {"name": "Call"},
        {"name": "E-mail"},
        {"name": "Meeting"},
        {"name": "Visit"},
        {"name": "Task"},
    ),
}
"""Rows by table, in insertion order (EP-148, EP-171, VN-14, VN-28 to VN-31)."""

PRODUCT_CATEGORIES = {
    "Software": "Software contract",
    "Implementation services": "Implementation contract",
    "Support services": "Support contract",
    "Goods": "Delivery",
}
"""Product categories, each with the contract kind that its sales create (EP-147, EP-301)."""

DEFAULT_PREFERENCES = {
    "default_account_type_id": ("account_type", "Account"),
    "default_person_type_id": ("person_type", "Contact"),
    "default_lead_type_id": ("person_type", "Lead"),
    "default_opportunity_type_id": ("opportunity_type", "New business"),
    "default_case_type_id": ("case_type", "Question"),
}
"""Columns of the preferences, each with the table and name of its initial value (VN-39)."""
