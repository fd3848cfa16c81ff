"""Checks the configured Postgres and Redis before they are used, and describes problems in a sentence."""

from __future__ import annotations

import socket
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from cli.servers.programs import CannotStart

CONNECT_SECONDS = 10.0
OLDEST_POSTGRES = 15


async def check_database(url: str) -> None:
    """Connect once. Raises CannotStart with a sentence that names the server and the remedy, never the password."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotStart(f"DATABASE_URL: {_connect_problem(url, error)}") from None
    try:
        await _check_fitness(connection, url)
    finally:
        await connection.close()


async def redis_problem(url: str) -> str | None:
    """Why the Redis at a URL cannot be used, as a sentence; None if it responds."""
    from redis.asyncio import Redis
    from redis.exceptions import AuthenticationError, RedisError

    where = _server(url, 6379)
    try:
        client = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    except ValueError:
        return "REDIS_URL: the URL is malformed. Write redis://user:password@host:6379/0."
    try:
        await client.ping()
    except AuthenticationError:
        return f"REDIS_URL: {where} refuses the user name or the password. Correct them in the URL."
    except (RedisError, OSError):
        return f"REDIS_URL: no Redis answers at {where}. Start it, or correct host and port."
    finally:
        await client.aclose()
    return None


def _connect_problem(url: str, error: Exception) -> str:
    """The problem and its remedy. Messages of the driver are not quoted if they can contain parts of the URL."""
    where, user, name = _server(url, 5432), *_user_and_database(url)
    match error:
        case asyncpg.InvalidCatalogNameError():
            return f"{where} has no database {name!r}. Create it (createdb), or correct the name in the URL."
        case asyncpg.InvalidAuthorizationSpecificationError():  # includes a wrong password
            return (
                f"{where} refuses the user {user!r}. Correct the user name and the password in the URL, "
                "or allow the connection in pg_hba.conf."
            )
        case asyncpg.PostgresError():
            return f"{where} refuses the connection: {error}. Try again when that is resolved."
        case socket.gaierror():
            return f"the host of {where} cannot be found. Correct its name in the URL."
        case TimeoutError():
            return (
                f"{where} does not answer within {CONNECT_SECONDS:.0f} seconds. Correct host and port, "
                "or open the firewall."
            )
        case OSError():
            return f"no Postgres answers at {where}. Start it, or correct host and port in the URL."
    return "the URL is malformed. Write postgresql://user:password@host:5432/name."


async def _check_fitness(connection: asyncpg.Connection[asyncpg.Record], url: str) -> None:
    """Raise CannotStart for a Postgres that is too old, or a user without the rights to create tenants."""
    where, user = _server(url, 5432), _user_and_database(url)[0]
    if (found := connection.get_server_version().major) < OLDEST_POSTGRES:
        raise CannotStart(
            f"DATABASE_URL: {where} is Postgres {found}. Use version {OLDEST_POSTGRES} or newer."
        )
    may = await connection.fetchval(
        "SELECT (rolsuper OR rolcreaterole)"
        " AND has_database_privilege(current_database(), 'CREATE')"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if not may:
        raise CannotStart(
            f"DATABASE_URL: the user {user!r} of {where} may not create roles and schemas. "
            f"Grant CREATEROLE to the user and CREATE on the database, or give another user."
        )


def _server(url: str, port: int) -> str:
    """The address of a URL without its credentials, such as `db.example:5432` or a socket's path."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    hosts = parts.netloc.rpartition("@")[2] or _last(parts.query, "host")
    if not hosts or hosts.startswith("/"):
        return hosts or "the local socket"
    has_port = hosts.rpartition("]")[2].count(":") > 0
    return hosts if has_port else f"{hosts}:{_last(parts.query, 'port') or port}"


def _user_and_database(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    user = unquote(parts.username or "") or _last(parts.query, "user") or "(of the system)"
    return user, unquote(parts.path.lstrip("/")) or user


def _last(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[-1]
