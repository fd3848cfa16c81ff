"""The set-up of the demonstration: opportunity types with their pipelines, and custom attributes."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.setup import AttributeKind
from tenancy.starter import FIRST_PIPELINE, STAGES

PIPELINES: Mapping[str, Mapping[str, int]] = {
    "New business": FIRST_PIPELINE,
    "Expansion": {
        "Qualification": 30, "Solution": 45, "Development": 55, "Proof": 70, "Negotiation": 85,
        "Won": 100, "Lost": 0,
    },
    "Renewal": {"Proof": 60, "Negotiation": 80, "Won": 100, "Lost": 0},
}  # fmt: skip
"""Per opportunity type, its active stages in order, with the default probability in percent."""


@dataclass(frozen=True)
class Extra:
    """A custom attribute."""

    entity: str
    key: str
    labels: tuple[str, str]
    """Possible labels, of which one is drawn."""
    kind: AttributeKind


ATTRIBUTES = (
    Extra("Opportunity", "tier", ("Tier", "Customer tier"), AttributeKind.TEXT),
    Extra("Opportunity", "seats", ("Seats", "Number of seats"), AttributeKind.NUMBER),
    Extra("Opportunity", "kickoff", ("Kick-off", "Day of the kick-off"), AttributeKind.DATE),
    Extra("Opportunity", "strategic", ("Strategic", "Of strategic value"), AttributeKind.BOOLEAN),
    Extra("Account", "segment", ("Segment", "Market segment"), AttributeKind.TEXT),
    Extra("Person", "letters", ("Letters", "Gets our letters"), AttributeKind.BOOLEAN),
    Extra("Case", "channel", ("Channel", "How it reached us"), AttributeKind.TEXT),
)

STAGE_NUMBERS = {name: number for number, (name, _, _) in enumerate(STAGES, 1)}
STAGE_KINDS = {name: kind for name, kind, _ in STAGES}
TYPE_NUMBERS = {name: number for number, name in enumerate(PIPELINES, 1)}
ATTRIBUTE_NUMBERS = {extra.key: number for number, extra in enumerate(ATTRIBUTES, 1)}
