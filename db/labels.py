"""Tables of the labels area: tags, taggings and favorites."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from db.engine.base import CREATE_DELETE, WITH_RESTORE, Record
from db.engine.capabilities import CanBeFavorite, HasSubject, Subjects, Taggable
from db.engine.declare import NAME_LENGTH, field, reference, unique_outside_trash
from domain.labels import tag_violations
from domain.message import Message


class Tag(Record):
    """Tag: a label for records."""

    __tablename__ = "tag"
    __prefix__ = "tag"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __rule__ = tag_violations
    __table_args__ = (unique_outside_trash("tag_name_unique", "name"),)

    name: Mapped[str] = field("Name of the tag.", filter=True, sort=True, max_length=NAME_LENGTH)
    color: Mapped[str | None] = field("Color, such as #3b82f6.", filter=True, sort=True)


class Tagging(HasSubject, Record):
    """Assignment of a tag to a record."""

    __tablename__ = "tagging"
    __prefix__ = "tgg"
    __commands__ = CREATE_DELETE
    __subject__ = Subjects(
        capability=Taggable,
        doc="{Record} with the tag.",
        reverse="taggings",
        reverse_doc="Tag assignments of this {record}.",
        constraint_name="one_record",
        message=Message("Name exactly one record: what the tag is on."),
        unique_per="tag_id",
    )

    tag_id: Mapped[UUID] = reference(
        "Tag.",
        "tag",
        reverse="taggings",
        reverse_doc="Records with this tag.",
        immutable=True,
    )


class Favorite(HasSubject, Record):
    """Favorite of a user; visible to that user only."""

    __tablename__ = "favorite"
    __prefix__ = "fav"
    __commands__ = CREATE_DELETE
    __subject__ = Subjects(
        capability=CanBeFavorite,
        doc="{Record}.",
        reverse="favorites",
        reverse_doc="The caller's favorite entry for this {record}, if any.",
        constraint_name="one_record",
        message=Message("Name exactly one record."),
        unique_per="user_id",
    )

    user_id: Mapped[UUID] = reference(
        "User whose favorite it is.",
        "user",
        reverse="favorites",
        reverse_doc="Favorites of this user.",
        write=False,
        restrict=False,
    )
