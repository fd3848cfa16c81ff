"""Matrix of selections: every field in every place where it can be selected, for every persona."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.leaks.channels import (
    Path,
    all_leaves,
    attribute_comparisons,
    edges,
    leaf,
    measures,
    paths,
)
from tests.leaks.probe import Denied, Probe, denied, target_of
from tests.leaks.truth import Truth
from tests.proof.contract import (
    BY_ID_ROOT,
    HISTORY,
    LIST_ROOT,
    LISTED,
    PREFIX,
    SINGLETON_ROOT,
    fields,
    spelled_id,
)
from tests.proof.daily import DAILY, is_redundant
from tests.proof.rights import Level, attribute_level, attributes, is_closed, level
from tests.support.covers import covers

AT_ONCE = 60
"""Records in a response with all fields; 100 would exceed the cost limit for some types."""


def _field_groups(type_name: str) -> Iterator[str]:
    """The leaf fields of a type in groups of four, as a document has at most 20 directives."""
    leaves = [leaf(type_name, field) for field in fields(type_name)]
    yield from (" ".join(leaves[at : at + 4]) for at in range(0, len(leaves), 4))


def some_id(probe: Probe, type_name: str) -> str:
    """The ID of a record, a visible one if any exists."""
    rows = probe.truth.visible(probe.persona, type_name) or probe.truth.rows[type_name]
    return spelled_id(type_name, sorted(rows)[len(rows) // 2])


def open_path(probe: Probe, path: Path) -> bool:
    """Whether all links of a path and their targets are open."""
    return all(level(probe.persona, edge.owner, edge.name) is Level.OPEN for edge in path)


def test_rights_file_lists_every_attribute(truth: Truth) -> None:
    for type_name, keys in truth.keys.items():
        assert sorted(keys) == sorted(attributes(type_name))


@covers("D-34")
@pytest.mark.parametrize("type_name", DAILY)
async def test_list_returns_only_readable_values(probe: Probe, type_name: str) -> None:
    """Values and denials in a list, also through fragments and directives."""
    root = LIST_ROOT[type_name]
    plain = f"{{ {root}(first: {AT_ONCE}) {{ totalCount nodes {{ {all_leaves(type_name)} }} }} }}"
    via_fragments = (
        f"query {{ {root}(first: {AT_ONCE}) {{ totalCount edges {{ node {{ ...all }} }} }} }} "
        f"fragment all on {type_name} {{ ...on Node {{ id }} "
        + " ".join(f"... @include(if: true) {{ {group} }}" for group in _field_groups(type_name))
        + " }"
    )
    for query in (plain, via_fragments):
        answer = await probe.ask(query)
        assert denied(answer) == probe.denials(type_name), answer.body
        read = answer.data[root]
        if is_closed(probe.persona, type_name):
            assert read is None
        else:
            nodes = read["nodes"] if "nodes" in read else [edge["node"] for edge in read["edges"]]
            seen = probe.truth.visible(probe.persona, type_name)
            assert read["totalCount"] == len(seen)
            assert len(nodes) == min(AT_ONCE, len(seen))
            assert bool(nodes) is not probe.has_closed_parent(type_name)
            for node in nodes:
                probe.assert_record(type_name, node)
        probe.cells["select"] += len(fields(type_name))


@covers("D-34")
@pytest.mark.parametrize("type_name", DAILY)
async def test_denial_names_only_the_selected_field(probe: Probe, type_name: str) -> None:
    """A query of a single field denies that field only."""
    if is_redundant(probe.persona, type_name):
        return
    for field in fields(type_name):
        query = f"{{ {LIST_ROOT[type_name]}(first: 2) {{ nodes {{ {leaf(type_name, field)} }} }} }}"
        answer = await probe.ask(query)
        assert denied(answer) == probe.denials(type_name, [field]), answer.body
        probe.cells["single field"] += 1


@pytest.mark.parametrize("type_name", DAILY)
async def test_selected_by_id(probe: Probe, type_name: str) -> None:
    """Through the root field of the type, through `node` and through `nodes`."""
    id, inner = some_id(probe, type_name), all_leaves(type_name)
    await _read_by_id(probe, type_name, id, f'{BY_ID_ROOT[type_name]}(id: "{id}") {{ {inner} }}')


@pytest.mark.parametrize("type_name", SINGLETON_ROOT)
async def test_singleton_is_selected(probe: Probe, type_name: str) -> None:
    """Through the root field without an ID, through `node` and through `nodes`."""
    [only] = probe.truth.rows[type_name]
    root = f"{SINGLETON_ROOT[type_name]} {{ {all_leaves(type_name)} }}"
    await _read_by_id(probe, type_name, spelled_id(type_name, only), root)


async def _read_by_id(probe: Probe, type_name: str, id: str, root: str) -> None:
    inner = all_leaves(type_name)
    roots = (
        root,
        f'node(id: "{id}") {{ __typename ... on {type_name} {{ {inner} }} }}',
        f'nodes(ids: ["{id}", "{id}"]) {{ id ... on {type_name} {{ {inner} }} }}',
    )
    for each in roots:
        answer = await probe.ask(f"{{ read: {each} }}")
        assert denied(answer) == probe.denials(type_name), answer.body
        read = answer.data["read"]
        for node in read if isinstance(read, list) else [read]:
            if is_closed(probe.persona, type_name) or probe.has_closed_parent(type_name):
                assert node is None
            else:
                probe.assert_record(type_name, node)
        probe.cells["by id"] += len(fields(type_name))


async def test_viewer_is_the_signed_in_user(probe: Probe) -> None:
    answer = await probe.ask("{ viewer { " + all_leaves("User") + " } }")
    assert denied(answer) == probe.denials("User")
    if is_closed(probe.persona, "User"):
        assert answer.data["viewer"] is None
    else:
        probe.assert_record("User", answer.data["viewer"])
        me = spelled_id("Employee", probe.truth.employee(probe.persona))
        assert answer.data["viewer"]["employee"] == {"id": me}


@covers("D-32")
@pytest.mark.parametrize("depth", [1, 2, pytest.param(3, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("type_name", DAILY)
async def test_selected_through_links(probe_per_profile: Probe, type_name: str, depth: int) -> None:
    """Each link of a path applies the rights of its target."""
    if is_closed(probe_per_profile.persona, type_name):
        return
    for path in paths(type_name, depth):
        if len(path) != depth or not open_path(probe_per_profile, path[:-1]):
            continue
        target = path[-1].target
        inner = all_leaves(target)
        expected: Denied = probe_per_profile.denials(path[-1].owner, [path[-1].name])
        if not expected:
            expected = probe_per_profile.denials(target)
        for edge in reversed(path):
            inner = edge.select(inner, first=3 if depth < 3 else 2)  # within the limit of objects
        answer = await probe_per_profile.ask(
            f"{{ {LIST_ROOT[type_name]}(first: 6) {{ nodes {{ {inner} }} }} }}"
        )
        assert denied(answer) == expected, (path, answer.body)
        reached = [answer.data[LIST_ROOT[type_name]]]
        for name in ("nodes", *(name for edge in path for name in _steps(edge.name, edge.many))):
            stepped = [one[name] for one in reached if one is not None]
            reached = [x for one in stepped for x in (one if isinstance(one, list) else [one])]
        if open_path(probe_per_profile, path):
            for node in filter(None, reached):
                probe_per_profile.assert_record(target, node)
        else:
            assert not any(reached)
        probe_per_profile.cells[f"through {len(path)}"] += len(fields(target))


def _steps(name: str, many: bool) -> tuple[str, ...]:
    return (name, "nodes") if many else (name,)


@pytest.mark.parametrize("type_name", DAILY)
async def test_strict_access_refuses_denied_fields(probe: Probe, type_name: str) -> None:
    """With `X-Access: strict` each denial is an error; without denials nothing changes."""
    if is_redundant(probe.persona, type_name):
        return
    id = some_id(probe, type_name)
    for field in fields(type_name):
        selected = leaf(type_name, field)
        found = level(probe.persona, type_name, field)
        for query in (
            f"{{ {LIST_ROOT[type_name]}(first: 2) {{ nodes {{ {selected} }} }} }}",
            f'{{ {BY_ID_ROOT[type_name]}(id: "{id}") {{ {selected} }} }}',
            f'{{ node(id: "{id}") {{ ... on {type_name} {{ {selected} }} }} }}',
        ):
            answer = await probe.ask(query, x_access="strict")
            probe.cells["strict"] += 1
            if found is Level.OPEN:
                plain = await probe.ask(query)
                assert answer.data == plain.data
                continue
            assert answer.codes == ["FIELD_FORBIDDEN"], (query, answer.body)
            if is_closed(probe.persona, type_name):
                named = {"type": type_name, "field": ""}
            elif found is Level.CLOSED:
                named = {"type": target_of(type_name, field), "field": ""}
            else:
                named = {"type": type_name, "field": field}
            assert answer.json["errors"][0]["extensions"]["fields"] == [named]
            assert answer.json.get("data") is None


@covers("D-34")
async def test_custom_attributes_selected(probe: Probe) -> None:
    """A closed attribute is absent, and its key answers as a nonexistent one."""
    for type_name in ("Account", "Opportunity"):
        root = LIST_ROOT[type_name]
        for key in attributes(type_name):
            selection = f'attributes(keys: ["{key}"]) {{ key label kind text number date boolean }}'
            answer = await probe.ask(f"{{ {root}(first: 100) {{ nodes {{ id {selection} }} }} }}")
            returned = [node["attributes"] for node in answer.data[root]["nodes"]]
            probe.cells["attribute select"] += 1
            if attribute_level(probe.persona, type_name, key) is Level.OPEN:
                assert all([value["key"] for value in values] == [key] for values in returned)
                continue
            other = await probe.ask(
                f"{{ {root}(first: 100) {{ nodes {{ id {selection.replace(key, 'nonesuch')} }} }} }}"
            )
            assert not any(returned)
            assert answer.data == other.data
            assert denied(answer) == denied(other)


def test_generated_selections_are_complete() -> None:
    """Minimum numbers of types, links, paths and measures."""
    assert (
        set(LIST_ROOT) == set(BY_ID_ROOT) == set(PREFIX) - {HISTORY, *SINGLETON_ROOT} == set(LISTED)
    )
    assert sum(len(edges(type_name)) for type_name in LISTED) >= 60
    assert sum(1 for type_name in LISTED for _ in paths(type_name, 2)) >= 220
    assert len(list(measures("Opportunity"))) >= 49
    assert len(list(attribute_comparisons("Opportunity"))) >= 32
