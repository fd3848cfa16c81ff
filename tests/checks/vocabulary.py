"""Finds retired words, gendered pronouns and class names that two modules share: what `check` says of names and prose."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RETIRED = {
    "deed": "mutation in the contract, command in code",
    "wish": "request",
    "verb": "command",
    "told": "error, result, message, response, readable",
    "tell": "return, send, report, respond; for progress, report",
    "says": "is, states, contains",
    "said": "message, error, response, stated",
    "news": "changes, delta",
    "spoken": "name the protocol or the language",
    "nobody": "no user, no caller, no one",
    "somebody": "another user, a caller",
    "twin": "copy, counterpart",
    "thereby": "say what follows in a sentence of its own",
    "whoever": "a user who, a caller who",
    "whom": "name the user, the caller or the employee",
    "anew": "again",
    "he": "they, the user, the caller",
    "him": "them, the user, the caller",
    "his": "their, the user's, the caller's",
    "himself": "themselves, the user",
    "favourite": "favorite",
    "colour": "color",
    "neighbour": "neighbor",
    "organisation": "organization",
    "catalogue": "catalog, registry",
    "knock": "acquire",
}
"""Words that neither names nor prose use any more, and what stands in their place (docs/glossary.md has the product's own)."""
PHRASES = {
    r"the house\b(?! number)": "the application",
    r"the bin\b": "the trash",
    r"keeps? at hand": "favorite",
    r"page to ask in": "GraphiQL",
    r"what is told": "the response",
    r"may count on": "say the figure",
}
"""Expressions of several words, likewise."""
TEXTS = (".py", ".md", ".graphql", ".js", ".jsx", ".mjs", ".html", ".css", ".toml", ".txt")
HISTORY = (
    "docs/adr/",
    "docs/features.md",
    "docs/status.md",
    "db/migrations/",
    "tests/checks/vocabulary.py",
    "tests/checks/test_vocabulary.py",
    "tests/checks/test_descriptions.py",
    "tests/tenancy/test_names_migration.py",
)
"""Files that keep the words of their time, or name them in order to find them."""
IDS = re.compile(r"\b(?:EP|VN|VT|SMP|VPM|D|N|X|F)-\d+\b")
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
_WORD = re.compile(rf"\b({'|'.join(RETIRED)})(?:(?<!s)s)?\b", re.IGNORECASE)
_SYSTEM_USER = re.compile('[`"]nobody[`"]')
"""The user `nobody` of the operating system."""
_PHRASE = re.compile("|".join(f"({phrase})" for phrase in PHRASES), re.IGNORECASE)


def retired(name: str, text: str) -> Iterator[str]:
    """A line for each retired word of a file, with its place and a remedy."""
    if not name.endswith(TEXTS) or name.startswith(HISTORY) or name.endswith("lock.toml"):
        return
    for number, line in enumerate(_SYSTEM_USER.sub("", text).splitlines(), 1):
        for found in _WORD.finditer(_BORDER.sub(" ", line)):
            yield f"{name}:{number}: {found[0]} → {RETIRED[found[1].lower()]}"
        for found in _PHRASE.finditer(line):
            remedy = list(PHRASES.values())[(found.lastindex or 1) - 1]
            yield f"{name}:{number}: {found[0]} → {remedy}"


def shared_class_names(trees: dict[str, ast.Module]) -> Iterator[str]:
    """A line for each class name that two modules of the product define."""
    places = defaultdict(list)
    for name, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    for kind, names in sorted(places.items()):
        if len(names) > 1:
            yield f"{kind} is defined in {' and '.join(sorted(names))}: give each its own name"


def ids_in_contract(sdl: str) -> Iterator[str]:
    """A line for each description of the contract that names an id of a decision or a feature."""
    for number, line in enumerate(sdl.splitlines(), 1):
        for found in IDS.finditer(line):
            yield f"schema/schema.graphql:{number}: {found[0]}: describe it instead"
