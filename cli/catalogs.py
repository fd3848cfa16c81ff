"""Catalogs of messages in other languages: keeps their entries equal to the messages in the source."""

from __future__ import annotations

import ast
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from cli.common import ROOT
from cli.reference.messages import load
from schema.engine.languages import CATALOGS

HEADER = """\
msgid ""
msgstr ""
"Language: {tag}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


@cache
def templates() -> Mapping[str, list[str]]:
    """The template of each message in the source, with the files that contain it."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in load().values():
        file = str(module.file.relative_to(ROOT))
        for call in module.calls:
            match call:
                case ast.Call(
                    func=ast.Name(id="Message"), args=[ast.Constant(value=str(text)), *_]
                ):
                    if file not in found[text]:
                        found[text].append(file)
    return found


def updated(file: Path) -> tuple[str, Catalog]:
    """The text of a catalog with the messages of the source. Translations of other messages are removed."""
    with file.open("rb") as current:
        catalog = read_po(current, locale=file.stem)
    wanted = Catalog(locale=file.stem)
    for template, files in sorted(templates().items(), key=lambda each: (each[1], each[0])):
        known = catalog.get(template)
        translation = str(known.string) if known is not None and not known.fuzzy else ""
        wanted.add(template, translation, locations=[(each, 0) for each in files])
    text = io.BytesIO()
    write_po(text, wanted, width=120, omit_header=True, include_lineno=False)
    return HEADER.format(tag=file.stem) + text.getvalue().decode(), wanted


def problems() -> Iterator[str]:
    """What is wrong with the catalogs, each with what to do."""
    for file in catalogs():
        name = file.relative_to(ROOT)
        text, catalog = updated(file)
        if file.read_text() != text:
            yield f"{name} is outdated: python3 dev languages --write"
        for each in catalog:
            if each.id and not each.string:
                yield f"{name} has no translation: {each.id}"
            elif each.id and not names(str(each.string)) <= names(str(each.id)):
                yield f"{name} names parameters that the message does not have: {each.string}"


def catalogs() -> list[Path]:
    """The files of all catalogs."""
    return sorted(CATALOGS.glob("*.po"))


def names(template: str) -> set[str]:
    """The parameters that a template names. A text that is no template, such as one with JSON in it, has none."""
    try:
        return {
            name for _, name, _, _ in Formatter().parse(template) if name and name.isidentifier()
        }
    except ValueError:
        return set()
