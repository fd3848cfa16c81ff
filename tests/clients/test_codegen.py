"""GraphQL Code Generator generates client types from the schema and the examples, and TypeScript compiles them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.node import CLIENTS, install
from web.node import NodeNotFound, environment, find_node

ROOT = Path(__file__).parents[2]
OLDEST = 22
"""Minimum Node version of the generator."""
SECONDS = 300
OPTIONS = ("--noEmit", "--strict", "--noUncheckedIndexedAccess", "--allowImportingTsExtensions")


def run(directory: Path, script: str, *arguments: str | Path) -> None:
    """Run a package script in the directory of the examples; its output is the message of a failure."""
    binary = find_node(OLDEST)
    done = subprocess.run(
        [binary, directory / "node_modules" / script, *arguments],
        cwd=directory / "docs" / "examples",
        env=environment(binary),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_types_are_generated_and_compile(tmp_path: Path) -> None:
    try:
        find_node(OLDEST)
    except NodeNotFound as error:
        pytest.skip(str(error))
    clients = await asyncio.to_thread(install, CLIENTS / "codegen", OLDEST)
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    (tmp_path / "schema").mkdir()
    shutil.copy(ROOT / "schema" / "schema.graphql", tmp_path / "schema")
    (tmp_path / "node_modules").symlink_to(clients / "node_modules")
    generator = "@graphql-codegen/cli/cjs/bin.js"
    await asyncio.to_thread(run, tmp_path, generator, "--config", "codegen.json")
    generated = tmp_path / "docs" / "examples" / "generated"
    operations = (generated / "operations.ts").read_text()
    for document in (ROOT / "docs" / "examples").glob("*.graphql"):
        for line in document.read_text().splitlines():
            if line.startswith(("query ", "mutation ", "subscription ")):
                kind, name = line.partition("(")[0].rstrip(" {").split()
                assert f"export type {name}{kind.capitalize()} = " in operations
    shutil.copy(CLIENTS / "codegen" / "client.ts", generated)
    files = [generated / name for name in ("schema.ts", "operations.ts", "client.ts")]
    await asyncio.to_thread(run, tmp_path, "typescript/bin/tsc", *OPTIONS, *files)
