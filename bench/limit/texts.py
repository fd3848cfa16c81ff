"""SQL expressions that build the JSON of responses."""

from __future__ import annotations


def record(**fields: str) -> str:
    """An object of JSON texts; adjacent constants are merged."""
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
    """A string that needs no escaping."""
    return f"""'"' || {column}::text || '"'"""


def text(column: str) -> str:
    return f"to_json({column})::text"


def rounded(amount: str, currency: str) -> str:
    """An amount, rounded to the decimals of its currency."""
    return f"round({amount}, CASE {currency} WHEN 'JPY' THEN 0 WHEN 'KWD' THEN 3 ELSE 2 END)"


def money(amount: str, currency: str) -> str:
    """An amount with its currency."""
    return record(amount=word(rounded(amount, currency)), currency=word(currency))
