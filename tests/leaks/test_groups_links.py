"""Group keys, measures and orders through a hidden reference or into a closed type are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.leaks.channels import measure, measures, sorted_through
from tests.leaks.groups import grouped, keys
from tests.leaks.probe import denied
from tests.leaks.test_rights import LINKS
from tests.leaks.truth import scratch_tenant
from tests.proof.contract import REFERENCES
from tests.support.covers import covers
from tests.support.world import World

TYPES = ("Opportunity", "Account", "Employee", "Person")


def queries_through_references(type_name: str) -> Iterator[tuple[tuple[tuple[str, str], ...], str]]:
    """(references, query) of every group key, measure and order that uses references."""
    for key in keys(type_name, 2):
        if key.path:
            references = tuple((edge.owner, edge.name) for edge in key.path)
            yield references, grouped(type_name, f"groupBy: [{key.by}]")
            yield (
                references,
                grouped(type_name, f"groupBy: [{key.by}] first: 1", f"{key.shown} count"),
            )
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
async def test_hidden_reference_in_groups_is_refused(world: World) -> None:
    """Queries through a hidden reference are FIELD_FORBIDDEN; all others succeed."""
    async with scratch_tenant(world, "linkless-groups") as tenant:
        for entity, field in LINKS:
            await world.admin.execute(
                f"DELETE FROM {world.schema(tenant)}.field_permission WHERE entity = $1 AND field = $2",  # noqa: S608
                entity, field,
            )  # fmt: skip
        await world.bump_access_version(tenant)
        refused = 0
        for type_name in TYPES:
            for references, query in queries_through_references(type_name):
                answer = await world.ask("rep1", f"{{ {query} }}", tenant=tenant)
                hidden = [reference for reference in references if reference in LINKS]
                if not hidden:
                    assert answer.codes == [], (query, answer.body)
                    continue
                assert answer.codes == ["FIELD_FORBIDDEN"], (query, answer.body)
                assert answer.json.get("data") is None
                named = answer.json["errors"][0]["extensions"]["fields"]
                entity, field = hidden[0]
                assert {"type": entity, "field": field} in named, (query, named)
                refused += 1
        assert refused > 60


@covers("D-31", "D-34")
@pytest.mark.parametrize("closed_type", ["Account", "Employee", "Stage"])
async def test_closed_type_in_groups_is_refused(world: World, closed_type: str) -> None:
    """Neither keys nor counts through a reference reach a closed type."""
    async with scratch_tenant(world, f"closed-{closed_type.lower()}") as tenant:
        await world.admin.execute(
            f"DELETE FROM {world.schema(tenant)}.object_permission WHERE entity = $1",  # noqa: S608
            closed_type,
        )
        await world.bump_access_version(tenant)
        refused = 0
        for type_name in {"Opportunity", "Account", "Person"} - {closed_type}:
            for references, query in queries_through_references(type_name):
                answer = await world.ask("rep1", f"{{ {query} }}", tenant=tenant)
                if closed_type not in {REFERENCES[owner][name] for owner, name in references}:
                    assert answer.codes == [], (query, answer.body)
                    continue
                assert answer.codes == ["FIELD_FORBIDDEN"], (query, answer.body)
                named = answer.json["errors"][0]["extensions"]["fields"]
                assert {"type": closed_type, "field": ""} in named, (query, named)
                refused += 1
        assert refused > 10
        plain = "{ opportunitiesAggregate { groups { count } } opportunities { totalCount } }"
        answer = await world.ask("rep1", plain, tenant=tenant)
        assert denied(answer) == set()
