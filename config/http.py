"""Pages for readers, webhooks of providers, the event gateway."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from config.group import Group
from config.keys import long_enough


class WebSettings(Group):
    """Where links in emails lead, and the process that answers there (`campaigns worker web`)."""

    public_url: str = Field(
        "http://localhost:8081", description="base of unsubscribe and tracking links, without a final slash"
    )
    bounce_domain: str | None = Field(
        None, description="domain of the envelope sender (VERP); default: the From domain"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8081, ge=0, le=65535, description="port to listen on, behind a proxy that speaks TLS")
    share_port: bool = Field(False, description="several processes of one machine listen on one port (SO_REUSEPORT)")
    trusted_proxies: str = Field(
        "127.0.0.0/8 ::1",
        description="networks of your own proxies, separated by blanks: their X-Forwarded-For is believed, no other",
    )
    hosts: str = Field("", description="host names that are answered to, separated by blanks; empty: any")
    colour: str = Field("#1d4ed8", pattern=r"^#[0-9A-Fa-f]{6}$", description="of the organisation, on its pages")
    logo_file: Path | None = Field(None, description="PNG, JPEG, GIF or WebP of at most 256 KiB, shown on the pages")
    max_connections: int = Field(1000, ge=1, description="at once, in one process; others are told 503")
    body_timeout_s: float = Field(10, gt=0, description="for the head of a request, and for its whole body")
    per_client_per_s: float = Field(
        100, gt=0, description="requests a second from one address, ten times as many at once; more are told 429"
    )
    confirm_timeout_s: float = Field(3, gt=0, description="how long a reader waits for RabbitMQ at most")
    access_log: bool = Field(True, description="one line for each request, without addresses and tokens")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: str) -> str:
        for each in given.split():
            ip_network(each)
        return given


class WebhookSettings(Group):
    """Webhooks of mail providers (docs/webhooks.md); each counts once its own line is set."""

    ses_topics: str = Field(
        "", description="ARNs of the SNS topics that Amazon SES publishes to, separated by blanks: /webhooks/ses"
    )
    sendgrid_keys: str = Field(
        "", description="verification keys of SendGrid's signed event webhook, separated by blanks: /webhooks/sendgrid"
    )
    mailgun_keys: SecretStr | None = Field(
        None, description="HTTP webhook signing keys of Mailgun, separated by blanks: /webhooks/mailgun"
    )
    postmark_secrets: SecretStr | None = Field(
        None,
        description="what Postmark shows as password, or in the header X-Webhook-Secret; several are separated by "
        "blanks: /webhooks/postmark",
    )
    window_s: float = Field(
        300,
        gt=0,
        le=86400,
        description="a webhook that SendGrid or Mailgun signed longer ago is refused; longer forgives longer outages: "
        "what comes twice changes nothing",
    )
    sns_window_s: float = Field(
        3600, gt=0, le=86400, description="the same for Amazon SNS, which goes on trying for about an hour"
    )

    @field_validator("mailgun_keys", "postmark_secrets")
    @classmethod
    def _secrets_are_long(cls, given: SecretStr | None) -> SecretStr | None:
        return long_enough(given, given.get_secret_value().split() or [""] if given else [])


class GatewaySettings(Group):
    """POST /v1/events: CloudEvents by HTTP (docs/event-gateway.md). `campaigns token create` lets somebody in."""

    per_s: float = Field(2000, gt=0, description="events a second that one token may publish, in each process")
    at_once: int = Field(10_000, ge=1, description="events that one token may publish at once, after a rest")
    batch_events: int = Field(1000, ge=1, le=10_000, description="events in one request; at_once is more")

    @model_validator(mode="after")
    def _batches_fit(self) -> Self:
        if self.batch_events > self.at_once:
            raise ValueError("batch_events is more than at_once: such a batch would never be let in")
        return self
