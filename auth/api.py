"""The policies of all areas."""

from auth import history, labels, people, sales, setup, staff
from auth.engine.policy import Policies
from db.api import MODEL

POLICIES = Policies.of_areas(
    MODEL,
    setup=setup.POLICIES,
    staff=staff.POLICIES,
    people=people.POLICIES,
    sales=sales.POLICIES,
    labels=labels.POLICIES,
    history=history.POLICIES,
)
