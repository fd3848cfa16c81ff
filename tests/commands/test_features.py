"""Features that are switched off: nobody reads or writes what belongs to them, and nothing of it is lost."""

from __future__ import annotations

import pytest

from domain.setup import SWITCHED, FeatureKey
from schema.api import EXPOSED
from tests.support.covers import covers
from tests.writes.parallel import Own, came, kept

FEATURES = "{ features(first: 10) { nodes { id key enabled } } }"
CASES = "{ cases(first: 1) { totalCount } accounts(first: 1) { nodes { cases { totalCount } } } }"
CREATE = 'mutation { done: caseCreate(input: {subject: "x"}) { userErrors { code path } } }'
LISTS = [each.plural for each in EXPOSED if not each.is_singleton]


async def switch(own: Own, key: FeatureKey, on: bool) -> str:
    """Switch a feature as an administrator does; its id."""
    answer = await own.ask("admin", FEATURES)
    [id] = [each["id"] for each in answer.data["features"]["nodes"] if each["key"] == key]
    await own.done("admin", "featureUpdate", id=id, enabled=on)
    return str(id)


@covers("VN-02", "VN-05")
@pytest.mark.parametrize("persona", ["admin", "rep1", "support"])
async def test_what_is_switched_off_is_shut_to_everybody(own: Own, persona: str) -> None:
    before = await own.ask("admin", "{ cases(first: 1) { totalCount } }")
    await switch(own, FeatureKey.CASES, on=False)
    try:
        read = await own.ask(persona, CASES)
        assert read.data["cases"] is None
        assert all(each["cases"] is None for each in read.data["accounts"]["nodes"])
        denied = read.json["extensions"]["access"]["denied"]
        assert {"type": "Case", "field": "", "reason": "feature"} in denied
        wrote = await own.ask(persona, CREATE)
        assert wrote.codes == ["FORBIDDEN"]
        [error] = wrote.json["errors"]
        assert error["extensions"]["feature"] == "CASES"
        assert "switched off" in error["message"]
    finally:
        await switch(own, FeatureKey.CASES, on=True)
    assert (await own.ask("admin", "{ cases(first: 1) { totalCount } }")).data == before.data


@covers("VN-01", "VN-02", "VN-04")
@pytest.mark.parametrize("key", FeatureKey)
async def test_each_feature_shuts_what_belongs_to_it(own: Own, key: FeatureKey) -> None:
    """Every other kind of record stays as it was."""
    await switch(own, key, on=False)
    try:
        shut = set()
        for root in LISTS:
            answer = await own.ask("admin", f"{{ found: {root}(first: 1) {{ totalCount }} }}")
            if answer.data["found"] is None:
                shut |= {d["type"] for d in answer.json["extensions"]["access"]["denied"]}
        assert shut == SWITCHED[key]
    finally:
        await switch(own, key, on=True)


@covers("VN-05")
async def test_switching_is_for_administrators_and_is_told_in_the_history(own: Own) -> None:
    id = await switch(own, FeatureKey.DUPLICATES, on=False)
    query = "mutation ($i: FeatureUpdateInput!) { done: featureUpdate(input: $i) { userErrors { code } } }"
    refused = await own.ask("director", query, {"i": {"id": id, "enabled": True}})
    assert came(refused) == "FORBIDDEN"
    rows = await own.fetch("SELECT enabled FROM feature WHERE id = $1", kept(id))
    assert [row["enabled"] for row in rows] == [False]
    told = await own.ask(
        "admin", "query ($id: ID!) { feature(id: $id) { history(last: 1) { nodes { field before after user { id } } } } }",
        {"id": id},
    )  # fmt: skip
    [change] = told.data["feature"]["history"]["nodes"]
    assert (change["field"], change["before"], change["after"]) == ("enabled", "true", "false")
    assert change["user"] is not None
    await switch(own, FeatureKey.DUPLICATES, on=True)
