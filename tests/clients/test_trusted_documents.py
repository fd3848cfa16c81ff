"""Manifests of GraphQL Code Generator, relay-compiler and Apollo are accepted, and Apollo Client sends their identifiers."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema.engine.manifests import read_manifest_file
from tenancy.engine.documents import set_documents
from tests.support.node import CLIENTS, install, run
from tests.support.world import World
from tests.writes.client import TenantClient, in_second_instance, own_tenant, serve
from web.node import NodeNotFound, environment, find_node

TOOLS = CLIENTS / "trusted"
OLDEST = 22
"""Minimum Node version of the tools."""
SECONDS = 120
QUERY = """query AccountList($first: Int) {
  accounts(first: $first) { nodes { id ...AccountName } }
}
"""
FRAGMENT = "fragment AccountName on Account { displayName }\n"
RELAY = """import { graphql } from "relay-runtime";
graphql`query listQuery($first: Int) { accounts(first: $first) { nodes { id ...list_account } } }`;
graphql`fragment list_account on Account { displayName }`;
"""
CODEGEN = {
    "schema": "schema.graphql",
    "documents": "graphql/*.graphql",
    "generates": {
        "generated/": {
            "preset": "client",
            "presetConfig": {"persistedDocuments": {"hashAlgorithm": "sha256"}},
        }
    },
}
RELAY_CONFIG = {
    "src": "./src",
    "schema": "./schema.graphql",
    "language": "javascript",
    "artifactDirectory": "./src/__generated__",
    "persistConfig": {"file": "./relay.json", "algorithm": "SHA256"},
}
APOLLO_CONFIG = {"documents": "graphql/*.graphql", "output": "apollo.json"}


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    """A separate tenant."""
    async with own_tenant(world, "manifests") as tenant:
        yield tenant


@pytest.fixture(scope="module")
async def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a client, with the tools installed."""
    try:
        find_node(OLDEST)
    except NodeNotFound as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("client")
    tools = await asyncio.to_thread(install, TOOLS, OLDEST)
    (directory / "node_modules").symlink_to(tools / "node_modules")
    shutil.copy(CLIENTS.parents[1] / "schema" / "schema.graphql", directory)
    (directory / "graphql").mkdir()
    (directory / "graphql" / "query.graphql").write_text(QUERY)
    (directory / "graphql" / "fragment.graphql").write_text(FRAGMENT)
    (directory / "src" / "__generated__").mkdir(parents=True)
    (directory / "src" / "list.js").write_text(RELAY)
    (directory / "relay.json").write_text("{}")
    for name, config in (
        ("codegen.json", CODEGEN),
        ("relay.config.json", RELAY_CONFIG),
        ("apollo.config.json", APOLLO_CONFIG),
    ):
        (directory / name).write_text(json.dumps(config))
    return directory


async def generate(project: Path, script: str, *arguments: str) -> None:
    """Run the script of a package; its output is the message of a failure."""
    binary = find_node(OLDEST)
    process = await asyncio.create_subprocess_exec(
        binary,
        project / "node_modules" / script,
        *arguments,
        cwd=project,
        env=environment(binary),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, output.decode()


@pytest.mark.parametrize(
    ("script", "arguments", "manifest"),
    [
        (
            "@graphql-codegen/cli/cjs/bin.js",
            ("--config", "codegen.json"),
            "generated/persisted-documents.json",
        ),
        ("relay-compiler/cli.js", ("relay.config.json",), "relay.json"),
        (
            "@apollo/generate-persisted-query-manifest/cli.js",
            ("--config", "apollo.config.json"),
            "apollo.json",
        ),
    ],
)
async def test_generated_manifest_binds_a_tenant(
    tenant: TenantClient, project: Path, script: str, arguments: tuple[str, ...], manifest: str
) -> None:
    await generate(project, script, *arguments)
    documents = read_manifest_file(project / manifest)
    [id] = documents
    assert id.startswith("sha256:")
    await set_documents(tenant.world.admin, tenant.world.tenants[tenant.slug], documents, only=True)
    async with in_second_instance(tenant) as second:
        token = await second.world.token("rep1", tenant.slug)
        body = json.dumps({"documentId": id, "variables": {"first": 3}}).encode()
        answer = await second.world.post(body, authorization=f"Bearer {token}")
        assert len(answer.data["accounts"]["nodes"]) == 3
        assert (await second.ask("rep1", QUERY + FRAGMENT)).codes == ["TRUSTED_DOCUMENT_REQUIRED"]


async def test_apollo_client_queries_by_identifier(tenant: TenantClient, project: Path) -> None:
    script = "@apollo/generate-persisted-query-manifest/cli.js"
    await generate(project, script, "--config", "apollo.config.json")
    documents = read_manifest_file(project / "apollo.json")
    await set_documents(tenant.world.admin, tenant.world.tenants[tenant.slug], documents, only=True)
    async with in_second_instance(tenant) as second, serve(second) as port:
        output = await run(
            "apollo.mjs",
            f"http://127.0.0.1:{port}/graphql",
            await second.world.token("rep1", tenant.slug),
            *(
                str(project / name)
                for name in ("apollo.json", "graphql/query.graphql", "graphql/fragment.graphql")
            ),
            clients=TOOLS,
            oldest=OLDEST,
        )
    printed = json.loads(output)
    assert len(printed["data"]["accounts"]["nodes"]) == 3
    assert printed["requests"] == [{"method": "GET", "text": False}]
