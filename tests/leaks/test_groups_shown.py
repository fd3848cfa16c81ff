"""Groups hold what the persona sees and nothing else: keys, counts and measures are those of the tests' own reckoning."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.leaks.channels import measure, measures
from tests.leaks.groups import Key, grouped, keys
from tests.leaks.probe import Probe, denied
from tests.leaks.tally import View
from tests.leaks.test_groups_refused import first_shut
from tests.leaks.truth import Truth, load, own_tenant
from tests.proof.contract import GROUPS_OF, PREFIX
from tests.proof.daily import GROUPED
from tests.proof.rights import ONE_EACH, Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

Measures = list[tuple[str, str]]


def readable_measures(persona: str, type_name: str) -> Measures:
    """(function, field) of all that he may measure."""
    may = {Level.OPEN, Level.RULED}
    return [(f, name) for f, name in measures(type_name) if level(persona, type_name, name) in may]


def selected(type_name: str, chosen: Measures) -> str:
    """These measures as a selection."""
    by_function: dict[str, list[str]] = defaultdict(list)
    for function, name in chosen:
        by_function[function].append(measure(type_name, function, name))
    return " ".join(f"{f} {{ {' '.join(fields)} }}" for f, fields in by_function.items())


def shown_key(by: Iterable[Key], group: dict[str, Any]) -> tuple[Any, ...]:
    """The keys that an answered group shows."""
    found = []
    for at, key in enumerate(by):
        value = group[f"k{at}"]
        for edge in key.path:
            value = value[edge.name]
        value = value[key.name]
        found.append(value["id"] if isinstance(value, dict) else value)
    return tuple(found)


async def check(probe: Probe, view: View, type_name: str, by: list[Key], chosen: Measures) -> None:
    """All groups by these keys are the expected ones, with their measures."""
    expected = {
        key: {"count": len(rows)}
        | {f"{f}.{name}": view.measure(type_name, f, name, rows) for f, name in chosen}
        for key, rows in view.groups(type_name, by).items()
    }
    known = frozenset(text for key, of in expected.items() for text in (*texts(key), *texts(of)))
    inner = f"{selected(type_name, chosen)} count " + " ".join(
        f"k{at}: {key.shown}" for at, key in enumerate(by)
    )
    keyed = f"groupBy: [{', '.join(key.by for key in by)}]"
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for skip in range(0, len(expected), 100):
        query = f"{{ {grouped(type_name, f'{keyed} skip: {skip}', inner)} }}"
        read = (await probe.ask_reckoned(query, known)).data[GROUPS_OF[type_name]]
        assert read["groupCount"] == len(expected), (probe.persona, query)
        for group in read["groups"]:
            key = shown_key(by, group)
            assert key not in found, query
            found[key] = {"count": group["count"]} | {f"{f}.{n}": group[f][n] for f, n in chosen}
    assert found == expected, (probe.persona, keyed)
    probe.cells["group shown"] += len(expected) * (1 + len(chosen))


def texts(value: Any) -> Iterator[str]:
    """Everything that is said in a value of an answer."""
    if isinstance(value, dict):
        yield from (text for inner in value.values() for text in texts(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in texts(inner))
    else:
        yield str(value)


@covers("D-31", "D-32", "D-43")
@pytest.mark.parametrize("far", ["some", pytest.param("all", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("type_name", GROUPED)
async def test_groups_by_every_open_key(one_each: Probe, type_name: str, far: str) -> None:
    """Private rows never count, and groups of nothing but them do not appear.

    By day a key through two links is tried by one of the personas, by night by each of them.
    """
    if is_closed(one_each.persona, type_name):
        return
    view = View(one_each.truth, one_each.persona)
    chosen = readable_measures(one_each.persona, type_name)
    turn = sorted(ONE_EACH).index(one_each.persona) if one_each.persona in ONE_EACH else 0
    open_keys = [
        key
        for at, key in enumerate(keys(type_name, 2))
        if far == "all" or len(key.path) < 2 or at % len(ONE_EACH) == turn
        if first_shut(one_each, key.touched) is None
    ]
    assert open_keys
    for at, key in enumerate(open_keys):
        some = chosen[at % 5 :: 5]  # each key with a fifth of the measures
        await check(one_each, view, type_name, [key], some)


@covers("D-31", "D-32", "D-43")
async def test_all_in_one_group(probe: Probe) -> None:
    """Without keys, every measure of every type over exactly what the persona sees."""
    for type_name in GROUPS_OF:
        if not is_closed(probe.persona, type_name):
            chosen = readable_measures(probe.persona, type_name)
            await check(probe, View(probe.truth, probe.persona), type_name, [], chosen)


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
async def test_without_keys_there_is_one_group(one_each: Probe, inner: str) -> None:
    """Also where nothing of it is counted, and where it is empty: else its records could be counted."""
    for narrowed in ("", "(filter: { id: { in: [] } })"):
        answer = await one_each.ask(f"{{ opportunitiesAggregate{narrowed} {{ {inner} }} }}")
        read = answer.data["opportunitiesAggregate"]
        assert (read["groupCount"] if inner == "groupCount" else len(read["groups"])) == 1


@covers("D-31", "D-32")
async def test_groups_by_several_keys(probe: Probe) -> None:
    wanted = {
        (("stage", "name"), ("currency",)),
        (("owner", "record"), ("expectedCloseOn", "QUARTER")),
        (("account", "owner", "name"), ("status",), ("createdAt", "YEAR")),
    }
    view, by_name = View(probe.truth, probe.persona), {}
    for key in keys("Opportunity", 2):
        bucket = (key.bucket,) if key.bucket else ()
        by_name[(*(edge.name for edge in key.path), key.name, *bucket)] = key
    chosen = readable_measures(probe.persona, "Opportunity")
    for names in sorted(wanted):
        await check(probe, view, "Opportunity", [by_name[name] for name in names], chosen[::3])


@covers("D-31", "D-32")
async def test_nothing_of_what_is_out_of_sight(probe: Probe) -> None:
    """By the record itself: one group for each visible record, of one record, and no other."""
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
    ("User", "employee", "id name users { nodes { updatedAt roles { totalCount } } }", "Employee"),
)
"""Records asked of keys, with fields that are closed to some."""


@covers("D-31")
@pytest.mark.parametrize(("type_name", "edge", "inner", "target"), RECORDS)
async def test_a_record_of_a_key_is_selected_as_everywhere(
    probe: Probe, type_name: str, edge: str, inner: str, target: str
) -> None:
    """Hidden fields of it are null and named, as where the same record is asked for by its id."""
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
async def test_a_reference_to_what_is_out_of_scope_is_no_key(
    world: World, cells: Counter[str]
) -> None:
    """With accounts opened only to their owners: one null group, and `countUnique` does not count them."""
    async with own_tenant(world, "narrow-groups") as tenant:
        await world.admin.execute(
            f"UPDATE {world.schema(tenant)}.object_permission SET rows = 'OWN' WHERE entity = 'Account'"  # noqa: S608
        )
        await world.rights_changed(tenant)
        truth = await load(world, tenant)
        for persona in ("manager", "rep1", "support", "limited"):
            probe, view = narrowed(world, truth, persona, cells)
            by_account = [
                k for k in keys("Opportunity", 2) if k.path and k.path[0].name == "account"
            ]
            chosen = [("countUnique", "account"), ("countUnique", "owner")]
            for key in by_account:
                if first_shut(probe, key.touched) is None:
                    await check(probe, view, "Opportunity", [key], chosen)
            parents = [k for k in keys("Account", 1) if k.path and k.path[0].name == "parent"]
            for key in parents:
                if first_shut(probe, key.touched) is None:
                    found = [("countUnique", "parent"), ("percentEmpty", "parent")]
                    await check(probe, view, "Account", [key], found)
            hidden = set(truth.live("Account")) - set(view.visible("Account"))
            assert len(hidden) > 5


def narrowed(world: World, truth: Truth, persona: str, cells: Counter[str]) -> tuple[Probe, View]:
    """A persona in a tenant whose accounts are seen by their owners and those above them."""
    mine = truth.viewer(persona).tree
    own = frozenset(id for id, row in truth.live("Account").items() if row["owner_id"] in mine)
    hidden = frozenset(id.hex for id in set(truth.rows["Account"]) - own)
    return Probe(world, persona, truth, hidden, cells), View(truth, persona, only={"Account": own})
