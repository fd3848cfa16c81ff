"""Noninterference of writes: changing data that a persona may not see does not change responses to their mutations."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Set
from typing import Any
from uuid import UUID

import pytest

from tests.leaks.channels import all_leaves
from tests.leaks.hidden_change import HiddenChange
from tests.leaks.truth import load
from tests.leaks_writes.expectations import (
    ALL_COMMANDS,
    NESTED_CREATES,
    attribute_access,
    attributes,
    creates,
    field_access,
    input_name,
    no_access,
    scope,
)
from tests.leaks_writes.mutations import attribute, document, input_fields, minimal_fields, value
from tests.leaks_writes.sandbox import Sandbox, link_targets, observed, public_id
from tests.proof.contract import HISTORY, nested_input
from tests.proof.lock import ENTITIES
from tests.proof.rights import PERSONAS
from tests.proof.rows import Row
from tests.support.covers import covers

DAILY_COUNT, NIGHTLY = 45, 600
DAILY_PERSONAS = ("rep1", "limited", "support")
EXCLUDED = {("Account", "Delete")}
"""Commands that may depend on invisible records: IN_USE of an account. Upserts are excluded too, as an external
ID may belong to an invisible record."""
KINDS = (
    *("Account", "Address", "Opportunity", "OpportunityShare", "Employee", "User", "Role"),
    *("AccountManager", "AccountLink", "Person", "Affiliation", "Product", "OpportunityContact"),
    *("OpportunityAccount", "Quote", "Contract", "Case", "CaseAccount", "Activity", "Tagging"),
    *("Favorite", "Tag", "CaseType"),
)
WEIGHTS = {"Account": 5, "Opportunity": 8, "Quote": 4, "Contract": 4, "Case": 4, "Activity": 4}
SUBJECTS = {
    name: tuple(relation.name for relation in each.parents)
    for name, each in ENTITIES.items()
    if len(each.parents) > 1 and all(relation.optional for relation in each.parents)
}
"""Entities with several optional parents, of which an input sets exactly one."""
NEW_ID = re.compile(rb"([a-z]{3})_(01[a-f0-9]{30})")
MOMENT = re.compile(rb"2026-1[12]-\d\dT[\d:.]+Z|2027-[\d-]+T[\d:.]+Z")
NUMBER = re.compile(rb"[ACKQ]-[0-9A-HJKMNP-TV-Z]{8}")
RANK = re.compile(rb'"l0[0-9a-z]{11,}"')
"""Board rank of a new opportunity, which depends on the time."""
SUMMED = {"discount_percent", "unit_price", "tax_percent"}
"""Fields that go into readable sums, although they may be unreadable themselves."""

OTHERS = {"reason", "closedOn", "items", "replaceWith", "newAccount"}
"""Input fields that are no fields of the entity."""
Step = tuple[str, Any]


class WriteHiddenChange(HiddenChange):
    """Changes to hidden data that also cover what only matters for writes: sums, shares and sold opportunities."""

    sold_ids: Set[UUID] = frozenset()
    """Opportunities that the mutations sell; their commission becomes readable, so it stays unchanged."""

    async def _change_values(self, type_name: str) -> None:
        if not ENTITIES[
            type_name
        ].rights:  # changed permissions would change what the persona may see
            await super()._change_values(type_name)

    def _is_sold_commission(self, change: Row) -> bool:
        return change["record_id"] in self.sold_ids and change["key"] == "Opportunity.commission"

    def _unreadable_history(self) -> list[Row]:
        return [row for row in super()._unreadable_history() if not self._is_sold_commission(row)]

    async def _set(self, type_name: str, id: UUID, values: Mapping[str, Any]) -> None:
        kept = SUMMED if type_name in {"Quote", "QuoteItem", "ContractLine"} else set()
        kept = {"commission"} if id in self.sold_ids else kept
        if type_name == HISTORY and self._is_sold_commission(self.truth.rows[HISTORY][id]):
            return
        left = {name: value for name, value in values.items() if name not in kept}
        await super()._set(type_name, id, left)

    async def _share_with_others(self) -> None:
        schema = self.world.schema(self.truth.tenant)
        seen_ids = self.truth.visible(self.persona, "Opportunity")
        unseen = [id for id in sorted(self.truth.live("Opportunity")) if id not in seen_ids]
        others = sorted(self._other_owners())
        for id in unseen[:5] if others else ():
            await self.world.admin.execute(
                f"INSERT INTO {schema}.opportunity_share (id, opportunity_id, employee_id) "  # noqa: S608
                "SELECT gen_random_uuid(), id, $2 FROM "
                f"{schema}.opportunity WHERE id = $1 ON CONFLICT DO NOTHING",
                id, self.rng.choice(others),
            )  # fmt: skip
        if field_access(self.persona, "Address", "street") == "-":
            await self.world.admin.execute(
                f"UPDATE {schema}.address SET street = 'CNRY', house_number = NULL"  # noqa: S608
            )


@pytest.fixture(scope="module")
async def worlds(sandbox: Sandbox) -> Sandbox:
    """A sandbox without external IDs, which copied rows would duplicate."""
    for table in ("account", "opportunity", "person", "product", "contract", "case"):
        await sandbox.run(f'UPDATE {{s}}."{table}" SET external_id = NULL')  # noqa: S608
    await sandbox.save()
    await sandbox.reload()
    return sandbox


class MutationGenerator:
    """Generates random mutations of a persona, with IDs of visible, invisible and missing records."""

    def __init__(self, sandbox: Sandbox, persona: str, seed: str) -> None:
        self.sandbox, self.persona = sandbox, persona
        self.rng = random.Random(f"{seed} {persona}")

    def id(self, entity: str, *, hidden: float) -> str:
        """A public ID: with probability `hidden` of an invisible or deleted record, else of a visible one."""
        known, rng = self.sandbox.facts, self.rng
        rows = known.live(entity)
        mine = [i for i in sorted(rows) if known.sees(self.persona, entity, rows[i])]
        own = [i for i in mine if known.owner(entity, rows[i]) == known.employee_id(self.persona)]
        other = sorted(set(known.rows[entity]) - set(mine))
        if rng.random() < hidden and other:
            return public_id(entity, rng.choice(other))
        candidates = own if own and rng.random() < 0.8 else mine
        return public_id(entity, rng.choice(candidates)) if candidates else "nothing"

    def field_value(self, entity: str, name: str) -> Any:
        """A random value of a field, sometimes null."""
        target = link_targets(entity).get(name)
        if target == "Stage":  # not WON, which makes more fields readable
            rows = self.sandbox.facts.live("Stage")
            return public_id(
                "Stage", self.rng.choice([i for i in sorted(rows) if rows[i]["kind"] != "WON"])
            )
        if target:
            return self.id(target, hidden=0.15)
        if self.rng.random() < 0.1:
            return None
        if name == "currency":
            return self.rng.choice(("EUR", "USD", "JPY", "KWD"))
        if name in {"amount", "margin", "commission"}:
            return self.rng.choice(("1", "2.50", "3.125", "400000"))
        return value(self.sandbox.facts, self.persona, entity, name)

    def input(self, entity: str, command: str) -> dict[str, Any]:
        """A random input of a command."""
        made: dict[str, Any] = {}
        subjects = SUBJECTS.get(entity, ())
        subject = self.rng.choice(subjects) if subjects and command == "Create" else ""
        for name in input_fields(input_name(entity, command)):
            if name == subject or name not in subjects:
                self._set_field(made, entity, command, name, minimal_fields=name == subject)
        return made

    def _set_field(
        self, made: dict[str, Any], entity: str, command: str, name: str, *, minimal_fields: bool
    ) -> None:
        """Set a field of an input, or omit it at random."""
        rng = self.rng
        if name == "id":
            made["id"] = self.id(entity, hidden=0.2)
        elif name == "version":
            if rng.random() < 0.4:
                made["version"] = rng.randint(1, 4)
        elif name == "attributes":
            self._set_attributes(made, entity)
        elif name in OTHERS or (command == "Upsell" and name == "contract"):
            made[name] = self.extra_inputs(entity, name)
        elif child := NESTED_CREATES.get(f"{entity}.{name}"):
            if rng.random() < 0.25 and not no_access(self.persona, child):
                made[name] = [self.nested(entity, child)]
        elif minimal_fields or self._is_sent(entity, command, name):
            found = self.field_value(entity, name)
            required = found is None and command != "Update"
            made[name] = (
                value(self.sandbox.facts, self.persona, entity, name) if required else found
            )

    def _is_sent(self, entity: str, command: str, name: str) -> bool:
        if command in {"Create", "Move"} and name in {
            *minimal_fields(entity),
            "stage",
            "status",
        }:
            return True
        return self.rng.random() < (
            0.25 if field_access(self.persona, entity, name) in "ws" else 0.01
        )

    def _set_attributes(self, made: dict[str, Any], entity: str) -> None:
        rng = self.rng
        keys = [
            k
            for k in attributes(entity)
            if attribute_access(self.persona, entity, k) == "w" or rng.random() < 0.03
        ]
        if keys and rng.random() < 0.4:
            made["attributes"] = [attribute(k) for k in rng.sample(keys, 1)]

    def nested(self, entity: str, child: str) -> dict[str, Any]:
        """The input of a nested create."""
        subjects = SUBJECTS.get(child, ())
        params = input_fields(nested_input(entity, child))
        made = {}
        for name in params:
            if (
                name not in OTHERS
                and name not in subjects
                and (name in link_targets(child) or self.rng.random() < 0.7)
            ):
                fits = value(self.sandbox.facts, self.persona, child, name)
                made[name] = self.field_value(child, name) or fits
        return {
            n: v
            for n, v in made.items()
            if field_access(self.persona, child, n) in "ws" or self.rng.random() < 0.1
        }

    def extra_inputs(self, entity: str, name: str) -> Any:
        """A value of an input field that is no field of the entity."""
        if name == "reason":
            return public_id(
                "LostReason", self.rng.choice(sorted(self.sandbox.facts.live("LostReason")))
            )
        if name == "contract":
            return self.id("Contract", hidden=0.2)
        if name == "replaceWith":
            return self.id(entity, hidden=0)
        if name == "items":
            return [{"name": "Zz", "unitPrice": "7.00"}]
        return "2026-03-02" if name == "closedOn" else "Zz"

    def step(self) -> Step:
        """A random mutation with its variables."""
        rng = self.rng
        while True:
            entity = rng.choice([kind for kind in KINDS for _ in range(WEIGHTS.get(kind, 1))])
            command = rng.choice(ALL_COMMANDS[entity])
            reach = scope(self.persona, entity, command) or (
                command == "Create" and creates(self.persona, entity)
            )
            excluded = command in {"Restore", "Upsert"} or (entity, command) in EXCLUDED
            if excluded or (not reach and rng.random() < 0.9):
                continue
            many = rng.random() < 0.3
            inputs = [self.input(entity, command) for _ in range(rng.randint(1, 3) if many else 1)]
            past = " past: history(first: 20) { totalCount nodes { kind field before after } }"
            inner = all_leaves(entity) + ("" if "Share" in entity else past)
            query = document(entity, command, many=many, inner=inner)
            body = {"input": inputs, "all": rng.random() < 0.5} if many else {"input": inputs[0]}
            return query, body


def normalized(answer: Any, names: dict[bytes, bytes], known: set[bytes]) -> Any:
    """The response with new IDs replaced by ordinals, and times, numbers and board ranks by constants."""
    status, headers, body = observed(answer)

    def number(found: re.Match[bytes]) -> bytes:
        if found[2] in known:
            return found[0]
        return names.setdefault(found[0], found[1] + b"_new" + str(len(names)).encode())

    body = RANK.sub(
        b'"AT THE END"', NUMBER.sub(b"A-NEW", MOMENT.sub(b"NOW", NEW_ID.sub(number, body)))
    )
    kept = tuple(pair for pair in headers if pair[0] != "content-length")
    return status, kept, body


def sold_ids(steps: list[Step]) -> Set[UUID]:
    """UUIDs of the opportunities in sell mutations."""
    inputs = [b["input"] for query, b in steps if "opportunitySell" in query]
    every = [one for each in inputs for one in (each if isinstance(each, list) else [each])]
    return {UUID(one["id"].partition("_")[2]) for one in every if "_" in one["id"]}


def first_difference(one: Any, other: Any) -> tuple[str, str]:
    """Excerpts of two responses around their first difference."""
    pairs = enumerate(zip(one[2], other[2], strict=False))
    begun = next((at for at, (mine, theirs) in pairs if mine != theirs), 0)
    mine, theirs = (each[2][max(begun - 200, 0) : begun + 200].decode(errors="replace") for each in (one, other))  # fmt: skip
    return mine, theirs


async def compare(sandbox: Sandbox, persona: str, count: int, tally: Counter[str]) -> None:
    """Run the mutations, restore, change hidden data, run them again, and compare the responses."""
    await sandbox.restore()
    facts = await sandbox.reload()
    known = {id.hex.encode() for rows in facts.rows.values() for id in rows}
    generator = MutationGenerator(sandbox, persona, f"worlds {count}")
    steps = [generator.step() for _ in range(count)]

    async def run() -> list[Any]:
        names: dict[bytes, bytes] = {}
        return [
            normalized(
                await sandbox.world.ask(persona, query, body, tenant=sandbox.tenant), names, known
            )
            for query, body in steps
        ]

    before = await run()
    await sandbox.restore()
    truth = await load(sandbox.world, sandbox.tenant)
    change = WriteHiddenChange(sandbox.world, truth, persona, random.Random(f"writes of {persona}"))
    change.sold_ids = sold_ids(steps)
    await change.apply()
    await sandbox.world.bump_access_version(sandbox.tenant)
    assert change.changed_values > 50
    after = await run()
    await sandbox.restore()
    differing = [
        (json.dumps(body), *first_difference(one, other))
        for (query, body), one, other in zip(steps, before, after, strict=True)
        if one != other
    ]
    done = sum(b'"errors"' not in one[2] and b'"userErrors":[]' in one[2] for one in before)
    tally[f"pairs {persona}"] += count
    assert done > count // 12, (
        f"only {done} of {count} mutations succeeded, too few to be meaningful"
    )
    assert not differing, f"{len(differing)} of {count} differ, first {differing[:3]}"


@covers("D-31", "D-32", "D-33")
@pytest.mark.parametrize("persona", DAILY_PERSONAS)
async def test_mutation_responses_are_independent_of_hidden_data(
    worlds: Sandbox, persona: str, tally: Counter[str]
) -> None:
    """Random mutations have the same effects in both worlds; the two permitted dependencies are excluded above."""
    await compare(worlds, persona, DAILY_COUNT, tally)


@pytest.mark.nightly
@pytest.mark.parametrize("persona", [each for each in PERSONAS if each != "admin"])
async def test_mutation_responses_are_independent_of_hidden_data_nightly(
    worlds: Sandbox, persona: str, tally: Counter[str]
) -> None:
    await compare(worlds, persona, NIGHTLY, tally)


@covers("D-31")
async def test_comparison_detects_one_excess_right(worlds: Sandbox) -> None:
    """With one additional field right, the comparison fails."""
    await worlds.restore()
    await worlds.run(
        "INSERT INTO {s}.field_permission (id, profile_id, entity, field) "
        "SELECT gen_random_uuid(), id, 'Opportunity', 'margin' FROM {s}.profile "
        "WHERE name = 'Junior sales'"
    )
    await worlds.save()
    try:
        with pytest.raises(AssertionError, match="differ, first"):
            await compare(worlds, "limited", DAILY_COUNT, Counter())
    finally:
        await worlds.run(
            "DELETE FROM {s}.field_permission WHERE field = 'margin' AND profile_id = "
            "(SELECT id FROM {s}.profile WHERE name = 'Junior sales')"
        )
        await worlds.save()
