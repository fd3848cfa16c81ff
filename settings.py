"""Settings from environment variables, and the installation's secret."""

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
    """Settings, read from the environment; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix="RELATA_",
        env_ignore_empty=True,
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,  # the input may be a password
    )

    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="URL of a Postgres 15 to 18: postgresql://user:password@host/name. "
        "Default: one is started in the data directory.",
    )
    redis_url: str | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="URL of a Valkey, or a Redis 6.2 or newer: redis://host:6379/0. "
        "Default: a Valkey is started.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="Key for tokens and cursors: 32 characters or more, the same for every process of an "
        "installation. Default: one is generated and stored in the data directory.",
    )
    data: Path = Field(
        default=CHECKOUT / ".relata",
        description="Directory of the secret and of the data of the Postgres and Valkey that Relata starts.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    origins: str = Field(
        default="",
        description="Origins of web pages that may call the API, comma-separated, in the format of the "
        "header Origin, such as https://app.example. Default: none.",
    )
    cookies: bool = Field(
        default=False,
        description="Whether browsers may hold their session in cookies, by requests with `X-Session: cookie`.",
    )
    log: Literal["failures", "requests"] = Field(
        default="failures",
        description="What is logged to stderr as JSON lines: only failures, or also each request with its user "
        "and duration.",
    )
    documents: Path | None = Field(
        default=None,
        description="Manifest of trusted documents: a JSON file with the texts of documents by identifier, which all "
        "tenants accept. Default: none.",
    )
    persisted_queries: bool = Field(
        default=False,
        description="Whether clients may register documents by sending their hash and text once (automatic "
        "persisted queries).",
    )
    demo: bool | None = Field(
        default=None,
        description="Whether to create the demo tenants in an empty database. Their passwords are public, so "
        "the default is true only for a database that Relata starts.",
    )

    graphiql: bool | None = Field(
        default=None,
        description="Whether to serve GraphiQL. Default: only with a database that Relata starts.",
    )

    @property
    def serves_page(self) -> bool:
        """`graphiql`; by default, whether Relata starts the database."""
        return self.database_url is None if self.graphiql is None else self.graphiql

    @property
    def seeds_demo(self) -> bool:
        """`demo`; by default, whether Relata starts the database."""
        return self.database_url is None if self.demo is None else self.demo

    @property
    def allowed_origins(self) -> list[str]:
        """`origins` as a list."""
        return [origin.strip() for origin in self.origins.split(",") if origin.strip()]

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, origins: str) -> str:
        """Refuse wildcards: each origin is listed exactly."""
        for origin in filter(None, (origin.strip() for origin in origins.split(","))):
            scheme, separator, host = origin.partition("://")
            if (
                scheme not in {"http", "https"}
                or not separator
                or not host
                or set(host) & set("/*")
            ):
                raise ValueError(
                    f"{origin!r} is not an origin; write https://app.example, without a path"
                )
        return origins

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, url: str | None) -> str | None:
        """Normalize the scheme; those of SQLAlchemy and Heroku are accepted."""
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+asyncpg"}:
            raise ValueError("must begin with postgresql://")
        _refuse_malformed(f"postgresql://{rest}")
        return f"postgresql://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: str | None) -> str | None:
        if url is not None and url.partition("://")[0] not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if url is not None:
            _refuse_malformed(url)
        return url

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError(
                "needs 32 characters or more; generate one with `openssl rand -hex 32`"
            )
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
    """The 32 bytes from which all keys of this installation are derived; generated and stored if absent."""
    if settings.secret is not None:
        return hashlib.sha256(settings.secret.get_secret_value().encode()).digest()
    file = settings.data / "secret"
    if not file.exists():
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = file.with_name(f"secret.{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process created it first
            os.link(temporary, file)
        temporary.unlink()
    if file.stat().st_mode & 0o077:
        raise PermissionError(
            f"{file} is readable by other users. Run chmod 600 on it, and replace it if they may have read it."
        )
    if len(stored := file.read_bytes()) != 32:
        raise ValueError(f"{file} does not contain 32 bytes. Restore it, or set RELATA_SECRET.")
    return stored
