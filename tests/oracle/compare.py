"""Holds an answer of the house against the one expected, and tells the smallest difference."""

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
    """Each place where they differ; the order of an object's members counts."""
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
        yield f"{path}: {_shown(expected)} expected, found {_shown(actual)}"


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= LONGEST else f"{told[:LONGEST]} ..."


def mismatch(expected: Expected, answer: Answer) -> list[str]:
    """What is wrong with an answer; nothing if it is as expected."""
    if expected.codes:
        if answer.codes and set(answer.codes) <= expected.codes and "data" not in answer.json:
            return []
        told = answer.body.decode()[:300]
        return [f"a refusal with {sorted(expected.codes)} expected, found {told}"]
    if answer.codes:
        return [f"data expected, found {answer.body.decode()[:600]}"]
    read = answer.json
    found = list(differences(expected.data, read["data"]))
    denied = [
        (one["type"], one["field"], one["reason"])
        for one in read.get("extensions", {}).get("access", {}).get("denied", [])
    ]
    if sorted(expected.denied) != sorted(denied):
        found.append(
            f"denied: missing {sorted(expected.denied - set(denied))}, "
            f"too much {sorted(set(denied) - expected.denied)}"
        )
    return found


def cursors(expected: Any, actual: Any) -> Iterator[tuple[str, Cursor]]:
    """The cursors of an answer with what they stand for."""
    if isinstance(expected, Cursor) and isinstance(actual, str):
        yield actual, expected
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() & actual.keys():
            yield from cursors(expected[key], actual[key])
    elif isinstance(expected, list) and isinstance(actual, list):
        for one, other in zip(expected, actual, strict=False):
            yield from cursors(one, other)


def report(who: str, query: str, variables: Mapping[str, Any], wrong: list[str]) -> str:
    """What to look at."""
    shown = "\n  ".join(wrong[:SHOWN])
    more = f"\n  and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    told = json.dumps(variables, ensure_ascii=False)
    return f"{who} asked\n{query}\nwith {told}\n  {shown}{more}"
