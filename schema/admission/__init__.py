"""Admits or refuses documents in bounded time, before anything is compiled."""

from .admit import Admitted, Documents, admit
from .cost import Cost, Prepared
from .limits import Limits
from .parse import parse, selects_only
from .refusal import Code, DocumentError, DocumentRejected

__all__ = [
    "Admitted",
    "Code",
    "Cost",
    "DocumentError",
    "DocumentRejected",
    "Documents",
    "Limits",
    "Prepared",
    "admit",
    "parse",
    "selects_only",
]
