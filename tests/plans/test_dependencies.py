"""A statement depends on the declared dependencies of its operation and on no other rights of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, select

from auth.api import POLICIES
from auth.engine.viewer import Viewer
from db.api import MODEL
from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependencies,
    Dependency,
    FieldOf,
    ListPermissionsOf,
    PermissionsOf,
    RowsOf,
    SearchOf,
    TrashOf,
    TypePermissionsOf,
    entities_of,
    ordered,
)
from db.engine.entity import Entity
from db.engine.gate import FieldAccess, Gate, VisibilityForm
from db.engine.plan.live import compile_live_plan
from db.engine.plan.planner import compile_plan
from db.engine.plan.selection import search_of
from db.engine.plan.source import Pages
from db.engine.write import locking
from domain.access import AttributeRights
from domain.codes import Refused
from tests.plans.planning import IDS, LIVES, TEXTS, caller, read, relatives, request, viewers
from tests.support.covers import covers

FAST = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a smaller example takes minutes to find
)
FEW_EXAMPLES, MANY_EXAMPLES = (settings(FAST, max_examples=n) for n in (8, 250))
WORDS = [
    "",
    "a",
    "b",
    "trashed",
    "permissions",
    "search",
    "attribute",
    "attributes",
    "typePermissions",
    "id",
]
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


class RecordingViewer:
    """Proxy of a viewer that records the dependency of each call."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.used: set[Dependency] = set()

    def _note(self, dependency: Dependency) -> Viewer:
        self.used.add(dependency)
        return self._viewer

    def may_see(self, entity: str) -> bool:
        return self._note(RowsOf(entity)).may_see(entity)

    def is_off(self, entity: str) -> bool:
        return self._note(RowsOf(entity)).is_off(entity)

    def rows(self, entity: Entity, form: VisibilityForm) -> ColumnElement[bool] | None:
        waiting = [entity]
        while waiting:  # the rows of its parents restrict its rows
            current = waiting.pop()
            self._note(RowsOf(current.name))
            waiting += current.parent_types
        return self._viewer.rows(entity, form)

    def right(self, entity: str, name: str) -> FieldAccess:
        return self._note(FieldOf(entity, name)).right(entity, name)

    def write_condition(self, entity: Entity, *, deletes: bool) -> ColumnElement[bool] | bool:
        return self._note(PermissionsOf(entity.name)).write_condition(entity, deletes=deletes)

    def type_access(self, entity: Entity) -> Mapping[str, Any]:
        return self._note(ListPermissionsOf(entity.name)).type_access(entity)

    def writable(self, entity: Entity) -> Iterable[str]:
        return self._note(PermissionsOf(entity.name)).writable(entity)

    def may_restore(self, entity: str) -> bool:
        return self._note(TrashOf(entity)).may_restore(entity)

    def attribute(self, entity: str, key: str) -> AttributeRights | None:
        return self._note(AttributeOf(entity, key)).attribute(entity, key)

    def attributes(self, entity: str) -> Iterable[AttributeRights]:
        return self._note(AttributesOf(entity)).attributes(entity)

    def form(self, entity: str) -> VisibilityForm:
        return self._note(RowsOf(entity)).form(entity)

    def value(self, name: str) -> object:
        return self._viewer.value(name)

    def rights_key(self, depends_on: Dependencies) -> object:
        return self._viewer.rights_key(depends_on)


def undeclared(used: Iterable[Dependency], declared: Dependencies) -> list[Dependency]:
    """Used dependencies that are not declared and not implied by declared ones."""
    return [each for each in used if not _is_declared(each, declared)]


def _is_declared(used: Dependency, declared: Dependencies) -> bool:
    if used in declared:
        return True
    match used:
        case RowsOf() | ListPermissionsOf():
            # TypePermissionsOf covers every accessible entity.
            return any(isinstance(each, TypePermissionsOf) for each in declared)
        case FieldOf(entity, "id"):
            return RowsOf(entity) in declared
        case FieldOf(entity, name):
            searches = (each for each in declared if isinstance(each, SearchOf))
            return any(each.entity == entity and name in each.fields for each in searches)
        case AttributeOf(entity):
            return AttributesOf(entity) in declared
    return False


@covers("D-55")
@pytest.mark.parametrize("name", TEXTS)
@FEW_EXAMPLES
@given(data=st.data())
def test_plan_uses_declared_dependencies_only(name: str, data: st.DataObject) -> None:
    text, variables = TEXTS[name]
    viewer = data.draw(viewers())
    try:
        result = read(request(text, variables), viewer)
    except Refused:  # a filter of another kind than the attribute: nothing is planned
        return
    selection = result.parsed.selection
    recorder = RecordingViewer(viewer)
    compile_plan(selection, recorder, MODEL, result.key.pages)
    assert not undeclared(recorder.used, selection.depends_on)
    assert selection.filter_depends_on <= selection.depends_on


LIVE = [
    """subscription { opportunities { changes {
        kind node { id name account { name addresses(first: 2) { nodes { city } } } } } } }""",
    """subscription { opportunities(
        filter: {owner: {manager: {name: {eq: "x"}}}, attribute: {key: "tier", text: {eq: "y"}}}) {
        cursor changes { node { amount { currency } attributes { key text } permissions { writable } closeQuarter } } } }""",
    """subscription { opportunities(filter: {search: "x"}) {
        changes { node { history(first: 2) { nodes { field } } } } } }""",
]


@covers("D-55", "D-64")
@pytest.mark.parametrize("text", LIVE)
@FEW_EXAMPLES
@given(data=st.data())
def test_live_plan_uses_declared_dependencies_only(text: str, data: st.DataObject) -> None:
    viewer = data.draw(viewers())
    live = LIVES.parse(caller(viewer), request(text, {})).parsed.live
    if not viewer.may_see("Opportunity"):
        return
    recorder = RecordingViewer(viewer)
    try:
        compile_live_plan(live, 10, recorder, MODEL, Pages({n: 2 for n, _ in live.sizes}))
    except Refused:
        return
    assert not undeclared(recorder.used, live.depends_on)


@covers("D-50", "D-55")
@pytest.mark.parametrize("entity", MODEL.entities.values(), ids=MODEL.entities)
@FEW_EXAMPLES
@given(data=st.data())
def test_write_statement_uses_declared_dependencies_only(
    entity: Entity, data: st.DataObject
) -> None:
    viewer = data.draw(viewers())
    if not viewer.may_see(entity.name):
        return
    recorder = RecordingViewer(viewer)
    lock, full_rows = data.draw(st.sampled_from(locking.Lock)), data.draw(st.booleans())
    locking._compile(recorder, locking._ByIds(entity, lock, trashed=False, full_rows=full_rows))
    locking._compile_by_text(recorder, entity, entity.table.columns.keys()[0])
    locking._compile_referenced(recorder, [entity])
    series = locking.Series(entity, "id", "id")
    locking._compile_nearest(recorder, series, recorder.form(entity.name), before=full_rows)
    assert not undeclared(recorder.used, locking._depends_on(entity))


# --- viewers ------------------------------------------------------------------------------------


def _facts(viewer: Viewer, dependency: Dependency) -> list[object]:
    """Everything that compilation may read from a viewer under a dependency."""
    match dependency:
        case RowsOf(entity):
            return [viewer.may_see(entity), viewer.is_off(entity), viewer.form(entity)]
        case FieldOf(entity, field):
            return [viewer.right(entity, field)]
        case AttributeOf(entity, key):
            return [viewer.attribute(entity, key)]
        case AttributesOf(entity):
            return [*viewer.attributes(entity)]
        case SearchOf(entity, fields):
            return [viewer.right(entity, field) for field in fields]
        case TrashOf(entity):
            return [viewer.may_restore(entity)]
        case PermissionsOf(entity):
            known = MODEL.entities[entity]
            return [*viewer.writable(known), viewer.edits(entity), viewer.deletes(entity)]
        case ListPermissionsOf(entity):
            visible = viewer.may_see(entity)
            return [viewer.type_access(MODEL.entities[entity])] if visible else []
        case TypePermissionsOf():
            seen = [each for each in MODEL.entities.values() if viewer.may_see(each.name)]
            return [viewer.type_access(each) for each in seen]


def _rows(viewer: Viewer, entity: Entity) -> list[str]:
    """SQL of the rows that a viewer sees, in both forms."""
    if not viewer.may_see(entity.name):
        return []
    found = []
    for form in VisibilityForm:
        gate = Gate(viewer)
        seen = gate.see(entity, form)
        found.append(gate.compile(select(seen.column("id")).select_from(seen)).sql)
    return found


def _known(entity: Entity) -> list[Dependency]:
    """All possible dependencies on an entity."""
    name = entity.name
    found: list[Dependency] = [RowsOf(name), TrashOf(name), PermissionsOf(name), AttributesOf(name)]
    found.append(ListPermissionsOf(name))
    found += [FieldOf(name, field) for field in entity.granted]
    found += [AttributeOf(name, key) for key in ("tier", "seats", "segment")]
    return [*found, search_of(entity)] if entity.searched else found


KNOWN = [each for entity in MODEL.entities.values() for each in _known(entity)]
KNOWN.append(TypePermissionsOf("User"))
RULED = [MODEL.entities[name] for name in (*POLICIES.by_entity, "Stage", "Address", "Quote")]
"""Entities with a policy, entities without one, and children that are visible with their parents."""


@covers("D-55")
@FEW_EXAMPLES
@given(data=st.data())
def test_viewers_share_a_projection_only_with_equal_rights(
    data: st.DataObject,
) -> None:
    """Compares a viewer with others that differ in one part of their rights."""
    one, others = data.draw(relatives())
    for other in others:
        for each in KNOWN:
            if one.rights_key(frozenset({each})) == other.rights_key(frozenset({each})):
                assert _facts(one, each) == _facts(other, each), each
            elif isinstance(each, FieldOf | AttributeOf | AttributesOf | SearchOf | TrashOf):
                assert _facts(one, each) != _facts(other, each), (
                    f"different keys for equal rights: {each}"
                )
        for entity in RULED:
            depends_on = locking._depends_on(entity)
            if one.rights_key(depends_on) == other.rights_key(depends_on):
                assert _rows(one, entity) == _rows(other, entity), entity.name


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
    st.builds(TypePermissionsOf, texts),
    st.builds(ListPermissionsOf, texts),
)
sets = st.frozensets(dependencies, max_size=4)


def _renamed(one: Dependency, text: str) -> list[Dependency]:
    """Dependencies that differ from one in entity, field, key or type."""
    found: list[Dependency] = [replace(one, entity=text), TrashOf(one.entity), RowsOf(one.entity)]
    match one:
        case FieldOf(entity, field):
            found += [FieldOf(entity, text), AttributeOf(entity, field)]
        case AttributeOf(entity, key):
            found += [AttributeOf(entity, text), FieldOf(entity, f"attribute:{key}")]
        case SearchOf(entity, fields):
            found += [
                SearchOf(entity, (*fields, text)),
                FieldOf(entity, f"search:{','.join(fields)}"),
            ]
    return found


@covers("D-55")
@MANY_EXAMPLES
@given(one=sets, other=sets, text=texts)
def test_different_dependencies_have_different_projections(
    one: Dependencies, other: Dependencies, text: str
) -> None:
    viewer = Viewer(IDS[0], IDS[0], 1, {}, {}, {}, {}, POLICIES)
    near = [one - {each} | {changed} for each in one for changed in _renamed(each, text)]
    for each in (other, *near, frozenset([*one])):
        same = viewer.rights_key(one) == viewer.rights_key(each)
        assert same == (one == each)
        assert not same or hash(viewer.rights_key(one)) == hash(viewer.rights_key(each))


@covers("D-55")
@MANY_EXAMPLES
@given(found=sets)
def test_dependencies_have_a_canonical_order_and_list_their_entities(found: Dependencies) -> None:
    backwards = frozenset(reversed(list(found)))
    assert ordered(found) == ordered(backwards)
    assert set(ordered(found)) == found
    assert entities_of(found) == {each.entity for each in found}
