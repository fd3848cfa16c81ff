"""Errors on sockets are in the language of the handshake, also in lists that subscribers share."""

from __future__ import annotations

import pytest

from schema.engine.languages import LANGUAGES
from tests.live.live_tenant import LiveTenant
from tests.live.wire import wire
from tests.support.covers import covers

TOO_MANY = "subscription { opportunities(first: 1001) { kind } }"
MISTAKE = "{ opportunities(first: 0) { totalCount } }"
UPDATE = 'mutation { accountCreate(input: { name: "x", country: "Nowhere" }) { userErrors { code message } } }'


@covers("D-35")
@pytest.mark.parametrize("tag", ["de", "nl", "sv"])
async def test_errors_are_in_the_language_of_the_handshake(tenant: LiveTenant, tag: str) -> None:
    sentences = LANGUAGES[tag].sentences
    async with (
        wire(tenant.port, headers={"accept-language": tag}) as ws,
        wire(tenant.port) as other,
    ):
        for each in (ws, other):
            await each.init(await tenant.token("admin"))
            await each.subscribe("list", TOO_MANY)
            await each.subscribe("query", MISTAKE)
        found = {}
        for each in (ws, other):
            for id in ("list", "query"):
                message = await each.receive(id)
                assert message["type"] == "error"
                found[each is ws, id] = message["payload"][0]
        for id in ("list", "query"):
            translated, english = found[True, id], found[False, id]
            assert translated["extensions"] == english["extensions"]
            assert translated["message"] != english["message"]
        payload = await ws.execute("write", UPDATE)
        [error] = payload["data"]["accountCreate"]["userErrors"]
        assert error["code"] == "INVALID"
        assert error["message"] in sentences.values()
