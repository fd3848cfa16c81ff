"""Activities in the API."""

from db import activities as tables
from schema.engine.expose import KEPT, exposes


@exposes(tables.ActivityCategory, one="activityCategory", many="activityCategories", deeds=KEPT)
class ActivityCategory:
    """A kind of activity, such as a call or a visit."""


@exposes(tables.Activity, one="activity", many="activities", deeds=KEPT)
class Activity:
    """Something that was done or is planned, on one record: a call, a visit, work on a case."""
