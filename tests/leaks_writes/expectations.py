"""The write rights of each persona by rights.txt, and the input fields of commands."""

from __future__ import annotations

from functools import cache

from tests.proof import contract
from tests.proof.contract import REFERENCES, REPLACE, nested_inputs, written
from tests.proof.lock import ENTITIES
from tests.proof.rights import (
    COLUMN,
    FULL,
    LINES,
    USUAL,
    Needs,
    attributes,
    is_closed,
    mark,
    needs,
)
from tests.proof.rights import scope as granted

THOROUGH = (
    *("Employee", "User", "Role", "RoleAssignment", "Profile", "RoleProfile", "ObjectPermission"),
    *("FieldPermission", "StatusRule", "ShareRule", "Account", "Address", "Opportunity"),
    "OpportunityShare",
)
"""Entities whose fields and links are each tested separately, in the daily run too."""
SESSIONS = ("PasswordReset", "Revoke")
"""Session and password commands, which have their own tests."""
EVERY = {
    name: commands
    for name, entity in ENTITIES.items()
    if (commands := tuple(each for each in entity.commands if each not in SESSIONS))
}
"""The commands of each entity."""
DEEDS = {name: tuple(each for each in EVERY[name] if each in (*USUAL, "Move")) for name in THOROUGH}
WRITTEN = tuple(name for name in ENTITIES if written()[name])
"""Entities with at least one write command."""
PARTS = {f"{entity}.{name}": part for entity, name, part in nested_inputs().values()}
"""Nested creates."""
NESTED = {way: part for way, part in PARTS.items() if part in THOROUGH}
PART_OF = {
    name: (entity.parents[0].to, entity.parents[0].name)
    for name, entity in ENTITIES.items()
    if entity.parents
}
"""Child entities with the link to their parent."""
LINKS = {
    f"{entity}.{name}": target
    for entity in WRITTEN
    for name, target in REFERENCES[entity].items()
    if name in written()[entity] and mark(FULL, entity, name)[0] == "w"
}
"""Every input that names a record, with the entity it has to be of."""
LEADS_TO = {link: target for link, target in LINKS.items() if link.split(".")[0] in THOROUGH}
REPLACED = frozenset(
    name
    for name, commands in EVERY.items()
    if "Delete" in commands and contract.input_name(name, "Delete") == REPLACE
)
"""Entities whose delete command accepts a replacement."""
ATTRIBUTES = {"tier": "text", "seats": "number", "kickoff": "date", "strategic": "boolean", "segment": "text"}  # fmt: skip
PLACES = frozenset({"before", "after"})
"""Placement inputs, which the board tests cover."""
__all__ = ["attributes"]


def may(persona: str, entity: str, field: str) -> str:
    """Written (w), only read (r), neither (-), or written where the record's status lets it be read (s)."""
    found = mark(COLUMN[persona], entity, field)
    return {"w": "w", "w*": "s", "-": "-"}.get(found, "r")


def may_attribute(persona: str, entity: str, key: str) -> str:
    """Likewise of a custom attribute; of one that does not exist, -."""
    return may(persona, entity, f"@{key}") if f"@{key}" in LINES.marks[entity] else "-"


def shut(persona: str, entity: str) -> bool:
    """Whether the persona has no access to the entity."""
    return is_closed(persona, entity)


def creates(persona: str, entity: str) -> bool:
    """Whether the persona may create such records."""
    found = granted(COLUMN[persona], entity)
    return found is not None and found.creates


def scope(persona: str, entity: str, command: str) -> str | None:
    """Which of the records they see they may do this with: OWN, BELOW, ALL or None."""
    found = granted(COLUMN[persona], entity)
    if found is None:
        return None
    reach = found.deletes if command in {"Delete", "Restore"} else found.edits
    return reach and reach.upper()


def root(entity: str, command: str) -> str:
    """The field of Mutation."""
    return contract.mutation(entity, command)


def input_name(entity: str, command: str) -> str:
    """The input type of a command."""
    return contract.input_name(entity, command)


def nested_name(entity: str, part: str) -> str:
    """The input type of a nested create."""
    return contract.nested_input(entity, part)


def needed(entity: str, command: str) -> Needs:
    """The rights that a special command requires by rights.txt."""
    return needs(entity, command) if command not in USUAL else Needs()


@cache
def besides(entity: str, command: str) -> frozenset[str]:
    """What an input takes besides fields that somebody may be given to write."""
    given = contract.inputs(input_name(entity, command))
    fields = {name for name in given if LINES.marks[entity].get(name, {}).get(FULL, "r")[0] == "w"}
    listed = {name for name in given if f"{entity}.{name}" in PARTS}
    own = {"id", "version", "attributes"} | listed
    return frozenset(set(given) - fields - own) | needed(entity, command).takes


def copies(entity: str, command: str) -> bool:
    """Whether a command makes a new record of one that is seen: creating such records is all it needs."""
    found = needed(entity, command)
    return found.creates == entity and not found.edits
