"""CORS: only listed origins may call the API, by exact match; without cookies unless they are enabled."""

from __future__ import annotations

import httpx2
import pytest

from app import application
from settings import Settings
from tests.support.world import World

OURS = "https://app.example"


async def preflight(world: World, origin: str | None, allowed: list[str]) -> httpx2.Headers:
    transport = httpx2.ASGITransport(application(world.endpoint, allowed))
    sent = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    if origin is not None:
        sent["origin"] = origin
    async with httpx2.AsyncClient(transport=transport, base_url="http://relata.example") as client:
        return (await client.options("/graphql", headers=sent)).headers


async def test_listed_origin_is_allowed(world: World) -> None:
    headers = await preflight(world, OURS, [OURS])
    assert headers["access-control-allow-origin"] == OURS
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil-app.example", "https://app.example.evil", "http://app.example",
     "https://app.example:8443", "https://APP.example", "https://sub.app.example", ""],
)  # fmt: skip
async def test_unlisted_origin_is_refused(world: World, origin: str) -> None:
    assert "access-control-allow-origin" not in await preflight(world, origin, [OURS])


async def test_all_origins_are_refused_if_none_is_listed(world: World) -> None:
    assert not any(name.startswith("access-control") for name in await preflight(world, OURS, []))


@pytest.mark.parametrize(
    "origins", ["*", "app.example", "https://*.example", "https://a.example/x"]
)
def test_malformed_origin_setting_is_refused(origins: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        Settings(origins=origins)


def test_several_origins_are_separated_by_commas() -> None:
    assert Settings(origins=f" {OURS}, https://b.example,").allowed_origins == [
        OURS,
        "https://b.example",
    ]
