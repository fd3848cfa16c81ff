"""The write rights of each persona by rights.txt, and the input fields of commands."""

from __future__ import annotations

from functools import cache

from tests.proof import contract
from tests.proof.contract import REFERENCES, REPLACE, nested_inputs, writable_fields
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
ALL_COMMANDS = {
    name: commands
    for name, entity in ENTITIES.items()
    if (commands := tuple(each for each in entity.commands if each not in SESSIONS))
}
"""The commands of each entity."""
USUAL_COMMANDS = {
    name: tuple(each for each in ALL_COMMANDS[name] if each in (*USUAL, "Move"))
    for name in THOROUGH
}
WRITABLE = tuple(name for name in ENTITIES if writable_fields()[name])
"""Entities with at least one write command."""
NESTED_CREATES = {f"{entity}.{name}": child for entity, name, child in nested_inputs().values()}
"""Nested creates."""
TESTED_NESTED = {name: child for name, child in NESTED_CREATES.items() if child in THOROUGH}
PARENT_OF = {
    name: (entity.parents[0].to, entity.parents[0].name)
    for name, entity in ENTITIES.items()
    if entity.parents
}
"""Child entities with the link to their parent."""
LINKS = {
    f"{entity}.{name}": target
    for entity in WRITABLE
    for name, target in REFERENCES[entity].items()
    if name in writable_fields()[entity] and mark(FULL, entity, name)[0] == "w"
}
"""Every input field that names a record, with the required entity."""
TESTED_LINKS = {link: target for link, target in LINKS.items() if link.split(".")[0] in THOROUGH}
REPLACED = frozenset(
    name
    for name, commands in ALL_COMMANDS.items()
    if "Delete" in commands and contract.input_name(name, "Delete") == REPLACE
)
"""Entities whose delete command accepts a replacement."""
ATTRIBUTES = {"tier": "text", "seats": "number", "kickoff": "date", "strategic": "boolean", "segment": "text"}  # fmt: skip
PLACES = frozenset({"before", "after"})
"""Placement inputs, which the board tests cover."""
__all__ = ["attributes"]


def field_access(persona: str, entity: str, field: str) -> str:
    """Right on a field: writable (w), readable only (r), none (-), or writable if the status makes it readable (s)."""
    found = mark(COLUMN[persona], entity, field)
    return {"w": "w", "w*": "s", "-": "-"}.get(found, "r")


def attribute_access(persona: str, entity: str, key: str) -> str:
    """Right on a custom attribute, as for `field_access`; `-` if it does not exist."""
    return field_access(persona, entity, f"@{key}") if f"@{key}" in LINES.marks[entity] else "-"


def no_access(persona: str, entity: str) -> bool:
    """Whether the persona has no access to the entity."""
    return is_closed(persona, entity)


def creates(persona: str, entity: str) -> bool:
    """Whether the persona may create records of the entity."""
    found = granted(COLUMN[persona], entity)
    return found is not None and found.creates


def scope(persona: str, entity: str, command: str) -> str | None:
    """Row scope of a command among the visible records: OWN, BELOW, ALL or None."""
    found = granted(COLUMN[persona], entity)
    if found is None:
        return None
    reach = found.deletes if command in {"Delete", "Restore"} else found.edits
    return reach and reach.upper()


def root(entity: str, command: str) -> str:
    """Name of the command's field of the Mutation type."""
    return contract.mutation(entity, command)


def input_name(entity: str, command: str) -> str:
    """The input type of a command."""
    return contract.input_name(entity, command)


def nested_name(entity: str, child: str) -> str:
    """The input type of a nested create."""
    return contract.nested_input(entity, child)


def required_rights(entity: str, command: str) -> Needs:
    """The rights that a special command requires by rights.txt."""
    return needs(entity, command) if command not in USUAL else Needs()


@cache
def extra_inputs(entity: str, command: str) -> frozenset[str]:
    """Input fields that are neither grantable fields nor nested creates."""
    params = contract.inputs(input_name(entity, command))
    fields = {name for name in params if LINES.marks[entity].get(name, {}).get(FULL, "r")[0] == "w"}
    listed = {name for name in params if f"{entity}.{name}" in NESTED_CREATES}
    own = {"id", "version", "attributes"} | listed
    return frozenset(set(params) - fields - own) | required_rights(entity, command).takes


def copies(entity: str, command: str) -> bool:
    """Whether a command copies a visible record, which requires only the right to create records of the entity."""
    found = required_rights(entity, command)
    return found.creates == entity and not found.edits
