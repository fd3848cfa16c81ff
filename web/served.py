"""Serves GraphiQL from memory, under a content security policy that allows requests to this server only."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import html
import os
import re
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

from web.build import BUILD_DIRECTORY, SOURCE, is_built, output_directory

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # the editor positions lines by style attributes
    "font-src 'self' data:; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "worker-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
PERSONA_COMMENT = re.compile(r"^# Persona: ([\w.-]+)$", re.MULTILINE)
CACHE_FOREVER = "public, max-age=31536000, immutable"
INDEX = "page.html"
REMEDY = (
    "Run `python3 dev web`, which builds it or reports what is missing, and restart the server."
)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class File:
    """A file of the page, ready to send."""

    body: bytes
    gzipped: bytes
    media_type: str
    etag: str


def load_files(directory: Path) -> dict[str, File]:
    """The files of a built page, by name."""
    return {file.name: _file(file) for file in directory.iterdir() if file.is_file()}


def _file(file: Path) -> File:
    body = file.read_bytes()
    media_type = MEDIA_TYPES.get(file.suffix, "application/octet-stream")
    etag = hashlib.sha256(body).hexdigest()[:32]
    return File(body, gzip.compress(body, 6, mtime=0), media_type, f'"{etag}"')


def examples(folder: Path) -> list[dict[str, str]]:
    """The example documents of a folder. The name of each is its first comment, else its file name.

    Optional entries: `persona`, the demo user of the comment `# Persona: NAME`; `variables`, the JSON file of
    the same name; `lookup`, the query in `lookups/` that finds the records whose ids the variables need.
    """
    return [_example(file) for file in sorted(folder.glob("*.graphql"))]


def _example(file: Path) -> dict[str, str]:
    query = file.read_text()
    head = query.lstrip().partition("\n")[0]
    name = head.lstrip("# ").rstrip(". ") if head.startswith("#") else ""
    example = {"name": name or file.stem.replace("-", " "), "query": query}
    if persona := PERSONA_COMMENT.search(query):
        example["persona"] = persona[1]
    companions = {
        "variables": file.with_suffix(".json"),
        "lookup": file.parent / "lookups" / file.name,
    }
    return example | {name: path.read_text() for name, path in companions.items() if path.exists()}


@dataclass
class WebPage:
    """GraphiQL at /graphiql. File names are looked up in memory, so no path reaches the disk."""

    demo: Mapping[str, object] | None = None
    """The demo's tenants with their users and the password of all of them; None without a demo."""
    examples: Sequence[Mapping[str, str]] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    error: str | None = None
    """Why the page cannot be served; None while it is served or being built."""

    def routes(self) -> list[Route]:
        """The routes of the page and its files."""
        return [
            Route("/", self.root),
            Route("/graphiql", self.index),
            Route("/graphiql/demo.json", self.demo_json),
            Route("/graphiql/examples.json", self.examples_json),
            Route("/graphiql/{name}", self.file),
        ]

    async def root(self, request: Request) -> Response:
        """Redirect browsers to the page; answer 404 to other clients."""
        if "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse("graphiql", 307, {**HEADERS, "Cache-Control": "no-store"})

    async def index(self, request: Request) -> Response:
        """The page itself, or why it is not available."""
        if INDEX not in self.files:
            return self._unavailable()
        return _file_response(self.files[INDEX], request, "no-cache")

    async def file(self, request: Request) -> Response:
        """A file of the page. It can be cached forever, because its name contains a hash of its content."""
        file = self.files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        return _file_response(file, request, CACHE_FOREVER)

    async def demo_json(self, _: Request) -> Response:
        """The demo's tenants and users, or null."""
        return JSONResponse(self.demo, headers={**HEADERS, "Cache-Control": "no-store"})

    async def examples_json(self, _: Request) -> Response:
        """The example documents."""
        return JSONResponse(self.examples, headers={**HEADERS, "Cache-Control": "no-store"})

    def _unavailable(self) -> Response:
        refresh, reason = "", f"GraphiQL is not built. {REMEDY}"
        if self.error is None:
            refresh = '<meta http-equiv="refresh" content="3">'
            reason = (
                "GraphiQL is being built. This page reloads until that is done, in about a minute."
            )
        text = html.escape(reason).replace("`python3 dev web`", "<code>python3 dev web</code>")
        return Response(
            UNAVAILABLE.format(refresh=refresh, reason=text),
            503,
            {**HEADERS, "Cache-Control": "no-store", "Retry-After": "3"},
            MEDIA_TYPES[".html"],
        )

    async def prepare(self, url: str, progress: Progress, root: Path = BUILD_DIRECTORY) -> None:
        """Load the page, and build it first if necessary. A failure never stops the server."""
        if not is_built(root):
            progress(f"Building GraphiQL, which is needed once. It will be at {url}")
            self.error = await _build(root)
        if self.error is None:
            try:
                self.files = await asyncio.to_thread(load_files, output_directory(root))
            except OSError as error:
                self.error = str(error)
        if self.error is None:
            progress(f"GraphiQL: {url}")
        else:
            progress(f"GraphiQL is not available; the API is. {self.error}\n{REMEDY}")


def _file_response(file: File, request: Request, cache: str) -> Response:
    headers = {**HEADERS, "Cache-Control": cache, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            file.gzipped,
            headers={**headers, "Content-Encoding": "gzip"},
            media_type=file.media_type,
        )
    return Response(file.body, headers=headers, media_type=file.media_type)


async def _build(root: Path) -> str | None:
    """Build in a separate process, which ends with this one; return its error message if it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "web.build", str(root)),
        cwd=SOURCE.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, output = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return output.decode(errors="replace").strip() if process.returncode else None


UNAVAILABLE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}
<title>Relata</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 34rem; margin: 20vh auto; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; }}
</style>
</head>
<body>
<h1>Relata</h1>
<p>{reason}</p>
<p>The API is available at <code>/graphql</code>.</p>
</body>
</html>
"""
