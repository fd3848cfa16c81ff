"""Rows of the staff: employees, users, roles, and what the profiles of the roles open."""

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
    """Every row of the area, by table."""
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
        "role_profile": _kept(
            Draw(slug, "role_profile", now),
            [
                {"role_id": _ROLES[role], "profile_id": _PROFILES[profile]}
                for role, profile in PROFILE_OF.items()
            ],
        ),
        **{table: _kept(Draw(slug, table, now), rows) for table, rows in _rights().items()},
    }


def personas(slug: str) -> list[dict[str, str]]:
    """The users of a tenant that visitors can sign in as: handle, name and job title."""
    employees = _employees(
        Draw(slug, "employee", date(2025, 1, 1))
    )  # the day affects timestamps only
    found = {person.handle: row for person, row in zip(PEOPLE, employees, strict=True)}
    return [
        {"handle": each, "name": found[each]["name"], "title": found[each]["title"]}
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


def _kept(draw: Draw, rows: Sequence[Row]) -> list[Row]:
    return [{**draw.key(number), **row, **draw.stamps()} for number, row in enumerate(rows, 1)]


def _rights() -> Rows:
    """The same in every tenant: rights are what the demonstration is compared under."""
    opened = [
        (_PROFILES[name], entity, opens)
        for name, entities in PROFILES.items()
        for entity, opens in entities.items()
    ]
    return {
        "object_permission": [_opened(*each) for each in opened],
        "field_permission": [
            {
                "profile_id": profile,
                "entity": entity,
                "field": _field_id(name),
                "writes": name in opens.written(entity),
            }
            for profile, entity, opens in opened
            for name in (*opens.fields(entity), *sorted(opens.attributes))
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


def _opened(profile: UUID, entity: str, opens: DemoGrant) -> Row:
    return {
        "profile_id": profile,
        "entity": entity,
        "rows": opens.rows.value,
        "creates": opens.creates,
        "edits": opens.edits,
        "deletes": opens.deletes,
    }


def _field_id(name: str) -> str:
    """A field goes by its name, a custom attribute by its id."""
    number = ATTRIBUTE_NUMBERS.get(name)
    return name if number is None else str(made_id("attribute", number))
