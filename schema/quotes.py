"""Quotes in the API."""

from db import quotes as tables
from schema.engine.expose import KEPT, exposes


@exposes(tables.Quote, one="quote", many="quotes", deeds=KEPT)
class Quote:
    """An offer for an opportunity: prices, quantities and until when they hold."""


@exposes(tables.QuoteItem, one="quoteItem", many="quoteItems")
class QuoteItem:
    """A line of a quote. The lines are set all at once, in their order."""
