"""Admits documents: any text is answered in bounded time before anything is compiled."""

from .admit import Admitted, Documents, admit
from .cost import Cost, Prepared
from .limits import Limits
from .parse import parse
from .refusal import Code, Problem, Refused

__all__ = [
    "Admitted",
    "Code",
    "Cost",
    "Documents",
    "Limits",
    "Prepared",
    "Problem",
    "Refused",
    "admit",
    "parse",
]
