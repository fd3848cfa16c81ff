"""The policies of all areas."""

from auth import accounts, cases, contracts, history, labels, people, sales, setup, staff
from auth.engine.policy import Policies

POLICIES = Policies.of_areas(
    setup=setup.POLICIES,
    staff=staff.POLICIES,
    accounts=accounts.POLICIES,
    people=people.POLICIES,
    sales=sales.POLICIES,
    contracts=contracts.POLICIES,
    cases=cases.POLICIES,
    labels=labels.POLICIES,
    history=history.POLICIES,
)
