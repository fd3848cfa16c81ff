"""People in the API."""

from db import people as tables
from schema.engine.expose import KEPT, KNOWN_ELSEWHERE, exposes


@exposes(tables.Person, one="person", many="persons", deeds=KNOWN_ELSEWHERE)
class Person:
    """Somebody we know, wherever they work."""


@exposes(tables.Affiliation, one="affiliation", many="affiliations", deeds=KEPT)
class Affiliation:
    """A person at an account: what they do there and how they are reached there. It stays when they leave."""
