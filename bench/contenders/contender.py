"""What a contender is: a server in a process of its own, and a way to ask it and to read its answers."""

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

from bench.questions import Parameters, Question
from bench.tenant import Filled

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 60.0


class Failed(Exception):
    """The measurement cannot go on; the message says why."""


@dataclass(frozen=True)
class Request:
    """A request that can be sent again and again."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def login(url: str, user: str) -> str:
    """The same database for another login; on our own socket nobody is asked for a password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{quote(user)}@{host}", parts.path, parts.query, ""))


class Server(ABC):
    """One of those who are measured: how it is started, ended, and sent a request."""

    name: str

    def __init__(self, filled: Filled) -> None:
        self.filled = filled
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = filled.data / f"{self.name}.log"

    @abstractmethod
    def command(self) -> list[str | Path]:
        """What starts its server."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What its server finds in the environment, besides what is there and PORT."""

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Called before it is asked anything for a while."""

    def directory(self) -> Path:
        """Where its server is started."""
        return ROOT

    @property
    def pid(self) -> int:
        """The process that was started; it may have children."""
        if self._process is None:
            raise Failed(f"{self.name} does not run.")
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
                start_new_session=True,  # what starts may be a script that starts the server
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise Failed(f"{self.name} ended while starting:\n{self.said()}")
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise Failed(f"{self.name} does not listen after {START_SECONDS:.0f} s:\n{self.said()}")

    def stop(self) -> None:
        """End the server, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)

    def said(self) -> str:
        """The end of what its server told."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])

    def ask(self, asked: Request) -> tuple[int, bytes]:
        """One answer: its status and its body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=120)
        try:
            connection.request("POST", asked.path, asked.body, dict(asked.headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Contender(Server):
    """One who is asked the reads."""

    @abstractmethod
    def request(self, question: Question, given: Parameters) -> Request:
        """How it is asked."""

    @abstractmethod
    def canonical(self, question: Question, data: Any) -> Any:
        """Its answer in the one spelling in which answers are compared."""

    def answer(self, question: Question, given: Parameters) -> Any:
        """What it answers to a question, in the spelling of all."""
        status, body = self.ask(self.request(question, given))
        read = json.loads(body)
        if status != 200 or "errors" in read or read.get("data") is None:
            raise Failed(f"{self.name} answers {question.name} with {status}: {body[:2000]!r}")
        return self.canonical(question, read["data"])


def python(module: str) -> list[str | Path]:
    """The command that starts a module of ours."""
    return [sys.executable, "-m", module]


def graphql(document: str, variables: Mapping[str, Any]) -> bytes:
    """The body of a GraphQL request, in one line as clients send it."""
    query = " ".join(document.split())
    return json.dumps({"query": query, "variables": dict(variables)}).encode()


JSON = {"content-type": "application/json", "accept": "application/json"}
