"""Shared buffers of the embedded Postgres, by the memory of the machine or the limit of the container, in MB."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.servers import embedded

GB = 2**30


@pytest.mark.parametrize(
    ("machine", "container", "expected"),
    [
        (1 * GB, None, 128),
        (8 * GB, None, 512),
        (64 * GB, None, 1024),
        (64 * GB, "max\n", 1024),
        (64 * GB, f"{4 * GB}\n", 256),
        (64 * GB, f"{GB // 2}\n", 128),
    ],
)
def test_shared_buffers_follow_machine_and_container_memory(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    machine: int,
    container: str | None,
    expected: int,
) -> None:
    limit = tmp_path / "memory.max"
    if container is not None:
        limit.write_text(container)
    monkeypatch.setattr(embedded, "CONTAINER_MEMORY_LIMIT", limit)
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": machine // 4096, "SC_PAGE_SIZE": 4096}.get)
    assert embedded._shared_buffers_mb() == expected
