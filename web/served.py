"""Serves the page from memory, under a policy that lets it load and ask nothing but this server."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import html
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from web.build import PLACE, SOURCE, directory, is_built

POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # the editor places its lines by style attributes
    "font-src 'self' data:; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "worker-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
FOR_GOOD = "public, max-age=31536000, immutable"
FIRST = "page.html"
REMEDY = "`python3 dev web` builds it and tells what it lacks; then start the server again."
Tell = Callable[[str], None]


@dataclass(frozen=True)
class File:
    """One file of the page, as it is sent."""

    body: bytes
    packed: bytes
    media: str
    tag: str


def loaded(made: Path) -> dict[str, File]:
    """All files of a built page by their names."""
    return {file.name: _file(file) for file in made.iterdir() if file.is_file()}


def _file(file: Path) -> File:
    body = file.read_bytes()
    media = TYPES.get(file.suffix, "application/octet-stream")
    tag = hashlib.sha256(body).hexdigest()[:32]
    return File(body, gzip.compress(body, 6, mtime=0), media, f'"{tag}"')


def examples(folder: Path) -> list[dict[str, str]]:
    """Documents to begin with: a name, which is a file's first comment, the query, and variables if any stand beside it."""
    found = []
    for file in sorted(folder.glob("*.graphql")):
        query, variables = file.read_text(), file.with_suffix(".json")
        head = query.lstrip().partition("\n")[0]
        name = head.lstrip("# ").rstrip(". ") if head.startswith("#") else ""
        each = {"name": name or file.stem.replace("-", " "), "query": query}
        if variables.exists():
            each["variables"] = variables.read_text()
        found.append(each)
    return found


@dataclass
class Page:
    """What is served at /graphiql. A name that is asked for is looked up, so no path reaches the disk."""

    demo: Mapping[str, object] | None = None
    """Who can be whom in the demonstration, with everybody's password; None where there is none."""
    examples: Sequence[Mapping[str, str]] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    fault: str | None = None
    """Why there is no page; None while one is there or is being built."""

    def routes(self) -> list[Route]:
        """Where the page is, and what it asks for."""
        return [
            Route("/", self.root),
            Route("/graphiql", self.first),
            Route("/graphiql/demo.json", self.told_demo),
            Route("/graphiql/examples.json", self.told_examples),
            Route("/graphiql/{name}", self.part),
        ]

    async def root(self, request: Request) -> Response:
        """Browsers are led to the page; for programs there is nothing here."""
        if "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse("graphiql", 307, {**HEADERS, "Cache-Control": "no-store"})

    async def first(self, request: Request) -> Response:
        """The page itself, or a word on why it is not here."""
        if FIRST not in self.files:
            return self._absent()
        return _sent(self.files[FIRST], request, "no-cache")

    async def part(self, request: Request) -> Response:
        """What the page consists of, for good: another content has another name."""
        file = self.files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        return _sent(file, request, FOR_GOOD)

    async def told_demo(self, _: Request) -> Response:
        """Whom one can be, if this is a demonstration."""
        return JSONResponse(self.demo, headers={**HEADERS, "Cache-Control": "no-store"})

    async def told_examples(self, _: Request) -> Response:
        """What one can begin with."""
        return JSONResponse(self.examples, headers={**HEADERS, "Cache-Control": "no-store"})

    def _absent(self) -> Response:
        again, what = "", f"The page to ask in is not built. {REMEDY}"
        if self.fault is None:
            again = '<meta http-equiv="refresh" content="3">'
            what = "The page to ask in is being built, once. It will be here in a minute."
        words = html.escape(what).replace("`python3 dev web`", "<code>python3 dev web</code>")
        text = ABSENT.format(again=again, what=words)
        return Response(
            text,
            503,
            {**HEADERS, "Cache-Control": "no-store", "Retry-After": "3"},
            TYPES[".html"],
        )

    async def prepare(self, url: str, tell: Tell, place: Path = PLACE) -> None:
        """Have the page, building it first where it was not built yet. It never fails the server."""
        if not is_built(place):
            tell(f"building the page to ask in, once; it will be at {url}")
            self.fault = await _built(place)
        if self.fault is None:
            try:
                self.files = await asyncio.to_thread(loaded, directory(place))
            except OSError as error:
                self.fault = str(error)
        if self.fault is None:
            tell(f"the page to ask in: {url}")
        else:
            tell(f"There is no page at {url}, only the API. {self.fault}\n{REMEDY}")


def _sent(file: File, request: Request, cache: str) -> Response:
    headers = {**HEADERS, "Cache-Control": cache, "ETag": file.tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media
        )
    return Response(file.body, headers=headers, media_type=file.media)


async def _built(place: Path) -> str | None:
    """Build in a process of its own, which ends with us; what it complains of, if it fails."""
    building = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "web.build", str(place)),
        cwd=SOURCE.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = await building.communicate()
    finally:
        if building.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(building.pid, signal.SIGKILL)
            await building.wait()
    return said.decode(errors="replace").strip() if building.returncode else None


ABSENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{again}
<title>Relata</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 34rem; margin: 20vh auto; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; }}
</style>
</head>
<body>
<h1>Relata</h1>
<p>{what}</p>
<p>The API is here all the same, for any client: <code>POST /graphql</code>.</p>
</body>
</html>
"""
