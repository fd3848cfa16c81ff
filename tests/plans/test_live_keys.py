"""A live list is shared exactly by subscriptions that receive the same messages (D-64)."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from auth.engine.viewer import Viewer
from domain.codes import Refused
from domain.live import LiveChangeKind, LiveKind
from schema import admission
from schema.engine.compiled_subscription import CompiledSubscription
from tests.plans.planning import IDS, LIVES, caller, relatives, request, viewers
from tests.plans.variables import changes, forms, input_type, values
from tests.support.covers import covers

SOME_EXAMPLES = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    max_examples=12,
)
FEW_EXAMPLES = settings(SOME_EXAMPLES, max_examples=8)
DECLARED = "$filter: OpportunityFilter, $order: [OpportunityOrder!], $most: Int, $after: String, $flag: Boolean!"
LIST = "opportunities(filter: $filter, orderBy: $order, first: $most, after: $after)"
BODIES = (
    "{ %s { kind cursor changes { id kind @include(if: $flag) node { id name owner { name } } } } }",
    "{ %s { kind changes { id node { id name @include(if: $flag) closeQuarter account { name } } } cursor } }",
    "{ %s { changes { kind node { amount { amount } } a: node { name } b: kind @skip(if: $flag) } cursor } }",
    "{ %s { cursor changes { node { id permissions { update writable } attributes { key text @skip(if: $flag) } } } } }",
)
DOCUMENTS = [
    f"subscription A({DECLARED}) {body % LIST} subscription B({DECLARED}) {body % LIST}"
    for body in BODIES
]
DOCUMENTS.append(DOCUMENTS[0] + " ")
ORDERS: tuple[dict[str, Any], ...] = (
    {},
    {"order": [{"name": "ASC"}]},
    {"order": [{"name": "DESC"}]},
    {"order": [{"name": "ASC_NULLS_FIRST"}]},
    {"order": [{"owner": {"name": "ASC"}}]},
)
REFUSED = (Refused, admission.DocumentRejected)
CURSOR = re.compile(rb'"cursor":"([^"]*)"')


Sent = tuple[str, str, dict[str, Any]]
"""A document, the name of an operation in it, and its variables."""


@st.composite
def requests(draw: st.DrawFn) -> tuple[Sent, list[Sent]]:
    """A request, and others that are equal or differ from it in one place."""
    form = draw(forms(input_type("OpportunityFilter"), 2))
    text, name, flag = draw(st.sampled_from(DOCUMENTS)), "A", draw(st.booleans())
    params = {
        "filter": draw(values(form)),
        "most": 5,
        "flag": flag,
        **draw(st.sampled_from(ORDERS)),
    }
    near = draw(st.lists(st.sampled_from(changes(form)), max_size=3)) if changes(form) else []
    others: list[Sent] = [(text, name, params), (text, "B", params), (text + " ", name, params)]
    others += [(each, name, params) for each in DOCUMENTS]
    others += [(text, name, {**params, "filter": draw(values(each))}) for each in (form, *near)]
    variants: list[dict[str, Any]] = [{"most": 7}, {"flag": not flag}, *ORDERS]
    others += [(text, name, {**params, **each}) for each in variants]
    return others[0], others


def compiled(sent: Sent, viewer: Viewer, tenant: UUID = IDS[0]) -> CompiledSubscription:
    """The compiled subscription for a viewer."""
    text, name, variables = sent
    made = LIVES.parse(caller(viewer, tenant), request(text, variables, name)).compile(viewer)
    assert isinstance(made, CompiledSubscription)
    return made


def message_facts(sent: Sent, made: CompiledSubscription) -> list[Any]:
    """Everything that determines the messages: document, statement, bound values and format."""
    text, name, _ = sent
    by_ids = made.plan.by_ids
    bound = by_ids.arguments({**made.values, "@ids": []}, made.viewer, {})
    assert by_ids.compiled is not None
    return [
        *(text, name, made.max_records, made.message.parts, made.plan.full.denied),
        *(by_ids.compiled.sql, made.plan.directions, [(type(each), each) for each in bound]),
    ]


def cursor_of(made: CompiledSubscription) -> str:
    """The cursor in a message of a subscription."""
    change = (LiveChangeKind.ENTERED, IDS[0], None, tuple(b"{}" for _ in made.live.texts))
    match = CURSOR.search(made.text(LiveKind.DELTA, 3, 7, [change], has_more=False))
    assert match is not None
    return match[1].decode()


@covers("D-55", "D-64")
@SOME_EXAMPLES
@given(data=st.data())
def test_subscriptions_share_a_key_exactly_if_their_messages_are_equal(data: st.DataObject) -> None:
    """Another text, operation, statement, value or set of rights has another key."""
    request_, others = data.draw(requests())
    viewer, relations = data.draw(relatives())
    try:
        first = compiled(request_, viewer)
    except REFUSED:
        assume(False)
    for other, who in (
        *((each, viewer) for each in others),
        *((request_, each) for each in relations),
    ):
        try:
            second = compiled(other, who)
        except REFUSED:
            continue
        same = message_facts(request_, first) == message_facts(other, second)
        assert (first.key == second.key) == same, other
        assert (second.position_of(cursor_of(first)) == (3, 7)) == same, "a cursor of another list"


@covers("D-55", "D-64")
@FEW_EXAMPLES
@given(data=st.data())
def test_key_does_not_depend_on_the_start_cursor(data: st.DataObject) -> None:
    """Clients that resume share a subscription with connected ones."""
    (text, name, variables), _ = data.draw(requests())
    viewer = data.draw(viewers())
    try:
        keys = {
            compiled((text, name, {**variables, **after}), viewer).key
            for after in ({}, {"after": None}, {"after": "a"}, {"after": "b"})
        }
    except REFUSED:
        assume(False)
    assert len(keys) == 1


@covers("D-38", "D-64")
@FEW_EXAMPLES
@given(data=st.data())
def test_cursor_of_one_tenant_is_refused_by_another(data: st.DataObject) -> None:
    request_, _ = data.draw(requests())
    viewer = data.draw(viewers())
    try:
        here, there = compiled(request_, viewer, IDS[0]), compiled(request_, viewer, IDS[1])
    except REFUSED:
        assume(False)
    assert here.position_of(cursor_of(here)) == (3, 7)
    try:
        there.position_of(cursor_of(here))
    except REFUSED:
        return
    raise AssertionError("the cursor was accepted")
