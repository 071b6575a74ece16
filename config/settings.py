"""Every knob, once. Environment variables are CAMPAIGNS_<GROUP>__<NAME>; secrets may be files of a directory instead.

Precedence: environment, then `.env`, then the secrets directory (CAMPAIGNS_SECRETS_DIR, default /run/secrets), then
the defaults here. `python -m config.reference` writes docs/configuration.md and `.env.example` from this file.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "CAMPAIGNS_"
DELIMITER = "__"
ENV_FILE = ".env"


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AmqpSettings(Group):
    """RabbitMQ."""

    url: SecretStr | None = Field(
        None,
        description="amqp:// or amqps:// URL; several, separated by blanks, are tried in turn. Empty: private servers",
    )
    ca_file: Path | None = Field(None, description="certificate authority of an amqps:// server")
    certificate_file: Path | None = Field(None, description="client certificate, where the server asks for one")
    key_file: Path | None = Field(None, description="key of the client certificate")
    heartbeat_s: Annotated[int, Field(ge=2, le=600)] = Field(
        10, description="a silent connection is dead after about 3 of these"
    )


class MongoSettings(Group):
    """MongoDB, a replica set."""

    url: SecretStr | None = Field(None, description="mongodb:// or mongodb+srv:// URL. Empty: private servers")
    database: str = Field(
        "crm_campaigns", min_length=1, max_length=38, description="database name: one per organisation"
    )
    ca_file: Path | None = Field(None, description="certificate authority of a server with TLS")
    certificate_key_file: Path | None = Field(None, description="client certificate and key in one PEM file")
    timeout_s: float = Field(5, gt=0, description="how long to look for a primary before saying that it is away")


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


_HOST_NAME = r"^[A-Za-z0-9._:\[\]-]{1,255}$"
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
        pattern=_HOST_NAME,
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


class EditionName(StrEnum):
    STANDARD = "standard"
    PROFESSIONAL = "professional"
    ENTERPRISE = "enterprise"
    ULTIMATE = "ultimate"


class TrackedPeople(StrEnum):
    ALL = "all"
    CONSENT = "consent"
    OFF = "off"


class OrganisationSettings(Group):
    """Who sends. Name and postal address stand in the footer of every email (R37); no send without them (R38)."""

    name: str = Field("", description="company name")
    postal_address: str = Field("", description="postal address, one line")
    support_contact: str = Field("", description="whom people ask when a campaign was stopped or cancelled (R75)")
    edition: EditionName = Field(
        EditionName.ENTERPRISE, description="campaigns from the CRM need enterprise or above (R6)"
    )
    skip_role_addresses: bool = Field(False, description="keep info@, sales@ and the like off synced lists (D5)")
    gdpr: bool = Field(False, description="ask for a lawful basis on every campaign (R53)")
    member_statuses: list[Annotated[str, Field(pattern=r"^[^\s,][^\r\n,]{0,99}$")]] = Field(
        default_factory=list, description='campaign member statuses of your own (R49), as JSON: ["Registered"]'
    )
    tracking: TrackedPeople = Field(
        TrackedPeople.CONSENT,
        description="whose opens and clicks are told of them (D12): consent (who agreed to that), all (who did not "
        "refuse), or off; asked when a mail is written, and again when it is opened",
    )
    time_zone: str = Field("UTC", description="time zone of people whose own is not known, such as Europe/Berlin (D7)")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, text: str) -> str:
        try:
            return ZoneInfo(text).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no time zone of the IANA database; write one such as Europe/Berlin, or UTC") from error


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


KEY_CHARACTERS = 16  #: no key may be shorter


class KeySettings(Group):
    """Secrets of the deployment. `campaigns keys` makes new ones; private servers make and keep their own."""

    address: SecretStr | None = Field(None, description="keys contact ids; back it up, never change it (64 hex digits)")
    tokens: SecretStr | None = Field(
        None, description="sign links and bounce addresses: the newest first, separated by blanks"
    )
    recent_tokens: int | None = Field(
        None,
        ge=1,
        description="so many of the newest token keys are good for bounces, replies and complaints; empty: all. "
        "Ways to unsubscribe never expire",
    )

    @field_validator("address")
    @classmethod
    def _address_is_long(cls, given: SecretStr | None) -> SecretStr | None:
        return _long_enough(given, [given.get_secret_value()] if given else [])

    @field_validator("tokens")
    @classmethod
    def _tokens_are_long(cls, given: SecretStr | None) -> SecretStr | None:
        return _long_enough(given, given.get_secret_value().split() or [""] if given else [])


def _long_enough(given: SecretStr | None, keys: Sequence[str]) -> SecretStr | None:
    if any(len(key) < KEY_CHARACTERS for key in keys):
        raise ValueError(f"a key has fewer than {KEY_CHARACTERS} characters; `campaigns keys` makes good ones")
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
        return _long_enough(given, given.get_secret_value().split() or [""] if given else [])


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


class InDoubt(StrEnum):
    HOLD = "hold"
    RESEND = "resend"


class SendingSettings(Group):
    """Pace and patience of the send workers."""

    claim_window: int = Field(
        200,
        ge=1,
        le=5000,
        description="emails that a worker may hold without a recorded outcome: the most a kill leaves in doubt",
    )
    lease_s: float = Field(60, ge=3, description="a worker that is silent for this long has lost what it held")
    chains: int = Field(
        32,
        ge=1,
        le=1000,
        description="batches of a campaign under way at once; fewer where relays are limited: campaigns take turns",
    )
    retry_delays_s: list[float] = Field(
        [900, 1800, 3600, 7200, 14400, 28800, 43200],
        description="how long a soft-bounced email waits, try by try; the last repeats",
    )
    give_up_s: float = Field(72 * 3600, gt=0, description="after this long it ends as soft bounced (R94)")
    stall_s: float = Field(
        60, gt=0, description="a campaign that has not moved for this long is offered to the workers again"
    )
    tick_s: float = Field(1, gt=0, description="how often the scheduler looks")
    in_doubt: InDoubt = Field(
        InDoubt.HOLD,
        description="emails of which nobody knows whether they went out: hold (nobody twice, some perhaps not at all), "
        "or resend (sent once more: some perhaps twice)",
    )
    resend_after_s: float = Field(
        3600, gt=0, description="with resend: how long a bounce, an open or a person has to settle a doubt first"
    )


class GroupLimit(Group):
    """What one destination group is sent, by all workers together."""

    per_s: float | None = Field(None, gt=0, description="mails per second")


class GroupName(StrEnum):
    GOOGLE = "google"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"
    APPLE = "apple"
    OTHER = "other"


class ThrottleSettings(Group):
    """How fast all workers together send; `campaigns throttle set` changes it while they run."""

    relay_per_s: float | None = Field(
        None, gt=0, description="mails per second through each relay; empty: as many as it takes"
    )
    relay_connections: int | None = Field(
        None,
        ge=1,
        description="connections to each relay, all workers together; empty: CAMPAIGNS_SMTP__MAX_CONNECTIONS of each",
    )
    groups: dict[GroupName, GroupLimit] = Field(
        {},
        description='limits by destination: google, outlook, yahoo, apple, other, as {"google": {"per_s": 20}}',
        examples=[{"google": {"per_s": 20}}],
    )
    mx_groups: bool = Field(
        False,
        description="tell the destination of a company's own domain by its mail servers (MX), looked up in DNS beside "
        "the sending; off: by the domain alone",
    )
    warm_up: bool = Field(False, description="warm new sending domains up: so many mails a day, and more every day")
    warm_up_caps: list[Annotated[int, Field(ge=1)]] = Field(
        [50, 100, 250, 500, 1000, 2500, 5000, 7500, 10000, 15000, 20000],
        description="mails on the first, second, … day on which a domain sends; then it is warm",
    )
    patience_s: float = Field(
        20, gt=0, description="how long a batch waits for a slow destination, before it is put off and others go first"
    )
    put_off_s: float = Field(60, gt=0, description="for how long, give or take a half")


class AssetSettings(Group):
    """Links, images and videos of a content are looked at when it is reviewed, and again before it is sent (R76)."""

    check: bool = Field(
        True,
        description="at the review, and again before sending: a deleted video cancels the campaign, a dead link or "
        "image, or one that has changed, keeps it from being sent",
    )
    allow_networks: str = Field(
        "",
        description="networks of your own that may be asked, separated by blanks, as 10.1.0.0/16; "
        "no other private address ever is",
    )
    timeout_s: float = Field(5, gt=0, description="how long one may take; what does not answer stops nothing")

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, given: str) -> str:
        for each in given.split():
            ip_network(each)
        return given


class ReviewSettings(Group):
    """What a review checks, and who has to agree."""

    policy: Path | None = Field(
        None, description="TOML file with what is stricter or laxer than the default: domain/review_policy.toml"
    )
    spamd_host: str | None = Field(
        None, pattern=_HOST_NAME, description="host of SpamAssassin's spamd; empty: our own lint alone judges a content"
    )
    spamd_port: int = Field(783, ge=1, le=65535, description="port of spamd")
    spamd_timeout_s: float = Field(10, gt=0, le=120, description="how long spamd may take for one email")
    sender_dns: bool = Field(True, description="look SPF, DKIM and DMARC of the sender's domain up in DNS")
    four_eyes: bool = Field(
        False,
        description="a reviewed campaign is sent only when somebody other than its author has approved it: "
        "`campaigns campaign approve`",
    )


class WorkerSettings(Group):
    """How workers take messages."""

    concurrency: int = Field(4, ge=1, le=200, description="messages under way at once in a worker for single messages")
    window_messages: int = Field(200, ge=1, le=5000, description="messages settled together in a worker for windows")
    window_wait_s: float = Field(0.05, gt=0, description="how long a window waits for more messages")
    retry_delays_s: list[float] = Field(
        [5, 30, 120, 600, 3600],
        description="wait queues for messages that failed for now; changing them needs `campaigns init`",
    )
    max_attempts: int = Field(10, ge=1, description="then a message is parked")
    max_age_s: float = Field(
        604800, gt=0, description="a message that fails so long after its first try is parked, outages included"
    )
    hold_s: float = Field(
        60,
        ge=0,
        description="how long work is held in hand while a server is away, before the worker takes no more of it",
    )
    time_limit_s: float = Field(
        600, gt=0, le=800, description="how long handling a message may take; then it has failed. Not for sending"
    )
    grace_s: float = Field(30, gt=0, description="how long a stopping worker may take to finish what it has begun")


class InboundSettings(Group):
    """The mail server that takes bounces, complaints, replies and unsubscribe mails (docs/inbound.md)."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(2526, ge=0, le=65535, description="port to listen on; 0: any free one, told in the log")
    share_port: bool = Field(
        False,
        description="several processes of this machine listen on the same port (SO_REUSEPORT), never those of another "
        "deployment; without it one listens, and the others stand by",
    )
    hostname: str = Field("localhost", pattern=_HOST_NAME, description="its name in the MX record")
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


class HealthSettings(Group):
    """Health and metrics of each process: /live, /ready, /metrics."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, ge=0, le=65535, description="0: any free port, told in the log")


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(Group):
    """Logs go to standard error."""

    level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error")
    format: LogFormat = Field(LogFormat.AUTO, description="json, text, or auto: text on a terminal")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
    )

    state_dir: Path | None = Field(
        None, description="where private servers keep their data; default: the user's state directory"
    )
    amqp: AmqpSettings = AmqpSettings()
    mongo: MongoSettings = MongoSettings()
    smtp: SmtpSettings = SmtpSettings()
    relays: dict[str, RelaySettings] = Field(
        {},
        description="more relays, or all of them: by name, with the fields of CAMPAIGNS_SMTP__*, and per_s and "
        'connections, as {"ses": {"host": "smtp.ses.example", "weight": 3, "username": "…"}}; one field of one of them '
        "is CAMPAIGNS_RELAYS__SES__PASSWORD, or the file relays__ses__password. The relay of CAMPAIGNS_SMTP__HOST is "
        "one of them, named default, where that is set",
        examples=[{"ses": {"host": "smtp.ses.example", "weight": 3}}],
    )
    dkim: DkimSettings = DkimSettings()
    organisation: OrganisationSettings = OrganisationSettings()
    web: WebSettings = WebSettings()
    keys: KeySettings = KeySettings()
    webhooks: WebhookSettings = WebhookSettings()
    gateway: GatewaySettings = GatewaySettings()
    sending: SendingSettings = SendingSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    assets: AssetSettings = AssetSettings()
    review: ReviewSettings = ReviewSettings()
    workers: WorkerSettings = WorkerSettings()
    inbound: InboundSettings = InboundSettings()
    feed: FeedSettings = FeedSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    @field_validator("relays")
    @classmethod
    def _names_are_told_apart(cls, given: dict[str, RelaySettings]) -> dict[str, RelaySettings]:
        if FIRST_RELAY in given:
            raise ValueError(f"{FIRST_RELAY!r} is the relay of {variable('smtp', 'host')}; give yours another name")
        if odd := [name for name in given if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name)]:
            raise ValueError(f"{odd[0]!r}: a relay is named with a-z, 0-9 and -, at most 31 of them")
        return given

    @property
    def all_relays(self) -> dict[str, SmtpSettings]:
        """Every relay by name, the first one only where it is meant."""
        first = {FIRST_RELAY: self.smtp} if not self.relays or "host" in self.smtp.model_fields_set else {}
        return first | self.relays

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secrets are files named like the variables without the prefix, such as `smtp__password`."""
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=os.environ.get(f"{PREFIX}SECRETS_DIR", "/run/secrets"),
            secrets_dir_missing="ok",
            secrets_prefix="",
            secrets_nested_delimiter=DELIMITER,
        )
        return init_settings, env_settings, dotenv_settings, secrets


def variable(*path: str) -> str:
    """The environment variable of a setting: variable("smtp", "host") is CAMPAIGNS_SMTP__HOST."""
    return PREFIX + DELIMITER.join(path).upper()


def all_variables() -> dict[str, FieldInfo]:
    """Every environment variable of the settings, groups in order."""
    found: dict[str, FieldInfo] = {}
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Group):
            found |= {variable(name, inner): field for inner, field in info.annotation.model_fields.items()}
        else:
            found[variable(name)] = info
    return found
