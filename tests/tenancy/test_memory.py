"""How much memory our own Postgres is given: by the machine's, or by what a container allows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.servers import embedded

GB = 2**30


@pytest.mark.parametrize(
    ("machine", "container", "given"),
    [
        (1 * GB, None, 128),
        (8 * GB, None, 512),
        (64 * GB, None, 1024),
        (64 * GB, "max\n", 1024),
        (64 * GB, f"{4 * GB}\n", 256),
        (64 * GB, f"{GB // 2}\n", 128),
    ],
)
def test_buffers(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    machine: int,
    container: str | None,
    given: int,
) -> None:
    told = tmp_path / "memory.max"
    if container is not None:
        told.write_text(container)
    monkeypatch.setattr(embedded, "CONTAINER", told)
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": machine // 4096, "SC_PAGE_SIZE": 4096}.get)
    assert embedded._buffers() == given
