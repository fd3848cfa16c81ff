"""What can be set from outside, all of it by environment variables, and where the secret is."""

import hashlib
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent
HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^][:]*)(:\d{1,5})?")
"""A host of a URL with its port, both optional."""


class Settings(BaseSettings):
    """Read from the environment; a variable that is set but empty counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix="RELATA_",
        env_ignore_empty=True,
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,  # it may be a password
    )

    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="A Postgres of your own, 15 to 18: postgresql://user:password@host/name. "
        "Without it, one is started in the data directory.",
    )
    redis_url: str | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="A Valkey or a Redis (6.2 or newer) of your own: redis://host:6379/0. "
        "Without it, a Valkey is started.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="What tokens and cursors are sealed with: 32 characters or more, the same for "
        "every process of an installation. Without it, one is kept in the data directory.",
    )
    data: Path = Field(
        default=CHECKOUT / ".relata",
        description="The directory of the servers we start, their data and the secret.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="The port we listen on.")
    host: str = Field(default="127.0.0.1", description="The address we listen on.")
    origins: str = Field(
        default="",
        description="Whose web pages may ask, such as https://app.example, commas between; "
        "exactly as browsers spell them. None, if empty.",
    )
    log: Literal["failures", "requests"] = Field(
        default="failures",
        description="What is told on stderr, as lines of JSON: what went wrong, or also a line for "
        "each request, with who asked and how long it took.",
    )
    demo: bool | None = Field(
        default=None,
        description="Whether to fill an empty database with the demonstration's tenants. Their "
        "passwords are public, so a database of your own gets them only when this says so.",
    )

    graphiql: bool | None = Field(
        default=None,
        description="Whether to serve the page to ask the API in. On a database of your own only "
        "when this says so: most installations want nothing but the API.",
    )

    @property
    def serves_page(self) -> bool:
        """`graphiql`, or when that is not given: whether the database is the one we start."""
        return self.database_url is None if self.graphiql is None else self.graphiql

    @property
    def seeds_demo(self) -> bool:
        """`demo`, or when that is not given: whether the database is the one we start."""
        return self.database_url is None if self.demo is None else self.demo

    @property
    def allowed_origins(self) -> list[str]:
        """`origins`, one by one."""
        return [origin.strip() for origin in self.origins.split(",") if origin.strip()]

    @field_validator("origins")
    @classmethod
    def _exact(cls, origins: str) -> str:
        """A star would let every page ask with whatever it has; so would a pattern written badly."""
        for origin in filter(None, (each.strip() for each in origins.split(","))):
            scheme, found, host = origin.partition("://")
            if scheme not in {"http", "https"} or not found or not host or set(host) & set("/*"):
                raise ValueError(
                    f"{origin!r} is no origin; write https://app.example, without a path"
                )
        return origins

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, url: str | None) -> str | None:
        """One spelling for all who use it; SQLAlchemy's and Heroku's are accepted."""
        if url is None:
            return None
        scheme, found, rest = url.partition("://")
        if not found or scheme not in {"postgres", "postgresql", "postgresql+asyncpg"}:
            raise ValueError("must begin with postgresql://, for Relata keeps its data in Postgres")
        _refuse_malformed(f"postgresql://{rest}")
        return f"postgresql://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: str | None) -> str | None:
        if url is not None and url.partition("://")[0] not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if url is not None:
            _refuse_malformed(url)
        return url

    @field_validator("secret")
    @classmethod
    def _long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError("needs 32 characters or more; `openssl rand -hex 32` makes a good one")
        return secret


def _refuse_malformed(url: str) -> None:
    """Raise ValueError, which quotes no part of the URL, if hosts and ports cannot be read from it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        hosts, hidden = ["["], False
    else:
        hosts = parts.netloc.rpartition("@")[2].split(",")
        hidden = "@" not in parts.netloc and "@" in f"{parts.path}{parts.fragment}"
    if hidden or not all(map(HOST.fullmatch, hosts)):
        raise ValueError(
            f"the URL is malformed: write {url.partition('://')[0]}://user:password@host:port/name, and "
            "percent-encode the characters / ? # @ : in the password, such as %2F for /"
        )


def secret(settings: Settings) -> bytes:
    """The 32 bytes that every key of this installation is derived from."""
    if settings.secret is not None:
        return hashlib.sha256(settings.secret.get_secret_value().encode()).digest()
    kept = settings.data / "secret"
    if not kept.exists():
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = kept.with_name(f"secret.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was quicker: its secret is the one
            os.link(draft, kept)
        draft.unlink()
    if kept.stat().st_mode & 0o077:
        raise PermissionError(f"{kept} can be read by others: chmod 600 it, and consider it known.")
    if len(known := kept.read_bytes()) != 32:
        raise ValueError(f"{kept} does not hold 32 bytes: restore it, or set RELATA_SECRET.")
    return known
