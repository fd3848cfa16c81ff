"""Generates all files of docs/api, and compares them with the existing ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli.common import ROOT
from cli.reference.areas import CONVENTIONS, AreaPage
from cli.reference.contract import AREAS, SESSIONS, ApiContract
from cli.reference.conventions import conventions_page
from cli.reference.errors import FILE as ERRORS
from cli.reference.errors import errors_page
from cli.reference.markdown import code, link, page, table
from cli.reference.messages import by_code, collect

FOLDER = ROOT / "docs" / "api"
EXAMPLES = FOLDER / "examples"


def pages() -> dict[str, str]:
    """The texts of all pages by file name."""
    contract = ApiContract()
    found = {"README.md": index_page(contract), CONVENTIONS: conventions_page(contract)}
    found[ERRORS] = errors_page(by_code(collect()), contract.returned)
    for name in AREAS:
        found[f"{name}.md"] = AreaPage(contract, name, examples_of(name)).text()
    return found


def examples_of(area: str) -> list[Path]:
    """The operations that the page of an area shows: `sales.graphql`, `sales_move.graphql`."""
    files = sorted(EXAMPLES.glob("*.graphql"))
    return [each for each in files if each.stem.split("_")[0] == area]


def differences(found: dict[str, str]) -> Iterator[str]:
    """A sentence for each missing, outdated or superfluous page."""
    for name, text in found.items():
        file = FOLDER / name
        if not file.exists():
            yield f"docs/api/{name} is missing"
        elif file.read_text() != text:
            yield f"docs/api/{name} is outdated"
    for file in FOLDER.glob("*.md"):
        if file.name not in found:
            yield f"docs/api/{file.name} belongs to no area: delete it"


def write(found: dict[str, str]) -> None:
    """Write all pages, and delete superfluous ones."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (FOLDER / name).write_text(text)
    for file in FOLDER.glob("*.md"):
        if file.name not in found:
            file.unlink()


def index_page(contract: ApiContract) -> str:
    """The index page: the areas with their types, then all area-specific mutations."""
    lines = ["# GraphQL API reference", ""]
    lines += [
        "The API is served at `/graphql` over HTTP and WebSocket.",
        "",
        f"- {link('Conventions', CONVENTIONS)}: requests, values, lists, filters, mutations",
        f"- {link('Errors', ERRORS)}: every code, its messages, and what to do",
        f"- {link('schema.graphql', '../../schema/schema.graphql')}: the complete schema",
        f"- {link('Examples', '../examples/')}: one operation per screen",
        "",
        "## Areas",
        "",
    ]
    rows = []
    for name, (title, summary) in AREAS.items():
        types = (link(each.name, f"{name}.md", each.name) for each in contract.entities[name])
        rows.append((link(title, f"{name}.md"), summary, ", ".join(types)))
    lines += table(("Area", "Content", "Types"), rows)
    lines += ["## Mutations besides create, update, delete, restore and upsert", ""]
    own = [
        (link(code(doc.name), f"{area}.md", f"{entity.name} mutations"), doc.command.doc)
        for area, entities in contract.entities.items()
        for entity in entities
        for doc in contract.mutations.get(entity.name, ())
        if doc.command.standard is None
    ]
    root = contract.schema.mutation_type
    own += [
        (
            link(code(name), f"{SESSIONS}.md", "Mutations"),
            (root.fields[name].description or "") if root else "",
        )
        for name in contract.sessions
    ]
    lines += table(("Mutation", "Description"), sorted(own))
    return page(lines)
