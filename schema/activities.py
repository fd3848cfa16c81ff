"""Activities in the API."""

from db import activities as tables
from schema.engine.expose import KEPT, exposes
from schema.engine.generate import Spec
from schema.engine.generate_deeds import ID_SPEC, VERSION_SPEC, both, required


@exposes(tables.ActivityCategory, one="activityCategory", many="activityCategories", deeds=KEPT)
class ActivityCategory:
    """A kind of activity, such as a call or a visit."""


@exposes(tables.Activity, one="activity", many="activities", deeds=KEPT)
class Activity:
    """Something that was done or is planned, on one record: a call, a visit, work on a case."""


DEEDS = both("Activity", "activity", "Complete")


def deed_types() -> None:
    """The inputs of what is done with activities only."""
    specs: list[Spec] = [
        ID_SPEC,
        VERSION_SPEC,
        (
            "doneAt",
            "DateTimeText | None",
            "When it was done; now, if it is not said nor known yet.",
        ),
        ("hours", "DecimalText | None", "How many hours it took."),
        ("overtime", "bool | None", "Whether the hours were overtime."),
    ]
    required("ActivityCompleteInput", specs, "Which activity was done, and what it took.")
