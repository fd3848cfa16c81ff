"""Imports the sales team as an employee hierarchy with users, roles and initial passwords."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from db import sessions
from db.staff import Employee, User
from domain.imports.crm_sales import SellerRow
from domain.imports.csv_files import folded
from resolvers.engine.context import Context
from resolvers.imports.rights import DIRECTOR, MANAGER, SELLER
from resolvers.imports.work import Work, create, levels

Secret = Callable[[], Awaitable[tuple[str, str]]]
"""Generates a password and its hash."""


@dataclass(frozen=True)
class Position:
    """A member of the sales team."""

    name: str
    email: str
    role: str
    office: str | None
    manager: str | None


@dataclass(frozen=True)
class Login:
    """Initial sign-in data of a new user."""

    name: str
    role: str
    email: str
    password: str


def positions(sellers: Iterable[SellerRow], tenant: str) -> dict[str, Position]:
    """The director, the managers and the sellers, by name."""
    team = list(sellers)
    offices: dict[str, set[str | None]] = {}
    for each in team:
        if each.manager is not None:
            offices.setdefault(each.manager, set()).add(each.office)
    sellers_by_name = {each.name: each for each in team}
    director = next(
        n for n in (DIRECTOR, "The " + DIRECTOR.lower()) if n not in {*sellers_by_name, *offices}
    )
    rows: list[tuple[str, str, str | None, str | None]] = [(director, DIRECTOR, None, None)]
    for name in offices:
        if name not in sellers_by_name:
            [office] = offices[name] if len(offices[name]) == 1 else [None]
            rows.append((name, MANAGER, office, director))
    for each in team:
        role = MANAGER if each.name in offices else SELLER
        rows.append((each.name, role, each.office, each.manager or director))
    emails: set[str] = set()
    positions_by_name = {}
    for name, role, office, manager in rows:
        email = _email(name if role != DIRECTOR else "director", tenant, emails)
        positions_by_name[name] = Position(name, email, role, office, manager)
    return positions_by_name


def _email(name: str, tenant: str, used: set[str]) -> str:
    """An unused email address in a domain that does not exist."""
    ascii = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    local = ".".join(filter(None, map(folded, ascii.split()))) or "employee"
    email, number = f"{local}@{tenant}.example", 1
    while email in used:
        number += 1
        email = f"{local}{number}@{tenant}.example"
    used.add(email)
    return email


async def employ(
    work: Work, ctx: Context, team: Mapping[str, Position], roles: Mapping[str, str], secret: Secret
) -> tuple[dict[str, str], list[Login]]:
    """Create the employees and users unless they exist; employee ids by name, and the sign-in data of new users."""
    existing = await work.known(
        ctx, Employee, Employee.email, [each.email for each in team.values()]
    )
    ids: dict[str, str] = {}
    for group in levels({name: each.manager for name, each in team.items()}, ()):
        params_by_email = {team[name].email: _employee(team[name], ids) for name in group}
        employee_ids = await work.ensure(ctx, Employee, Employee.email, params_by_email)
        ids |= {name: employee_ids[team[name].email] for name in group}
    new_positions = [each for each in team.values() if each.email not in existing]
    params = [{"employee": ids[e.name], "roles": [{"role": roles[e.role]}]} for e in new_positions]
    users = await work.all(ctx, create(User), params)
    logins = []
    connection = await ctx.unit.connection.direct()
    for each, user in zip(new_positions, users, strict=True):
        password, hash = await secret()
        await sessions.set_hash(connection, user, hash)
        logins.append(Login(each.name, each.role, each.email, password))
    return ids, logins


def _employee(position: Position, ids: Mapping[str, str]) -> dict[str, str | None]:
    return {
        "name": position.name,
        "email": position.email,
        "title": position.role,
        "office": position.office,
        "manager": ids[position.manager] if position.manager else None,
    }
