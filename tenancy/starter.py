"""Initial content of a new tenant: stages, one pipeline, lists, and an administrator who can sign in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from db.engine.transaction import Driver
from domain.setup import StageKind
from tenancy.engine.provision import Tenant
from tenancy.lists import DEFAULT_PREFERENCES, INITIAL_ROWS, PRODUCT_CATEGORIES

STAGES: tuple[tuple[str, StageKind, str], ...] = (
    (
        "Prospect",
        StageKind.OPEN,
        "We know them, but not yet whether they are interested.",
    ),
    ("Nurture", StageKind.OPEN, "We are finding out what they might be interested in."),
    ("Qualification", StageKind.OPEN, "We are establishing that their interest is real."),
    (
        "Development",
        StageKind.OPEN,
        "Their needs become clear, such as the budget and the time of delivery.",
    ),
    (
        "Solution",
        StageKind.OPEN,
        "We agree on the solution and on the products or services that it takes.",
    ),
    ("Proof", StageKind.OPEN, "The solution was worked out and judged; a quote has been sent."),
    ("Negotiation", StageKind.OPEN, "Prices, discounts and terms are being negotiated."),
    ("Won", StageKind.WON, "They accepted the proposal; a contract or an order can follow."),
    ("Lost", StageKind.LOST, "They decided against it, or for a competitor."),
)
"""Name, kind and description (VN-24, D-20), in pipeline order."""

FIRST_PIPELINE: Mapping[str, int] = {
    "Prospect": 5, "Nurture": 10, "Qualification": 20, "Development": 35, "Solution": 50,
    "Proof": 65, "Negotiation": 80, "Won": 100, "Lost": 0,
}  # fmt: skip
"""The stages of the first pipeline, with the default probability of each in percent."""


async def insert_initial_rows(
    admin: Driver,
    tenant: Tenant,
    email: str,
    password_hash: str,
    new_id: Callable[[], UUID],
) -> None:
    """Insert the initial rows of a newly created tenant, in one transaction."""
    schema = tenant.placement.schema
    async with admin.transaction():
        await _pipeline(admin, schema, new_id)
        await _lists(admin, schema, new_id)
        await _administrator(admin, schema, email, password_hash, new_id)


async def _insert(admin: Driver, schema: str, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    placeholders = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await admin.execute(
        f'INSERT INTO {schema}."{table}" ({names}) VALUES ({placeholders})',  # noqa: S608 - constant names
        *values.values(),
    )


async def _pipeline(admin: Driver, schema: str, new_id: Callable[[], UUID]) -> None:
    type_id = new_id()
    await _insert(admin, schema, "opportunity_type", id=type_id, name="New business")
    for position, (name, kind, description) in enumerate(STAGES, 1):
        stage = new_id()
        await _insert(
            admin, schema, "stage",
            id=stage, name=name, kind=kind.value, description=description, position=position,
            needs_quote=name == "Proof",
        )  # fmt: skip
        await _insert(
            admin, schema, "pipeline_stage",
            id=new_id(), type_id=type_id, stage_id=stage, position=position,
            probability=FIRST_PIPELINE[name],
        )  # fmt: skip


async def _lists(admin: Driver, schema: str, new_id: Callable[[], UUID]) -> None:
    """Types and other lists, and the preferences that refer to them."""
    for table, rows in INITIAL_ROWS.items():
        for row in rows:
            await _insert(admin, schema, table, id=new_id(), **row)
    for name, kind in PRODUCT_CATEGORIES.items():
        contract_kind = await _id_by_name(admin, schema, "contract_kind", kind)
        await _insert(
            admin,
            schema,
            "product_category",
            id=new_id(),
            name=name,
            contract_kind_id=contract_kind,
        )
    for column, (table, name) in DEFAULT_PREFERENCES.items():
        preferred = await _id_by_name(admin, schema, table, name)
        await admin.execute(f"UPDATE {schema}.preferences SET {column} = $1", preferred)  # noqa: S608 - constant names


async def _id_by_name(admin: Driver, schema: str, table: str, name: str) -> UUID:
    id: UUID = await admin.fetchval(
        f"SELECT id FROM {schema}.{table} WHERE name = $1",  # noqa: S608 - constant names
        name,
    )
    return id


async def _administrator(
    admin: Driver,
    schema: str,
    email: str,
    password_hash: str,
    new_id: Callable[[], UUID],
) -> None:
    """An employee, their user, and a role whose profile grants full access."""
    employee, user, role, profile = new_id(), new_id(), new_id(), new_id()
    name = email.partition("@")[0]
    await _insert(admin, schema, "employee", id=employee, name=name, email=email)
    await _insert(admin, schema, "user", id=user, employee_id=employee)
    await _insert(admin, schema, "credential", user_id=user, email=email, password=password_hash)
    await _insert(admin, schema, "role", id=role, name="Administrator")
    await _insert(admin, schema, "profile", id=profile, name="Full access", full=True)
    await _insert(admin, schema, "role_profile", id=new_id(), role_id=role, profile_id=profile)
    await _insert(admin, schema, "role_assignment", id=new_id(), user_id=user, role_id=role)
