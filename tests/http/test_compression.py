"""Compression: negotiated by quality, from 1 KiB, each response by itself, and never of tokens."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from pathlib import Path

import brotli
import httpx2
import pytest
from starlette.responses import Response

from schema.engine import compression
from schema.engine.compression import INLINE_BYTES, MINIMUM_BYTES, Coding, encode, negotiate
from tests.http.asgi import Got, Sent, send
from tests.support.world import SIGN_IN, World

LARGE = "{ opportunities(first: 40) { nodes { id version name account { id displayName } } } }"
SMALL = "{ viewer { id } }"


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),  # browsers
        ("deflate, gzip", "gzip"),
        ("GZip", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.8, gzip;q=0.8", "br"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("gzip;q=high", None),
        ("gzip;q=nan", None),
        ("deflate, zstd, x-br", None),
        ("", None),
        (",;,;q=1", None),
        ("x," * 60_000 + "gzip", None),
    ],
)
def test_coding_with_the_highest_quality_is_chosen(header: str, coding: Coding | None) -> None:
    assert negotiate(header) == coding


async def as_rep(
    world: World, query: str, *headers: tuple[bytes, bytes], method: str = "POST"
) -> Got:
    bearer = (b"authorization", b"Bearer " + (await world.token("rep1")).encode())
    sent = ((b"content-type", b"application/json"), bearer, *headers)
    if method == "GET":
        target = b"query=" + query.replace(" ", "+").encode()
        return await send(world.app, Sent(method="GET", query=target, headers=sent))
    return await send(world.app, Sent(json.dumps({"query": query}).encode(), headers=sent))


def decoded(got: Got) -> bytes:
    assert got.headers["content-length"] == str(len(got.body))
    match got.headers.get("content-encoding"):
        case "br":
            return brotli.decompress(got.body)
        case "gzip":
            return gzip.decompress(got.body)
        case _:
            return got.body


def data(body: bytes) -> object:
    """The data of a response, without the remaining budget, which differs between requests."""
    return json.loads(body)["data"]


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_compressed_response_has_the_same_content(
    world: World, coding: str, method: str
) -> None:
    plain = await as_rep(world, LARGE, method=method)
    assert "content-encoding" not in plain.headers
    assert len(plain.body) > 3 * MINIMUM_BYTES
    got = await as_rep(world, LARGE, (b"accept-encoding", coding.encode()), method=method)
    assert got.headers["content-encoding"] == coding
    assert data(decoded(got)) == data(plain.body)
    assert len(got.body) < len(plain.body) / 2
    for each in (plain, got):
        assert "Accept-Encoding" in each.headers["vary"].split(", ")


async def test_several_header_lines_are_one_list(world: World) -> None:
    lines = ((b"accept-encoding", b"br;q=0.1"), (b"accept-encoding", b"gzip"))
    assert (await as_rep(world, LARGE, *lines)).headers["content-encoding"] == "gzip"


async def test_small_response_is_not_compressed(world: World) -> None:
    got = await as_rep(world, SMALL, (b"accept-encoding", b"br"))
    assert len(got.body) < MINIMUM_BYTES
    assert "content-encoding" not in got.headers


async def test_mutation_of_records_is_compressed(world: World) -> None:
    selection = " ".join(f"f{number}: name" for number in range(30))
    query = f'mutation {{ tagCreate(input: {{name: "{"x" * 40}"}}) {{ tag {{ {selection} }} userErrors {{ message }} }} }}'
    bearer = (b"authorization", b"Bearer " + (await world.token("admin")).encode())
    headers = ((b"content-type", b"application/json"), bearer, (b"accept-encoding", b"gzip"))
    got = await send(world.app, Sent(json.dumps({"query": query}).encode(), headers=headers))
    assert got.headers["content-encoding"] == "gzip"
    assert b"x" * 40 in decoded(got)


# --- secrets ------------------------------------------------------------------------------------


async def test_responses_with_tokens_are_never_compressed(world: World) -> None:
    """Aliases make the responses large enough, and repeat the attacker's text and the token."""
    repeated = " ".join(f"a{number}: accessToken" for number in range(10))
    credentials = {"tenant": "acme", "email": "rep2@acme.example", "password": "relata-demo"}
    query = SIGN_IN.replace("accessToken", f"accessToken {repeated}")
    body = json.dumps({"query": query, "variables": {"input": credentials}}).encode()
    headers = ((b"content-type", b"application/json"), (b"accept-encoding", b"br, gzip"))
    got = await send(world.app, Sent(body, headers=headers))
    assert len(got.body) > MINIMUM_BYTES
    assert "content-encoding" not in got.headers
    tokens = got.json["data"]["signIn"]
    query = (
        "mutation($input: RefreshInput!) { refresh(input: $input) { refreshToken accessToken %s } }"
    )
    variables = {"input": {"refreshToken": tokens["refreshToken"]}}
    body = json.dumps({"query": query % repeated, "variables": variables}).encode()
    for extra in ((), ((b"authorization", b"Bearer " + tokens["accessToken"].encode()),)):
        got = await send(world.app, Sent(body, headers=(*headers, *extra)))
        assert got.status == 200
        assert "content-encoding" not in got.headers


async def test_response_does_not_depend_on_earlier_ones(world: World) -> None:
    """A shared context would make the second of two equal responses shorter."""
    token = await world.token("rep1")
    query = json.dumps({"query": LARGE}).encode()
    headers = {
        "authorization": f"Bearer {token}",
        "accept-encoding": "br",
        "content-type": "application/json",
    }
    sizes = []
    for _ in range(2):
        sending = world.client.stream("POST", "/graphql", content=query, headers=headers)
        async with sending as response:
            raw = b"".join([part async for part in response.aiter_raw()])
        assert raw == encode(brotli.decompress(raw), "br")
        sizes.append(len(raw))
    assert abs(sizes[0] - sizes[1]) < 8  # the digits of the remaining budget


# --- the event loop -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [INLINE_BYTES, INLINE_BYTES + 1])
async def test_large_body_is_compressed_off_the_event_loop(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def recorded(body: bytes, coding: Coding) -> bytes:
        threads.append(threading.get_ident())
        return encode(body, coding)

    monkeypatch.setattr(compression, "encode", recorded)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    response = await compression.compress(Response(body), "gzip")
    assert gzip.decompress(response.body) == body
    assert (threads[0] == threading.get_ident()) == (size <= INLINE_BYTES)


# --- clients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_httpx_decodes_the_response(world: World, port: int, coding: str) -> None:
    headers = {
        "authorization": f"Bearer {await world.token('rep1')}",
        "accept-encoding": coding,
    }
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        got = await client.post("/graphql", json={"query": LARGE}, headers=headers)
    assert got.headers["content-encoding"] == coding
    assert len(got.json()["data"]["opportunities"]["nodes"]) == 40


async def test_curl_decodes_the_response(world: World, port: int, tmp_path: Path) -> None:
    token, head = await world.token("rep1"), tmp_path / "head"
    curl = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--compressed", "--dump-header", str(head),
        "--header", f"authorization: Bearer {token}",
        "--json", json.dumps({"query": LARGE}), f"http://127.0.0.1:{port}/graphql",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await curl.communicate()
    assert len(json.loads(out)["data"]["opportunities"]["nodes"]) == 40
    assert "content-encoding: " in head.read_text().lower()
