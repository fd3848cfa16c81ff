"""Runs the JavaScript client that docs/guide/live-updates.md prints, unchanged."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from tests.live.live_tenant import LiveTenant
from tests.live.node_client import proxy
from tests.live.wire import TIMEOUT
from tests.support.covers import covers
from tests.support.node import install
from web.node import environment, find_node

ROOT = Path(__file__).resolve().parents[2]
JAVASCRIPT = re.compile(r"```js\n(.*?)```", re.DOTALL)
AROUND = """
const freshToken = async () => process.env.TOKEN;
console.log = () => {};
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\\n`);
%s
setInterval(() => print([...rows].map(([id, row]) => [id, row.name])), 50);
process.stdin.on("end", () => process.exit(0)).resume();
"""


@covers("D-61")
async def test_guide_client_survives_a_disconnect(tenant: LiveTenant) -> None:
    clients = await asyncio.to_thread(install)
    _, code = JAVASCRIPT.findall((ROOT / "docs" / "guide" / "live-updates.md").read_text())
    variables = {"TOKEN": await tenant.token("admin")}
    async with proxy(tenant.port) as cable:
        code = code.replace("ws://127.0.0.1:8000", f"ws://127.0.0.1:{cable.port}")
        process = await asyncio.create_subprocess_exec(
            find_node(),
            *("--input-type=module", "-e", AROUND % code),
            cwd=clients,
            env=environment(find_node()) | variables,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        output, process_in = process.stdout, process.stdin
        assert output
        assert process_in

        async def until(id: str, name: str) -> None:
            while rows.get(id) != name:
                line = await asyncio.wait_for(output.readline(), TIMEOUT)
                rows.update(json.loads(line))

        rows: dict[str, str] = {}
        query = "{ opportunities(filter: {status: {eq: OPEN}}, first: 1) { nodes { id name } } }"
        (first,) = (await tenant.client.ask("admin", query)).data["opportunities"]["nodes"]
        await until(first["id"], first["name"])
        await until(first["id"], await tenant.rename(first["id"]))
        cable.cut()
        missed = await tenant.rename(first["id"])
        cable.restore()
        await until(first["id"], missed)
        process_in.close()
        assert await process.wait() == 0
