"""A statement depends on what its operation says, and on nothing else of the caller's rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement

from auth.api import POLICIES
from auth.engine.viewer import Viewer
from db.api import MODEL
from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependencies,
    Dependency,
    FieldOf,
    PermissionsOf,
    RowsOf,
    SearchOf,
    TrashOf,
    TypePermissions,
    entities_of,
    ordered,
)
from db.engine.gate import Form, Right
from db.engine.model import Entity
from db.engine.plan.live import plan_live
from db.engine.plan.planner import plan
from db.engine.plan.source import Pages
from domain.access import Attribute
from domain.codes import Refused
from tests.plans.asking import IDS, LIVES, TEXTS, caller, read, request, viewers
from tests.support.covers import covers

FAST = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a smaller example takes minutes to find
)
FEW, MANY = settings(FAST, max_examples=8), settings(FAST, max_examples=250)
WORDS = ["", "a", "b", "deleted", "access", "search", "attribute", "attributes", "typeAccess", "id"]
ODD = [
    "a,b",
    "a:b",
    "attribute:a",
    "search:a",
    "search:a,b",
    "a\nb",
    "a|b",
    "a.b",
    "a b",
    ",",
    ":",
    "\n",
]


class Questioned:
    """A viewer whose answers are the real ones, and who notes which dependency each question takes."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.asked: set[Dependency] = set()

    def _note(self, dependency: Dependency) -> Viewer:
        self.asked.add(dependency)
        return self._viewer

    def may_see(self, entity: str) -> bool:
        return self._note(RowsOf(entity)).may_see(entity)

    def is_off(self, entity: str) -> bool:
        return self._note(RowsOf(entity)).is_off(entity)

    def rows(self, entity: Entity, form: Form) -> ColumnElement[bool] | None:
        waiting = [entity]
        while waiting:  # what it is a part of says which of its rows are seen
            above = waiting.pop()
            self._note(RowsOf(above.name))
            waiting += above.above
        return self._viewer.rows(entity, form)

    def right(self, entity: str, name: str) -> Right:
        return self._note(FieldOf(entity, name)).right(entity, name)

    def scope(self, entity: Entity, *, deletes: bool) -> ColumnElement[bool] | bool:
        return self._note(PermissionsOf(entity.name)).scope(entity, deletes=deletes)

    def type_access(self, entity: Entity) -> Mapping[str, Any]:
        return self._note(TypePermissions("User")).type_access(entity)

    def writable(self, entity: Entity) -> Iterable[str]:
        return self._note(PermissionsOf(entity.name)).writable(entity)

    def may_restore(self, entity: str) -> bool:
        return self._note(TrashOf(entity)).may_restore(entity)

    def attribute(self, entity: str, key: str) -> Attribute | None:
        return self._note(AttributeOf(entity, key)).attribute(entity, key)

    def attributes(self, entity: str) -> Iterable[Attribute]:
        return self._note(AttributesOf(entity)).attributes(entity)

    def form(self, entity: str) -> Form:
        return self._note(RowsOf(entity)).form(entity)

    def value(self, name: str) -> object:
        return self._viewer.value(name)

    def project(self, depends_on: Dependencies) -> object:
        return self._viewer.project(depends_on)


def unnamed(asked: Iterable[Dependency], named: Dependencies) -> list[Dependency]:
    """What was asked and is not named, nor follows from what is."""
    return [each for each in asked if not _is_named(each, named)]


def _is_named(asked: Dependency, named: Dependencies) -> bool:
    if asked in named:
        return True
    match asked:
        case RowsOf():
            # It names every entity that is open.
            return any(isinstance(each, TypePermissions) for each in named)
        case FieldOf(entity, "id"):
            return RowsOf(entity) in named
        case FieldOf(entity, name):
            searches = (each for each in named if isinstance(each, SearchOf))
            return any(each.entity == entity and name in each.fields for each in searches)
        case AttributeOf(entity):
            return AttributesOf(entity) in named
    return False


@covers("D-55")
@pytest.mark.parametrize("name", TEXTS)
@FEW
@given(data=st.data())
def test_a_plan_asks_about_nothing_that_its_operation_does_not_name(
    name: str, data: st.DataObject
) -> None:
    text, variables = TEXTS[name]
    viewer = data.draw(viewers())
    try:
        found = read(request(text, variables), viewer)
    except Refused:  # a filter of another kind than the attribute: nothing is planned
        return
    outline = found.drawn.outline
    questioned = Questioned(viewer)
    plan(outline, questioned, MODEL, found.key.pages)
    assert not unnamed(questioned.asked, outline.depends_on)
    assert outline.filter_depends_on <= outline.depends_on


LIVE = [
    """subscription { opportunities { changes {
        kind node { id name account { name addresses(first: 2) { nodes { city } } } } } } }""",
    """subscription { opportunities(
        filter: {owner: {manager: {name: {eq: "x"}}}, attribute: {key: "tier", text: {eq: "y"}}}) {
        cursor changes { node { amount { currency } attributes { key text } access { writable } closeQuarter } } } }""",
    """subscription { opportunities(filter: {search: "x"}) {
        changes { node { history(first: 2) { nodes { field } } } } } }""",
]


@covers("D-55", "D-64")
@pytest.mark.parametrize("text", LIVE)
@FEW
@given(data=st.data())
def test_a_live_plan_asks_about_nothing_that_its_subscription_does_not_name(
    text: str, data: st.DataObject
) -> None:
    viewer = data.draw(viewers())
    live = LIVES.ask(caller(viewer), request(text, {})).drawn.live
    if not viewer.may_see("Opportunity"):
        return
    questioned = Questioned(viewer)
    try:
        plan_live(live, 10, questioned, MODEL, Pages({n: 2 for n, _ in live.sizes}))
    except Refused:
        return
    assert not unnamed(questioned.asked, live.depends_on)


# --- dependencies -------------------------------------------------------------------------------

texts = st.sampled_from([*WORDS, *ODD]) | st.text(alphabet="ab:,.\n|", max_size=4)
dependencies = st.one_of(
    st.builds(RowsOf, texts),
    st.builds(FieldOf, texts, texts),
    st.builds(AttributeOf, texts, texts),
    st.builds(AttributesOf, texts),
    st.builds(SearchOf, texts, st.lists(texts, max_size=3).map(tuple)),
    st.builds(TrashOf, texts),
    st.builds(PermissionsOf, texts),
    st.builds(TypePermissions, texts),
)
sets = st.frozensets(dependencies, max_size=4)


@covers("D-55")
@MANY
@given(one=sets, other=sets)
def test_different_dependencies_never_share_a_part_of_the_rights(
    one: Dependencies, other: Dependencies
) -> None:
    viewer = Viewer(IDS[0], IDS[0], 1, {}, {}, {}, {}, POLICIES)
    same = viewer.project(one) == viewer.project(other)
    assert same == (one == other)
    if same:
        assert hash(viewer.project(one)) == hash(viewer.project(other))


@covers("D-55")
@MANY
@given(found=sets)
def test_dependencies_have_one_order_and_name_their_entities(found: Dependencies) -> None:
    backwards = frozenset(reversed(list(found)))
    assert ordered(found) == ordered(backwards)
    assert set(ordered(found)) == found
    assert entities_of(found) == {each.entity for each in found}
