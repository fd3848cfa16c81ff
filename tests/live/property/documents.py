"""Subscription documents for the live list tests: filters with selections of various shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AT_MOST = 250


@dataclass(frozen=True)
class Document:
    """A filtered list with a selection, as a subscription and as the equivalent query."""

    name: str
    selection: str
    filter: str = ""
    fragments: str = ""
    types: str = ""
    """Declarations of the variables, as in a GraphQL document."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    aliased: bool = False
    """Whether the fields of the event are selected under aliases."""
    at_most: int = AT_MOST

    @property
    def subscription(self) -> str:
        """The text of the subscription."""
        filtered = f"filter: {{{self.filter}}}, " if self.filter else ""
        event = "kind cursor changes { kind id node { %s } }"
        root = "opportunities"
        if self.aliased:
            event = "k: kind c: cursor them: changes { how: kind which: id what: node { %s } }"
            root = "wall: opportunities"
        return (
            f"subscription Live($after: String{self._more}) {{ "
            f"{root}({filtered}after: $after, atMost: {self.at_most}) {{ {event % self.selection} }} }} {self.fragments}"
        )

    @property
    def query(self) -> str:
        """The text of a query for one page of the same list."""
        filtered = f"filter: {{{self.filter}}}, " if self.filter else ""
        return (
            f"query ($after: String{self._more}) {{ opportunities({filtered}first: {min(100, self.at_most)}, after: $after) {{ "
            f"nodes {{ rowId: id {self.selection} }} pageInfo {{ hasNextPage endCursor }} }} }} {self.fragments}"
        )

    @property
    def _more(self) -> str:
        return f", {self.types}" if self.types else ""


OWN = """
id version updatedAt name status probability currency amount { amount currency } margin { amount currency }
commission { amount currency } weighted { amount currency } netMargin { amount currency }
expectedCloseOn closeQuarter note externalId
"""
DOCUMENTS = (
    Document("plain", "id name status"),
    Document("own fields", OWN),
    Document("own fields of open ones", OWN, "status: { eq: OPEN }"),
    Document(
        "won",
        "id name amount { amount currency } account { name }",
        'stage: { name: { eq: "Won" } }',
    ),
    Document("hidden fields", "name margin { amount } commission { amount } netMargin { amount }"),
    Document(
        "accounts by name",
        "name account { id name city phone owner { name manager { name initials } } parent { name } }",
        'account: { name: { contains: "a" } }',
    ),
    Document(
        "lists of accounts",
        "account { name addresses(first: 3) { totalCount nodes { city street headOffice } } "
        "opportunities(first: 2) { totalCount nodes { name } } }",
    ),
    Document(
        "aggregates",
        "id account { opportunities { aggregate { count sum { amount { amount currency } } } } }",
        "account: { employeeCount: { gte: 0 } }",
    ),
    Document("shares", "name shares(first: 5) { totalCount nodes { employee { name title } } }"),
    Document(
        "attributes",
        'attributes { key label text number date boolean } two: attributes(keys: ["seats", "tier"]) { key number text }',
    ),
    Document(
        "by attribute",
        "id attributes { key number }",
        'attribute: { key: "seats", number: { gt: "3" } }',
    ),
    Document(
        "fragments",
        "n: name ...Money owner { ...Who } account { owner { ...Who manager { ...Who } } }",
        "stage: { kind: { in: $kinds } }",
        "fragment Money on Opportunity { m: amount { a: amount c: currency } twice: amount { amount } } "
        "fragment Who on Employee { who: name title }",
        "$kinds: [StageKind!]!",
        {"kinds": ["OPEN", "WON"]},
        aliased=True,
    ),
    Document(
        "bound",
        "__typename name type { name } stage { name position } note @include(if: $noted)",
        "or: [{ amount: { gt: $more } }, { not: { type: { name: { eq: $type } } } }]",
        types="$more: Decimal!, $type: String!, $noted: Boolean!",
        variables={"more": "5000", "type": "Renewal", "noted": True},
    ),
    Document(
        "by owner",
        "id owner { name manager { name } }",
        "owner: { or: [{ manager: { name: { contains: $letter } } }, { title: { isNull: true } }] }",
        types="$letter: String!",
        variables={"letter": "a"},
    ),
    Document(
        "shared",
        "id name shares { totalCount }",
        'shares: { some: { employee: { name: { contains: "a" } } } }',
    ),
    Document("history", "name history(last: 2) { totalCount nodes { kind field before after } }"),
    Document(
        "margins",
        "id name",
        'margin: { gt: "100" }, or: [{ commission: { isNull: true } }, { commission: { lt: "900" } }]',
    ),
)
BY_NAME = {each.name: each for each in DOCUMENTS}
