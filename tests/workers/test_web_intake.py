"""Which webhooks are answered: those whose keys are set."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.http import GatewaySettings, WebhookSettings
from config.settings import Settings
from domain.errors import InvalidDefinition
from tests.web.payloads import SENDGRID_KEY, TOPIC
from workers.web_intake import _providers

ALL: dict[str, Any] = {
    "ses_topics": TOPIC,
    "sendgrid_keys": f"{SENDGRID_KEY} {SENDGRID_KEY}",
    "mailgun_keys": "a long enough-key-of-mailgun".replace(" ", "-"),
    "postmark_secrets": "long-enough-of-postmark another-long-enough-one",
}


def named(**given: Any) -> list[str]:
    return [provider.name for provider in _providers(Settings(webhooks=WebhookSettings(**given)))]


def test_each_provider_is_believed_once_its_own_line_is_set() -> None:
    assert named() == []
    for name in ALL:
        assert named(**{name: ALL[name]}) == [name.partition("_")[0]]
    assert named(**ALL) == ["ses", "sendgrid", "mailgun", "postmark"]


@pytest.mark.parametrize("key", ["x", "!", SENDGRID_KEY[:-8]])
def test_a_key_of_sendgrid_that_is_none_is_said_at_the_start(key: str) -> None:
    with pytest.raises(InvalidDefinition, match="SendGrid"):
        named(sendgrid_keys=key)


@pytest.mark.parametrize("secret", ["short", "long-enough-of-postmark short"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="16 characters"):
        WebhookSettings(postmark_secrets=secret)  # type: ignore[arg-type]


def test_a_batch_that_would_never_be_let_in_is_refused() -> None:
    with pytest.raises(ValidationError, match="at_once"):
        GatewaySettings(at_once=10)
