"""All areas in their order, ground up, with the commands that they offer and what they run around saving records."""

from db.api import MODEL
from resolvers import (
    accounts,
    activities,
    cases,
    contracts,
    labels,
    people,
    products,
    quotes,
    sales,
    setup,
    staff,
)
from resolvers.engine.command_registry import CommandRegistry

AREAS = (
    setup.AREA,
    staff.AREA,
    accounts.AREA,
    people.AREA,
    products.AREA,
    sales.AREA,
    quotes.AREA,
    contracts.AREA,
    cases.AREA,
    activities.AREA,
    labels.AREA,
)
REGISTRY = CommandRegistry(MODEL, AREAS)
