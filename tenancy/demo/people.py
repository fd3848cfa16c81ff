"""The employees of the demonstration: reporting lines, users and roles."""

from dataclasses import dataclass

ROLES = (
    "Administrator",
    "Sales director",
    "Sales manager",
    "Sales representative",
    "Customer support",
    "Junior sales",
)


@dataclass(frozen=True)
class DemoPerson:
    """An employee. `handle` is the local part of the e-mail address."""

    handle: str
    name: str
    titles: tuple[str | None, ...]
    """Possible job titles, of which one is drawn."""
    manager: str | None
    role: str | None = None
    """The role of the employee's user; None if the employee has no user."""
    active: bool = True
    deleted: bool = False
    share: int = 0
    """Weight of this employee in drawing the owners of records."""


PEOPLE = (
    DemoPerson(
        "director", "Helena Brandt", ("Sales director", "Director of sales"),
        None, "Sales director", share=15,
    ),
    DemoPerson("region-north", "Head of region North", (None,), "director", share=30),
    DemoPerson(
        "manager", "Tomás Ferreira", ("Sales manager", "Team lead, sales"),
        "region-north", "Sales manager", share=40,
    ),
    DemoPerson(
        "rep1", "Priya Raman", ("Sales representative", "Account executive"),
        "manager", "Sales representative", share=90,
    ),
    DemoPerson(
        "rep2", "Jonas Lindqvist", ("Sales representative", "Account executive"),
        "manager", "Sales representative", share=80,
    ),
    DemoPerson(
        "limited", "Mei Tanaka", ("Junior representative", "Trainee"),
        "manager", "Junior sales", share=45,
    ),
    DemoPerson(
        "support", "Amara Okafor", ("Customer support", "Helpdesk"),
        "director", "Customer support", share=3,
    ),
    DemoPerson(
        "admin", "Lucas Moreau", ("Administrator", "Systems"),
        "director", "Administrator", share=2,
    ),
    DemoPerson("Renee.Dubois", "Renée Dubois", ("Field agent", "Agent"), "rep2", share=20),
    DemoPerson(
        "on-leave", "Pieter Aalbers", ("Sales representative", None),
        "manager", "Sales representative", active=False, share=25,
    ),
    DemoPerson("region-south", "Head of region South", (None,), "director", share=10),
    DemoPerson(
        "former", "Bruno Castellani", ("Sales manager", "Team lead, sales"),
        "region-south", "Sales manager", active=False, share=20,
    ),
    DemoPerson("oskar.weiss", "Oskar Weiss", ("Field agent", "Agent"), "former", share=12),
    DemoPerson(
        "elsa.nystrom", "Elsa Nyström", ("Sales representative", None),
        "manager", "Sales representative", active=False, deleted=True, share=15,
    ),
)  # fmt: skip

PERSONAS = ("admin", "director", "manager", "rep1", "rep2", "support", "limited")
"""Handles of the users that can sign in."""

NUMBERS = {person.handle: number for number, person in enumerate(PEOPLE, 1)}
"""Number of each employee, and of their user, by handle."""
