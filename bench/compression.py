"""Compares compression levels on saved responses: `python -m bench.compression FOLDER`.

The folder holds one response body per file, such as those of the documents in docs/examples.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from time import process_time

import brotli

SECONDS = 0.15
"""CPU time, in seconds, that each level is given."""


def codings() -> dict[str, Callable[[bytes], bytes]]:
    """The compared codings and levels, by name."""

    def gzip(level: int) -> Callable[[bytes], bytes]:
        return lambda body: zlib.compress(body, level, wbits=31)

    def br(quality: int) -> Callable[[bytes], bytes]:
        return lambda body: brotli.compress(body, brotli.MODE_TEXT, quality)

    return {
        **{f"gzip {level}": gzip(level) for level in (1, 4, 5, 6, 9)},
        **{f"br {quality}": br(quality) for quality in (1, 3, 4, 5, 6, 9)},
    }


def microseconds(compress: Callable[[bytes], bytes], body: bytes) -> float:
    """CPU time of one call, in microseconds."""
    calls, begun = 0, process_time()
    while (took := process_time() - begun) < SECONDS:
        compress(body)
        calls += 1
    return took / calls * 1e6


def main(folder: Path) -> None:
    """Print one line per response and level: bytes, percentage of the original, CPU time, MB per second."""
    for file in sorted(folder.iterdir(), key=lambda each: each.stat().st_size):
        body = file.read_bytes()
        print(f"{file.name}: {len(body):,} bytes")  # noqa: T201
        for name, compress in codings().items():
            size, took = len(compress(body)), microseconds(compress, body)
            share, rate = size / len(body), len(body) / took
            print(f"  {name:7} {size:9,} {share:6.1%} {took:9.0f} us {rate:7.0f} MB/s")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
