"""Tables of the labels area: tags that anybody can put on records, and each user's favourites."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from db.engine.base import JOINED, RESTORED, Record
from db.engine.declare import WORD, field, live, reference
from domain.labels import KEPT, LABELLED, favourite, tag, tagging


class Tag(Record):
    """A word that records are labelled with."""

    __tablename__ = "tag"
    __prefix__ = "tag"
    __commands__ = RESTORED
    __replaceable__ = True
    __rule__ = tag
    __table_args__ = (live("tag_name_unique", "name"),)

    name: Mapped[str] = field("The word.", filter=True, sort=True, longest=WORD)
    colour: Mapped[str | None] = field("Its colour, such as #3b82f6.", filter=True, sort=True)


class Tagging(Record):
    """A tag on a record."""

    __tablename__ = "tagging"
    __prefix__ = "tgg"
    __commands__ = JOINED
    __rule__ = tagging
    __table_args__ = (
        CheckConstraint(f"num_nonnulls({', '.join(LABELLED)}) = 1", name="one_record"),
        *(live(f"tagging_{name}_unique", "tag_id", name) for name in LABELLED),
        *(Index(None, name) for name in LABELLED),
    )

    tag_id: Mapped[UUID] = reference(
        "The tag.",
        "tag",
        reverse="taggings",
        reverse_doc="The records with this tag.",
        once=True,
    )
    account_id: Mapped[UUID | None] = reference(
        "The account with the tag.",
        "account",
        reverse="taggings",
        reverse_doc="The tags of this account.",
        part=True,
    )
    person_id: Mapped[UUID | None] = reference(
        "The person with the tag.",
        "person",
        reverse="taggings",
        reverse_doc="The tags of this person.",
        part=True,
    )
    product_id: Mapped[UUID | None] = reference(
        "The product with the tag.",
        "product",
        reverse="taggings",
        reverse_doc="The tags of this product.",
        part=True,
    )
    opportunity_id: Mapped[UUID | None] = reference(
        "The opportunity with the tag.",
        "opportunity",
        reverse="taggings",
        reverse_doc="The tags of this opportunity.",
        part=True,
    )
    contract_id: Mapped[UUID | None] = reference(
        "The contract with the tag.",
        "contract",
        reverse="taggings",
        reverse_doc="The tags of this contract.",
        part=True,
    )
    case_id: Mapped[UUID | None] = reference(
        "The case with the tag.",
        "case",
        reverse="taggings",
        reverse_doc="The tags of this case.",
        part=True,
    )


class Favourite(Record):
    """A record that a user keeps at hand. Nobody else sees that."""

    __tablename__ = "favourite"
    __prefix__ = "fav"
    __commands__ = JOINED
    __rule__ = favourite
    __table_args__ = (
        CheckConstraint(f"num_nonnulls({', '.join(KEPT)}) = 1", name="one_record"),
        *(live(f"favourite_{name}_unique", "user_id", name) for name in KEPT),
        *(Index(None, name) for name in KEPT),
    )

    user_id: Mapped[UUID] = reference(
        "Who keeps it at hand.",
        "user",
        reverse="favourites",
        reverse_doc="What this user keeps at hand.",
        write=False,
        holds=False,
    )
    account_id: Mapped[UUID | None] = reference(
        "The account.",
        "account",
        reverse="favourites",
        reverse_doc="Whether you keep this account at hand.",
        part=True,
    )
    person_id: Mapped[UUID | None] = reference(
        "The person.",
        "person",
        reverse="favourites",
        reverse_doc="Whether you keep this person at hand.",
        part=True,
    )
    opportunity_id: Mapped[UUID | None] = reference(
        "The opportunity.",
        "opportunity",
        reverse="favourites",
        reverse_doc="Whether you keep this opportunity at hand.",
        part=True,
    )
    contract_id: Mapped[UUID | None] = reference(
        "The contract.",
        "contract",
        reverse="favourites",
        reverse_doc="Whether you keep this contract at hand.",
        part=True,
    )
    case_id: Mapped[UUID | None] = reference(
        "The case.",
        "case",
        reverse="favourites",
        reverse_doc="Whether you keep this case at hand.",
        part=True,
    )
