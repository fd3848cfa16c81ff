"""The model of all tables of a tenant."""

from collections.abc import Iterator
from inspect import isclass
from types import ModuleType

from db import (
    accounts,
    activities,
    cases,
    contracts,
    documents,
    labels,
    people,
    products,
    quotes,
    sales,
    setup,
    staff,
)
from db.engine import trace
from db.engine.base import Record, Trace
from db.engine.capabilities import add_subject_columns
from db.engine.head import LogHead
from db.engine.model import Model

AREAS = (
    trace,
    documents,
    setup,
    staff,
    accounts,
    people,
    products,
    sales,
    quotes,
    contracts,
    cases,
    activities,
    labels,
)
"""Modules with tables, in order of dependency: the history first, then the areas."""


def _records(area: ModuleType) -> Iterator[type[Record] | type[Trace]]:
    """The record classes that a module declares, in the order of declaration."""
    for value in vars(area).values():
        if (
            isclass(value)
            and issubclass(value, Record | Trace)
            and value.__module__ == area.__name__
        ):
            yield value


METADATA = LogHead.metadata
RECORDS = tuple(record for area in AREAS for record in _records(area))
add_subject_columns([each for each in RECORDS if issubclass(each, Record)])
MODEL = Model(RECORDS)
