"""Compares a response of the application with the expected one and describes the differences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle.oracle import Expected
from tests.oracle.pages import Cursor
from tests.support.world import Answer

SHOWN = 8
LONGEST = 160


def differences(expected: Any, actual: Any, path: str = "data") -> Iterator[str]:
    """A line per difference; the order of an object's members is significant."""
    if isinstance(expected, Cursor):
        if not (isinstance(actual, str) and actual):
            yield f"{path}: a cursor expected, found {actual!r}"
    elif isinstance(expected, dict) and isinstance(actual, dict):
        if list(expected) != list(actual):
            yield f"{path}: members {list(expected)} expected, found {list(actual)}"
        for key in expected:
            if key in actual:
                yield from differences(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: {len(expected)} items expected, found {len(actual)}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{path}: {_short(expected)} expected, found {_short(actual)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def mismatch(expected: Expected, answer: Answer) -> list[str]:
    """Differences between a response and the expected one; empty if there are none."""
    if expected.codes:
        if answer.codes and set(answer.codes) <= expected.codes and "data" not in answer.json:
            return []
        body = answer.body.decode()[:300]
        return [f"a refusal with {sorted(expected.codes)} expected, found {body}"]
    if answer.codes:
        return [f"data expected, found {answer.body.decode()[:600]}"]
    read = answer.json
    wrong = list(differences(expected.data, read["data"]))
    denied = [
        (one["type"], one["field"], one["reason"])
        for one in read.get("extensions", {}).get("access", {}).get("denied", [])
    ]
    if sorted(expected.denied) != sorted(denied):
        wrong.append(
            f"denied: missing {sorted(expected.denied - set(denied))}, "
            f"unexpected {sorted(set(denied) - expected.denied)}"
        )
    return wrong


def cursors(expected: Any, actual: Any) -> Iterator[tuple[str, Cursor]]:
    """Pairs of a cursor in the response and the record that it stands for."""
    if isinstance(expected, Cursor) and isinstance(actual, str):
        yield actual, expected
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() & actual.keys():
            yield from cursors(expected[key], actual[key])
    elif isinstance(expected, list) and isinstance(actual, list):
        for one, other in zip(expected, actual, strict=False):
            yield from cursors(one, other)


def report(who: str, query: str, variables: Mapping[str, Any], wrong: list[str]) -> str:
    """Message for a failed comparison: user, query, variables and the first differences."""
    shown = "\n  ".join(wrong[:SHOWN])
    more = f"\n  and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    params = json.dumps(variables, ensure_ascii=False)
    return f"{who} sent\n{query}\nwith {params}\n  {shown}{more}"
