"""Generated record numbers."""

from uuid import UUID

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""


def generate_number(letter: str, id: UUID) -> str:
    """A number generated from a record's id: short, unambiguous when read aloud, and unique."""
    remaining, digits = id.int & ((1 << 40) - 1), []
    for _ in range(8):
        remaining, digit = divmod(remaining, 32)
        digits.append(DIGITS[digit])
    return f"{letter}-" + "".join(digits)
