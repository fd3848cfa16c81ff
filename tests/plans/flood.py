"""An application with small caches, a flood of different requests, and the sizes of all its containers."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Iterator, Sized
from contextlib import asynccontextmanager
from functools import _lru_cache_wrapper
from typing import Any
from uuid import UUID

import httpx2
import pytest

from app import application
from schema.admission import Documents
from schema.api import GRAPHQL, PUBLIC_GRAPHQL
from schema.endpoint import LIMITS
from tests.support.world import PERSONAS, World, endpoint_on

BOUND = 4
FOUND = 2  # two tenants, each by slug and by id
WAVE = 14
"""Rounds per wave: one per persona and tenant."""
REQUESTS = 6
"""Minimum number of requests and unknown names per round."""
PRODUCT = ("app", "schema", "subscriptions", "resolvers", "auth", "tenancy", "db", "domain")
TYPES = ("Account", "Opportunity", "Employee", "Stage", "User", "Query", "Mutation", "ID", "Int")


@asynccontextmanager
async def small_caches(world: World, patch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A second endpoint on the same servers, whose caches hold few entries."""
    for name in (
        "schema.engine.reads.PARSED_OPERATIONS",
        "schema.engine.reads.PLANS",
        "schema.engine.introspection.KEPT",
        "auth.viewers.MAX_VIEWERS",
        "auth.engine.tokens.MAX_CACHED_TOKENS",
        "auth.engine.counters.MAX_COUNTERS",
        "tenancy.directory.MAX_CACHED_UNKNOWN",
        "db.engine.transaction.CACHED_STATEMENTS",
    ):
        patch.setattr(name, BOUND)
    patch.setattr("tenancy.directory.MAX_CACHED_TENANTS", FOUND)
    servers = world.servers
    async with endpoint_on(servers) as endpoint:
        endpoint.documents = Documents(GRAPHQL, LIMITS, size=BOUND)
        endpoint._public = Documents(PUBLIC_GRAPHQL, LIMITS, size=BOUND)
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://relata") as client:
            yield World(
                app, endpoint, world.admin, world.tenants, client, servers, dict(world.tokens)
            )


async def flood(world: World, begin: int) -> None:
    """Send a wave of new requests of every kind; all waves have the same size."""
    for place in range(WAVE):
        persona, tenant = PERSONAS[place // 2], ("acme", "globex")[place % 2]
        number = begin + place
        for query, variables in (text(number), shape(number), kind(number)):
            (await world.ask(persona, query, variables, tenant=tenant)).data  # noqa: B018
        await world.ask(persona, f"{{ a{number}: nothing }}", tenant=tenant)
        await world.post(b'{"query": "mutation { a%d: __typename }"}' % number)
        await unknown_callers(world, number)


Query = tuple[str, dict[str, Any]]


def text(number: int) -> Query:
    """A document that differs from the others in one alias."""
    return f"{{ a{number}: opportunities(first: 2) {{ nodes {{ id name }} }} }}", {}


def shape(number: int) -> Query:
    """A document with variables whose shape depends on the bits of the number."""
    tests = ["contains" if number >> bit & 1 else "startsWith" for bit in range(10)]
    return SHAPES, {"f": {"or": [{"name": {test: "a"}} for test in tests]}}


SHAPES = "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }"


def kind(number: int) -> Query:
    """An introspection query; every fourth one is about an existing type."""
    name = f"Nothing{number}" if number % 4 else TYPES[number // 4 % len(TYPES)]
    return "query ($name: String!) { __type(name: $name) { name } }", {"name": name}


async def unknown_callers(world: World, number: int) -> None:
    """Use an unknown network address, an access token and unknown tenants."""
    app_context, id = world.endpoint.app_context, UUID(int=number)
    await app_context.throttle.refresh(f"2001:db8:{number:x}::1")
    app_context.tokens.verify_access(
        app_context.tokens.issue_access(id, id, id, app_context.now()), app_context.now()
    )
    assert await app_context.directory.by_slug(f"missing-{number}") is None
    assert await app_context.directory.by_id(id) is None


def container_sizes(root: object) -> dict[str, int]:
    """Size of every container reachable from `root` and the modules of the product, by attribute path."""
    sizes: dict[str, int] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("", root), *_globals()]
    while waiting:
        name, each = waiting.pop()
        if isinstance(each, dict | list | set | Sized) and not isinstance(each, str | bytes):
            sizes[name] = len(each)
        in_product = type(each).__module__.partition(".")[0] in PRODUCT
        if in_product and id(each) not in seen:
            seen.add(id(each))
            waiting += [(f"{name}.{key}", value) for key, value in _attributes(each)]
    return sizes


def _attributes(each: object) -> Iterator[tuple[str, object]]:
    yield from getattr(each, "__dict__", {}).items()
    for key in getattr(type(each), "__slots__", ()):
        yield key, getattr(each, key, None)


def _globals() -> Iterator[tuple[str, object]]:
    """Attributes of the product's modules and of the classes in them."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PRODUCT and module is not None:
            for key, value in list(vars(module).items()):
                yield f"{name}.{key}", value
                if isinstance(value, type) and value.__module__ == name:
                    yield from ((f"{name}.{key}.{k}", v) for k, v in vars(value).items())


def memos() -> dict[str, int]:
    """Number of entries in every unbounded `functools.cache`, of the product and of libraries."""
    sizes: dict[str, int] = {}
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and each.cache_info().maxsize is None:
            name: Any = f"{each.__module__}.{each.__qualname__}"
            sizes[name] = sizes.get(name, 0) + each.cache_info().currsize
    return sizes
