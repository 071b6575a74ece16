"""Settings: where they come from, and what is said of wrong ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config import reference
from config.loading import SettingsInvalid, load
from config.settings import PREFIX, LogLevel, Settings, all_variables, variable


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Sets variables, without the prefix; nothing else of the environment or a `.env` counts."""
    for name in (*all_variables(), PREFIX + "SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(PREFIX + "SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)

    def give(**variables: str) -> None:
        for name, text in variables.items():
            monkeypatch.setenv(PREFIX + name, text)

    return give


def test_nothing_has_to_be_set(given: Callable[..., None]) -> None:
    found = load()
    assert (found.amqp.url, found.log.level, found.smtp.port) == (None, LogLevel.INFO, 587)


def test_a_variable_is_named_after_its_place(given: Callable[..., None]) -> None:
    given(SMTP__PORT="25", SENDING__RETRY_DELAYS_S="[1, 2.5]")
    found = load()
    assert (found.smtp.port, found.sending.retry_delays_s) == (25, [1, 2.5])
    assert variable("smtp", "port") == "CAMPAIGNS_SMTP__PORT"


def test_every_wrong_variable_is_named_at_once(given: Callable[..., None]) -> None:
    given(SMTP__PORT="0", LOG__LEVEL="loud", SMTP__PROT="25", WORKERS__CONCURRENCY="many")
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert str(caught.value).splitlines() == [
        "CAMPAIGNS_SMTP__PROT: there is no such setting; did you mean CAMPAIGNS_SMTP__PORT?",
        "CAMPAIGNS_SMTP__PORT: Input should be greater than or equal to 1",
        "CAMPAIGNS_WORKERS__CONCURRENCY: Input should be a valid integer, unable to parse string as an integer",
        "CAMPAIGNS_LOG__LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
    ]


def test_a_list_that_is_no_list_is_told_how_it_is_written(given: Callable[..., None]) -> None:
    given(SENDING__RETRY_DELAYS_S="900, 1800", SMTPS__HOST="x")
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert str(caught.value).splitlines() == [
        "CAMPAIGNS_SMTPS__HOST: there is no such setting; did you mean CAMPAIGNS_SMTP__HOST?",
        'CAMPAIGNS_SENDING__RETRY_DELAYS_S: write a JSON list such as "[5, 30]"',
    ]


def test_a_misspelt_line_of_the_env_file_is_no_silence(given: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CAMPAIGNS_LOGG__LEVEL=debug\nOTHERS=1\n")
    with pytest.raises(SettingsInvalid, match=r"^CAMPAIGNS_LOGG__LEVEL: .* did you mean CAMPAIGNS_LOG__LEVEL\?$"):
        load()


def test_the_environment_wins_over_the_env_file_and_that_over_secrets(
    given: Callable[..., None], tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "smtp__password").write_text("from a file")
    (secrets / "smtp__username").write_text("from a file")
    (secrets / "smtp__host").write_text("file.example")
    (tmp_path / ".env").write_text("CAMPAIGNS_SMTP__USERNAME=from .env\nCAMPAIGNS_SMTP__HOST=env-file.example\n")
    given(SECRETS_DIR=str(secrets), SMTP__HOST="environment.example")
    smtp = load().smtp
    assert smtp.password is not None
    assert (smtp.password.get_secret_value(), smtp.username) == ("from a file", "from .env")
    assert smtp.host == "environment.example"
    assert "from a file" not in repr(smtp)


def test_what_others_read_is_no_unknown_setting(given: Callable[..., None]) -> None:
    given(ASSUME_YES="1", VENV="x")
    assert load() == Settings()


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, info in all_variables().items() if not info.description] == []


def test_the_written_reference_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (reference.main(["--check"]), capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize("text", [reference.configuration(), reference.example()], ids=["configuration.md", "example"])
def test_the_written_reference_has_every_setting(text: str) -> None:
    assert [name for name in all_variables() if name not in text] == []


def test_the_example_sets_nothing() -> None:
    assert all(line.startswith("#") or not line for line in reference.example().splitlines())
