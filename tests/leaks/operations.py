"""Operations for comparing responses before and after a change: fixed ones, and seeded random ones from the schema."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.leaks.channels import (
    DIRECTIONS,
    KINDS,
    SAMPLES,
    comparisons,
    edges,
    filterable,
    leaf,
    measured,
    measures,
    operand,
    quoted,
    sortable,
    sorted_through,
)
from tests.leaks.operations_groups import CORPUS as GROUP_CORPUS
from tests.leaks.operations_groups import open_type, random_groups
from tests.leaks.truth import Truth
from tests.proof.contract import BY_ID_ROOT, LIST_ROOT, LISTED, PREFIX, fields, spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.rights import Level, attributes, is_closed, level

QUOTED = frozenset({"StringFilter", "DecimalFilter", "DateFilter"})
SEARCHED = [name for name in LISTED if ENTITIES[name].search]
WEIGHTS = {"Opportunity": 10, "Account": 6, "Employee": 4, "Stage": 2, "User": 2}


@dataclass(frozen=True)
class Operation:
    """A document with headers and variables; `walked` names a list that is read page by page."""

    query: str
    headers: Mapping[str, str] = field(default_factory=dict)
    walked: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)


CORPUS = (
    "{ viewer { id active employee { name email manager { name } } roles { totalCount } } }",
    "{ opportunities { totalCount } accounts { totalCount } employees { totalCount } }",
    "{ users { totalCount } attributes { totalCount } pipelineStages { totalCount } }",
    "{ roles { totalCount nodes { name } } profiles { totalCount nodes { name full } } }",
    "{ opportunities(first: 100) { nodes { id name status } pageInfo { hasNextPage endCursor } } }",
    "{ opportunities(first: 60) { nodes { name margin { amount } commission { amount currency } } } }",
    "{ opportunities(first: 60) { nodes { attributes { key label text number date boolean } } } }",
    '{ opportunities(first: 60) { nodes { attributes(keys: ["tier", "strategic"]) { text boolean } } } }',
    "{ opportunities(orderBy: [{ commission: ASC }]) { nodes { id } pageInfo { endCursor } } }",
    "{ opportunities(orderBy: [{ commission: DESC_NULLS_FIRST }], first: 60) { edges { cursor } } }",
    "{ opportunities(orderBy: [{ name: ASC }, { commission: DESC }], first: 60) { nodes { id } } }",
    "{ opportunities(orderBy: [{ margin: ASC }]) { nodes { id } } }",
    "{ opportunities(orderBy: [{ probability: DESC }], first: 50) { edges { cursor node { id } } } }",
    '{ opportunities(filter: { commission: { gt: "100" } }) { totalCount } }',
    '{ opportunities(filter: { not: { commission: { gt: "100" } } }) { totalCount } }',
    "{ opportunities(filter: { commission: { isNull: true } }) { totalCount nodes { id } } }",
    '{ opportunities(filter: { commission: { notIn: ["1", "2"] } }) { totalCount } }',
    "{ opportunities(filter: { status: { ne: WON }, commission: { isNull: false } }) { totalCount } }",
    "{ opportunities { aggregate { count sum { commission { amount currency } } } } }",
    "{ opportunities { aggregate { count min { commission { amount } } max { commission { amount } } } } }",
    "{ opportunities { aggregate { count avg { commission { amount currency } } } } }",
    "{ opportunities { aggregate { count sum { margin { amount } amount { amount } } } } }",
    "{ opportunities { aggregate { count max { expectedCloseOn } avg { probability } } } }",
    "{ accounts { aggregate { count sum { employeeCount } avg { employeeCount } } } }",
    "{ accounts(first: 62) { nodes { id name phone employeeCount parent { id name } } } }",
    "{ accounts(first: 62) { nodes { owner { id name } subAccounts(first: 5) { totalCount nodes { id } } } } }",
    "{ accounts(first: 62) { nodes { opportunities(first: 5) { totalCount nodes { id name } } } } }",
    "{ accounts(first: 30) { nodes { opportunities(first: 1) { aggregate { count sum { commission { amount } } } } } } }",
    '{ accounts(filter: { opportunities: { some: { commission: { gt: "0" } } } }) { totalCount } }',
    '{ accounts(filter: { opportunities: { every: { amount: { gt: "1000" } } } }) { nodes { id } } }',
    '{ accounts(filter: { opportunities: { none: { name: { contains: "paper" } } } }) { nodes { id } } }',
    '{ accounts(filter: { parent: { name: { contains: "a" } } }) { totalCount nodes { id } } }',
    '{ accounts(filter: { phone: { startsWith: "+3" } }) { totalCount } }',
    "{ accounts(filter: { employeeCount: { gt: 100 } }) { totalCount } }",
    "{ accounts(orderBy: [{ parent: { name: ASC } }], first: 62) { nodes { id } } }",
    "{ accounts(orderBy: [{ owner: { name: DESC } }, { name: ASC }], first: 62) { edges { cursor } } }",
    "{ employees(first: 20) { nodes { id name email reports(first: 9) { totalCount nodes { id } } } } }",
    "{ employees { nodes { name opportunities(first: 3) { totalCount nodes { id account { name } } } } } }",
    "{ employees { nodes { name accounts(first: 3) { totalCount } users { nodes { id active version } } } } }",
    "{ employees(filter: { opportunities: { some: { status: { eq: WON } } } }) { nodes { id } } }",
    '{ employees(filter: { manager: { name: { startsWith: "T" } } }) { nodes { id } } }',
    "{ employees(filter: { opportunities: { every: { commission: { isNull: true } } } }) { totalCount } }",
    "{ users { nodes { id active createdAt updatedAt version employee { name } } } }",
    '{ users(filter: { roles: { some: { role: { name: { eq: "Administrator" } } } } }) { totalCount } }',
    "{ stages { nodes { name description pipelines { totalCount } opportunities(first: 1) { totalCount } } } }",
    "{ opportunityTypes { nodes { name stages { totalCount } opportunities(first: 2) { totalCount } } } }",
    "{ pipelineStages { nodes { position probability type { name } stage { name } } } }",
    "{ attributes { nodes { entity kind } totalCount } }",
    '{ opportunities(filter: { attribute: { key: "tier", text: { eq: "Gold" } } }) { totalCount } }',
    '{ opportunities(filter: { attribute: { key: "seats", number: { gt: "5" } } }) { totalCount } }',
    '{ opportunities(orderBy: [{ attribute: { key: "seats", direction: DESC } }]) { nodes { id } } }',
    "{ opportunities(orderBy: [{ account: { name: ASC } }], first: 40) { nodes { id account { id name } } } }",
    "{ opportunities(orderBy: [{ owner: { manager: { name: ASC } } }], first: 40) { nodes { id } } }",
    '{ opportunities(filter: { account: { name: { contains: "holding" } } }) { totalCount } }',
    "{ opportunities(filter: { id: { in: [] } }) { totalCount } }",
    "{ opportunities(filter: { or: [] }) { totalCount } }",
    "{ opportunities(filter: { eq: null }) { totalCount } }",
    "{ opportunities(first: 101) { totalCount } }",
    '{ opportunities(after: "nonsense") { totalCount } }',
    '{ accounts(filter: { search: "+3" }) { totalCount nodes { id } } }',
    '{ accounts(filter: { search: "555 0" }, orderBy: [{ name: ASC }]) { nodes { id phone } } }',
    '{ accounts(filter: { not: { search: "555" } }) { totalCount } }',
    '{ accounts(filter: { subAccounts: { every: { search: "print 555" } } }) { nodes { id } } }',
    '{ opportunities(filter: { account: { search: "555" } }) { totalCount } }',
    '{ opportunities(filter: { search: "paper cnry" }) { totalCount nodes { name } } }',
    '{ employees(filter: { opportunities: { some: { search: "paper" } } }) { nodes { id } } }',
    '{ accountsAggregate(groupBy: [{ city: true }], filter: { search: "555" }) { groups { key { city } count } } }',
    '{ search(text: "555", first: 50) { matched node { __typename id } } }',
    '{ search(text: "cnry", first: 50) { matched node { __typename id } } }',
    '{ search(text: "an", first: 50) { matched node { id ... on Account { name phone } ... on Opportunity { name } } } }',
    '{ search(text: "paper frame", types: [OPPORTUNITY]) { matched node { id ... on Opportunity { margin { amount } } } } }',
    '{ search(text: "varnhold", first: 30) { matched node { id ... on Account { name } } } }',
    '{ search(text: "a") { matched } }',
    "{ nothing }",
    "{ opportunities { nodes { owner { users { nodes { roles { nodes { role { name } } } } } } } } }",
)
"""Fixed operations that an attacker tries first."""

WALKS = (
    ("opportunities", "orderBy: [{ commission: ASC }]"),
    ("opportunities", "orderBy: [{ commission: DESC_NULLS_FIRST }, { name: ASC }]"),
    ("opportunities", 'filter: { name: { contains: "a" } }, orderBy: [{ amount: ASC }]'),
    ("opportunities", "orderBy: [{ account: { name: DESC } }]"),
    ("opportunities", "filter: { commission: { isNull: true } }"),
    ("accounts", "orderBy: [{ parent: { name: ASC } }, { city: DESC }]"),
    ("accounts", "filter: { opportunities: { some: { status: { eq: LOST } } } }"),
    ("employees", "orderBy: [{ manager: { name: ASC } }]"),
    ("users", "orderBy: [{ employee: { name: ASC } }]"),
)


def walk(
    root: str, arguments: str, size: int, inner: str = "id", *, back: bool = False
) -> Operation:
    """A list that is read page by page, forward or backward."""
    page_arguments = f"last: {size}, before: $before" if back else f"first: {size}, after: $after"
    field = f"{root}({page_arguments}{', ' * bool(arguments)}{arguments})"
    info = "hasPreviousPage startCursor" if back else "hasNextPage endCursor"
    page = f"totalCount edges {{ cursor node {{ {inner} }} }} pageInfo {{ {info} }}"
    cursor = "before" if back else "after"
    return Operation(f"query (${cursor}: String) {{ {field} {{ {page} }} }}", walked=root)


def corpus(truth: Truth, persona: str) -> list[Operation]:
    """The fixed operations, and some that name records hidden from the persona."""
    operations = [Operation(query) for query in CORPUS]
    operations += [Operation(query, {"x_access": "strict"}) for query in CORPUS[5:9]]
    operations += [walk(root, arguments, 9) for root, arguments in WALKS]
    operations += [walk(root, arguments, 9, back=True) for root, arguments in WALKS[::2]]
    operations += [Operation(query) for query in GROUP_CORPUS]
    seen = truth.visible(persona, "Opportunity")
    unseen = [row for id, row in sorted(truth.rows["Opportunity"].items()) if id not in seen]
    for row in unseen[:: max(1, len(unseen) // 6)]:
        id, name = spelled_id("Opportunity", row["id"]), json.dumps(row["name"])
        account = spelled_id("Account", row["account_id"])
        operations += [
            Operation(f'{{ opportunity(id: "{id}") {{ id name }} node(id: "{id}") {{ id }} }}'),
            Operation(
                f"{{ opportunities(filter: {{ name: {{ eq: {name} }} }}) {{ totalCount }} }}"
            ),
            Operation(f'{{ account(id: "{account}") {{ name opportunities {{ totalCount }} }} }}'),
        ]
    return operations


@dataclass
class OperationGenerator:
    """Generates random operations, mostly permitted for the persona, with values that occur in the data."""

    rng: random.Random
    truth: Truth
    persona: str

    def operation(self) -> Operation:
        """A random operation."""
        rng = self.rng
        kinds = ("list", "walk", "one", "node", "measure", "groups", "search")
        kind = rng.choices(kinds, (45, 12, 8, 7, 8, 20, 8))[0]
        type_name = self._type()
        if kind == "walk":
            arguments, size = self._arguments(type_name), rng.randint(2, 9)
            return walk(LIST_ROOT[type_name], arguments, size, back=rng.random() < 0.4)
        if kind == "groups":
            type_name = open_type(rng, self.persona)
            condition = self._condition(type_name, 1)
            query = random_groups(rng, type_name, self.persona, self._may, condition)
        elif kind == "search":
            type_name = rng.choice(SEARCHED)
            arguments = f"text: {self.text(type_name)}, first: {rng.choice((5, 20, 50))}"
            inner = f"__typename id ... on {type_name} {{ {self._selection(type_name, 1)} }}"
            query = f"search({arguments}) {{ matched node {{ {inner} }} }}"
        elif kind == "one":
            root = BY_ID_ROOT[type_name]
            query = f'{root}(id: "{self._id(type_name)}") {{ {self._selection(type_name, 2)} }}'
        elif kind == "node":
            ids = json.dumps([self._id(self._type()) for _ in range(rng.randint(1, 4))])
            query = f"nodes(ids: {ids}) {{ id ... on {type_name} {{ {self._selection(type_name, 2)} }} }}"
        elif kind == "measure" and (choices := list(measures(type_name))):
            query = measured(type_name, *rng.choice(choices), beside="count")
        else:
            arguments = f"first: {rng.randint(1, 12)} {self._arguments(type_name)}"
            parts = ["totalCount"] * rng.randint(0, 1) + ["edges { cursor }"] * (rng.random() < 0.2)
            parts.append(f"nodes {{ {self._selection(type_name, 2)} }}")
            query = f"{LIST_ROOT[type_name]}({arguments}) {{ {' '.join(parts)} }}"
        strict = {"x_access": "strict"} if rng.random() < 0.1 else {}
        return Operation(f"{{ {query} }}", strict)

    def _type(self) -> str:
        weights = [WEIGHTS.get(t, 1) * (not is_closed(self.persona, t) or 0.05) for t in LISTED]
        return self.rng.choices(LISTED, weights)[0]

    def _may(self, type_name: str, name: str) -> bool:
        """Whether to use a field: readable ones always, others rarely, as a refusal tests less."""
        readable = level(self.persona, type_name, name) in {Level.OPEN, Level.RULED}
        return readable or self.rng.random() < 0.03

    def _id(self, type_name: str) -> str:
        if self.rng.random() < 0.05:
            return f"{PREFIX[type_name]}_{self.rng.getrandbits(128):032x}"
        return spelled_id(type_name, self.rng.choice(sorted(self.truth.rows[type_name])))

    def _selection(self, type_name: str, depth: int) -> str:
        rng, parts = self.rng, ["id"]
        for name in fields(type_name):
            if rng.random() < 0.35 and (self._may(type_name, name) or rng.random() < 0.3):
                parts.append(leaf(type_name, name))
        if depth:
            for edge in edges(type_name):
                if rng.random() < 0.3 and self._may(type_name, edge.name):
                    inner = self._selection(edge.target, depth - 1)
                    if edge.many:
                        arguments = f"first: {rng.randint(1, 3)} {self._arguments(edge.target)}"
                        parts.append(f"n{len(parts)}: {edge.name}({arguments}) {{ totalCount nodes {{ {inner} }} }}")  # fmt: skip
                    else:
                        parts.append(f"n{len(parts)}: {edge.name} {{ {inner} }}")
        return " ".join(parts)

    def _arguments(self, type_name: str) -> str:
        parts = []
        if self.rng.random() < 0.6:
            parts.append(f"filter: {{ {self._condition(type_name, 2)} }}")
        if self.rng.random() < 0.6:
            keys = ", ".join(f"{{ {self._key(type_name)} }}" for _ in range(self.rng.randint(1, 3)))
            parts.append(f"orderBy: [{keys}]")
        return " ".join(parts)

    def _condition(self, type_name: str, depth: int) -> str:
        rng = self.rng
        kinds = ("field", "link", "not", "or", "attribute", "search")
        kind = rng.choices(kinds, (60, 20, 8, 8, 4, 12))[0]
        if kind == "link" and depth:
            choices = [e for e in edges(type_name) if self._may(type_name, e.name)]
            if choices:
                edge = rng.choice(choices)
                quantifier = rng.choice(("some", "none", "every"))
                return edge.condition(self._condition(edge.target, depth - 1), quantifier)
        if kind == "not" and depth:
            return f"not: {{ {self._condition(type_name, depth - 1)} }}"
        if kind == "or" and depth:
            two = (self._condition(type_name, depth - 1) for _ in range(2))
            return f"or: [{', '.join(f'{{ {one} }}' for one in two)}]"
        if kind == "attribute" and (keys := attributes(type_name)):
            key = rng.choice(keys)
            value_field, compared = KINDS[key]
            value = operand("eq", SAMPLES[compared], rng.randrange(3))
            return f'attribute: {{ key: "{key}", {value_field}: {{ eq: {value} }} }}'
        if kind == "search" and type_name in SEARCHED:
            return f"search: {self.text(type_name)}"
        names = [n for n in filterable(type_name) if self._may(type_name, n)] or ["id"]
        name = rng.choice(names)
        operator, compared = rng.choice(list(comparisons(type_name, name)))
        values = self._values(type_name, name, compared)
        return f"{name}: {{ {operator}: {operand(operator, values, rng.randrange(9))} }}"

    def text(self, type_name: str) -> str:
        """A search text of pieces of values in searched fields, hidden or not."""
        rng, words = self.rng, []
        known = ENTITIES[type_name].search
        rows = list(self.truth.rows[type_name].values())
        for _ in range(rng.choice((1, 1, 2))):
            value = self.truth.value(type_name, rng.choice(known), rng.choice(rows))
            for word in rng.sample(words_ := str(value or "x").split(), min(1, len(words_))):
                start = rng.randrange(max(1, len(word) - 3))
                words.append(word[start : start + rng.choice((2, 4, 6, 30))])
        return json.dumps(" ".join(words) or "x", ensure_ascii=False)

    def _values(self, type_name: str, name: str, compared: str) -> Sequence[str]:
        if name == "id":
            return [json.dumps(self._id(type_name)) for _ in range(3)]
        if compared not in QUOTED | {"IntFilter"}:
            return SAMPLES[compared]
        rows = self.truth.rows[type_name].values()
        held: list[Any] = sorted({self.truth.value(type_name, name, row) for row in rows} - {None})
        sample = self.rng.sample(held, min(3, len(held)))
        return [quoted(v) if compared in QUOTED else str(v) for v in sample] or SAMPLES[compared]

    def _key(self, type_name: str) -> str:
        links = [e for e in sorted_through(type_name) if self._may(type_name, e.name)]
        if links and self.rng.random() < 0.3:
            edge = self.rng.choice(links)
            return f"{edge.name}: {{ {self._key(edge.target)} }}"
        names = [n for n in sortable(type_name) if self._may(type_name, n)]
        return f"{self.rng.choice(names or ['id'])}: {self.rng.choice(DIRECTIONS)}"
