"""Rows of the staff: employees, users, roles, and the permissions of profiles."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from tenancy.demo.people import NUMBERS, PEOPLE, PERSONAS, ROLES
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS, TYPE_NUMBERS
from tenancy.demo.rights import COMMISSION_IN, FULL, PROFILE_OF, PROFILES, SHARED_TYPES, DemoGrant
from tenancy.demo.rows import Draw, Row, Rows, made_id

OFFICES = (("Malmö", "Brno", None), ("Utrecht", "Cork", None))
USERS = [person for person in PEOPLE if person.role]
_ROLES = {name: made_id("role", number) for number, name in enumerate(ROLES, 1)}
_PROFILES = {name: made_id("profile", number) for number, name in enumerate(PROFILES, 1)}


def staff(slug: str, now: date, password_hash: str) -> Rows:
    """All rows of the area, by table."""
    return {
        "employee": _employees(Draw(slug, "employee", now)),
        "user": _users(Draw(slug, "user", now)),
        "credential": [
            {
                "user_id": made_id("user", NUMBERS[person.handle]),
                "email": f"{person.handle}@{slug}.example".lower(),
                "password": password_hash,
            }
            for person in USERS
        ],
        "role": _named(Draw(slug, "role", now), ROLES),
        "role_assignment": _assignments(Draw(slug, "role_assignment", now)),
        "profile": [
            {**row, "full": row["name"] in FULL}
            for row in _named(Draw(slug, "profile", now), tuple(PROFILES))
        ],
        "role_profile": _numbered(
            Draw(slug, "role_profile", now),
            [
                {"role_id": _ROLES[role], "profile_id": _PROFILES[profile]}
                for role, profile in PROFILE_OF.items()
            ],
        ),
        **{table: _numbered(Draw(slug, table, now), rows) for table, rows in _rights().items()},
    }


def personas(slug: str) -> list[dict[str, str]]:
    """The users of a tenant that GraphiQL offers for signing in: handle, name and job title."""
    employees = _employees(
        Draw(slug, "employee", date(2025, 1, 1))
    )  # the day affects timestamps only
    by_handle = {person.handle: row for person, row in zip(PEOPLE, employees, strict=True)}
    return [
        {"handle": each, "name": by_handle[each]["name"], "title": by_handle[each]["title"]}
        for each in PERSONAS
    ]


def _employees(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(number),
            "name": person.name,
            "email": f"{person.handle}@{draw.slug}.example",
            "title": draw.rng.choice(person.titles),
            "office": OFFICES[draw.slug == "acme"][number % 3],
            "type_id": made_id("employee_type", 2 if "Agent" in person.titles else 1),
            "manager_id": made_id("employee", NUMBERS[person.manager]) if person.manager else None,
            **draw.stamps(deleted=person.deleted),
        }
        for number, person in enumerate(PEOPLE, 1)
    ]


def _users(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(NUMBERS[person.handle]),
            "employee_id": made_id("employee", NUMBERS[person.handle]),
            "active": person.active,
            **draw.stamps(deleted=person.deleted),
        }
        for person in USERS
    ]


def _named(draw: Draw, names: tuple[str, ...]) -> list[Row]:
    return [
        {**draw.key(number), "name": name, **draw.stamps()} for number, name in enumerate(names, 1)
    ]


def _assignments(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(NUMBERS[person.handle]),
            "user_id": made_id("user", NUMBERS[person.handle]),
            "role_id": _ROLES[person.role],
            **draw.stamps(deleted=person.deleted),
        }
        for person in USERS
        if person.role
    ]


def _numbered(draw: Draw, rows: Sequence[Row]) -> list[Row]:
    return [{**draw.key(number), **row, **draw.stamps()} for number, row in enumerate(rows, 1)]


def _rights() -> Rows:
    """Permissions, equal in every tenant, so that tests can compare the tenants under the same rights."""
    granted = [
        (_PROFILES[name], entity, grant)
        for name, entities in PROFILES.items()
        for entity, grant in entities.items()
    ]
    return {
        "object_permission": [_object_permission(*each) for each in granted],
        "field_permission": [
            {
                "profile_id": profile,
                "entity": entity,
                "field": _field_id(name),
                "writes": name in grant.written(entity),
            }
            for profile, entity, grant in granted
            for name in (*grant.fields(entity), *sorted(grant.attributes))
        ],
        "status_rule": [
            {"entity": "Opportunity", "field": "commission", "status": status}
            for status in COMMISSION_IN
        ],
        "share_rule": [
            {
                "role_id": _ROLES[role],
                "type_id": made_id("opportunity_type", TYPE_NUMBERS[name]),
            }
            for role, types in SHARED_TYPES.items()
            for name in types
        ],
    }


def _object_permission(profile: UUID, entity: str, grant: DemoGrant) -> Row:
    return {
        "profile_id": profile,
        "entity": entity,
        "rows": grant.rows.value,
        "creates": grant.creates,
        "edits": grant.edits,
        "deletes": grant.deletes,
    }


def _field_id(name: str) -> str:
    """The stored name of a field: its name, or the id of a custom attribute."""
    number = ATTRIBUTE_NUMBERS.get(name)
    return name if number is None else str(made_id("attribute", number))
