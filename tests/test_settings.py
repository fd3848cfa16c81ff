"""The settings refuse what cannot work, and the secret stays one and stays secret."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from settings import Settings, secret


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "RELATA_SECRET", "RELATA_DEMO", "RELATA_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_the_demonstration_fills_only_a_database_of_ours_unless_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings().seeds_demo
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().seeds_demo
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@h/d")
    assert Settings().database_url == "postgresql://u:p@h/d"
    assert not Settings().seeds_demo
    monkeypatch.setenv("RELATA_DEMO", "true")
    assert Settings().seeds_demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("REDIS_URL", "http://h"),
        ("RELATA_SECRET", "short"),
        ("RELATA_PORT", "70000"),
    ],
)
def test_what_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=f"(?i){name.removeprefix('RELATA_')}") as refused:
        Settings()
    assert refused.value.error_count() == 1
    assert value not in str(refused.value)


def test_the_kept_secret_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    first = secret(settings)
    assert len(first) == 32
    assert secret(settings) == first
    kept = tmp_path / "data" / "secret"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list(kept.parent.iterdir()) == [kept]
    kept.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        secret(settings)


def test_a_given_secret_is_used_and_not_shown(tmp_path: Path) -> None:
    given = Settings(data=tmp_path / "data", secret=SecretStr("0123456789" * 4))
    other = Settings(data=tmp_path / "data", secret=SecretStr("9876543210" * 4))
    assert len({secret(given), secret(given), secret(other)}) == 2
    assert not (tmp_path / "data").exists()
    assert "0123456789" not in repr(given)
