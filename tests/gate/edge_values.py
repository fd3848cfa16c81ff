"""Edge values of every scalar type, for filters, columns and jsonb, on which a partial function would fail."""

from __future__ import annotations

import json
from typing import Any

EDGE_TENANT = "odd"
"""Slug of the tenant whose rows contain such values."""
TEXTS = [
    "", " ", "%", "_", "\\", "%\\", "\\%", "a\\", "\\\\", "%%%", "__", "'", '"', "''", "\\'", "$1", "%s",
    "%(x)s", "{}", "[", "(", "*", "^$", "a|b", "\x01", "\n", "\t", "\u2028", "\u200b", "\ufeff", "é",
    "e\u0301", "\u0130", "\u0131", "ß", "\ufb03", "\uff05", "\uff3c", "\U0001f600", "null", "NaN", "Infinity", "true", "-1",
    "'; DROP TABLE opportunity; --", "%" * 500, "\\" * 500, "\\" * 501, "_" * 500, "x" * 5000,
]  # fmt: skip
IDS = ["opp_" + "0" * 32, "acc_" + "f" * 32, "xyz_" + "0" * 32]
INTS = [0, 1, -1, 100, 2**31 - 1, -(2**31)]
DECIMALS = [
    "0", "-0", "0.00", "1", "-1", "00012.50", "0.1", "9" * 38, "-" + "9" * 38, "0." + "0" * 37 + "1",
    "9" * 38 + "." + "9" * 38, "-" + "9" * 38 + "." + "9" * 38, "99999999999999.9999", "1" + "0" * 37,
]  # fmt: skip
DATES = [
    "0001-01-01",
    "0099-12-31",
    "1582-10-10",
    "1900-02-28",
    "2000-02-29",
    "2024-02-29",
    "9999-12-31",
]
MOMENTS = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z",
    "2026-03-29T02:30:00+01:00", "1969-12-31T23:59:59-00:00", "0001-01-02T00:00:00+14:00", "2026-01-01 00:00Z",
]  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "String": TEXTS, "ID": IDS, "Int": INTS, "Decimal": DECIMALS, "Boolean": [True, False],
    "Date": DATES, "DateTime": MOMENTS,
}  # fmt: skip
"""Valid edge values, by the scalar type of a filter's operand."""

INVALID: dict[str, list[Any]] = {
    "String": ["\0", "a\0b", "\ud800", "a\udfff", 1, True, [["x"]], {"a": 1}],
    "ID": ["", "opp_", "opp_" + "F" * 32, "zzz", "'", "opp_" + "0" * 4000, "_", "\0", 1.5, True, {"a": 1}],
    "Int": [2**31, -(2**31) - 1, 1.5, "1", 1e400, True],
    "Decimal": ["", "NaN", "Infinity", "-Infinity", "1e5", "1_000", "\u0661", "9" * 39, "+1", ".5", "5.", " 1", 1, 1.5, "0x1"],
    "Boolean": ["true", 1, 0],
    "Date": ["0000-01-01", "10000-01-01", "2023-02-29", "2024-2-9", "infinity", "today", "",
             "\u0662\u0660\u0662\u0664-\u0660\u0661-\u0660\u0661", "2024-01-01T00:00:00Z"],
    "DateTime": [
        "0000-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
        "2024-01-01T00:00:00", "2024-01-01", "2024-01-01T24:30:00Z", "2024-01-01T00:00:60Z", "now", "infinity", "",
    ],
}  # fmt: skip
"""Values that every filter refuses, by scalar type."""

DEEP: Any = None
for _ in range(60):
    DEEP = [DEEP] if _ % 2 else {"a": DEEP}
STORED_JSON: list[str] = [
    *map(json.dumps, ["", "abc", "%", "\\", "2024-02-30", "0000-00-00", "2024-02-29", "99999-01-01", "NaN", "Infinity"]),
    *map(json.dumps, ["true", "1", "1e5",
                       "é", "\u0130", "x" * 2000, "\u0001", [], {}, [1, [2, None]], {"a": {"b": None}}, DEEP]),
    "null", "true", "false", "0", "-0.0", "1", "-1", "1.50", "12345678901234567890123456789.123456789",
    "1e1000", "-1e1000", "1e-1000", "1e100000", "9e16380", "[1e1000]", '["2024-01-01"]', '{"text": "x"}',
]  # fmt: skip
"""JSON values that direct database access might have stored as a custom attribute's value."""
