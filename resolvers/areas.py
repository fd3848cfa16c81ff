"""All areas with their commands and hooks, in order of dependency."""

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
