"""Settings: where they come from, and what is said of wrong ones."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from config import reference
from config.loading import SettingsInvalid, load
from config.responses import webhook_key
from config.servers import LogLevel
from config.settings import PREFIX, Settings, all_variables, variable


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


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "+02:00"])
def test_what_is_no_time_zone_is_refused(given: Callable[..., None], zone: str) -> None:
    given(ORGANISATION__TIME_ZONE=zone)
    with pytest.raises(
        SettingsInvalid, match=r"CAMPAIGNS_ORGANISATION__TIME_ZONE: .*no time zone of the IANA database"
    ):
        load()


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


SES = '{"ses": {"host": "ses.example", "weight": 3, "username": "us"}, "own": {"host": "mx.example", "backup": true}}'


def test_more_relays_are_named_and_the_first_one_counts_only_where_it_is_set(given: Callable[..., None]) -> None:
    assert list(load().all_relays) == ["default"]
    given(RELAYS='{"own": {"host": "mx.example"}}')
    assert list(load().all_relays) == ["own"]
    given(SMTP__HOST="smtp.example")
    assert {name: relay.host for name, relay in load().all_relays.items()} == {
        "default": "smtp.example",
        "own": "mx.example",
    }


def test_a_relays_password_may_be_a_variable_or_a_file_of_its_own(given: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    given(RELAYS=SES, SECRETS_DIR=str(tmp_path / "secrets"), RELAYS__SES__PASSWORD="from a variable")
    found = load().relays["ses"]
    assert found.password is not None
    assert (found.password.get_secret_value(), found.username, found.weight) == ("from a variable", "us", 3)
    assert "from a variable" not in repr(found)


def test_a_relays_password_may_be_a_file(given: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "relays__ses__password").write_text("from a file")
    given(RELAYS=SES, SECRETS_DIR=str(tmp_path / "secrets"))
    found = load().relays["ses"].password
    assert found is not None
    assert found.get_secret_value() == "from a file"


@pytest.mark.parametrize(
    ("relays", "said"),
    [
        ('{"ses": {"port": 0}}', ["CAMPAIGNS_RELAYS__SES__HOST: Field required",
                                  "CAMPAIGNS_RELAYS__SES__PORT: Input should be greater than or equal to 1"]),
        ('{"ses": {"host": "x", "prot": 25}}', ["CAMPAIGNS_RELAYS__SES__PROT: there is no such setting"]),
        ('{"ses": {"host": "x", "weight": 0}}',
         ["CAMPAIGNS_RELAYS__SES__WEIGHT: Input should be greater than or equal to 1"]),
        ('{"ses": {"host": "x", "username": "us"}}',
         ["CAMPAIGNS_RELAYS__SES: username and password go together; one of them is missing"]),
        ('{"default": {"host": "x"}}',
         ["CAMPAIGNS_RELAYS: 'default' is the relay of CAMPAIGNS_SMTP__HOST; give yours another name"]),
        ('{"Our relay": {"host": "x"}}',
         ["CAMPAIGNS_RELAYS: 'Our relay': a relay is named with a-z, 0-9 and -, at most 31 of them"]),
        ('{"ses"',
         ['CAMPAIGNS_RELAYS: write a JSON object such as {"ses": {"host": "smtp.ses.example", "weight": 3}}']),
    ],
)  # fmt: skip
def test_a_wrong_relay_is_named_with_the_field_and_the_reason(
    given: Callable[..., None], relays: str, said: list[str]
) -> None:
    given(RELAYS=relays)
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert str(caught.value).splitlines() == said


def test_a_misspelt_field_of_a_relay_is_no_silence(given: Callable[..., None]) -> None:
    given(RELAYS__SES__HOST="x", RELAYS__SES__PASWORD="secret")
    with pytest.raises(SettingsInvalid, match=r"CAMPAIGNS_RELAYS__SES__PASWORD: there is no such setting"):
        load()


def test_a_user_name_without_a_password_is_refused(given: Callable[..., None]) -> None:
    given(SMTP__USERNAME="us")
    with pytest.raises(SettingsInvalid, match=r"^CAMPAIGNS_SMTP: username and password go together"):
        load()


def test_a_network_that_is_none_is_named(given: Callable[..., None]) -> None:
    given(ASSETS__ALLOW_NETWORKS="10.1.0.0/16 10.1.0.1/16")
    with pytest.raises(SettingsInvalid, match=r"^CAMPAIGNS_ASSETS__ALLOW_NETWORKS: 10\.1\.0\.1/16 has host bits set"):
        load()


@pytest.mark.parametrize("status", ["", " Curious", "Curious, or not", "x" * 101])
def test_what_cannot_be_a_member_status_is_refused(given: Callable[..., None], status: str) -> None:
    given(ORGANISATION__MEMBER_STATUSES=json.dumps(["Registered", status]))
    with pytest.raises(SettingsInvalid, match="CAMPAIGNS_ORGANISATION__MEMBER_STATUSES"):
        load()


def test_member_statuses_of_ones_own_are_a_list(given: Callable[..., None]) -> None:
    given(ORGANISATION__MEMBER_STATUSES='["Registered", "Came"]')
    assert tuple(load().organisation.member_statuses) == ("Registered", "Came")


WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_webhook_has_a_secret_that_can_be_read(given: Callable[..., None]) -> None:
    given(FEED__WEBHOOK_URL="https://crm.example/feed", FEED__WEBHOOK_SECRET=WEBHOOK)
    secret = load().feed.webhook_secret
    assert secret is not None
    assert len(webhook_key(secret)) == 24


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"FEED__WEBHOOK_URL": "https://crm.example/feed"}, "a webhook needs a secret"),
        ({"FEED__WEBHOOK_SECRET": "whsec_short"}, "is not whsec_ and base64 of 24 to 64 bytes"),
        ({"FEED__WEBHOOK_SECRET": WEBHOOK.removeprefix("whsec_")}, "is not whsec_ and base64"),
        ({"FEED__WEBHOOK_URL": "ftp://crm.example", "FEED__WEBHOOK_SECRET": WEBHOOK}, "CAMPAIGNS_FEED__WEBHOOK_URL"),
        ({"FEED__WEBHOOK_NETWORKS": "10.0.0.0/99"}, "10.0.0.0/99"),
    ],
)
def test_a_webhook_that_could_not_work_is_refused(given: Callable[..., None], wrong: dict[str, str], said: str) -> None:
    given(**wrong)
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert said in str(caught.value)
    assert "MfKQ9r8" not in str(caught.value)
