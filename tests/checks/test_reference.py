"""The API reference describes every type, root field and code once, and its links have targets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pytest

from cli.reference import files
from cli.reference.contract import AREAS, SESSIONS, ApiContract, area_of
from cli.reference.markdown import anchor
from cli.reference.messages import Module, by_code, collect
from cli.reference.reachable import codes_of, reached
from domain.codes import CloseCode, Code, UserErrorCode
from domain.message import Message
from domain.violations import Violation
from resolvers.areas import AREAS as CODE_AREAS
from schema.api import EXPOSED, GRAPHQL, MUTATIONS

CODES = (*Code, *UserErrorCode, *CloseCode)
FROM_GRAPHQL = {Code.GRAPHQL_PARSE_FAILED}
"""Codes whose messages come from graphql-core."""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The generated pages by name."""
    return files.pages()


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_every_code_is_documented(code: Code | UserErrorCode | CloseCode) -> None:
    assert re.fullmatch(r"[A-Z].+\.", code.when, re.DOTALL), "say when it is returned"
    assert re.fullmatch(r"[A-Z].+\.", code.remedy, re.DOTALL), "say what to do about it"
    assert isinstance(code, CloseCode) or code.value == code.name


def test_the_message_of_every_error_is_found() -> None:
    messages = collect()
    assert [each.where for each in messages if each.text is None] == []
    known = by_code(messages)
    without = [c for c in CODES if f"{type(c).__name__}.{c.name}" not in known]
    reserved = {each for each in without if each.when.startswith("Reserved")}
    assert {*without} - reserved == FROM_GRAPHQL, "nothing returns it: delete the code"


def test_messages_are_read_through_variables_branches_and_calls() -> None:
    source = """
LIMIT = 1_000
def raised(count):
    message = Message("More than {limit:,} of {name}.", limit=LIMIT, name=count.name)
    Refused(Code.A, message)
    message = "None." if count else "One."
    Refused(Code.B, message)
    passed("Passed on.")
def passed(text):
    Refused(Code.C, text, because=1)
    Refused(Code.D, sentence(text))
    Refused(Code.E, error.message)
    Refused(Code.F, unknown[0])
    Refused(Code.G, NESTED.fill(problem=ONE, place=1))
def sentence(text):
    return RETURNED.fill(text=text)
NESTED = Message("At {place}: {problem}")
ONE = Message("too {large: 1}.")
RETURNED = Message("Returned {text}.")
"""
    import ast

    modules: dict[str, Module] = {}
    modules["m"] = Module(files.FOLDER.parents[1] / "m.py", ast.parse(source), modules)
    found = {
        code[5:]: [m.text for m in several] for code, several in by_code(collect(modules)).items()
    }
    assert found == {
        "A": ["More than 1,000 of …name…."],
        "B": ["None.", "One."],
        "C": ["Passed on."],
        "D": ["Returned …text…."],
        "F": [None],
        "G": ["At …place…: too {large: 1}."],
    }


def test_every_root_field_and_type_is_described_on_one_page(pages: dict[str, str]) -> None:
    roots = (GRAPHQL.query_type, GRAPHQL.mutation_type, GRAPHQL.subscription_type)
    names = {name for root in roots if root for name in root.fields}
    names -= {name for name, each in MUTATIONS.items() if each.many}
    places = Counter[str]()
    for text in (text for name, text in pages.items() if name != "README.md"):
        found = set(re.findall(r"^\| `(\w+)(?:(?:\(.*?\))?: [^`]*)?` \|", text, re.MULTILINE))
        places.update(found & names | set(re.findall(r"^`(search)`", text, re.MULTILINE)))
    assert names - places.keys() == set()
    for entity in EXPOSED:
        heading = f"\n## {entity.name}\n"
        described = [name for name, text in pages.items() if heading in text]
        assert described == [f"{area_of(entity)}.md"], entity.name


def test_areas_are_those_of_the_code() -> None:
    assert {each.name for each in CODE_AREAS} == AREAS.keys() - {SESSIONS}


def test_every_link_leads_to_a_heading(pages: dict[str, str]) -> None:
    headings = {
        name: {anchor(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
        for name, text in pages.items()
    }
    for name, text in pages.items():
        for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
            file = target or name
            if file in headings:
                assert not heading or heading in headings[file], f"{name}: {target}#{heading}"
            else:
                assert (files.FOLDER / file).exists(), f"{name}: {file}"


def _codes(name: str) -> set[str]:
    contract = ApiContract()
    every = {d.name: d.codes for several in contract.mutations.values() for d in several}
    return set(map(str, (every | contract.sessions)[name]))


@pytest.mark.parametrize(
    ("mutation", "returned", "not_returned"),
    [
        (
            "opportunitySell",
            {"NO_ACTIVE_QUOTE", "LOCKED", "CONFLICT"},
            {"LAST_ADMINISTRATOR", "CYCLE"},
        ),
        ("quoteDelete", {"ACTIVE_QUOTE", "IN_USE"}, {"REQUIRED", "TOO_LONG"}),
        ("quoteActivate", {"LOCKED", "INVALID"}, {"TOO_LONG", "DUPLICATE", "NO_ACTIVE_QUOTE"}),
        ("accountUpdate", {"CYCLE", "DUPLICATE", "FIELD_READ_ONLY"}, {"IN_USE", "LOCKED"}),
        ("tagCreate", {"DUPLICATE", "REQUIRED"}, {"CONFLICT", "CYCLE"}),
        ("userDelete", {"LAST_ADMINISTRATOR"}, {"NOT_TIME_BASED"}),
        ("signIn", {"INVALID_CREDENTIALS"}, {"WEAK_PASSWORD"}),
    ],
)
def test_codes_of_a_mutation_follow_from_its_code(
    mutation: str, returned: set[str], not_returned: set[str]
) -> None:
    found = _codes(mutation)
    assert returned <= found
    assert not_returned.isdisjoint(found)


def _rule(rows: Iterable[object]) -> list[Violation]:
    return [Violation(UserErrorCode.CYCLE, Message("Circular.")) for row in rows if _follow(row)]


def _follow(row: object) -> bool:
    def inner() -> Code:
        return Code.TIMEOUT

    return row is inner


def test_codes_are_found_in_functions_within_functions() -> None:
    assert codes_of({_rule}) == {UserErrorCode.CYCLE}
    assert codes_of({_follow}) == {Code.TIMEOUT}
    assert reached(_rule) == set(), "only functions of the product are followed"


def test_differences_are_reported(pages: dict[str, str]) -> None:
    changed = pages | {"sales.md": "", "new.md": ""}
    del changed["quotes.md"]
    assert sorted(files.differences(changed)) == [
        "docs/api/new.md is missing",
        "docs/api/quotes.md belongs to no area: delete it",
        "docs/api/sales.md is outdated",
    ]
