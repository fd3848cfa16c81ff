"""Capabilities of record classes: invalid declarations are refused, and migrations include changed CHECK constraints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from db.activities import Activity
from db.api import MODEL
from db.engine.base import WITH_UPSERT, Base, Record
from db.engine.capabilities import ExternallyIdentified, Numbered, Ownable
from db.engine.model import Model
from tenancy.engine.author import changed_checks


@pytest.fixture(autouse=True)
def disposed() -> Iterator[None]:
    """Remove the tables that a test declares."""
    before = set(Base.metadata.tables)
    yield
    for name in set(Base.metadata.tables) - before:
        Base.metadata.remove(Base.metadata.tables[name])


def test_upsert_requires_an_external_id() -> None:
    class Upserted(Record):
        """Declared without an external id."""

        __tablename__ = "upserted"
        __prefix__ = "ups"
        __commands__ = WITH_UPSERT

    with pytest.raises(TypeError, match="Upserted is upserted by its external id"):
        Model([Upserted])


def test_ownable_record_without_owner_is_refused() -> None:
    class Unowned(Ownable, Record):
        """Declared without an owner."""

        __tablename__ = "unowned"
        __prefix__ = "uno"

    with pytest.raises(TypeError, match="Unowned is Ownable: declare owner_id"):
        Model([Unowned])


def test_capabilities_add_columns_indexes_and_descriptions() -> None:
    class SalesLead(Numbered, ExternallyIdentified, Record):
        """Declared with two capabilities."""

        __tablename__ = "sales_lead"
        __prefix__ = "sld"
        __number_prefix__ = "L"
        __commands__ = WITH_UPSERT

    [entity] = Model([SalesLead]).entities.values()
    assert list(entity.fields)[:2] == ["id", "number"]
    assert entity.fields["number"].doc == "Number of the sales lead; unique."
    assert entity.number_prefix == "L"
    [index] = SalesLead.__table__.indexes
    assert index.unique
    assert [column.name for column in index.columns] == ["external_id"]


def test_subjects_of_a_record_have_the_order_of_the_areas() -> None:
    named = {
        "Activity": ["account_id", "person_id", "opportunity_id", "contract_id", "case_id"],
        "AttributeAssignment": [
            *("account_type_id", "person_type_id", "opportunity_type_id"),
            *("case_type_id", "employee_type_id"),
        ],
    }
    for name, columns in named.items():
        assert [each.column.key for each in MODEL.entities[name].subjects] == columns
    assert MODEL.of(Activity).rule is not None


def test_migration_includes_changed_checks_of_existing_tables() -> None:
    facts = [
        "+ constraint tagging tagging_one_record_check CHECK ((num_nonnulls(a) = 1))",
        "- column tagging.b uuid",
        "- constraint made made_b_check CHECK ((b <> 'NaN'::numeric))",
        "- constraint tagging tagging_b_fkey FOREIGN KEY (b) REFERENCES made(id)",
        "- constraint tagging tagging_one_record_check CHECK ((num_nonnulls(a, b) = 1))",
        "- table made -- Made by the same migration.",
    ]
    assert changed_checks(facts) == [
        "ALTER TABLE tagging DROP CONSTRAINT tagging_one_record_check",
        "ALTER TABLE tagging ADD CONSTRAINT tagging_one_record_check CHECK ((num_nonnulls(a, b) = 1))",
    ]
