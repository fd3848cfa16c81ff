"""Seeded faults: each is a change of one product file that named tests must detect. See reads.toml for the format."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SECONDS = 600
"""Default time limit for the tests of a fault."""


@dataclass(frozen=True)
class Fault:
    """One change of one file."""

    name: str
    file: str
    old: str
    """Replaced text; occurs exactly once in the file."""
    new: str
    red: tuple[str, ...]
    """Node IDs of the tests that must fail; an ID without parameters needs one failing parameter set."""
    seconds: int = SECONDS

    def problem(self, root: Path = ROOT) -> str | None:
        """Why the fault cannot be applied; None if it can."""
        file = root / self.file
        times = file.read_text(encoding="utf-8").count(self.old) if file.exists() else 0
        if times != 1:
            where = f"its old text occurs {times} times in {self.file}"
            return f"fault {self.name!r} no longer applies: {where}; rewrite it"
        return None

    def apply(self, root: Path) -> None:
        """Make the change in a copy of the checkout. Raises ValueError if it does not apply."""
        if problem := self.problem(root):
            raise ValueError(problem)
        file = root / self.file
        file.write_text(file.read_text("utf-8").replace(self.old, self.new), "utf-8")


def faults() -> list[Fault]:
    """All declared faults. Raises ValueError for a duplicate name."""
    found: dict[str, Fault] = {}
    for file in sorted(HERE.glob("*.toml")):
        for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{file.name}: there is another fault {name!r}")
            known = {**entry, "old": entry["old"].strip("\n"), "new": entry["new"].strip("\n")}
            known["red"] = tuple([entry["red"]] if isinstance(entry["red"], str) else entry["red"])
            found[name] = Fault(name, **known)
    return list(found.values())
