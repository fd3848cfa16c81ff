"""Tests name only features of docs/features.md, and the list has each feature once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.feature_list import LIST, FeatureRow, covered_ids, covering_files, matching, parse_features
from cli.main import cli
from cli.status import evidence, page

TESTS = Path(__file__).resolve().parents[1]


def test_tests_name_features_of_the_list() -> None:
    known = {each.id for each in parse_features(LIST.read_text())}
    strange = {id: sorted(files) for id, files in covering_files(TESTS).items() if id not in known}
    assert not strange, f"{strange}: name ids of docs/features.md, or add a line there"


def test_every_line_of_the_list_is_parsed_once() -> None:
    features = parse_features(LIST.read_text())
    lines = [line for line in LIST.read_text().splitlines() if line.startswith("- ")]
    assert len(features) == len(lines), "write `- ID A testable sentence.`"
    assert not [each.id for each in features if not each.sentence.endswith(".")]
    assert not [id for id, n in Counter(each.id for each in features).items() if n > 1]
    assert all(each.area for each in features)


def test_both_forms_of_the_decorator_are_found() -> None:
    source = '@covers("X-01", "D-38")\ndef a(): ...\n@pytest.mark.covers("F9")\ndef b(): ...\n'
    assert list(covered_ids(source)) == ["X-01", "D-38", "F9"]


@pytest.mark.parametrize(("prefix", "ids"), [("ep-1", ["EP-110"]), ("X", ["X-01"]), ("", None)])
def test_area_or_id_prefix_selects_features(prefix: str, ids: list[str] | None) -> None:
    two = [FeatureRow("EP-110", "A quote.", "EP Quotes"), FeatureRow("X-01", "Lists.", "X Reading")]
    assert [each.id for each in matching(two, prefix)] == (ids or ["EP-110", "X-01"])


def test_features_command_counts_and_lists() -> None:
    result = CliRunner().invoke(cli, ["features", "--missing", "D Tenants"])
    assert result.exit_code == 0
    first, *_, last = result.stdout.splitlines()
    assert first.startswith("D Tenants")
    assert last.split()[:3] == ["all", "of", "them"]
    assert "D-71" not in result.stdout, "a test covers it"
    wrong = CliRunner().invoke(cli, ["features", "no such area"])
    assert wrong.exit_code == 1
    assert "begins with no such area" in wrong.stderr


SOURCE = """
READ = "{ accounts(first: 1) { nodes { opportunities { name } } } }"


@covers("X-01")
async def test_it(tenant):
    await tenant.ask(READ)
    await tenant.mutate("admin", "accountCreate", name="stage")
"""


def test_status_names_the_operations_and_tests_of_a_feature(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_x.py").write_text(SOURCE)
    [(id, shown)] = evidence(folder).items()
    assert (id, shown.files) == ("X-01", {"tests/test_x.py"})
    assert set(shown.operations) == {"accounts", "accountCreate"}


def test_status_lists_every_feature_once() -> None:
    text, features = page(), parse_features(LIST.read_text())
    covered = covering_files(TESTS)
    count = sum(each.id in covered for each in features)
    assert f"**{count} of {len(features)} rows exist.**" in text
    for each in features:
        assert text.count(f"- **{each.id}** {each.sentence}") == 1
