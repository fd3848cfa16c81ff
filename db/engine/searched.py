"""What a record is searched by, read back from the columns that its class names in `__search__`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from db.engine.base import Record, Trace
from db.engine.declare import Called, Digits
from db.engine.fields import Field


@dataclass(frozen=True)
class Searched:
    """A text field that records are searched by."""

    field: Field
    digits: bool
    """Whether only its digits count, as of a telephone number."""
    called: bool
    """Whether records are called so, which is what people misspell."""


def searched_by(record: type[Record | Trace], fields: Mapping[str, Field]) -> tuple[Searched, ...]:
    """The fields that a class names in `__search__`, by their columns. Raises TypeError for what is no text."""
    known = {f.column: f for f in fields.values() if f.kind.value == "TEXT" and not f.needs}
    names: tuple[str, ...] = getattr(record, "__search__", ())
    if missing := [name for name in names if name not in known]:
        raise TypeError(
            f"{record.__name__} is searched by {', '.join(missing)}: "
            "name columns with text in __search__."
        )
    return tuple(
        Searched(known[name], isinstance(name, Digits), not n or isinstance(name, Called))
        for n, name in enumerate(names)
    )
