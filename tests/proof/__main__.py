"""Writes what the proofs read: a `?` for what is new in rights.txt, and the matrix that the running product answers."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.proof import matrix, writing
from tests.support.world import world_alone


async def _matrix() -> None:
    with tempfile.TemporaryDirectory(prefix="relata-proof-") as directory:
        async with world_alone(Path(directory)) as world:
            await matrix.write(world)


def main() -> int:
    """Write both, and print what people have to fill in."""
    missing = writing.write()
    asyncio.run(_matrix())
    sys.stderr.write("".join(f"{each}\n" for each in missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
