"""Live lists are shared by those who are told the same, and only by them (D-64)."""

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
from tests.plans.asking import IDS, LIVES, caller, relatives, request, viewers
from tests.plans.variables import changes, forms, input_type, values
from tests.support.covers import covers

SOME = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    max_examples=12,
)
FEW = settings(SOME, max_examples=8)
DECLARED = "$filter: OpportunityFilter, $most: Int, $after: String, $flag: Boolean!"
LIST = "opportunities(filter: $filter, atMost: $most, after: $after)"
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
REFUSED = (Refused, admission.DocumentRejected)
CURSOR = re.compile(rb'"cursor":"([^"]*)"')


Asked = tuple[str, str, dict[str, Any]]
"""A document, the name of an operation in it, and its variables."""


@st.composite
def sent(draw: st.DrawFn) -> tuple[Asked, list[Asked]]:
    """A request, and others that differ from it in one place each; the first of them in nothing."""
    form = draw(forms(input_type("OpportunityFilter"), 2))
    text, name, flag = draw(st.sampled_from(DOCUMENTS)), "A", draw(st.booleans())
    given_ = {"filter": draw(values(form)), "most": 5, "flag": flag}
    near = draw(st.lists(st.sampled_from(changes(form)), max_size=3)) if changes(form) else []
    others: list[Asked] = [(text, name, given_), (text, "B", given_), (text + " ", name, given_)]
    others += [(each, name, given_) for each in DOCUMENTS]
    others += [(text, name, {**given_, "filter": draw(values(each))}) for each in (form, *near)]
    others += [(text, name, {**given_, **each}) for each in ({"most": 7}, {"flag": not flag})]
    return others[0], others


def watch(asked: Asked, viewer: Viewer, tenant: UUID = IDS[0]) -> CompiledSubscription:
    """What is told of a subscription under a viewer's rights."""
    text, name, variables = asked
    made = LIVES.parse(caller(viewer, tenant), request(text, variables, name)).compile(viewer)
    assert isinstance(made, CompiledSubscription)
    return made


def told(asked: Asked, made: CompiledSubscription) -> list[Any]:
    """All that the messages of a list come from: the document, the statement and what is bound, and their form."""
    text, name, _ = asked
    some = made.plan.by_ids
    bound = some.arguments({**made.values, "@ids": []}, made.viewer, {})
    assert some.compiled is not None
    return [
        *(text, name, made.most, made.message.parts, made.plan.full.denied),
        *(some.compiled.sql, [(type(each), each) for each in bound]),
    ]


def cursor_of(made: CompiledSubscription) -> str:
    """The cursor in a message of a list."""
    change = (LiveChangeKind.ENTERED, IDS[0], tuple(b"{}" for _ in made.live.texts))
    found = CURSOR.search(made.text(LiveKind.DELTA, 3, 7, [change]))
    assert found is not None
    return found[1].decode()


@covers("D-55", "D-64")
@SOME
@given(data=st.data())
def test_lists_share_a_key_if_and_only_if_the_same_is_told_of_them(data: st.DataObject) -> None:
    """Another text, name, statement, value or audience is another list."""
    asked, others = data.draw(sent())
    viewer, relations = data.draw(relatives())
    try:
        mine = watch(asked, viewer)
    except REFUSED:
        assume(False)
    for other, who in (
        *((each, viewer) for each in others),
        *((asked, each) for each in relations),
    ):
        try:
            theirs = watch(other, who)
        except REFUSED:
            continue
        same = told(asked, mine) == told(other, theirs)
        assert (mine.key == theirs.key) == same, other
        assert (theirs.place(cursor_of(mine)) == (3, 7)) == same, "a cursor of another list"


@covers("D-55", "D-64")
@FEW
@given(data=st.data())
def test_where_a_list_goes_on_says_nothing_of_what_is_told(data: st.DataObject) -> None:
    """Clients that come back share the list with those who are there."""
    (text, name, variables), _ = data.draw(sent())
    viewer = data.draw(viewers())
    try:
        keys = {
            watch((text, name, {**variables, **after}), viewer).key
            for after in ({}, {"after": None}, {"after": "a"}, {"after": "b"})
        }
    except REFUSED:
        assume(False)
    assert len(keys) == 1


@covers("D-38", "D-64")
@FEW
@given(data=st.data())
def test_a_cursor_of_one_tenant_is_refused_by_another(data: st.DataObject) -> None:
    asked, _ = data.draw(sent())
    viewer = data.draw(viewers())
    try:
        here, there = watch(asked, viewer, IDS[0]), watch(asked, viewer, IDS[1])
    except REFUSED:
        assume(False)
    assert here.place(cursor_of(here)) == (3, 7)
    try:
        there.place(cursor_of(here))
    except REFUSED:
        return
    raise AssertionError("the cursor was opened")
