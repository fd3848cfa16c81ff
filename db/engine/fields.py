"""What a record is made of, as planner and API see it: its fields, what is computed of them, and the ways to others."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from db.engine.declare import Exposed, FormulaInputs
from db.engine.sql import Sql, SqlType


class Kind(StrEnum):
    """How a field's values are written, compared and aggregated."""

    ID = "ID"
    TEXT = "TEXT"
    INT = "INT"
    DECIMAL = "DECIMAL"
    MONEY = "MONEY"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    ENUM = "ENUM"


@dataclass(frozen=True)
class Field:
    """A value of an entity: one column (two for money), or an expression of several."""

    name: str
    column: str
    kind: Kind
    doc: str
    nullable: bool
    exposed: Exposed
    enum: type[StrEnum] | None = None
    scale: int = 0
    needs: tuple[str, ...] = ()
    """Of an expression: the fields it is made of."""
    formula: Callable[[FormulaInputs], Sql] | None = None
    kept: SqlType | None = None

    @property
    def groups(self) -> bool:
        """Whether records can be grouped by it: what they are sorted by, except for sums of money."""
        return self.exposed.sort and self.kind is not Kind.MONEY and self.name != "id"


@dataclass(frozen=True)
class Computed:
    """A value that Python makes of fields of the row."""

    name: str
    kind: Kind
    doc: str
    needs: tuple[Field, ...]
    function: Callable[..., object]


@dataclass(frozen=True)
class Reference:
    """The way to one other record, along a foreign key."""

    name: str
    column: str
    target: str
    doc: str
    nullable: bool
    exposed: Exposed
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reverse:
    """The way back along a reference: the many records that point here."""

    name: str
    source: str
    reference: str
    column: str
    doc: str
