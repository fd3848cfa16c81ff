"""Executes the code blocks of README, tutorial and guide in order and compares the responses with the pages."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
from graphql import OperationDefinitionNode, OperationType, build_schema, parse, validate
from typer.core import TyperGroup

from cli.main import cli
from cli.servers.embedded import Servers
from tests.examples.conftest import PERSONA
from tests.examples.pages import (
    PAGES,
    REST,
    ROOT,
    Block,
    Names,
    blocks,
    commands,
    documented,
    rewrite,
)
from tests.live.wire import Wire, wire
from tests.support.node import CLIENTS, install
from tests.support.place import temporary_database
from tests.support.world import World, world_on
from tests.writes.client import TenantClient, serve
from web.node import environment, find_node

ADDRESS = re.compile(r"(?:localhost|127\.0\.0\.1):8000")
SCHEMA = build_schema((ROOT / "schema" / "schema.graphql").read_text())
SECONDS = 30


@dataclass
class Reader:
    """Executes the blocks of a page in the demo tenants."""

    world: World
    port: int
    stack: AsyncExitStack
    rewrites: bool = False
    """Whether different responses replace those on the page, if shown without a placeholder."""
    names: Names = field(default_factory=Names)
    answer: Any = None
    """Response or output of the preceding request or program."""
    script: str = ""
    """The JavaScript blocks of the page so far, which form one program."""
    shell: dict[str, str] = field(default_factory=dict)
    socket: Wire | None = None

    async def follow(self, page: list[Block]) -> None:
        """Execute the blocks in order."""
        for number, block in enumerate(page):
            following = page[number + 1 : number + 2]
            variables = [each.text for each in following if "variables" in each.words]
            await self.execute(block, self.names.filled(variables[0]) if variables else "{}")

    async def execute(self, block: Block, variables: str) -> None:
        """Execute one block, or compare the output that it shows."""
        match block.language:
            case "graphql":
                await self.request(block, json.loads(variables))
            case "json" if "variables" not in block.words:
                await self.compare(block)
            case "console":
                await asyncio.to_thread(self.console, block)
            case "python":
                self.answer = await asyncio.to_thread(self.python, block)
            case "js":
                self.script += self.resolved(block.text)
            case "text":
                await self.output(block)
            case "json" | "mermaid":
                pass
            case unknown:
                pytest.fail(f"{block}: {unknown} blocks are not executed; use another language")

    def resolved(self, text: str) -> str:
        """The text with the actual address, ids and tokens."""
        return ADDRESS.sub(f"127.0.0.1:{self.port}", self.names.filled(text))

    async def request(self, block: Block, variables: dict[str, Any]) -> None:
        """Send an operation as the persona of the option `as`, `rep1` by default."""
        text = self.names.filled(block.text)
        document = parse(text)
        assert not validate(SCHEMA, document), f"{block}: {validate(SCHEMA, document)}"
        persona, tenant = block.option("as", "rep1"), block.option("tenant", "acme")
        assert persona
        assert tenant
        operation = next(
            each for each in document.definitions if isinstance(each, OperationDefinitionNode)
        )
        if operation.operation is OperationType.SUBSCRIPTION:
            self.socket = await self.stack.enter_async_context(wire(self.port))
            await self.socket.init(await self.world.token(persona, tenant))
            await self.socket.subscribe("1", text, variables)
            return
        key = block.option("idempotency-key")
        headers = {} if key is None else {"idempotency_key": key}
        answer = await self.world.ask(persona, text, variables, tenant=tenant, **headers)
        self.answer = answer.json
        failing = {each for each in block.words if each == "fails"}
        assert ("errors" in self.answer) == bool(failing), f"{block}: {self.answer}"

    async def compare(self, block: Block) -> None:
        """Compare the shown top-level keys with those of the response."""
        shown = documented(self.names.filled(block.text))
        if "message" in block.words:
            assert self.socket, f"{block}: no subscription is open"
            self.answer = await self.socket.next("1")
        actual = {key: value for key, value in self.answer.items() if key in shown}
        differs = self.names.differs(shown, actual) or (not shown and "the block is empty")
        if differs and self.rewrites and REST not in block.text:
            rewrite(block, {key: self.answer[key] for key in self.answer if key != "extensions"})
            return
        assert not differs, f"{block}: {differs}\n{json.dumps(actual, ensure_ascii=False)}"

    def console(self, block: Block) -> None:
        """Run the commands of a block: those of `dev` are parsed, all others run in a shell."""
        for command in commands(block):
            if command.text.startswith("python3 dev"):
                parsed(shlex.split(command.text)[2:])
                continue
            if "curl" in command.text and not shutil.which("curl"):
                pytest.skip("curl is not installed")
            text = f"{self.resolved(command.text)}\nenv -0 >&3"
            reading, writing = os.pipe()
            done = subprocess.run(
                ["bash", "-ac", f"exec 3>&{writing}; {text}"],
                cwd=ROOT,
                env=os.environ | self.shell,
                pass_fds=[writing],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            os.close(writing)
            with os.fdopen(reading) as after:
                pairs = [each.partition("=") for each in after.read().split("\0") if each]
            self.shell = {name: value for name, _, value in pairs}
            assert not done.returncode, f"{block}: {done.stderr}"
            self._printed(block, command.output, done.stdout.strip())

    def _printed(self, block: Block, shown: str, actual: str) -> None:
        if shown.startswith("{"):
            self.answer = json.loads(actual)
            keys = documented(shown)
            differs = self.names.differs(keys, {each: self.answer.get(each) for each in keys})
        else:
            differs = self.names.differs(shown, actual)
        assert not differs, f"{block}: {differs}"

    def python(self, block: Block) -> str:
        """Output of a Python program."""
        done = subprocess.run(
            [sys.executable, "-c", self.resolved(block.text)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert not done.returncode, f"{block}: {done.stderr}"
        return done.stdout

    async def output(self, block: Block) -> None:
        """Compare the first output lines of the preceding program; JavaScript runs until it has printed them."""
        lines = block.text.strip().splitlines()
        if self.script:
            self.answer = await javascript(self.script, len(lines))
        differs = self.names.differs("\n".join(lines), self.answer.strip())
        assert not differs, f"{block}: {differs}"


def parsed(words: list[str]) -> None:
    """Check that a `dev` command exists and accepts these options."""
    command = typer.main.get_command(cli)
    while isinstance(command, TyperGroup) and words and words[0] != "--help":
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    if words != ["--help"]:
        command.make_context("dev", words)


async def javascript(script: str, lines: int) -> str:
    """The first output lines of a JavaScript module, run with the minimum Node version of the guide."""
    await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        find_node(),
        *("--input-type=module", "-e", script),
        cwd=CLIENTS,
        env=environment(find_node()),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    try:
        async with asyncio.timeout(SECONDS):
            printed = [(await process.stdout.readline()).decode() for _ in range(lines)]
            if not printed[-1]:
                printed.append((await process.stderr.read()).decode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return "".join(printed)


@asynccontextmanager
async def reader(servers: Servers, demo_template: str) -> AsyncIterator[Reader]:
    """A reader with a separate database and server."""
    async with (
        temporary_database(servers, "page", template=demo_template) as place,
        world_on(place) as world,
        serve(TenantClient(world, "acme")) as port,
        AsyncExitStack() as stack,
    ):
        yield Reader(world, port, stack)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_page_works_as_written(
    servers: Servers, demo_template: str, page: Path, pytestconfig: pytest.Config
) -> None:
    async with reader(servers, demo_template) as page_reader:
        page_reader.rewrites = pytestconfig.option.write_snapshots
        await page_reader.follow(blocks(page))


LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]+)?\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        "#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_link_targets_exist(page: Path) -> None:
    for target, anchor in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if "://" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}{anchor}"


def test_every_example_is_listed() -> None:
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"\(docs/examples/(\w+)\.graphql\)", readme)) == set(PERSONA)


FILE = re.compile(r"`((?:\w+/)+\w+\.\w+)`")


@pytest.mark.parametrize(
    "name", ["ARCHITECTURE.md", "glossary.md", "commands.md", "../CONTRIBUTING.md"]
)
def test_files_that_a_page_names_exist(name: str) -> None:
    files = FILE.findall((ROOT / "docs" / name).read_text())
    top = {path.name for path in ROOT.iterdir()}
    missing = [file for file in files if file.split("/")[0] in top and not (ROOT / file).exists()]
    assert missing == []
