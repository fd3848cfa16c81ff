"""The sales team as employees in a tree, each with a user, a role and a password that is told once."""

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
"""Makes up a password, and its hash."""


@dataclass(frozen=True)
class Post:
    """One of the team."""

    name: str
    email: str
    role: str
    office: str | None
    above: str | None


@dataclass(frozen=True)
class Login:
    """With what somebody signs in for the first time."""

    name: str
    role: str
    email: str
    password: str


def posts(sellers: Iterable[SellerRow], tenant: str) -> dict[str, Post]:
    """The director, the managers and the sellers, by their names."""
    team = list(sellers)
    offices: dict[str, set[str | None]] = {}
    for each in team:
        if each.manager is not None:
            offices.setdefault(each.manager, set()).add(each.office)
    own = {each.name: each for each in team}
    director = next(n for n in (DIRECTOR, "The " + DIRECTOR.lower()) if n not in {*own, *offices})
    places: list[tuple[str, str, str | None, str | None]] = [(director, DIRECTOR, None, None)]
    for name in offices:
        if name not in own:
            [office] = offices[name] if len(offices[name]) == 1 else [None]
            places.append((name, MANAGER, office, director))
    for each in team:
        role = MANAGER if each.name in offices else SELLER
        places.append((each.name, role, each.office, each.manager or director))
    emails: set[str] = set()
    found = {}
    for name, role, office, above in places:
        email = _email(name if role != DIRECTOR else "director", tenant, emails)
        found[name] = Post(name, email, role, office, above)
    return found


def _email(name: str, tenant: str, taken: set[str]) -> str:
    """An address that nobody else of the team has, where no post is delivered."""
    ascii = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    local = ".".join(filter(None, map(folded, ascii.split()))) or "employee"
    email, number = f"{local}@{tenant}.example", 1
    while email in taken:
        number += 1
        email = f"{local}{number}@{tenant}.example"
    taken.add(email)
    return email


async def employ(
    work: Work, ctx: Context, team: Mapping[str, Post], roles: Mapping[str, str], secret: Secret
) -> tuple[dict[str, str], list[Login]]:
    """The employees by name; and of those that are new, with what they sign in."""
    there = await work.known(ctx, Employee, Employee.email, [each.email for each in team.values()])
    ids: dict[str, str] = {}
    for group in levels({name: each.above for name, each in team.items()}, ()):
        wanted = {team[name].email: _employee(team[name], ids) for name in group}
        made = await work.ensure(ctx, Employee, Employee.email, wanted)
        ids |= {name: made[team[name].email] for name in group}
    new = [each for each in team.values() if each.email not in there]
    given = [{"employee": ids[e.name], "roles": [{"role": roles[e.role]}]} for e in new]
    users = await work.all(ctx, create(User), given)
    logins = []
    connection = await ctx.unit.connection.direct()
    for each, user in zip(new, users, strict=True):
        password, hash = await secret()
        await sessions.set_hash(connection, user, hash)
        logins.append(Login(each.name, each.role, each.email, password))
    return ids, logins


def _employee(post: Post, ids: Mapping[str, str]) -> dict[str, str | None]:
    return {
        "name": post.name,
        "email": post.email,
        "title": post.role,
        "office": post.office,
        "manager": ids[post.above] if post.above else None,
    }
