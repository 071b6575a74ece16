"""Relays, and who signs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from config.group import HOST_NAME, Group


class SmtpTls(StrEnum):
    AUTO = "auto"
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class MarksFor(StrEnum):
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"


class DkimBy(StrEnum):
    ENGINE = "engine"
    RELAY = "relay"


FIRST_RELAY = "default"  #: the name of the relay of CAMPAIGNS_SMTP__HOST


class SmtpSettings(Group):
    """The relay that takes our mail."""

    host: str = Field("127.0.0.1", description="host name of the relay")
    port: int = Field(587, ge=1, le=65535, description="port of the relay")
    tls: SmtpTls = Field(
        SmtpTls.AUTO,
        description="starttls, implicit, none, or auto: starttls, unless the relay is this machine; never downgraded",
    )
    username: str | None = Field(None, description="for SMTP AUTH")
    password: SecretStr | None = Field(None, description="for SMTP AUTH")
    ca_file: Path | None = Field(None, description="certificate authority of the relay, where it is not a public one")
    dkim: DkimBy = Field(
        DkimBy.ENGINE,
        description="who signs with DKIM: engine (we do, with the keys of CAMPAIGNS_DKIM__DIRECTORY), or relay: it "
        "signs by itself, or gives mails another Message-ID or Date as some providers do; then we never sign",
    )
    marks: MarksFor | None = Field(
        None,
        description="sendgrid, mailgun or postmark: mails carry their id in a header of this provider, which takes it "
        "out and tells it in webhooks (docs/webhooks.md)",
    )
    max_connections: int = Field(10, ge=1, le=500, description="connections per send worker")
    messages_per_connection: int = Field(100, ge=1, description="then it is opened anew")
    idle_timeout_s: float = Field(
        30,
        gt=0,
        description="a connection that has nothing to do is closed after this; before the relay does it",
    )
    local_hostname: str | None = Field(
        None,
        pattern=HOST_NAME,
        description="what we call ourselves (EHLO): a name that leads back to this machine. Default: its full name",
    )
    connect_timeout_s: float = Field(60, gt=0, description="for connecting, greeting, TLS, EHLO and AUTH, each")
    mail_timeout_s: float = Field(300, gt=0, description="for the answer to MAIL FROM (RFC 5321, 4.5.3.2)")
    rcpt_timeout_s: float = Field(300, gt=0, description="for the answer to RCPT TO")
    data_timeout_s: float = Field(120, gt=0, description="for the answer to DATA")
    final_timeout_s: float = Field(
        600, gt=0, description="for the answer to the mail itself: a shorter wait puts mails in doubt that were taken"
    )
    weight: int = Field(1, ge=1, le=1000, description="its share of the mails against the weights of other relays")
    backup: bool = Field(False, description="gets mail only while none of the others can be reached")

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.username is None) is not (self.password is None):
            raise ValueError("username and password go together; one of them is missing")
        return self


class RelaySettings(SmtpSettings):
    """One more relay."""

    host: str = Field(description="host name of the relay")
    per_s: float | None = Field(None, gt=0, description="mails per second, all workers together")
    connections: int | None = Field(None, ge=1, description="connections, all workers together")


class DkimSettings(Group):
    """DKIM keys of the sender domains. `campaigns dkim generate` makes them and says what to publish in DNS."""

    directory: Path | None = Field(
        None,
        description="private keys, one a file, named SELECTOR._domainkey.DOMAIN.pem (RSA, 2048 bits); a domain without "
        "a key is mailed unsigned, and its review warns. Default: dkim in the state directory, if it is there",
    )
    selectors: str = Field(
        "s1",
        description="which keys sign, separated by blanks: the first that a domain has a key of. "
        'To change keys: publish the new one, then "s2 s1"',
    )
