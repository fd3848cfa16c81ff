"""Rules of settings, persons and products."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.people import affiliation_violations, foreign_address_violations, person_violations
from domain.products import contract_kind_violations, product_violations
from domain.setup import (
    account_type_violations,
    assignment_violations,
    attribute_violations,
    pipeline_stage_violations,
)

ONE, OTHER = UUID(int=1), UUID(int=2)
CARRIED = {
    each: f"{each.lower()}_type_id"
    for each in ("Account", "Person", "Opportunity", "Case", "Employee")
}
DAY, NEXT = date(2026, 3, 14), date(2026, 3, 15)


@dataclass
class Use:
    account_type_id: UUID | None = None
    person_type_id: UUID | None = None
    opportunity_type_id: UUID | None = None
    case_type_id: UUID | None = None
    employee_type_id: UUID | None = None


@dataclass
class AccountType:
    with_name: bool
    with_last_name: bool


@dataclass
class Attribute:
    key: str


@dataclass
class PipelineStage:
    probability: int


@dataclass
class Person:
    first_name: str | None
    last_name: str | None


@dataclass
class Address:
    id: UUID


@dataclass
class Affiliation:
    address_id: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass
class Product:
    currency: str = "EUR"
    price: Decimal | None = None
    tax_percent: Decimal | None = None


@dataclass
class ContractKind:
    time_based: bool
    months: int | None
    renews: bool


def assignment(**types: Any) -> Use:
    """The assignment of an attribute to these types, by column."""
    return Use(**types)


@pytest.mark.parametrize("entity", [*CARRIED, "Quote"])
def test_attribute_is_assigned_to_types_of_its_entity(entity: str) -> None:
    assert not assignment_violations(entity, assignment(), CARRIED)
    for column in CARRIED.values():
        own = CARRIED.get(entity) == column
        found = [
            each.column
            for each in assignment_violations(entity, assignment(**{column: ONE}), CARRIED)
        ]
        assert found == ([] if own else [column])


@pytest.mark.parametrize("name", [True, False])
@pytest.mark.parametrize("last_name", [True, False])
def test_account_type_requires_a_name(name: bool, last_name: bool) -> None:
    assert bool(account_type_violations(None, AccountType(name, last_name))) is not (
        name or last_name
    )


@pytest.mark.parametrize(
    ("key", "right"),
    [
        *((each, True) for each in ("tier_2", "_", "A" * 64)),
        *((each, False) for each in ("", "2nd", "a-b", "a\n", "A" * 65)),
    ],
)
def test_the_key_of_an_attribute(key: str, right: bool) -> None:
    assert (not attribute_violations(None, Attribute(key))) is right


@pytest.mark.parametrize(
    ("probability", "right"), [(0, True), (100, True), (-1, False), (101, False)]
)
def test_the_probability_of_a_stage(probability: int, right: bool) -> None:
    assert (not pipeline_stage_violations(None, PipelineStage(probability))) is right


@pytest.mark.parametrize(
    ("first", "last", "right"),
    [("Anna", None, True), (None, "Berg", True), (None, None, False), (" ", "", False)],
)
def test_a_person_has_a_name(first: str | None, last: str | None, right: bool) -> None:
    assert (not person_violations(None, Person(first, last))) is right


def test_affiliation_address_must_belong_to_the_account() -> None:
    addresses = [Address(ONE)]
    assert not foreign_address_violations(Affiliation(None), addresses)
    assert not foreign_address_violations(Affiliation(ONE), addresses)
    assert [each.column for each in foreign_address_violations(Affiliation(OTHER), addresses)] == [
        "address_id"
    ]


@pytest.mark.parametrize(
    ("since", "until", "right"),
    [
        (DAY, NEXT, True),
        (DAY, DAY, True),
        (NEXT, DAY, False),
        (None, DAY, True),
        (DAY, None, True),
    ],
)
def test_the_days_of_an_affiliation(since: date | None, until: date | None, right: bool) -> None:
    found = affiliation_violations(None, Affiliation(since=since, until=until))
    assert [each.column for each in found] == ([] if right else ["until"])


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (Product(), []),
        (Product("eur", Decimal("0.001")), ["currency"]),
        (Product("EUR", Decimal("0.001"), Decimal(101)), ["price", "tax_percent"]),
        (Product("EUR", Decimal("0.01"), Decimal(100)), []),
    ],
)
def test_the_price_of_a_product(row: Product, wrong: list[str]) -> None:
    assert [each.column for each in product_violations(None, row)] == wrong


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (ContractKind(time_based=False, months=None, renews=False), []),
        (ContractKind(time_based=True, months=1200, renews=True), []),
        (ContractKind(time_based=True, months=None, renews=True), []),
        (ContractKind(time_based=True, months=0, renews=False), ["months"]),
        (ContractKind(time_based=True, months=1201, renews=False), ["months"]),
        (ContractKind(time_based=False, months=1, renews=False), ["time_based"]),
        (ContractKind(time_based=False, months=None, renews=True), ["time_based"]),
    ],
)
def test_the_term_of_a_kind_of_contract(row: ContractKind, wrong: list[str]) -> None:
    assert [each.column for each in contract_kind_violations(None, row)] == wrong
