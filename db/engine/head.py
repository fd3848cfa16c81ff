"""The head of a tenant's change log: position, placement version and access version, checked when a transaction starts."""

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped

from db.engine.base import Internal
from db.engine.declare import internal


class LogHead(Internal):
    """One row per tenant, read by every transaction as it begins (D-58)."""

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("one", name="one"), {"postgresql_with": {"fillfactor": 50}})

    one: Mapped[bool] = internal(
        "Always true: there is one row.", primary_key=True, server_default="true"
    )
    epoch: Mapped[int] = internal(
        "Changes only when history diverged.", BigInteger, server_default="1"
    )
    position: Mapped[int] = internal(
        "The last position of the log.", BigInteger, server_default="0"
    )
    placement: Mapped[int] = internal(
        "The version of the placement this is.", BigInteger, server_default="1"
    )
    access: Mapped[int] = internal(
        "The version of everybody's rights.", BigInteger, server_default="1"
    )
    fenced: Mapped[bool] = internal(
        "Whether the tenant is closed for a move.", server_default="false"
    )
