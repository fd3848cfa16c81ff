"""All audits of graphql-http, by the authors of the GraphQL-over-HTTP specification, pass (F1)."""

import json

from tests.support.covers import covers
from tests.support.node import run
from tests.support.world import World

AUDITS = 61


@covers("F1")
async def test_every_audit_of_graphql_over_http_passes(world: World, port: int) -> None:
    token = await world.token("rep1")
    audits = json.loads(await run("audits.mjs", f"http://127.0.0.1:{port}/graphql", token))
    failed = [audit for audit in audits if audit["status"] != "ok"]
    assert not failed, json.dumps(failed, indent=1)
    assert len(audits) == AUDITS
