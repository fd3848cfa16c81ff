"""Every seeded fault applies to the product; the nightly run applies each and checks that the tests it names fail."""

from __future__ import annotations

import ast

import pytest

from tests.proof.mutants.__main__ import main, meant
from tests.proof.mutants.faults import ROOT, Fault, faults

FAULTS = [pytest.param(each, id=each.name.replace(" ", "-")) for each in faults()]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_applies_to_the_product(fault: Fault) -> None:
    assert fault.problem() is None
    assert fault.old != fault.new


@pytest.mark.parametrize("fault", FAULTS)
def test_tests_of_a_fault_exist(fault: Fault) -> None:
    for test in fault.red:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {
            n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name.partition("[")[0] in names, (
            f"{fault.name!r} names a test that does not exist: {test}"
        )


def test_failed_parameter_set_counts_as_its_test() -> None:
    assert meant("a.py::test_it", frozenset({"a.py::test_it[one]"}))
    assert not meant("a.py::test_it", frozenset({"a.py::test_it_too"}))


def test_fault_that_does_not_apply_is_described() -> None:
    fault = Fault("unknown", "db/engine/gate.py", "no such text", "", ("a.py::test_it",))
    assert fault.problem() == (
        "fault 'unknown' no longer applies: its old text occurs 0 times in db/engine/gate.py; rewrite it"
    )


@pytest.mark.nightly
def test_every_fault_is_caught() -> None:
    assert main([]) == 0
