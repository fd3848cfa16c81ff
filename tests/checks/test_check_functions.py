"""Checks that read files only, run as tests too: `test` with arguments skips `check`."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _checks() -> ModuleType:
    """Load the module by its path, because `tests` is no package and another `tests` may be installed."""
    spec = importlib.util.spec_from_file_location("checks", Path(__file__).with_name("checks.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "file sizes",
        "function sizes",
        "docstrings",
        "plain words",
        "test parameters",
        "locks without addresses",
        "locks current",
    ],
)
def test_check_passes(name: str) -> None:
    remedy = _checks().CHECKS[name]()
    assert not remedy, remedy
