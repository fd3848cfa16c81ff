"""The lines of rights.txt, the lock file and the test channels cover the schema, and gaps are reported."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema, extend_schema, parse

from tests.proof.contract import SDL
from tests.proof.coverage import uncovered, unlisted, vanished
from tests.support.covers import covers

BASE = build_schema(SDL, assume_valid=True)


def extended(more: str) -> GraphQLSchema:
    """The schema with an addition in SDL."""
    return extend_schema(BASE, parse(more), assume_valid=True)


def replaced(old: str, new: str) -> GraphQLSchema:
    """The schema with one piece of its SDL replaced."""
    assert old in SDL
    return build_schema(SDL.replace(old, new, 1), assume_valid=True)


@covers("D-34")
def test_every_coordinate_is_covered() -> None:
    assert uncovered(BASE) == []


def test_every_listed_operator_exists() -> None:
    assert vanished(BASE) == []


@covers("D-34")
@pytest.mark.parametrize(
    ("more", "coordinate"),
    [
        ("extend type Account { secret: String }", "Account.secret"),
        ("extend type Money { converted: Decimal }", "Money.converted"),
        ("extend type Query { lookup(text: String!): String }", "Query.lookup"),
        ("extend type Mutation { accountMerge: Boolean }", "Mutation.accountMerge"),
        ("extend type Mutation { stageHistoryCreate: Boolean }", "Mutation.stageHistoryCreate"),
        ("extend input AccountUpdateInput { secret: String }", "AccountUpdateInput.secret"),
        ("extend input AccountAddressInput { secret: String }", "AccountAddressInput.secret"),
        ("extend input RecordInput { force: Boolean }", "RecordInput.force"),
        ("extend input OpportunityCreateInput { id: ID }", "OpportunityCreateInput.id"),
        ("extend type AccountPayload { secret: String }", "AccountPayload.secret"),
        ("input StageHistoryCreateInput { entered: String }", "StageHistoryCreateInput"),
        ("extend type HistoryEntry { secret: String }", "HistoryEntry.secret"),
        ("extend type Query { change(id: ID!): HistoryEntry }", "Query.change"),
        ("extend type OpportunityAggregate { median: Int }", "OpportunityAggregate.median"),
        ("extend type OpportunityMin { secret: Int }", "OpportunityMin.secret"),
        ("extend type AccountConnection { facets: Int }", "AccountConnection.facets"),
        ("extend type OpportunityCountUnique { secret: Int }", "OpportunityCountUnique.secret"),
        ("extend type OpportunityPercentEmpty { secret: Int }", "OpportunityPercentEmpty.secret"),
        ("extend type OpportunityGroups { total: Int }", "OpportunityGroups.total"),
        ("extend type OpportunityGroup { median: Int }", "OpportunityGroup.median"),
        ("extend type OpportunityGroupKey { secret: Int }", "OpportunityGroupKey.secret"),
        ("extend input OpportunityGroupBy { secret: Boolean }", "OpportunityGroupBy.secret"),
        ("extend input OpportunityHaving { every: Boolean }", "OpportunityHaving.every"),
        (
            "extend input OpportunityNumbersHaving { secret: IntFilter }",
            "OpportunityNumbersHaving.secret",
        ),
        (
            "extend input OpportunityExtremesHaving { secret: IntFilter }",
            "OpportunityExtremesHaving.secret",
        ),
        ("extend input OpportunityGroupOrder { median: Boolean }", "OpportunityGroupOrder.median"),
        (
            "extend input OpportunityNumbersOrder { secret: Boolean }",
            "OpportunityNumbersOrder.secret",
        ),
        (
            "extend input OpportunityExtremesOrder { secret: Boolean }",
            "OpportunityExtremesOrder.secret",
        ),
        ("extend input MoneyFilter { rate: Decimal }", "MoneyFilter.rate"),
        ("extend input MoneyOrder { rate: Decimal }", "MoneyOrder.rate"),
        ("extend enum DateBucket { HOUR }", "DateBucket.HOUR"),
        ("extend interface Record { secret: Int }", "Record.secret"),
        ("extend interface Owned { secret: Int }", "Owned.secret"),
        ("interface Named { name: String }", "Named"),
        ("extend type Query { leadsAggregate: Int }", "Query.leadsAggregate"),
        ("extend type AttributeValue { color: String }", "AttributeValue.color"),
        ("extend input StringFilter { endsWith: String }", "StringFilter.endsWith"),
        ("extend input AccountFilter { secret: StringFilter }", "AccountFilter.secret"),
        ("extend input AccountListFilter { most: AccountFilter }", "AccountListFilter.most"),
        ("extend input AccountOrder { secret: OrderDirection }", "AccountOrder.secret"),
        ("extend enum OrderDirection { RANDOM }", "OrderDirection.RANDOM"),
        ("type Lead implements Node { id: ID! }", "Lead"),
        ("union Found = Account | Opportunity", "Found"),
        ("scalar Color", "Color"),
        ("input LeadFilter { id: IDFilter }", "LeadFilter"),
        ("directive @live on QUERY", "@live"),
        ("extend type Subscription { account: Account }", "Subscription.account"),
        ("extend type OpportunityLive { total: Int }", "OpportunityLive.total"),
    ],
)
def test_addition_to_the_schema_is_reported(more: str, coordinate: str) -> None:
    assert coordinate in uncovered(extended("\n" + more))


@pytest.mark.parametrize(
    ("field", "coordinate"),
    [
        ("subAccounts", "Account.subAccounts(extra:)"),
        ("accountsAggregate", "Query.accountsAggregate(extra:)"),
        ("totalCount", "AccountConnection.totalCount(extra:)"),
        ("accountDeleteMany", "Mutation.accountDeleteMany(extra:)"),
    ],
)
def test_new_argument_is_reported(field: str, coordinate: str) -> None:
    schema = replaced(f"{field}(", f"{field}(extra: String, ")
    assert uncovered(schema) == [coordinate]


def test_removed_operator_is_reported() -> None:
    start = SDL.index("input BooleanFilter {")
    block = SDL[start : SDL.index("\n}", start)]
    assert vanished(replaced(block, block.replace("  isNull: ", "  empty: "))) == [
        "BooleanFilter.isNull"
    ]


def test_every_entity_except_history_has_a_list() -> None:
    assert unlisted() == []
