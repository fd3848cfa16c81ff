"""The JSON of an answer, put together in hand-written SQL."""

from __future__ import annotations


def record(**fields: str) -> str:
    """An object of JSON texts; what is constant in a row is one constant."""
    parts = [
        f"""'{"," if n else "{"}"{name}":' || {value}"""
        for n, (name, value) in enumerate(fields.items())
    ]
    return (" || ".join(parts) + " || '}'").replace("' || '", "")


def nodes(aggregated: str) -> str:
    return f"""'{{"nodes":[' || coalesce({aggregated}, '') || ']}}'"""


def maybe(text: str) -> str:
    return f"coalesce({text}, 'null')"


def identity(prefix: str, column: str) -> str:
    return f"""'"{prefix}_' || replace({column}::text, '-', '') || '"'"""


def word(column: str) -> str:
    """A text that needs no escaping."""
    return f"""'"' || {column}::text || '"'"""


def text(column: str) -> str:
    return f"to_json({column})::text"


def rounded(amount: str, currency: str) -> str:
    """With the digits of the currencies that have not two of them."""
    return f"round({amount}, CASE {currency} WHEN 'JPY' THEN 0 WHEN 'KWD' THEN 3 ELSE 2 END)"


def money(amount: str, currency: str) -> str:
    """An amount with its currency."""
    return record(amount=word(rounded(amount, currency)), currency=word(currency))
