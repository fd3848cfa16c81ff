"""What the guide tells writers of clients to do, done word for word."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from tests.live.clients import line
from tests.live.live_tenant import LiveTenant
from tests.live.wire import PATIENCE
from tests.support.covers import covers
from tests.support.node import install
from web.node import environment, node

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
async def test_guide_client_survives_a_disconnect(here: LiveTenant) -> None:
    clients = await asyncio.to_thread(install)
    _, code = JAVASCRIPT.findall((ROOT / "docs" / "guide" / "live-updates.md").read_text())
    given = {"TOKEN": await here.token("admin")}
    async with line(here.port) as cable:
        code = code.replace("ws://127.0.0.1:8000", f"ws://127.0.0.1:{cable.port}")
        process = await asyncio.create_subprocess_exec(
            node(),
            *("--input-type=module", "-e", AROUND % code),
            cwd=clients,
            env=environment(node()) | given,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        told, process_in = process.stdout, process.stdin
        assert told
        assert process_in

        async def until(id: str, name: str) -> None:
            while rows.get(id) != name:
                said = await asyncio.wait_for(told.readline(), PATIENCE)
                rows.update(json.loads(said))

        rows: dict[str, str] = {}
        query = "{ opportunities(filter: {status: {eq: OPEN}}, first: 1) { nodes { id name } } }"
        (first,) = (await here.own.ask("admin", query)).data["opportunities"]["nodes"]
        await until(first["id"], first["name"])
        await until(first["id"], await here.rename(first["id"]))
        cable.cut()
        missed = await here.rename(first["id"])
        cable.mend()
        await until(first["id"], missed)
        process_in.close()
        assert await process.wait() == 0
