"""Keys, counts and measures of groups equal those computed from the rows that the persona sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.leaks.channels import measure, measures
from tests.leaks.expected_view import ExpectedView
from tests.leaks.groups import Key, grouped, keys
from tests.leaks.probe import Probe, denied
from tests.leaks.test_groups_refused import first_closed
from tests.leaks.truth import Truth, load, scratch_tenant
from tests.proof.contract import GROUPS_OF, PREFIX
from tests.proof.daily import GROUPED
from tests.proof.rights import PERSONA_PER_PROFILE, Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

Measures = list[tuple[str, str]]


def readable_measures(persona: str, type_name: str) -> Measures:
    """(function, field) of each measure permitted for the persona."""
    may = {Level.OPEN, Level.RULED}
    return [(f, name) for f, name in measures(type_name) if level(persona, type_name, name) in may]


def selected(type_name: str, selection: Measures) -> str:
    """The measures as a selection."""
    by_function: dict[str, list[str]] = defaultdict(list)
    for function, name in selection:
        by_function[function].append(measure(type_name, function, name))
    return " ".join(f"{f} {{ {' '.join(fields)} }}" for f, fields in by_function.items())


def shown_key(by: Iterable[Key], group: dict[str, Any]) -> tuple[Any, ...]:
    """The key values of a group in a response."""
    found = []
    for at, key in enumerate(by):
        value = group[f"k{at}"]
        for edge in key.path:
            value = value[edge.name]
        value = value[key.name]
        found.append(value["id"] if isinstance(value, dict) else value)
    return tuple(found)


async def check(
    probe: Probe, view: ExpectedView, type_name: str, by: list[Key], selection: Measures
) -> None:
    """Assert that the groups by these keys and their measures are the expected ones."""
    expected = {
        key: {"count": len(rows)}
        | {f"{f}.{name}": view.measure(type_name, f, name, rows) for f, name in selection}
        for key, rows in view.groups(type_name, by).items()
    }
    known = frozenset(text for key, of in expected.items() for text in (*texts(key), *texts(of)))
    inner = f"{selected(type_name, selection)} count " + " ".join(
        f"k{at}: {key.shown}" for at, key in enumerate(by)
    )
    keyed = f"groupBy: [{', '.join(key.by for key in by)}]"
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for skip in range(0, len(expected), 100):
        query = f"{{ {grouped(type_name, f'{keyed} skip: {skip}', inner)} }}"
        read = (await probe.ask_allowing(query, known)).data[GROUPS_OF[type_name]]
        assert read["groupCount"] == len(expected), (probe.persona, query)
        for group in read["groups"]:
            key = shown_key(by, group)
            assert key not in found, query
            found[key] = {"count": group["count"]} | {f"{f}.{n}": group[f][n] for f, n in selection}
    assert found == expected, (probe.persona, keyed)
    probe.cells["group shown"] += len(expected) * (1 + len(selection))


def texts(value: Any) -> Iterator[str]:
    """All leaf values of a part of a response, as text."""
    if isinstance(value, dict):
        yield from (text for inner in value.values() for text in texts(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in texts(inner))
    else:
        yield str(value)


@covers("D-31", "D-32", "D-43")
@pytest.mark.parametrize("far", ["some", pytest.param("all", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("type_name", GROUPED)
async def test_groups_by_each_open_key(probe_per_profile: Probe, type_name: str, far: str) -> None:
    """Hidden rows are not counted, and groups of only hidden rows do not appear.

    In the daily run, one persona tests a key through two links; in the nightly run, each persona does.
    """
    if is_closed(probe_per_profile.persona, type_name):
        return
    view = ExpectedView(probe_per_profile.truth, probe_per_profile.persona)
    selection = readable_measures(probe_per_profile.persona, type_name)
    turn = (
        sorted(PERSONA_PER_PROFILE).index(probe_per_profile.persona)
        if probe_per_profile.persona in PERSONA_PER_PROFILE
        else 0
    )
    open_keys = [
        key
        for at, key in enumerate(keys(type_name, 2))
        if far == "all" or len(key.path) < 2 or at % len(PERSONA_PER_PROFILE) == turn
        if first_closed(probe_per_profile, key.fields_used) is None
    ]
    assert open_keys
    for at, key in enumerate(open_keys):
        some = selection[at % 5 :: 5]  # each key with a fifth of the measures
        await check(probe_per_profile, view, type_name, [key], some)


@covers("D-31", "D-32", "D-43")
async def test_measures_without_group_keys(probe: Probe) -> None:
    """Every measure of every type over exactly the visible records."""
    for type_name in GROUPS_OF:
        if not is_closed(probe.persona, type_name):
            selection = readable_measures(probe.persona, type_name)
            await check(probe, ExpectedView(probe.truth, probe.persona), type_name, [], selection)


@covers("D-32", "D-43")
@pytest.mark.parametrize(
    "inner",
    [
        "groupCount",
        "groups { __typename }",
        "groups { key { __typename } }",
        "groups { sum { __typename } }",
    ],
)
async def test_without_keys_there_is_one_group(probe_per_profile: Probe, inner: str) -> None:
    """Also without a selected count and without records."""
    for narrowed in ("", "(filter: { id: { in: [] } })"):
        answer = await probe_per_profile.ask(
            f"{{ opportunitiesAggregate{narrowed} {{ {inner} }} }}"
        )
        read = answer.data["opportunitiesAggregate"]
        assert (read["groupCount"] if inner == "groupCount" else len(read["groups"])) == 1


@covers("D-31", "D-32")
async def test_groups_by_several_keys(probe: Probe) -> None:
    key_sets = {
        (("stage", "name"), ("currency",)),
        (("owner", "record"), ("expectedCloseOn", "QUARTER")),
        (("account", "owner", "name"), ("status",), ("createdAt", "YEAR")),
    }
    view, by_name = ExpectedView(probe.truth, probe.persona), {}
    for key in keys("Opportunity", 2):
        bucket = (key.bucket,) if key.bucket else ()
        by_name[(*(edge.name for edge in key.path), key.name, *bucket)] = key
    selection = readable_measures(probe.persona, "Opportunity")
    for names in sorted(key_sets):
        await check(probe, view, "Opportunity", [by_name[name] for name in names], selection[::3])


@covers("D-31", "D-32")
async def test_groups_by_record_contain_only_visible_records(probe: Probe) -> None:
    """Grouped by the record itself, each visible record has one group with count 1."""
    for type_name in GROUPS_OF:
        if not is_closed(probe.persona, type_name):
            query = f"{{ {grouped(type_name, 'groupBy: [{ record: true }]', 'count key { record { id } }')} }}"
            read = (await probe.ask(query)).data[GROUPS_OF[type_name]]
            visible = {
                f"{PREFIX[type_name]}_{id.hex}"
                for id in probe.truth.visible(probe.persona, type_name)
            }
            assert read["groupCount"] == len(visible)
            assert {group["key"]["record"]["id"] for group in read["groups"]} <= visible
            assert {group["count"] for group in read["groups"]} == ({1} if visible else set())


RECORDS = (
    ("Opportunity", "account", "id name phone employeeCount websiteDomain", "Account"),
    ("Opportunity", "owner", "id initials users { totalCount nodes { id version } }", "Employee"),
    ("Opportunity", "stage", "id pipelines { totalCount }", "Stage"),
    ("Person", "type", "id name persons { nodes { updatedAt fullName } }", "PersonType"),
)
"""Records of group keys, with selections that contain closed fields for some personas."""


@covers("D-31")
@pytest.mark.parametrize(("type_name", "edge", "inner", "target"), RECORDS)
async def test_record_of_group_key_equals_read_by_id(
    probe: Probe, type_name: str, edge: str, inner: str, target: str
) -> None:
    """Values and denials are the same as for the record's root field."""
    by = f"groupBy: [{{ {edge}: {{ record: true }} }}] first: 5"
    query = f"{{ {grouped(type_name, by, f'key {{ {edge} {{ record {{ {inner} }} }} }}')} }}"
    answer = await probe.ask(query)
    single = target[0].lower() + target[1:]
    for group in answer.data[GROUPS_OF[type_name]]["groups"]:
        if record := group["key"][edge]["record"]:
            plain = await probe.ask(f'{{ read: {single}(id: "{record["id"]}") {{ {inner} }} }}')
            assert plain.data["read"] == record
            assert denied(plain) == denied(answer)
            probe.cells["group record"] += 1
    strict = await probe.ask(query, x_access="strict")
    assert bool(strict.codes) == bool(denied(answer))


@covers("D-32", "D-34")
async def test_reference_to_invisible_record_is_null_key(world: World, cells: Counter[str]) -> None:
    """With accounts visible only to their owners: one null group, and `countUnique` omits hidden accounts."""
    async with scratch_tenant(world, "narrow-groups") as tenant:
        await world.admin.execute(
            f"UPDATE {world.schema(tenant)}.object_permission SET rows = 'OWN' WHERE entity = 'Account'"  # noqa: S608
        )
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        for persona in ("manager", "rep1", "support", "limited"):
            probe, view = narrowed(world, truth, persona, cells)
            by_account = [
                k for k in keys("Opportunity", 2) if k.path and k.path[0].name == "account"
            ]
            selection = [("countUnique", "account"), ("countUnique", "owner")]
            for key in by_account:
                if first_closed(probe, key.fields_used) is None:
                    await check(probe, view, "Opportunity", [key], selection)
            parents = [k for k in keys("Account", 1) if k.path and k.path[0].name == "parent"]
            for key in parents:
                if first_closed(probe, key.fields_used) is None:
                    found = [("countUnique", "parent"), ("percentEmpty", "parent")]
                    await check(probe, view, "Account", [key], found)
            hidden = set(truth.live("Account")) - set(view.visible("Account"))
            assert len(hidden) > 5


def narrowed(
    world: World, truth: Truth, persona: str, cells: Counter[str]
) -> tuple[Probe, ExpectedView]:
    """A probe and expected view of a persona where accounts are visible to owners and their managers only."""
    mine = truth.viewer(persona).tree
    own = frozenset(id for id, row in truth.live("Account").items() if row["owner_id"] in mine)
    hidden = frozenset(id.hex for id in set(truth.rows["Account"]) - own)
    return Probe(world, persona, truth, hidden, cells), ExpectedView(
        truth, persona, visible_ids={"Account": own}
    )
