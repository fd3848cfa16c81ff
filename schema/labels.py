"""Tags and favourites in the API."""

from db import labels as tables
from schema.engine.expose import KEPT, LINKED, exposes


@exposes(tables.Tag, one="tag", many="tags", deeds=KEPT)
class Tag:
    """A word that records are labelled with."""


@exposes(tables.Tagging, one="tagging", many="taggings", deeds=LINKED)
class Tagging:
    """A tag on a record."""


@exposes(tables.Favourite, one="favourite", many="favourites", deeds=LINKED)
class Favourite:
    """A record that a user keeps at hand. Nobody else sees that."""
