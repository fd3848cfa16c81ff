"""Seeded faults: each is one change of the product's text that named tests must notice. See reads.toml for the format."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SECONDS = 600
"""How long the tests of one fault may take."""


@dataclass(frozen=True)
class Fault:
    """One change of one file."""

    name: str
    file: str
    old: str
    """What the change replaces; it occurs exactly once in the file."""
    new: str
    red: tuple[str, ...]
    """The tests that must fail, by their node ids; without parameters, some of a test's must."""
    seconds: int = SECONDS

    def problem(self, root: Path = ROOT) -> str | None:
        """Why it cannot be applied; None if it can."""
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
    """Every declared fault. Raises ValueError where two have one name."""
    found: dict[str, Fault] = {}
    for file in sorted(HERE.glob("*.toml")):
        for name, said in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{file.name}: there is another fault {name!r}")
            known = {**said, "old": said["old"].strip("\n"), "new": said["new"].strip("\n")}
            known["red"] = tuple([said["red"]] if isinstance(said["red"], str) else said["red"])
            found[name] = Fault(name, **known)
    return list(found.values())
