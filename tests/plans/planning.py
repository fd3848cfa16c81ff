"""Operations planned without a database: documents, random viewers, and the keys, plans and arguments of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from uuid import UUID

from hypothesis import strategies as st

from auth.api import POLICIES
from auth.engine.policy import HISTORY_KEYS, HISTORY_KEYS_BY_STATUS
from auth.engine.viewer import OwnRowCount, Viewer
from auth.viewers import Viewers
from db.api import MODEL
from db.engine.plan.planner import Forbidden, Plan, compile_plan, resolve
from db.engine.transaction import Placement
from domain.access import (
    AttributeRights,
    ProfileRights,
    RowScope,
    StatusRestriction,
    WriteRights,
    WriteScope,
    rights,
)
from domain.codes import Refused
from domain.setup import AttributeKind
from resolvers.engine.context import Caller
from schema.admission import Documents, Limits
from schema.api import EXPOSED, GRAPHQL
from schema.engine.budget import Budget
from schema.engine.cursors import Cursors
from schema.engine.keys import PlanKey
from schema.engine.live_service import SubscriptionService
from schema.engine.reads import ParsedOperation, ReadService, Request
from schema.engine.root_fields import root_fields
from schema.engine.variables import coerce, types
from tenancy.engine.provision import Tenant
from tests.plans.measure import OPERATIONS, operation

DOCUMENTS = Documents(GRAPHQL, Limits())
CURSORS = Cursors(bytes(32))
BUDGET = Budget(lambda: 0.0, 10**12)
NO_VIEWERS = cast("Viewers", None)  # no transaction is started here
READS = ReadService(GRAPHQL, MODEL, root_fields(EXPOSED, "User"), NO_VIEWERS, CURSORS, BUDGET)
LIVES = SubscriptionService(GRAPHQL, MODEL, {"opportunities": "Opportunity"}, CURSORS, BUDGET)
IDS = [UUID(int=number) for number in range(1, 9)]


def tenant(id: UUID, version: int = 1) -> Tenant:
    """A tenant without a schema in a database."""
    name = "t_" + "abcdefgh"[id.int % 8]
    return Tenant(id, "acme", "Acme", "active", False, Placement(id, name, name, version))


def caller(viewer: Viewer, of: UUID = IDS[0]) -> Caller:
    """A signed-in caller with the viewer's user."""
    return Caller(tenant(of), viewer.user, IDS[1], "")


@cache
def admitted(text: str) -> Any:
    """A validated document, cached."""
    return DOCUMENTS.get(text)


def request(text: str, variables: Mapping[str, Any], name: str | None = None) -> Request:
    """A request as the endpoint creates it."""
    return Request(text, admitted(text), name, variables)


# --- viewers ------------------------------------------------------------------------------------

ATTRIBUTES = (
    AttributeRights(str(UUID(int=1)), "Opportunity", "tier", "Tier", AttributeKind.TEXT),
    AttributeRights(str(UUID(int=2)), "Opportunity", "tier", "Tier", AttributeKind.TEXT),
    AttributeRights(str(UUID(int=1)), "Opportunity", "tier", "Level", AttributeKind.TEXT),
    AttributeRights(str(UUID(int=1)), "Opportunity", "tier", "Tier", AttributeKind.NUMBER),
    AttributeRights(str(UUID(int=3)), "Opportunity", "seats", "Seats", AttributeKind.NUMBER),
    AttributeRights(str(UUID(int=4)), "Account", "segment", "Segment", AttributeKind.TEXT),
)
"""Attributes of several tenants: one key with different ids, labels and kinds."""
HIDDEN = (
    *(
        ("Opportunity", name)
        for name in ("name", "amount", "currency", "account", "stage", "margin")
    ),
    *(("Account", name) for name in ("name", "legalName", "owner")),
    *(("Employee", name) for name in ("firstName", "name", "manager", "email")),
    ("Stage", "name"),
)
ENTITIES = (
    "Opportunity",
    "Account",
    "Employee",
    "Stage",
    "Address",
    "HistoryEntry",
    "Quote",
    "Person",
)
SCOPES = (None, RowScope.OWN, RowScope.ALL, RowScope.ALL)

PARTS: dict[str, st.SearchStrategy[Any]] = {
    "full": st.sampled_from([False, False, False, True]),
    **{f"rows of {name}": st.sampled_from(SCOPES) for name in ENTITIES},
    "hidden": st.sets(st.sampled_from(HIDDEN), max_size=3),
    "attributes": st.lists(st.sampled_from(ATTRIBUTES), max_size=3, unique_by=lambda a: a.key),
    "writes": st.sampled_from([WriteRights(), WriteRights(True, WriteScope.OWN, WriteScope.BELOW)]),
    "writable": st.booleans(),
    "ruled": st.sets(st.sampled_from([name for of, name in HIDDEN if of == "Opportunity"])),
    "off": st.sampled_from([{}, {"Quote": "QUOTES", "QuoteItem": "QUOTES"}]),
    "reach": st.sampled_from([OwnRowCount(3, 10_000), OwnRowCount(5_000, 10_000)]),
    "user": st.sampled_from(IDS),
    "employee": st.sampled_from(IDS),
    "owners": st.lists(st.sampled_from(IDS), max_size=2).map(tuple),
}
"""Strategies for each part of a viewer on which statements may depend, and for the viewer's ids."""


def _viewer(of: Mapping[str, Any]) -> Viewer:
    rows = {name: of[f"rows of {name}"] for name in ENTITIES}
    opened = {name: scope for name, scope in rows.items() if scope is not None}
    opened |= dict.fromkeys(MODEL.entities.keys() - set(ENTITIES), RowScope.ALL)
    every = {(entity, name) for entity, names in MODEL.granted.items() for name in names}
    every |= {(each.entity, each.id) for each in of["attributes"]}
    profile = ProfileRights(
        of["full"],
        opened,
        frozenset(every - of["hidden"]),
        dict.fromkeys(opened, of["writes"]),
        frozenset(every if of["writable"] else ()),
    )
    rules = [StatusRestriction("Opportunity", name, frozenset({"WON"})) for name in of["ruled"]]
    known = {name: fields for name, fields in MODEL.granted.items() if name not in of["off"]}
    granted = rights([profile], rules, of["attributes"], known, MODEL.computed)
    arrays: dict[str, tuple[UUID, ...] | tuple[str, ...]] = {
        each.parameter: tuple(IDS[:2]) for each in POLICIES.sharing_rules()
    }
    return Viewer(
        user=of["user"],
        employee=of["employee"],
        version=1,
        rights=granted,
        owners=dict.fromkeys(granted, of["owners"]),
        arrays={**arrays, HISTORY_KEYS: ("Opportunity.name",), HISTORY_KEYS_BY_STATUS: ()},
        own_row_counts={
            name: of["reach"] for name, mine in granted.items() if mine.rows is RowScope.OWN
        },
        policies=POLICIES,
        full=of["full"],
        off=of["off"],
    )


def viewers() -> st.SearchStrategy[Viewer]:
    """Viewers with random rights and ids."""
    return st.fixed_dictionaries(PARTS).map(_viewer)


@st.composite
def couples(draw: st.DrawFn, most: int = 2) -> tuple[Viewer, Viewer]:
    """Two viewers that differ in at most `most` parts."""
    one = draw(st.fixed_dictionaries(PARTS))
    changed = draw(st.sets(st.sampled_from(sorted(PARTS)), max_size=most))
    other = {**one, **{name: draw(PARTS[name]) for name in sorted(changed)}}
    return _viewer(one), _viewer(other)


@st.composite
def relatives(draw: st.DrawFn) -> tuple[Viewer, list[Viewer]]:
    """A viewer, and for each part another viewer that may differ only in it."""
    one = draw(st.fixed_dictionaries(PARTS))
    others = [_viewer({**one, name: draw(part)}) for name, part in PARTS.items()]
    return _viewer(one), others


# --- documents ----------------------------------------------------------------------------------

EXTRA = {
    "groups": """{ opportunitiesAggregate(groupBy: [{stage: {record: true}}, {createdAt: MONTH}],
        having: {sum: {amount: {gt: "5", currency: "EUR"}}}, orderBy: [{count: DESC}]) {
        groupCount groups { key { stage { record { name } } createdAt } count
        sum { amount { amount currency } } countUnique { account } percentEmpty { margin } } } }""",
    "groups by currency": """{ opportunitiesAggregate(groupBy: [{currency: true}]) {
        groups { key { currency } sum { amount { amount } } } } }""",
    "permissions": """{ opportunities { nodes { id permissions { update delete writable } } }
        accounts { nodes { permissions { writable } addresses { nodes { permissions { delete } } } } } }""",
    "list permissions": """{ opportunities { permissions { type rows writable } nodes {
        account { addresses { permissions { update readable __typename } } } } } }""",
    "type permissions": """{ viewer { typePermissions { type rows create update delete readable writable } } }""",
    "attributes": "{ opportunities { nodes { attributes { key label kind text number } } } }",
    "attributes by key": """{ opportunities { nodes { attributes(keys: ["tier", "seats"]) { key label text } } } }""",
    "attribute filter": """{ opportunities(filter: {attribute: {key: "tier", text: {eq: "x"}}},
        orderBy: [{attribute: {key: "seats", direction: DESC}}]) { nodes { id } pageInfo { endCursor } } }""",
    "trash": "{ opportunities(trashed: ONLY) { nodes { id name } } addresses(trashed: ONLY) { nodes { city } } }",
    "reverse": """{ accounts(filter: {opportunities: {none: {name: {contains: "a"}}}}) { totalCount
        nodes { opportunities(filter: {owner: {name: {eq: "x"}}}) { totalCount nodes { amount { amount currency } } } } } }""",
    "children of accounts": """{ addresses { nodes { city account { name } history { nodes { field } } } }
        quoteItems { nodes { id } } }""",
    "derived": "{ opportunities { nodes { closeQuarter owner { initials } account { displayName } } } }",
    "history": '{ opportunity(id: "opp_00000000000000000000000000000000") { history { nodes { kind field user { id } } } } }',
    "search": '{ search(text: "abc") { matched node { id ... on Account { name } ... on Opportunity { name } } } }',
    "search some": '{ search(text: "abc", types: [ACCOUNT, EMPLOYEE]) { matched node { id } } }',
    "search in a filter": '{ accounts(filter: {search: "abc"}) { nodes { name opportunities { totalCount } } } }',
    "nodes": """{ nodes(ids: ["opp_00000000000000000000000000000001",
        "acc_00000000000000000000000000000002", "zzz_00000000000000000000000000000003"]) {
        id ... on Opportunity { name } ... on Account { name } }
        node(id: "emp_00000000000000000000000000000001") { id ... on Employee { name manager { name } } } }""",
    "order": """{ opportunities(orderBy: [{account: {owner: {name: ASC}}}, {amount: DESC_NULLS_FIRST}]) {
        edges { cursor node { id } } pageInfo { hasNextPage endCursor } aggregate { count avg { margin { amount } } } } }""",
}
TEXTS: dict[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (operation(name).text, operation(name).variables) for name in OPERATIONS},
    **{name: (text, {}) for name, text in EXTRA.items()},
}
"""Documents of all kinds with their variables, by name."""


# --- results ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A newly parsed and planned operation, with its cache key."""

    key: PlanKey
    parsed: ParsedOperation
    plan: Plan | Forbidden
    values: dict[str, Any]
    viewer: Viewer
    opened: dict[Any, tuple[str | None, ...]]


def read(request: Request, viewer: Viewer) -> Read:
    """Parse and plan a request for a viewer, without caches. Raises Refused."""
    operation = request.admitted.operation(request.name)
    values = coerce(GRAPHQL, operation, request.variables)
    declared = types(GRAPHQL, operation)
    key = READS._key(request, declared, values)
    parsed = READS._read(request, operation, values, declared)
    opened = READS._decrypted_keys(caller(viewer), parsed.selection, values)
    pages = READS._pages(parsed.selection, values, opened)
    plan_key = PlanKey(key, viewer.rights_key(parsed.selection.depends_on), pages)
    return Read(
        plan_key,
        parsed,
        compile_plan(parsed.selection, viewer, MODEL, pages),
        values,
        viewer,
        opened,
    )


def outcome(parsed: ParsedOperation, made: Plan | Forbidden, of: Read) -> object:
    """The response of a request except for its rows: a parsed operation and a plan, applied to the values of `of`."""
    selection, values, who = parsed.selection, of.values, caller(of.viewer)
    shape = (
        parsed.keys,
        tuple(parsed.executed),
        [node.name.value for node in parsed.introspection],
    )
    if isinstance(made, Forbidden):
        return shape, made
    lists = {each.number: each for each in selection.connections}
    bound = {number: READS._bound_to(who, lists, values, number) for number in lists}
    try:
        arguments: object = made.arguments(values, of.viewer, of.opened)
    except Refused as refused:
        arguments = refused.message
    sql = made.compiled and made.compiled.sql
    facts = (made.columns, made.denied, made.cursors, made.needs_custom_plan)
    sizes = [(number, resolve(slot, values)) for number, slot in selection.sizes]
    return shape, sql, arguments, facts, bound, sizes
