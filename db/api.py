"""All tables of a tenant in one model."""

from collections.abc import Iterator
from inspect import isclass
from types import ModuleType

from db import (
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
from db.engine import trace
from db.engine.base import Record, Trace
from db.engine.capabilities import complete
from db.engine.head import LogHead
from db.engine.model import Model

ROOMS = (
    trace,
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
"""The areas, from the ground up, on what is noted of every write."""


def _records(room: ModuleType) -> Iterator[type[Record] | type[Trace]]:
    """The record classes that a room declares, in the order it declares them."""
    for found in vars(room).values():
        if (
            isclass(found)
            and issubclass(found, Record | Trace)
            and found.__module__ == room.__name__
        ):
            yield found


METADATA = LogHead.metadata
RECORDS = tuple(record for room in ROOMS for record in _records(room))
complete([each for each in RECORDS if issubclass(each, Record)])
MODEL = Model(RECORDS)
