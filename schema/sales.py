"""Sales in the API."""

from db import sales as tables
from schema.engine.expose import exposes


@exposes(tables.Opportunity, one="opportunity", many="opportunities")
class Opportunity:
    """A possible sale to an account, worked on by one owner."""
