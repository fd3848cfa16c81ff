"""Subscription documents for the live list tests: filters with selections of various shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIZE = 250
"""Records in the window, if the list has no order: more than any list in the tests."""


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
    first: int = SIZE
    order: str = ""

    @property
    def is_window(self) -> bool:
        """Whether the list may contain more records than the window."""
        return self.first < 50

    @property
    def subscription(self) -> str:
        """The text of the subscription."""
        more = " hasMore" if self.is_window else ""
        event = f"kind cursor{more} changes {{ kind id afterId node {{ %s }} }}"
        root = "opportunities"
        if self.aliased:
            event = "k: kind c: cursor them: changes { how: kind which: id prior: afterId what: node { %s } }"
            root = "wall: opportunities"
        return (
            f"subscription Live($after: String{self._more}) {{ {root}({self._arguments}after: $after, first: {self.first}) "
            f"{{ {event % self.selection} }} }} {self.fragments}"
        )

    @property
    def query(self) -> str:
        """The text of a query for one page of the same list."""
        return (
            f"query ($after: String{self._more}) {{ "
            f"opportunities({self._arguments}first: {min(100, self.first)}, after: $after) {{ "
            f"nodes {{ rowId: id {self.selection} }} pageInfo {{ hasNextPage endCursor }} }} }} {self.fragments}"
        )

    @property
    def _arguments(self) -> str:
        filtered = f"filter: {{{self.filter}}}, " if self.filter else ""
        return filtered + (f"orderBy: [{self.order}], " if self.order else "")

    @property
    def _more(self) -> str:
        return f", {self.types}" if self.types else ""


OWN = """
id version updatedAt name status probability currency amount { amount currency } margin { amount currency }
commission { amount currency } weighted { amount currency } netMargin { amount currency }
expectedCloseOn closeQuarter note externalId
"""
LISTS = (
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
WINDOWS = (
    Document("first by name", "id name", first=5, order="{ name: ASC }"),
    Document(
        "last changed open ones",
        "name status",
        "status: { eq: OPEN }",
        first=3,
        order="{ updatedAt: DESC }",
    ),
    Document(
        "by stage and amount",
        "id",
        first=8,
        order="{ stage: { position: ASC } }, { amount: DESC }",
    ),
    Document(
        "by owner, account and external id",
        "id externalId owner { name }",
        first=6,
        order="{ owner: { name: DESC } }, { account: { name: ASC } }, { externalId: ASC_NULLS_FIRST }",
    ),
    Document("by masked amount", "id", first=4, order="{ commission: DESC }, { status: ASC }"),
    Document(
        "first by attribute",
        "id attributes { key number }",
        first=5,
        order='{ attribute: { key: "seats", direction: DESC } }, { expectedCloseOn: ASC }',
    ),
    Document("first by id", "name", first=2),
    Document("one by type", "id type { name }", first=1, order="{ type: { name: DESC } }"),
    Document(
        "by currency",
        "id currency probability",
        first=7,
        order="{ currency: ASC }, { probability: DESC }",
    ),
)
"""Lists of which the subscribers see the first records only."""
DOCUMENTS = (*LISTS, *WINDOWS)
BY_NAME = {each.name: each for each in DOCUMENTS}
