"""Tables written with every change: the history for users, the change log for live updates, and idempotency keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped

from db.engine.base import Internal, Trace, enumeration
from db.engine.declare import field as declared
from db.engine.declare import internal, reference
from domain.setup import HistoryEventKind
from domain.values import JsonObject


class HistoryEntry(Trace):
    """One change of a record or of one of its fields. Kept permanently."""

    __tablename__ = "history"
    __prefix__ = "chg"
    __record__ = "record_id"
    __groups__ = True
    __table_args__ = (Index("history_record_idx", "record_id", "id"),)

    record_id: Mapped[UUID] = internal("ID of the record.")
    key: Mapped[str] = internal(
        "The entity and the field, such as `Account.name`: what a right is asked for by."
    )
    kind: Mapped[HistoryEventKind] = declared(
        "Kind of change.", enumeration(HistoryEventKind), filter=True, write=False
    )
    entity: Mapped[str] = declared("Object type of the record.", filter=True, write=False)
    field: Mapped[str | None] = declared(
        "Changed field; null for a change of the record as such.", filter=True, write=False
    )
    before: Mapped[str | None] = declared("Previous value.", write=False)
    after: Mapped[str | None] = declared("New value.", write=False)
    record_version: Mapped[int] = declared(
        "Version of the record after the change.", filter=True, sort=True, write=False
    )
    at: Mapped[datetime] = declared("Time of the change.", filter=True, sort=True, write=False)
    user_id: Mapped[UUID | None] = reference(
        "User who made the change.", "user", reverse=None, foreign_key=False, write=False
    )


class ChangeLog(Internal):
    """What was written, in the order of the commits, with images: for listeners, and short-lived (D-60)."""

    __tablename__ = "change_log"

    position: Mapped[int] = internal(
        "The transaction's place, without gaps.", BigInteger, primary_key=True
    )
    number: Mapped[int] = internal("The place within the transaction.", primary_key=True)
    kind: Mapped[HistoryEventKind] = internal("Kind of change.", enumeration(HistoryEventKind))
    entity: Mapped[str] = internal("Object type, such as `Opportunity`.")
    record_id: Mapped[UUID] = internal("ID of the record.")
    changed: Mapped[list[str]] = internal("The columns that changed.", ARRAY(Text))
    before: Mapped[JsonObject | None] = internal("The row before.", JSONB)
    after: Mapped[JsonObject] = internal("The row from then on.", JSONB)
    access: Mapped[bool] = internal("Whether it changed who may what.")
    user_id: Mapped[UUID | None] = internal("User who made the change.")
    request_id: Mapped[UUID] = internal("What was written together has one.")
    at: Mapped[datetime] = internal("Time of the change.")


class IdempotencyKey(Internal):
    """A key that a caller gave a request, and what came of it: the same request is not done twice (D-37)."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "at"),)

    user_id: Mapped[UUID] = internal("Whose key it is.", primary_key=True)
    key: Mapped[str] = internal("The key.", primary_key=True)
    digest: Mapped[bytes] = internal("The digest of the request.", LargeBinary)
    outcome: Mapped[JsonObject] = internal("What came of it: ids and faults, no values.", JSONB)
    at: Mapped[datetime] = internal("Time of the change.")
