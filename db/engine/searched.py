"""The searched fields of an entity, read from the `__search__` of its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from db.engine.base import Record, Trace
from db.engine.declare import Digits, NameField
from db.engine.fields import Field


@dataclass(frozen=True)
class Searched:
    """A text field that search looks into."""

    field: Field
    digits: bool
    """Whether only its digits are compared, as for telephone numbers."""
    is_name: bool
    """Whether it is part of the record's display name; only names are matched in spite of misspellings."""


def searched_by(record: type[Record | Trace], fields: Mapping[str, Field]) -> tuple[Searched, ...]:
    """The fields whose columns a class names in `__search__`. Raises TypeError for columns that are not text."""
    known = {f.column: f for f in fields.values() if f.kind.value == "TEXT" and not f.inputs}
    names: tuple[str, ...] = getattr(record, "__search__", ())
    if missing := [name for name in names if name not in known]:
        raise TypeError(
            f"{record.__name__} is searched by {', '.join(missing)}: "
            "name columns with text in __search__."
        )
    return tuple(
        Searched(known[name], isinstance(name, Digits), not n or isinstance(name, NameField))
        for n, name in enumerate(names)
    )
