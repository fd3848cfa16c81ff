"""What people wrote of rights is complete, and agrees with the text of the matrix and with what the product answers."""

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
    gone,
    mark,
    read,
    unsaid,
)
from tests.proof.rows import load
from tests.proof.writing import completed
from tests.support.covers import covers
from tests.support.world import World


@covers("D-34")
def test_everything_has_a_line() -> None:
    assert not unsaid(), "\n".join(unsaid())


def test_every_line_speaks_of_something() -> None:
    assert not gone(), f"take out of {RIGHTS.name}, or run `python3 dev proof --write`: {gone()}"


def test_the_command_has_nothing_to_add() -> None:
    """The order of the schema aside, which it leaves as it finds it."""
    text = RIGHTS.read_text(encoding="utf-8")
    assert completed(text) == text


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ("  keyAccount", "Account.keyAccount"),
        ("  !Sell", "Opportunity!Sell"),
        ("Preferences", "Preferences"),
    ],
)
def test_what_has_no_line_gets_a_question_mark(taken: str, said: str) -> None:
    text = RIGHTS.read_text(encoding="utf-8")
    blocks = [b for b in text.split("\n\n") if taken[0] == " " or not b.startswith(f"{taken} ")]
    lines = "\n\n".join(blocks).splitlines()
    found = completed("\n".join(line for line in lines if not line.startswith(f"{taken} ")))
    [line] = [each for each in found.splitlines() if each.startswith(f"{taken} ")]
    assert set(line.split()[1:]) == {"?"}
    assert any(each.startswith(f"{said}: replace the ?") for each in unsaid(read(found)))
    assert {n.split()[0] for n in found.splitlines() if n} == {
        n.split()[0] for n in text.splitlines() if n
    }


def test_a_line_of_what_is_gone_is_taken_out() -> None:
    text = RIGHTS.read_text(encoding="utf-8")
    more = text.replace("\nAddress ", "\nVanished  -  -  -  -\n  name    -  -  -  -\n\nAddress ", 1)
    lost = "  lost  r r r r\n  version  r r r r\n"
    more = more.replace("  keyAccount ", f"{lost}  keyAccount ", 1)
    assert gone(read(more)) == ["Account.lost", "Account.version", "Vanished"]
    assert completed(more) == text


def _expected(entity: str, name: str) -> tuple[str, ...]:
    """A row of the matrix, as the lines of rights.txt have it."""
    if name.startswith(matrix.ATTRIBUTES):
        marks = [mark(p, entity, f"@{name.removeprefix(matrix.ATTRIBUTES)}") for p in PROFILES]
        return tuple({"w": WRITTEN, "r": READ, "-": NEITHER}[each] for each in marks)
    cells = []
    for profile in PROFILES:
        writes = WRITTEN if LINES.marks[entity].get(name, {}).get(profile, "")[:1] == "w" else ""
        found = field_level(profile, entity, name)
        if found is Level.CLOSED and LINES.marks[entity].get(name, {}).get(profile, "-") != "-":
            found = Level.OPEN  # the field is open, and what it leads to is closed
        cells.append({Level.OPEN: writes or READ, Level.RULED: RULED + writes}.get(found, NEITHER))
    return tuple(cells)


@covers("D-09", "D-33", "D-34", "X-47")
async def test_the_product_grants_what_the_lines_say(world: World) -> None:
    answers = await matrix.ask(world)
    wrong = []
    for entity in ENTITIES:
        found = matrix.rows(answers, entity)
        known = [*(f for f in fields(entity)), *(f"attributes.{key}" for key in attributes(entity))]
        assert set(found) <= set(known) | {""}, entity
        scopes = tuple(_scope(LINES.scopes[entity][profile]) for profile in PROFILES)
        if found[""][0] != scopes:
            wrong.append(f"{entity}: the product says {found[''][0]}, {RIGHTS.name} {scopes}")
        for name in known:
            if name in fields(entity) and fields(entity)[name].kind in ("LIST", "ATTRIBUTES"):
                continue
            nothing = ((NEITHER,) * len(PROFILES), "")
            cells, only = found.get(name, nothing)
            expected = _expected(entity, name)
            if cells != expected:
                wrong.append(f"{entity}.{name}: the product says {cells}, {RIGHTS.name} {expected}")
            said = LINES.only.get((entity, name))
            if said and only != f"{RULED} {said}":
                wrong.append(f"{entity}.{name}: the product says {only}, {RIGHTS.name} {said}")
    assert not wrong, "\n".join(wrong)


def _scope(written: str) -> str:
    return written.removesuffix("/-/-/-")


@covers("D-34")
async def test_the_text_is_what_the_product_answers(world: World) -> None:
    found = matrix.text(await matrix.ask(world))
    kept = matrix.FILE.read_text(encoding="utf-8")
    assert found == kept, "run `python3 dev proof --write`, and read how the matrix changed"


def test_the_lines_withhold_what_is_tested() -> None:
    """Were everything open, the tests would show nothing."""
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


async def test_everybody_is_here(world: World) -> None:
    """Each persona has the profile that is named, and the profiles have different rights."""
    assert len(set(PERSONAS)) == len(PERSONAS)
    scopes = [[LINES.scopes[entity][profile] for entity in ENTITIES] for profile in PROFILES]
    assert all(one != other for one, other in pairwise(scopes))
    rows = await load(world.admin, world.schema())
    for profile in PROFILES.values():
        for persona in profile.personas:
            roles = roles_of(rows, [rows.emails[f"{persona}@acme.example"]])
            assert {each["name"] for each in profiles_of(rows, roles)} == {profile.name}
