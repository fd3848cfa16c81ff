"""What `check` checks: every check is a function that returns what to do, if anything."""

import ast
import asyncio
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NODE_LOCKS = tuple(
    f"{folder}/package-lock.json"
    for folder in (
        "web",
        "tests/web",
        "tests/clients",
        "tests/clients/codegen",
        "bench/postgraphile",
    )
)
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
PRODUCT = (
    "app.py", "auth/", "cli/", "db/", "domain/", "resolvers/", "schema/", "settings.py", "subscriptions/", "tenancy/", "web/",
)  # fmt: skip
MOST_LINES = 60  # of what a tool describes
Check = Callable[[], str | None]


def sources() -> list[Path]:
    """Every Python file of ours: what git knows and what it does not ignore."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
        files = {ROOT / name for name in listed.stdout.split("\0") if name.endswith(".py")}
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive, or no git
        foreign = (".", "node_modules", "__pycache__")
        files = {
            file
            for top in ROOT.iterdir()
            if not top.name.startswith(foreign)
            for file in (top.rglob("*.py") if top.is_dir() else [top] * (top.suffix == ".py"))
        }
    return sorted(file for file in files | {ROOT / "dev"} if file.exists())


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _sized(file: Path) -> bool:
    """Tests may be long, and migrations are generated."""
    parts = file.relative_to(ROOT).parts
    return parts[0] != "tests" and "versions" not in parts


# --- read from the files ------------------------------------------------------------------------


def file_sizes() -> str | None:
    """A file that is too long hides what it is for."""
    long = [
        f"{_name(file)} has {lines} lines: make it a package, at most {LONGEST_FILE} lines a file"
        for file in sources()
        if _sized(file) and (lines := len(file.read_text().splitlines())) > LONGEST_FILE
    ]
    return "\n".join(long)


PARSING = Lock()
"""Held while a file is parsed: Python 3.11 may fail with SystemError if two threads parse at once."""


def _tree(file: Path) -> ast.Module:
    with PARSING:
        return ast.parse(file.read_text())


def _functions(file: Path) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def function_sizes() -> str | None:
    """A function that is too long does more than one thing."""
    long = [
        f"{_name(file)}:{line} {name} has {lines} lines: split it, at most {LONGEST_FUNCTION}"
        for file in sources()
        if _sized(file)
        for name, line, lines in _functions(file)
        if lines > LONGEST_FUNCTION
    ]
    return "\n".join(long)


def docstrings() -> str | None:
    """A module that cannot say in a sentence what it is for should not be one."""
    silent = [
        f"{_name(file)} does not open with a sentence that states what it is for"
        for file in sources()
        if file.read_text().strip() and not ast.get_docstring(_tree(file))
    ]
    return "\n".join(silent)


def plain_words() -> str | None:
    """Names and prose use the words of the field, classes of the product have names of their own."""
    sys.path.insert(0, str(ROOT))
    from tests.checks.vocabulary import ids_in_contract, retired, shared_class_names

    trees = {_name(file): _tree(file) for file in sources() if _name(file).startswith(PRODUCT)}
    contract = (ROOT / "schema" / "schema.graphql").read_text()
    found = [
        *(line for name, text in _texts() for line in retired(name, text)),
        *shared_class_names(trees),
        *ids_in_contract(contract),
    ]
    if len(found) > MOST_LINES:
        found[MOST_LINES:] = [f"... and {len(found) - MOST_LINES} more"]
    return "\n".join(found)


def _texts() -> Iterator[tuple[str, str]]:
    from tests.checks.vocabulary import TEXTS

    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    for name in answer.stdout.split("\0"):
        if (ROOT / name).suffix in TEXTS and (ROOT / name).exists():
            yield name, (ROOT / name).read_text()


def test_parameters() -> str | None:
    """Every test takes what it is parametrized with: otherwise pytest collects nothing of its file."""
    sys.path.insert(0, str(ROOT))
    from tests.checks.parameters import fixture_parameters, unused_parameters

    trees = {_name(file): _tree(file) for file in sources() if _name(file).startswith("tests/")}
    received = {name: {*fixture_parameters(tree)} for name, tree in trees.items()}
    shared = {each for name in trees if name.endswith("conftest.py") for each in received[name]}
    return "\n".join(
        f"{name}:{line}"
        for name, tree in trees.items()
        for line in unused_parameters(tree, received[name] | shared)
    )


def locks_without_addresses() -> str | None:
    """A lock that names a registry works for those alone who can reach that one."""
    named = [name for name in (*LOCKS, *NODE_LOCKS) if "://" in (ROOT / name).read_text()]
    remedy = "remove the URLs (uv pip compile --no-header does; of npm's, `resolved` and `funding`)"
    return f"{', '.join(named)}: {remedy}" if named else None


def _pins(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def locks_current() -> str | None:
    """What pyproject.toml asks for is in the locks, in a version that it accepts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {LOCKS[0]: project["project"]["dependencies"]}
    wanted[LOCKS[1]] = wanted[LOCKS[0]] + project["dependency-groups"]["dev"]
    users, developers = (_pins(lock) for lock in LOCKS)
    apart = [name for name, pin in users.items() if developers.get(name) != pin]
    missing = [f"{LOCKS[1]} does not hold {name} as {LOCKS[0]} does" for name in apart]
    for lock, pins in zip(LOCKS, (users, developers), strict=True):
        for text in wanted[lock]:
            need = Requirement(text)
            pin = pins.get(re.sub(r"[-_.]+", "-", need.name).lower())
            if pin is None or not need.specifier.contains(pin, prereleases=True):
                missing.append(f"{lock} has {pin or 'nothing'} for {text}")
    return "\n".join([*missing, "compile the locks again"]) if missing else None


# --- asked of tools and of the code -------------------------------------------------------------


def _tool(remedy: str, *command: str) -> Check:
    def ask() -> str | None:
        answer = subprocess.run([*command], cwd=ROOT, capture_output=True, text=True, check=False)
        if not answer.returncode:
            return None
        lines = (answer.stdout + answer.stderr).strip().splitlines()
        if len(lines) > MOST_LINES:
            rest = len(lines) - MOST_LINES
            lines[MOST_LINES:] = [f"... and {rest} lines more; all of them: {' '.join(command)}"]
        return "\n".join([remedy, *lines])

    return ask


def sdl_current() -> str | None:
    """The contract that is checked in is the one that the code speaks."""
    command = [sys.executable, "-m", "cli", "sdl"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    kept = ROOT / "schema" / "schema.graphql"
    if answer.returncode:
        return f"the schema cannot be printed: {answer.stderr.strip().splitlines()[-1]}"
    if not kept.exists() or kept.read_text() != answer.stdout:
        return "python3 dev sdl --write, and read the difference as your clients would"
    return None


def reference_current() -> str | None:
    """The pages of docs/api are those that are generated."""
    command = [sys.executable, "-m", "cli", "docs"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not answer.returncode:
        return None
    if not answer.stdout:
        return f"docs/api cannot be generated: {answer.stderr.strip().splitlines()[-1]}"
    return f"{answer.stdout}python3 dev docs --write, and read the difference as a reader would"


def lock_current() -> str | None:
    """What the proofs read of the model is what is declared."""
    command = [sys.executable, "-m", "cli", "proof"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    kept = ROOT / "tests" / "proof" / "lock.toml"
    if answer.returncode:
        return f"the lock cannot be printed: {answer.stderr.strip().splitlines()[-1]}"
    if kept.read_text() != answer.stdout:
        return "python3 dev proof --write, read the difference, and say in rights.txt what is new"
    return None


def figures_current() -> str | None:
    """The figures of the README are those of the last benchmark."""
    sys.path.insert(0, str(ROOT))
    from bench.figures import current

    return None if current() else "python3 dev figures --write"


def status_current() -> str | None:
    """The page of existing and planned features agrees with the IDs that the tests name."""
    sys.path.insert(0, str(ROOT))
    from cli.status import PAGE, page

    with PARSING:
        text = page()
    if not PAGE.exists() or PAGE.read_text() != text:
        return "python3 dev features --write"
    return None


def forgotten_migrations() -> str | None:
    """What the tables say and no migration does: asked of an empty database of its own."""
    sys.path.insert(0, str(ROOT))
    from cli.servers.embedded import embedded

    async def compare() -> list[str]:
        from db.api import METADATA
        from tenancy.engine.migrate import missing_migrations

        with tempfile.TemporaryDirectory(prefix="relata-") as data:
            async with embedded(Path(data), durable=False) as servers:
                return list(await missing_migrations(servers.database_url, METADATA))

    try:
        differences = asyncio.run(compare())
    except ImportError as error:
        return f"the migrations cannot be asked: {error}"
    return "\n".join(["write a migration for:", *differences]) if differences else None


PYTHON = sys.executable
BIN = Path(PYTHON).parent
CHECKS: dict[str, Check] = {
    "types": _tool("annotate, do not ignore", PYTHON, "-m", "mypy"),
    "contracts": _tool("import downwards only", str(BIN / "lint-imports"), "--no-logo"),
    "format": _tool(
        "ruff format", PYTHON, "-m", "ruff", "format", "--check", "--output-format=concise"
    ),
    "lint": _tool("ruff check --fix", PYTHON, "-m", "ruff", "check", "--output-format=concise"),
    "sdl current": sdl_current,
    "reference current": reference_current,
    "lock of the proofs current": lock_current,
    "status of the features current": status_current,
    "figures current": figures_current,
    "locks without addresses": locks_without_addresses,
    "locks current": locks_current,
    "file sizes": file_sizes,
    "function sizes": function_sizes,
    "docstrings": docstrings,
    "plain words": plain_words,
    "test parameters": test_parameters,
}


def report(name: str, remedy: str | None) -> bool:
    """One line for each check, and what to do below it."""
    sys.stdout.write(f"FAILED {name}\n{remedy}\n" if remedy else f"ok     {name}\n")
    sys.stdout.flush()
    return not remedy


def main() -> int:
    """Two at a time: the slow ones are programs of their own, and small machines have two cores."""
    with ThreadPoolExecutor(2) as pool:
        asked = {name: pool.submit(check) for name, check in CHECKS.items()}
        # It starts servers, which only the main thread may: they end with the thread they know.
        fine = [report("forgotten migrations", forgotten_migrations())]
        fine += [report(name, answer.result()) for name, answer in asked.items()]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
