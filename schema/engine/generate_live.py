"""From the declarations to the GraphQL types of subscriptions."""

from __future__ import annotations

from collections.abc import Iterable

from strawberry.types.arguments import StrawberryArgument

from db.engine.entity import Entity
from domain.live import LiveChangeKind, LiveKind
from schema.engine.enums import graphql_enum
from schema.engine.generate import Spec, argument, make, put

LIVE, CHANGE = "Live", "LiveChange"
"""Suffixes of the names of these types."""
POSITION = (
    "Position up to which the list contains all writes, as 32 hexadecimal digits that are compared alphabetically. "
    "Payloads of mutations contain the position of their write."
)


def shared_live_types() -> None:
    """Register the enums that all live lists use."""
    for kind in (LiveKind, LiveChangeKind):
        put(kind.__name__, graphql_enum(kind))


def live_types(entity: str) -> None:
    """Register the message types of one entity's subscription."""
    change: list[Spec] = [
        ("kind", "LiveChangeKind", "Kind of the change."),
        ("id", "ID", "ID of the record."),
        ("node", f"{entity} | None", "Current record; null if it left the list."),
    ]
    make(f"{entity}{CHANGE}", change, "Change of one record in a subscribed list.")
    message: list[Spec] = [
        ("kind", "LiveKind", "Kind of the message."),
        ("cursor", "str", "Position after this message; pass it as `after` to resume."),
        ("livePosition", "str", POSITION),
        ("changes", f"list[{entity}{CHANGE}]", "Change of each record, ordered by ID."),
    ]
    make(f"{entity}{LIVE}", message, "Message of a subscription.")


def live_arguments(entity: str) -> list[StrawberryArgument]:
    """Arguments of a subscription."""
    return [
        argument("filter", f"{entity}Filter", "Filter conditions; default: all visible records."),
        argument("after", "str", "Cursor of the last message received, to resume."),
        argument(
            "atMost",
            "int",
            "Maximum size of the list, 1 to 1000; a longer list is refused. Default: 250.",
        ),
    ]


def subscription(exposed: Iterable[Entity]) -> type:
    """Create the root subscription type."""
    shared_live_types()
    specs: list[Spec] = []
    arguments = {}
    for each in exposed:
        if each.is_live:
            live_types(each.name)
            doc = f"Visible {each.name} records: all of them first, then every change."
            specs.append((each.plural, f"{each.name}{LIVE} | None", doc))
            arguments[each.plural] = live_arguments(each.name)
    return make("Subscription", specs, "Root subscription type.", arguments=arguments)
