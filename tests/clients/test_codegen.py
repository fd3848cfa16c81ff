"""The types of a client are made of the contract and the examples by GraphQL Code Generator, and its compiler takes them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.node import CLIENTS, install
from web.node import NoNode, environment, node

ROOT = Path(__file__).parents[2]
OLDEST = 22
"""The first Node that the generator runs with."""
SECONDS = 300
OPTIONS = ("--noEmit", "--strict", "--noUncheckedIndexedAccess", "--allowImportingTsExtensions")


def run(place: Path, script: str, *arguments: str | Path) -> None:
    """A script of a package, run where the examples are. Raises AssertionError with what it complains of."""
    binary = node(OLDEST)
    done = subprocess.run(
        [binary, place / "node_modules" / script, *arguments],
        cwd=place / "docs" / "examples",
        env=environment(binary),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_types_are_generated_and_compile(tmp_path: Path) -> None:
    try:
        node(OLDEST)
    except NoNode as missing:
        pytest.skip(str(missing))
    clients = await asyncio.to_thread(install, CLIENTS / "codegen", OLDEST)
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    (tmp_path / "schema").mkdir()
    shutil.copy(ROOT / "schema" / "schema.graphql", tmp_path / "schema")
    (tmp_path / "node_modules").symlink_to(clients / "node_modules")
    generator = "@graphql-codegen/cli/cjs/bin.js"
    await asyncio.to_thread(run, tmp_path, generator, "--config", "codegen.json")
    made = tmp_path / "docs" / "examples" / "generated"
    operations = (made / "operations.ts").read_text()
    for document in (ROOT / "docs" / "examples").glob("*.graphql"):
        for line in document.read_text().splitlines():
            if line.startswith(("query ", "mutation ", "subscription ")):
                kind, name = line.partition("(")[0].rstrip(" {").split()
                assert f"export type {name}{kind.capitalize()} = " in operations
    shutil.copy(CLIENTS / "codegen" / "client.ts", made)
    files = [made / name for name in ("schema.ts", "operations.ts", "client.ts")]
    await asyncio.to_thread(run, tmp_path, "typescript/bin/tsc", *OPTIONS, *files)
