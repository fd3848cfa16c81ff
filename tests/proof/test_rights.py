"""rights.txt is complete and agrees with the rights matrix and with the running API."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.proof import matrix
from tests.proof.contract import fields
from tests.proof.grants import profiles_of, roles_of
from tests.proof.lock import ENTITIES
from tests.proof.matrix import NEITHER, READ, RULED, WRITTEN
from tests.proof.rights import (
    FULL,
    LINES,
    PERSONAS,
    PROFILES,
    RIGHTS,
    Level,
    attributes,
    field_level,
    mark,
    missing_entries,
    obsolete_entries,
    read,
)
from tests.proof.rows import load
from tests.proof.writing import complete_rights
from tests.support.covers import covers
from tests.support.world import World


@covers("D-34")
def test_every_entry_has_a_line() -> None:
    assert not missing_entries(), "\n".join(missing_entries())


def test_no_line_is_obsolete() -> None:
    assert not obsolete_entries(), (
        f"remove from {RIGHTS.name}, or run `python3 dev proof --write`: {obsolete_entries()}"
    )


def test_proof_write_leaves_a_complete_file_unchanged() -> None:
    """The command also keeps the order of the lines."""
    text = RIGHTS.read_text(encoding="utf-8")
    assert complete_rights(text) == text


@pytest.mark.parametrize(
    ("removed", "entry"),
    [
        ("  keyAccount", "Account.keyAccount"),
        ("  !Sell", "Opportunity!Sell"),
        ("Preferences", "Preferences"),
    ],
)
def test_missing_line_is_added_with_a_question_mark(removed: str, entry: str) -> None:
    text = RIGHTS.read_text(encoding="utf-8")
    blocks = [b for b in text.split("\n\n") if removed[0] == " " or not b.startswith(f"{removed} ")]
    lines = "\n\n".join(blocks).splitlines()
    result = complete_rights(
        "\n".join(line for line in lines if not line.startswith(f"{removed} "))
    )
    [line] = [each for each in result.splitlines() if each.startswith(f"{removed} ")]
    assert set(line.split()[1:]) == {"?"}
    assert any(each.startswith(f"{entry}: replace the ?") for each in missing_entries(read(result)))
    assert {n.split()[0] for n in result.splitlines() if n} == {
        n.split()[0] for n in text.splitlines() if n
    }


def test_obsolete_lines_are_removed() -> None:
    text = RIGHTS.read_text(encoding="utf-8")
    more = text.replace("\nAddress ", "\nVanished  -  -  -  -\n  name    -  -  -  -\n\nAddress ", 1)
    lost = "  lost  r r r r\n  version  r r r r\n"
    more = more.replace("  keyAccount ", f"{lost}  keyAccount ", 1)
    assert obsolete_entries(read(more)) == ["Account.lost", "Account.version", "Vanished"]
    assert complete_rights(more) == text


def _expected(entity: str, name: str) -> tuple[str, ...]:
    """Expected row of the matrix by rights.txt."""
    if name.startswith(matrix.ATTRIBUTES):
        marks = [mark(p, entity, f"@{name.removeprefix(matrix.ATTRIBUTES)}") for p in PROFILES]
        return tuple({"w": WRITTEN, "r": READ, "-": NEITHER}[each] for each in marks)
    cells = []
    for profile in PROFILES:
        writes = WRITTEN if LINES.marks[entity].get(name, {}).get(profile, "")[:1] == "w" else ""
        level = field_level(profile, entity, name)
        if level is Level.CLOSED and LINES.marks[entity].get(name, {}).get(profile, "-") != "-":
            level = Level.OPEN  # the field is open, and its target entity is closed
        cells.append({Level.OPEN: writes or READ, Level.RULED: RULED + writes}.get(level, NEITHER))
    return tuple(cells)


@covers("D-09", "D-33", "D-34", "X-47")
async def test_api_reports_the_rights_of_the_lines(world: World) -> None:
    answers = await matrix.ask(world)
    wrong = []
    for entity in ENTITIES:
        rows = matrix.rows(answers, entity)
        known = [*(f for f in fields(entity)), *(f"attributes.{key}" for key in attributes(entity))]
        assert set(rows) <= set(known) | {""}, entity
        scopes = tuple(_scope(LINES.scopes[entity][profile]) for profile in PROFILES)
        if rows[""][0] != scopes:
            wrong.append(f"{entity}: the API reports {rows[''][0]}, {RIGHTS.name} {scopes}")
        for name in known:
            if name in fields(entity) and fields(entity)[name].kind in ("LIST", "ATTRIBUTES"):
                continue
            nothing = ((NEITHER,) * len(PROFILES), "")
            cells, only = rows.get(name, nothing)
            expected = _expected(entity, name)
            if cells != expected:
                wrong.append(f"{entity}.{name}: the API reports {cells}, {RIGHTS.name} {expected}")
            entry = LINES.only.get((entity, name))
            if entry and only != f"{RULED} {entry}":
                wrong.append(f"{entity}.{name}: the API reports {only}, {RIGHTS.name} {entry}")
    assert not wrong, "\n".join(wrong)


def _scope(written: str) -> str:
    return written.removesuffix("/-/-/-")


@covers("D-34")
async def test_matrix_file_equals_the_rights_of_the_api(world: World) -> None:
    text = matrix.text(await matrix.ask(world))
    stored = matrix.FILE.read_text(encoding="utf-8")
    assert text == stored, "run `python3 dev proof --write` and review the difference"


def test_every_other_profile_has_open_and_closed_fields() -> None:
    """Without closed fields the tests of denials would prove nothing."""
    for profile in PROFILES:
        levels = {
            field_level(profile, entity, name)
            for entity in ENTITIES
            for name in LINES.marks[entity]
            if name[0] != "@"
        }
        if profile == FULL:
            assert levels == {Level.OPEN}
        else:
            assert {Level.OPEN, Level.CLOSED} < levels


async def test_personas_have_the_listed_profiles(world: World) -> None:
    """Each persona has the profile in rights.txt, and the profiles have different rights."""
    assert len(set(PERSONAS)) == len(PERSONAS)
    scopes = [[LINES.scopes[entity][profile] for entity in ENTITIES] for profile in PROFILES]
    assert all(one != other for one, other in pairwise(scopes))
    rows = await load(world.admin, world.schema())
    for profile in PROFILES.values():
        for persona in profile.personas:
            roles = roles_of(rows, [rows.emails[f"{persona}@acme.example"]])
            assert {each["name"] for each in profiles_of(rows, roles)} == {profile.name}
