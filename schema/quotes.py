"""Quotes in the API."""

from db import quotes as tables
from db.api import MODEL
from schema.engine.expose import KEPT, Verb, exposes
from schema.engine.generate import Spec
from schema.engine.generate_deeds import ID_SPEC, VERSION_SPEC, both, fields, required


@exposes(tables.Quote, one="quote", many="quotes", deeds=KEPT)
class Quote:
    """An offer for an opportunity: prices, quantities and until when they hold. Expired are those with a past `validUntil`."""


@exposes(tables.QuoteItem, one="quoteItem", many="quoteItems", along=True)
class QuoteItem:
    """A line of a quote. The lines are set all at once, in their order."""


SAYS = {
    "SetItems": (
        "Set all lines of a quote at once, in their order: those with an id are changed, those without are "
        "new, those that are not in the list are deleted. What nobody says of a new line comes from its product."
    ),
    "Duplicate": "Make a copy of a quote with its lines, neither active nor approved.",
    "Activate": "Make it the quote that counts; the one that counted before does not any more.",
    "Deactivate": "Let it count no more, so that it can be deleted.",
    "Approve": "Approve it: what it offers stays as it is from then on.",
    "Unapprove": "Take the approval back, so that it can be changed again.",
}
DEEDS = {
    name: deed
    for verb, says in SAYS.items()
    for name, deed in both("Quote", "quote", verb, says).items()
}


def deed_types() -> None:
    """The inputs of what is done with quotes only."""
    way = tables.QuoteItem.quote_id.key.removesuffix("_id")
    own = [each for each in fields(MODEL.entities["QuoteItem"], Verb.CREATE) if each[0] != way]
    line: Spec = ("id", "ID | None", "The line that it is to become; without, it is a new one.")
    doc = "A line as it is to be; of one that is there, what is not given stays."
    required("QuoteSetItemInput", [line, *own], doc)
    items: Spec = ("items", "list[QuoteSetItemInput]", "All lines in their order, at most 250.")
    seen = VERSION_SPEC[0], VERSION_SPEC[1], "The version you have seen: a newer one is a conflict."
    required("QuoteSetItemsInput", [ID_SPEC, seen, items], "Which quote, and all of its lines.")
    name: Spec = ("name", "str | None", "What the copy is called; as the quote if not said.")
    required("QuoteDuplicateInput", [ID_SPEC, name], "Of which quote, and what it is called.")
    required("QuoteApproveInput", [ID_SPEC, seen], "Which quote.")
    for verb in ("Activate", "Deactivate", "Unapprove"):
        required(f"Quote{verb}Input", [ID_SPEC, VERSION_SPEC], "Which quote.")
