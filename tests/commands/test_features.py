"""Features that are switched off: their records can be neither read nor written, and none of them is lost."""

from __future__ import annotations

import pytest

from domain.setup import FEATURE_ENTITIES, FeatureKey
from schema.api import EXPOSED
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, uuid_of

FEATURES = "{ features(first: 10) { nodes { id key enabled } } }"
CASES = "{ cases(first: 1) { totalCount } accounts(first: 1) { nodes { cases { totalCount } } } }"
CREATE = 'mutation { done: caseCreate(input: {subject: "x"}) { userErrors { code path } } }'
LISTS = [each.plural for each in EXPOSED if not each.is_singleton]


async def switch(tenant: TenantClient, key: FeatureKey, on: bool) -> str:
    """Switch a feature as an administrator; its id."""
    answer = await tenant.ask("admin", FEATURES)
    [id] = [each["id"] for each in answer.data["features"]["nodes"] if each["key"] == key]
    await tenant.mutate("admin", "featureUpdate", id=id, enabled=on)
    return str(id)


@covers("VN-02", "VN-05")
@pytest.mark.parametrize("persona", ["admin", "rep1", "support"])
async def test_records_of_a_feature_that_is_off_are_closed_to_all_users(
    tenant: TenantClient, persona: str
) -> None:
    before = await tenant.ask("admin", "{ cases(first: 1) { totalCount } }")
    await switch(tenant, FeatureKey.CASES, on=False)
    try:
        read = await tenant.ask(persona, CASES)
        assert read.data["cases"] is None
        assert all(each["cases"] is None for each in read.data["accounts"]["nodes"])
        denied = read.json["extensions"]["access"]["denied"]
        assert {"type": "Case", "field": "", "reason": "feature"} in denied
        refused = await tenant.ask(persona, CREATE)
        assert refused.codes == ["FORBIDDEN"]
        [error] = refused.json["errors"]
        assert error["extensions"]["feature"] == "CASES"
        assert "switched off" in error["message"]
    finally:
        await switch(tenant, FeatureKey.CASES, on=True)
    assert (await tenant.ask("admin", "{ cases(first: 1) { totalCount } }")).data == before.data


@covers("VN-01", "VN-02", "VN-04")
@pytest.mark.parametrize("key", FeatureKey)
async def test_each_feature_closes_exactly_its_own_object_types(
    tenant: TenantClient, key: FeatureKey
) -> None:
    """All other object types stay readable."""
    await switch(tenant, key, on=False)
    try:
        closed = set()
        for root in LISTS:
            answer = await tenant.ask("admin", f"{{ found: {root}(first: 1) {{ totalCount }} }}")
            if answer.data["found"] is None:
                closed |= {d["type"] for d in answer.json["extensions"]["access"]["denied"]}
        assert closed == FEATURE_ENTITIES[key]
    finally:
        await switch(tenant, key, on=True)


@covers("VN-05")
async def test_only_administrators_switch_features_and_the_history_records_it(
    tenant: TenantClient,
) -> None:
    id = await switch(tenant, FeatureKey.DUPLICATES, on=False)
    query = "mutation ($i: FeatureUpdateInput!) { done: featureUpdate(input: $i) { userErrors { code } } }"
    refused = await tenant.ask("director", query, {"i": {"id": id, "enabled": True}})
    assert outcome_of(refused) == "FORBIDDEN"
    rows = await tenant.fetch("SELECT enabled FROM feature WHERE id = $1", uuid_of(id))
    assert [row["enabled"] for row in rows] == [False]
    result = await tenant.ask(
        "admin", "query ($id: ID!) { feature(id: $id) { history(last: 1) { nodes { field before after user { id } } } } }",
        {"id": id},
    )  # fmt: skip
    [change] = result.data["feature"]["history"]["nodes"]
    assert (change["field"], change["before"], change["after"]) == ("enabled", "true", "false")
    assert change["user"] is not None
    await switch(tenant, FeatureKey.DUPLICATES, on=True)
