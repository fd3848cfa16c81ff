"""Seeded faults still apply to the product by day; by night each is applied, and the tests it names fail."""

from __future__ import annotations

import ast

import pytest

from tests.proof.mutants.__main__ import main, meant
from tests.proof.mutants.faults import ROOT, Fault, faults

FAULTS = [pytest.param(each, id=each.name.replace(" ", "-")) for each in faults()]


@pytest.mark.parametrize("fault", FAULTS)
def test_it_still_applies(fault: Fault) -> None:
    assert fault.problem() is None
    assert fault.old != fault.new


@pytest.mark.parametrize("fault", FAULTS)
def test_the_tests_it_names_are_there(fault: Fault) -> None:
    for test in fault.red:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {
            n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name.partition("[")[0] in names, (
            f"{fault.name!r} names a test that is not there: {test}"
        )


def test_a_case_of_a_test_is_that_test() -> None:
    assert meant("a.py::test_it", frozenset({"a.py::test_it[one]"}))
    assert not meant("a.py::test_it", frozenset({"a.py::test_it_too"}))


def test_what_does_not_apply_says_so() -> None:
    fault = Fault("gone", "db/engine/gate.py", "no such text", "", ("a.py::test_it",))
    assert fault.problem() == (
        "fault 'gone' no longer applies: its old text occurs 0 times in db/engine/gate.py; rewrite it"
    )


@pytest.mark.nightly
def test_every_fault_is_caught() -> None:
    assert main([]) == 0
