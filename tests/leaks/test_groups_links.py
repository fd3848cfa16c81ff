"""No key, measure or order of groups goes through a reference that is hidden, or to a module that is closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.leaks.channels import measure, measures, sorted_through
from tests.leaks.groups import grouped, keys
from tests.leaks.probe import denied
from tests.leaks.test_rights import LINKS
from tests.leaks.truth import own_tenant
from tests.proof.contract import REFERENCES
from tests.support.covers import covers
from tests.support.world import World

ASKED = ("Opportunity", "Account", "Employee", "User")


def ways(type_name: str) -> Iterator[tuple[tuple[tuple[str, str], ...], str]]:
    """(references gone through, question) of every way that groups go through references."""
    for key in keys(type_name, 2):
        if key.path:
            gone = tuple((edge.owner, edge.name) for edge in key.path)
            yield gone, grouped(type_name, f"groupBy: [{key.by}]")
            yield gone, grouped(type_name, f"groupBy: [{key.by}] first: 1", f"{key.shown} count")
    for function, name in measures(type_name):
        if name in REFERENCES.get(type_name, {}):
            inner = f"{function} {{ {measure(type_name, function, name)} }}"
            yield ((type_name, name),), grouped(type_name, "", inner)
            yield ((type_name, name),), grouped(type_name, "groupBy: [{ record: true }]", inner)
    for edge in sorted_through(type_name):
        order = f"{{ key: {{ {edge.name}: {{ id: ASC }} }} }}"
        arguments = f"groupBy: [{{ record: true }}] orderBy: [{order}]"
        yield ((type_name, edge.name),), grouped(type_name, arguments)


@covers("D-31")
async def test_nothing_goes_through_a_hidden_reference(world: World) -> None:
    """Case 36: what may not be read of one record is not told of many; every other way is answered."""
    async with own_tenant(world, "linkless-groups") as tenant:
        for entity, field in LINKS:
            await world.admin.execute(
                f"DELETE FROM {world.schema(tenant)}.field_permission WHERE entity = $1 AND field = $2",  # noqa: S608
                entity, field,
            )  # fmt: skip
        await world.rights_changed(tenant)
        refused = 0
        for type_name in ASKED:
            for gone, question in ways(type_name):
                answer = await world.ask("rep1", f"{{ {question} }}", tenant=tenant)
                hidden = [one for one in gone if one in LINKS]
                if not hidden:
                    assert answer.codes == [], (question, answer.body)
                    continue
                assert answer.codes == ["FIELD_FORBIDDEN"], (question, answer.body)
                assert answer.json.get("data") is None
                named = answer.json["errors"][0]["extensions"]["fields"]
                entity, field = hidden[0]
                assert {"type": entity, "field": field} in named, (question, named)
                refused += 1
        assert refused > 60


@covers("D-31", "D-34")
@pytest.mark.parametrize("module", ["Account", "Employee", "Stage"])
async def test_nothing_goes_into_a_closed_module(world: World, module: str) -> None:
    """Neither its fields nor its records are keys, and its records are not counted through a reference."""
    async with own_tenant(world, f"closed-{module.lower()}") as tenant:
        await world.admin.execute(
            f"DELETE FROM {world.schema(tenant)}.object_permission WHERE entity = $1",  # noqa: S608
            module,
        )
        await world.rights_changed(tenant)
        refused = 0
        for type_name in {"Opportunity", "Account", "User"} - {module}:
            for gone, question in ways(type_name):
                answer = await world.ask("rep1", f"{{ {question} }}", tenant=tenant)
                if module not in {REFERENCES[owner][name] for owner, name in gone}:
                    assert answer.codes == [], (question, answer.body)
                    continue
                assert answer.codes == ["FIELD_FORBIDDEN"], (question, answer.body)
                named = answer.json["errors"][0]["extensions"]["fields"]
                assert {"type": module, "field": ""} in named, (question, named)
                refused += 1
        assert refused > 10
        plain = "{ opportunitiesAggregate { groups { count } } opportunities { totalCount } }"
        answer = await world.ask("rep1", plain, tenant=tenant)
        assert denied(answer) == set()
