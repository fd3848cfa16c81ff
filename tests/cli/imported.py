"""What the tests of imports share: a directory imported into a tenant, asked as those whose passwords were printed."""

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
from tests.writes.parallel import TenantClient

SMALL = Path(__file__).with_name("small")
REFUSED = {"X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8"}
"""Rows of the small directory that are left out; the second row of `A1` is, too."""
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
WHOLE = Path(os.environ.get("RELATA_SHARED_DATA", BESIDE)) / "crm-sales-opportunities"
SECRET = "of thirty-two characters at least"


def directory(name: str) -> Path:
    """The small directory, or all of the data where it is at hand."""
    if name == "small":
        return SMALL
    if not WHOLE.is_dir():
        pytest.skip(f"{WHOLE} is not there: name the directory above it in RELATA_SHARED_DATA")
    return WHOLE


async def relata(world: World, here: Path, *words: str) -> Result:
    """A command on the installation, called in a directory."""
    unset = {"DATABASE_URL": world.servers.database_url, "REDIS_URL": world.servers.redis_url}
    unset["RELATA_DATA"] = str(here / "data")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**unset, "RELATA_SECRET": SECRET, "RELATA_HERE": str(here)}.items():
            patch.setenv(name, value)
        return await asyncio.to_thread(CliRunner().invoke, cli, list(words))


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    """A file as plain Python reads it, without what is left out of the small directory."""
    with (directory / f"{name}.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    if name != "sales_pipeline":
        return found
    known: dict[str, dict[str, str]] = {}
    for row in found:
        if row["opportunity_id"] not in REFUSED:
            known.setdefault(row["opportunity_id"], row)
    return list(known.values())


def sums(several: Iterable[tuple[str | None, dict[str, str]]]) -> dict[str | None, Decimal]:
    """What each group came to."""
    found: dict[str | None, Decimal] = defaultdict(Decimal)
    for key, row in several:
        found[key] += Decimal(row["close_value"] or 0)
    return dict(found)


@dataclass
class Imported:
    """A tenant that was imported, and what the command said."""

    world: World
    slug: str
    directory: Path
    here: Path
    said: Result
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def passwords(self) -> dict[str, tuple[str, ...]]:
        """Role, address and password that were printed, by name."""
        lines = [re.split(r" {2,}", line) for line in self.said.stdout.splitlines()]
        return {name: tuple(rest) for name, *rest in lines}

    @property
    def findings(self) -> list[tuple[str, int, str, str]]:
        """The report, line by line."""
        with (self.here / "data" / "imports" / f"{self.slug}.csv").open(newline="") as file:
            reader = csv.reader(file)
            next(reader)
            return [(f, int(line), what, done) for f, line, what, done in reader]

    def own(self) -> TenantClient:
        """Its rows, as an operator reads them."""
        return TenantClient(self.world, self.slug)

    async def again(self, *words: str) -> Result:
        """The same once more."""
        return await self.command(self.directory, *words)

    async def command(self, directory: Path, *words: str) -> Result:
        """The import of a directory into this tenant."""
        given = ("import", "crm-sales-opportunities", str(directory), "--tenant", self.slug)
        return await relata(self.world, self.here, *given, *words)

    async def ask(self, name: str, query: str, **variables: Any) -> Any:
        """The data of what somebody is answered, who signs in with what was printed."""
        if name not in self.tokens:
            _, email, password = self.passwords[name]
            given = {"tenant": self.slug, "email": email, "password": password}
            body = json.dumps({"query": SIGN_IN, "variables": {"input": given}}).encode()
            self.tokens[name] = (await self.world.post(body)).data["signIn"]["accessToken"]
        body = json.dumps({"query": query, "variables": variables}).encode()
        return (await self.world.post(body, authorization=f"Bearer {self.tokens[name]}")).data
