"""Operations on groups, backward pages and computed fields, for comparing responses before and after a change."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.leaks.channels import measure, measures
from tests.leaks.groups import (
    Key,
    compared_measures,
    grouped,
    having,
    keys,
    operators,
    sorted_measures,
)
from tests.proof.contract import GROUPS_OF
from tests.proof.rights import Level, is_closed, level

CORPUS = (
    "{ opportunitiesAggregate { groups { count sum { commission { amount currency } netMargin { amount } } } "
    "groupCount } }",
    "{ opportunitiesAggregate(groupBy: [{ status: true }]) { groups { key { status } count avg { commission { "
    "amount } } } } }",
    "{ opportunitiesAggregate(groupBy: [{ account: { record: true } }]) { groups { key { account { record { "
    "id name } } } count countUnique { account owner commission } } groupCount } }",
    "{ opportunitiesAggregate(groupBy: [{ account: { owner: { name: true } } }]) { groups { key { account { "
    "owner { name } } } count } groupCount } }",
    "{ opportunitiesAggregate(groupBy: [{ owner: { record: true } }, { status: true }]) { groups { key { "
    "status } percentEmpty { commission netMargin note } } groupCount } }",
    "{ opportunitiesAggregate(groupBy: [{ name: true }], first: 30) { groups { key { name } count max { "
    "weighted { amount } } } groupCount } }",
    "{ opportunitiesAggregate(groupBy: [{ record: true }], first: 9, skip: 5) { groups { key { record { id "
    "name commission { amount } closeQuarter } } count } groupCount } }",
    '{ opportunitiesAggregate(groupBy: [{ expectedCloseOn: MONTH }, { createdAt: YEAR }], timeZone: '
    '"Pacific/Kiritimati") { groups { key { expectedCloseOn createdAt } count } groupCount } }',
    '{ opportunitiesAggregate(groupBy: [{ stage: { name: true } }], having: { sum: { commission: { currency: '
    '"EUR", gt: "10" } } }) { groups { key { stage { name } } count } groupCount } }',
    '{ opportunitiesAggregate(groupBy: [{ owner: { name: true } }], orderBy: [{ max: { commission: { '
    'currency: "EUR", direction: DESC_NULLS_FIRST } } }], first: 5) { groups { key { owner { name } } } '
    'groupCount } }',
    '{ opportunitiesAggregate(groupBy: [{ account: { record: true } }], orderBy: [{ key: { account: { phone: '
    'ASC } } }], first: 9) { groups { key { account { record { id } } } } } }',
    "{ opportunitiesAggregate(having: { not: { count: { gt: 40 } } }) { groups { count } groupCount } }",
    "{ opportunitiesAggregate { groups { sum { margin { amount } } countUnique { margin amount } } } }",
    "{ accountsAggregate(groupBy: [{ owner: { record: true } }]) { groups { key { owner { record { id name } "
    "} } count countUnique { parent phone employeeCount } } groupCount } }",
    "{ accountsAggregate(groupBy: [{ parent: { name: true } }]) { groups { key { parent { name } } count "
    "percentEmpty { phone website parent } } groupCount } }",
    "{ accountsAggregate(groupBy: [{ employeeCount: true }]) { groups { key { employeeCount } count } groupCount } }",
    "{ employeesAggregate(groupBy: [{ manager: { record: true } }]) { groups { key { manager { record { id "
    "initials } } } count countUnique { name } } groupCount } }",
    "{ employeesAggregate(groupBy: [{ createdAt: MONTH }]) { groups { key { createdAt } count } groupCount } }",
    "{ personsAggregate(groupBy: [{ type: { record: true } }]) { groups { count countUnique { owner } } "
    "groupCount } }",
    "{ stageHistoriesAggregate(groupBy: [{ stage: { name: true } }]) { groups { key { stage { name } } count } groupCount } }",
    "{ quotesAggregate { groups { count countUnique { number } } groupCount } personsAggregate { groupCount } }",
    "{ activitiesAggregate(groupBy: [{ overtime: true }]) { groups { key { overtime } count } } }",
    "{ opportunities { totalCount(atMost: 5) } accounts { totalCount(atMost: 40) } }",
    "{ opportunities(last: 9) { nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage } } }",
    "{ opportunities(last: 9, orderBy: [{ commission: ASC }]) { edges { cursor } pageInfo { hasPreviousPage } } }",
    "{ opportunities(last: 9, orderBy: [{ netMargin: DESC_NULLS_FIRST }, { name: ASC }]) { nodes { id } } }",
    "{ opportunities(first: 60, orderBy: [{ weighted: DESC }]) { edges { cursor } nodes { weighted { amount } "
    "netMargin { amount } } } }",
    '{ opportunities(filter: { netMargin: { gt: "10" } }) { totalCount } }',
    "{ opportunities(filter: { not: { netMargin: { isNull: true } } }) { totalCount aggregate { countUnique { "
    "netMargin } } } }",
    "{ opportunities { aggregate { count countUnique { account owner name commission } percentEmpty { "
    "commission note } } } }",
    "{ accounts(last: 30) { nodes { websiteDomain ... on Owned { owner { initials } } ... on Record { version } } } }",
    "{ employees { nodes { initials opportunities(last: 2) { totalCount(atMost: 3) nodes { id closeQuarter } } } } }",
)  # fmt: skip
"""Fixed operations on groups that an attacker tries first."""

May = Callable[[str, str], bool]


def random_groups(
    rng: random.Random, type_name: str, persona: str, may: May, condition: str
) -> str:
    """A random grouped query, mostly permitted for the persona."""
    known = [k for k in keys(type_name, 2) if all(may(*one) for one in k.fields_used)]
    by = rng.sample(known, min(len(known), rng.randint(0, 3)))
    if len({key.fields_used for key in by}) < len(by):
        by = by[:1]  # the same date in two buckets is refused
    arguments = [f"groupBy: [{', '.join(key.by for key in by)}]"] if by else []
    if rng.random() < 0.4:
        arguments.append(f"filter: {{ {condition} }}")
    if (tests := _having(rng, type_name, may)) and rng.random() < 0.5:
        arguments.append(f"having: {{ {tests} }}")
    orders = [item for name, item in sorted_measures(type_name) if may(type_name, name)]
    orders += ["{ count: DESC }", *(key.order for key in by)]
    if rng.random() < 0.5:
        arguments.append(f"orderBy: [{rng.choice(orders)}]")
    arguments.append(f"first: {rng.randint(1, 20)} skip: {rng.choice((0, 0, 1, 7))}")
    if rng.random() < 0.3:
        arguments.append(f'timeZone: "{rng.choice(("Asia/Tokyo", "America/St_Johns"))}"')
    return grouped(type_name, " ".join(arguments), _inner(rng, type_name, persona, by))


def _having(rng: random.Random, type_name: str, may: May) -> str:
    tests = [one for one in compared_measures(type_name) if may(type_name, one[1])]
    if not tests or rng.random() < 0.3:
        return f"count: {{ {rng.choice(('gt', 'lte', 'ne'))}: {rng.randint(0, 20)} }}"
    function, field, compared = rng.choice(tests)
    one = having(function, field, compared, rng.choice(operators(compared)), rng.randrange(6))
    return one if rng.random() < 0.7 else f"not: {{ {one} }}"


def _inner(rng: random.Random, type_name: str, persona: str, by: list[Key]) -> str:
    parts = ["count", *(f"k{at}: {key.shown}" for at, key in enumerate(by))]
    found = list(measures(type_name))
    for at, (function, name) in enumerate(rng.sample(found, min(len(found), rng.randint(0, 4)))):
        may = level(persona, type_name, name) in {Level.OPEN, Level.RULED}
        if may or rng.random() < 0.03:
            parts.append(f"m{at}: {function} {{ {measure(type_name, function, name)} }}")
    return " ".join(parts)


def open_type(rng: random.Random, persona: str) -> str:
    """A type open to the persona; most often opportunities, which are only partly visible."""
    if rng.random() < 0.6:
        return "Opportunity"
    return rng.choice([name for name in GROUPS_OF if not is_closed(persona, name)])
