"""Base classes of contenders: a server in a separate process, its requests and responses."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from bench.read_cases import Parameters, ReadCase
from bench.tenant import Filled

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 60.0


class Failed(Exception):
    """The measurement failed; the message contains the reason."""


@dataclass(frozen=True)
class Request:
    """An HTTP request, which can be repeated."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def free_port() -> int:
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def login(url: str, user: str) -> str:
    """The URL of the database with another user; the local socket requires no password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{quote(user)}@{host}", parts.path, parts.query, ""))


class Server(ABC):
    """A measured server: starts, stops, and sends requests to it."""

    name: str

    def __init__(self, filled: Filled) -> None:
        self.filled = filled
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = filled.data / f"{self.name}.log"

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The command that starts the server."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """Environment variables of the server, in addition to the current ones and PORT."""

    def prepare(self) -> None:  # noqa: B027 - optional
        """Called before a series of requests."""

    def directory(self) -> Path:
        """The working directory of the server."""
        return ROOT

    @property
    def pid(self) -> int:
        """The pid of the started process, which may have children."""
        if self._process is None:
            raise Failed(f"{self.name} is not running.")
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it listens."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(word) for word in self.command()],
                cwd=self.directory(),
                env={**os.environ, **self.environment(), "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the command may be a script that starts the server
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise Failed(f"{self.name} ended while starting:\n{self.log_tail()}")
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise Failed(f"{self.name} does not listen after {START_SECONDS:.0f} s:\n{self.log_tail()}")

    def stop(self) -> None:
        """Stop the server, if it is running."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)

    def log_tail(self) -> str:
        """The last lines of the server's log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Send a request; return status and body of the response."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=120)
        try:
            connection.request("POST", request.path, request.body, dict(request.headers))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class Contender(Server):
    """A server that is measured with the read cases."""

    @abstractmethod
    def request(self, read_case: ReadCase, params: Parameters) -> Request:
        """The request of a read case."""

    @abstractmethod
    def canonical(self, read_case: ReadCase, data: Any) -> Any:
        """The data of a response in canonical form, for comparison."""

    def answer(self, read_case: ReadCase, params: Parameters) -> Any:
        """The response to a read case in canonical form. Raises Failed for an error."""
        status, body = self.ask(self.request(read_case, params))
        response = json.loads(body)
        if status != 200 or "errors" in response or response.get("data") is None:
            raise Failed(f"{self.name} responds to {read_case.name} with {status}: {body[:2000]!r}")
        return self.canonical(read_case, response["data"])


def python(module: str) -> list[str | Path]:
    """The command that runs a module of this repository."""
    return [sys.executable, "-m", module]


def graphql(document: str, variables: Mapping[str, Any]) -> bytes:
    """The JSON body of a GraphQL request; the document is one line."""
    query = " ".join(document.split())
    return json.dumps({"query": query, "variables": dict(variables)}).encode()


JSON = {"content-type": "application/json", "accept": "application/json"}
