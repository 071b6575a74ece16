"""Mail that comes in, and the feed that goes out."""

from __future__ import annotations

from base64 import b64decode
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from config.group import HOST_NAME, Group


class InboundSettings(Group):
    """The mail server that takes bounces, complaints, replies and unsubscribe mails (docs/inbound.md)."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(2526, ge=0, le=65535, description="port to listen on; 0: any free one, told in the log")
    share_port: bool = Field(
        False,
        description="several processes of this machine listen on the same port (SO_REUSEPORT), never those of another "
        "deployment; without it one listens, and the others stand by",
    )
    hostname: str = Field("localhost", pattern=HOST_NAME, description="its name in the MX record")
    domains: str = Field(
        "",
        description="whose mail it takes beside that of CAMPAIGNS_WEB__BOUNCE_DOMAIN, separated by blanks; "
        "with neither, any address that carries a token of ours, and nothing else",
    )
    count_replies: bool = Field(
        False,
        description="mails name an address of ours beside the reply-to address, so that replies are counted; "
        "people see both",
    )
    complaint_address: bool = Field(
        False, description="mails name an address for complaints (CFBL-Address, RFC 9477); sign them with DKIM"
    )
    trust_unsigned_complaints: bool = Field(
        False,
        description="complaints count that return nothing of a mail but its Message-ID, which anybody can write who "
        "has seen it: only where a feedback loop removes all addresses",
    )
    certificate_file: Path | None = Field(None, description="certificate chain (PEM): STARTTLS is offered")
    key_file: Path | None = Field(None, description="key of the certificate, where it is in a file of its own")
    max_bytes: int = Field(10 << 20, ge=1 << 16, le=100 << 20, description="of one mail; larger ones are refused (552)")
    max_recipients: int = Field(100, ge=1, le=1000, description="of one mail; the others are asked to come later")
    max_connections: int = Field(200, ge=1, le=10_000, description="at once, in one process; others are told 421")
    max_connections_per_client: int = Field(20, ge=1, le=10_000, description="at once, from one IP address")
    max_mails_per_connection: int = Field(100, ge=1, le=10_000, description="then a client has to connect anew")
    timeout_s: float = Field(120, gt=0, description="for the next command of a client, and for a whole mail")


class FeedSettings(Group):
    """The outgoing feed (docs/feed.md)."""

    enabled: bool = Field(True, description="whether changes are kept for the feed; what changes while not is not told")
    keep_days: float = Field(30, gt=0, description="how long what was told can be replayed")
    tick_s: float = Field(1, gt=0, description="how often its relay looks for news")
    webhook_url: str | None = Field(
        None, pattern=r"^https?://[!-~]+$", description="web address that the feed is posted to as well, signed"
    )
    webhook_secret: SecretStr | None = Field(
        None, description="what signs these posts: whsec_ and base64 of 24 to 64 random bytes (Standard Webhooks)"
    )
    webhook_networks: str = Field("", description="private networks that it may be in: 10.1.0.0/16 127.0.0.0/8")

    @field_validator("webhook_secret")
    @classmethod
    def _secret_can_be_read(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not webhook_key(given):
            raise ValueError("is not whsec_ and base64 of 24 to 64 bytes: echo whsec_$(openssl rand -base64 32)")
        return given

    @field_validator("webhook_networks")
    @classmethod
    def _networks_can_be_read(cls, given: str) -> str:
        for each in given.split():
            ip_network(each)
        return given

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("a webhook needs a secret: echo whsec_$(openssl rand -base64 32)")
        return self


def webhook_key(secret: SecretStr) -> bytes:
    """The key in a secret of the Standard Webhooks; empty when it is none."""
    prefix, _, text = secret.get_secret_value().strip().partition("_")
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        return b""
    return key if prefix == "whsec" and 24 <= len(key) <= 64 else b""
