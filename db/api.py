"""All tables of a tenant in one model."""

from collections.abc import Iterator
from inspect import isclass
from types import ModuleType

from db import accounts, sales, setup, staff
from db.engine.base import Record
from db.engine.head import LogHead
from db.engine.model import Model

ROOMS = (setup, staff, accounts, sales)
"""The areas, from the ground up."""


def _records(room: ModuleType) -> Iterator[type[Record]]:
    """The record classes that a room declares, in the order it declares them."""
    for found in vars(room).values():
        if isclass(found) and issubclass(found, Record) and found.__module__ == room.__name__:
            yield found


METADATA = LogHead.metadata
MODEL = Model(record for room in ROOMS for record in _records(room))
