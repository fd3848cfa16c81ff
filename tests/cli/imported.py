"""Helpers for the tests of imports: an imported tenant and queries as the users whose passwords the command printed."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import cli
from tests.support.world import SIGN_IN, World
from tests.writes.client import TenantClient

SMALL = Path(__file__).with_name("small")
REFUSED = {"X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8"}
"""Rows of the small directory that the import skips; it also skips the second row of `A1`."""
DEFAULT_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FULL = Path(os.environ.get("RELATA_SHARED_DATA", DEFAULT_DATA)) / "crm-sales-opportunities"
SECRET = "of thirty-two characters at least"


def directory(name: str) -> Path:
    """Path of the small directory or of the full data set; skips the test if the latter is missing."""
    if name == "small":
        return SMALL
    if not FULL.is_dir():
        pytest.skip(f"{FULL} is missing: set RELATA_SHARED_DATA to its parent directory")
    return FULL


async def relata(world: World, here: Path, *words: str) -> Result:
    """Run a command on the installation with `here` as the current directory of the operator."""
    variables = {"DATABASE_URL": world.servers.database_url, "REDIS_URL": world.servers.redis_url}
    variables["RELATA_DATA"] = str(here / "data")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**variables, "RELATA_SECRET": SECRET, "RELATA_HERE": str(here)}.items():
            patch.setenv(name, value)
        return await asyncio.to_thread(CliRunner().invoke, cli, list(words))


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    """Rows of a CSV file as Python's reader returns them, without the rows that the import skips."""
    with (directory / f"{name}.csv").open(newline="") as file:
        entries = list(csv.DictReader(file))
    if name != "sales_pipeline":
        return entries
    known: dict[str, dict[str, str]] = {}
    for row in entries:
        if row["opportunity_id"] not in REFUSED:
            known.setdefault(row["opportunity_id"], row)
    return list(known.values())


def sums(pairs: Iterable[tuple[str | None, dict[str, str]]]) -> dict[str | None, Decimal]:
    """Sum of `close_value` per key."""
    totals: dict[str | None, Decimal] = defaultdict(Decimal)
    for key, row in pairs:
        totals[key] += Decimal(row["close_value"] or 0)
    return dict(totals)


@dataclass
class Imported:
    """An imported tenant and the output of the import command."""

    world: World
    slug: str
    directory: Path
    here: Path
    result: Result
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def passwords(self) -> dict[str, tuple[str, ...]]:
        """Printed role, email address and password, by name."""
        lines = [re.split(r" {2,}", line) for line in self.result.stdout.splitlines()]
        return {name: tuple(rest) for name, *rest in lines}

    @property
    def findings(self) -> list[tuple[str, int, str, str]]:
        """Rows of the report: file, line, finding and action."""
        with (self.here / "data" / "imports" / f"{self.slug}.csv").open(newline="") as file:
            reader = csv.reader(file)
            next(reader)
            return [(f, int(line), what, done) for f, line, what, done in reader]

    def tenant_client(self) -> TenantClient:
        """Client with access to the tenant's rows."""
        return TenantClient(self.world, self.slug)

    async def again(self, *words: str) -> Result:
        """Import the same directory again."""
        return await self.command(self.directory, *words)

    async def command(self, directory: Path, *words: str) -> Result:
        """Import a directory into this tenant."""
        arguments = ("import", "crm-sales-opportunities", str(directory), "--tenant", self.slug)
        return await relata(self.world, self.here, *arguments, *words)

    async def ask(self, name: str, query: str, **variables: Any) -> Any:
        """Data of the response to a user, who signs in with the printed password."""
        if name not in self.tokens:
            _, email, password = self.passwords[name]
            credentials = {"tenant": self.slug, "email": email, "password": password}
            body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
            self.tokens[name] = (await self.world.post(body)).data["signIn"]["accessToken"]
        body = json.dumps({"query": query, "variables": variables}).encode()
        return (await self.world.post(body, authorization=f"Bearer {self.tokens[name]}")).data
