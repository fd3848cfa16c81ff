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
        (
            "afterId",
            "ID | None",
            "ID of the record that it follows in the list; null if it is the first, or if it left the list.",
        ),
        ("node", f"{entity} | None", "Current record; null if it left the list."),
    ]
    make(f"{entity}{CHANGE}", change, "Change of one record in a subscribed list.")
    message: list[Spec] = [
        ("kind", "LiveKind", "Kind of the message."),
        ("cursor", "str", "Position after this message; pass it as `after` to resume."),
        ("livePosition", "str", POSITION),
        ("hasMore", "bool", "Whether more records match `filter` than `first`."),
        (
            "changes",
            f"list[{entity}{CHANGE}]",
            "Changes to apply one by one: records that left the list, then the others in the order of the list.",
        ),
    ]
    make(f"{entity}{LIVE}", message, "Message of a subscription.")


def live_arguments(entity: str) -> list[StrawberryArgument]:
    """Arguments of a subscription."""
    return [
        argument("filter", f"{entity}Filter", "Filter conditions; default: all visible records."),
        argument("orderBy", f"list[{entity}Order]", "Sort keys, most significant first."),
        argument(
            "first",
            "int",
            "Number of records in the window: the first ones in the order, 1 to 1000; default: 250.",
        ),
        argument("after", "str", "Cursor of the last message received, to resume."),
    ]


def subscription(exposed: Iterable[Entity]) -> type:
    """Create the root subscription type."""
    shared_live_types()
    specs: list[Spec] = []
    arguments = {}
    for each in exposed:
        if each.is_live:
            live_types(each.name)
            doc = f"The first visible {each.name} records in an order, then every change of this window."
            specs.append((each.plural, f"{each.name}{LIVE} | None", doc))
            arguments[each.plural] = live_arguments(each.name)
    return make("Subscription", specs, "Root subscription type.", arguments=arguments)
