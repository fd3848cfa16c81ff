"""Members of an entity: fields, computed fields, references and reverse relations."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from db.engine.declare import Exposed, FormulaInputs
from db.engine.sql import Sql, SqlType


class Kind(StrEnum):
    """Type of a field: determines how values are serialized, compared and aggregated."""

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
    """A value of an entity: one column (two for money), or an SQL expression of several columns."""

    name: str
    column: str
    kind: Kind
    doc: str
    nullable: bool
    exposed: Exposed
    enum: type[StrEnum] | None = None
    scale: int = 0
    inputs: tuple[str, ...] = ()
    """Of an expression: the fields it uses."""
    formula: Callable[[FormulaInputs], Sql] | None = None
    sql_type: SqlType | None = None

    @property
    def groups(self) -> bool:
        """Whether records can be grouped by it: every sortable field except money and the id."""
        return self.exposed.sort and self.kind is not Kind.MONEY and self.name != "id"


@dataclass(frozen=True)
class Computed:
    """A value that Python computes from fields of the row."""

    name: str
    kind: Kind
    doc: str
    inputs: tuple[Field, ...]
    function: Callable[..., object]


@dataclass(frozen=True)
class Reference:
    """A to-one relation along a foreign key."""

    name: str
    column: str
    target: str
    doc: str
    nullable: bool
    exposed: Exposed
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reverse:
    """A to-many relation: the records whose reference points to this record."""

    name: str
    source: str
    reference: str
    column: str
    doc: str
