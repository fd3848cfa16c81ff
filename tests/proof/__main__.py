"""Updates the files of the proofs: a `?` for each new entry of rights.txt, and the rights matrix of the running API."""

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
    """Write both files and print the entries that need a manual value."""
    missing = writing.write()
    asyncio.run(_matrix())
    sys.stderr.write("".join(f"{each}\n" for each in missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
