"""From settings to what each part of a process takes: settings stop here."""

from __future__ import annotations

from config.mail import FIRST_RELAY, DkimBy, RelaySettings, SmtpSettings, SmtpTls
from config.responses import webhook_key
from config.sending import ThrottleSettings
from config.settings import Settings, variable
from domain.chains import chains_at
from domain.delivery import RetrySchedule
from domain.errors import InvalidDefinition
from domain.inbound_addresses import Purpose
from domain.organisation import Edition, Organisation
from domain.pacing import Pacing
from domain.policy import Policy, default_policy, policy_of
from domain.provider_marks import MarkedFor
from domain.throttle import Limits
from domain.tracking import SigningKey, SigningKeys
from domain.tracking_policy import TrackingPolicy
from gateways.assets import AssetOptions
from gateways.public_network import networks
from gateways.smtp import SmtpOptions, SmtpTimeouts, Tls
from gateways.spam_engine import SpamdOptions
from gateways.webhook import WebhookOptions
from handlers.claim_window import ClaimWindow
from repositories.connection import Database, connect
from workers.link import AmqpOptions, TlsOptions
from workers.retry import RetryPolicy
from workers.runtime import RuntimeOptions
from workers.shell import ShellOptions
from workers.windowed import Window

#: Batches in the hands of one send worker: one on the wire, and those that are claimed and written ahead of it. Where a
#: throttle holds them up, two of each of two campaigns, and one to look what else there is.
SEND_LANES = 5
URGENT_LANES = 2
_MOST_PER_BATCH = 500  #: a review plans so many people at a time, and cuts each such range by itself
_MOST_PER_PORTION = 60  #: begun together: one write of MongoDB each
_MOST_PER_WRITE = 80


def amqp_options(settings: Settings) -> AmqpOptions:
    amqp = settings.amqp
    assert amqp.url is not None, "settings are completed before they are used"
    return AmqpOptions(
        urls=tuple(amqp.url.get_secret_value().split()),
        tls=TlsOptions(amqp.ca_file, amqp.certificate_file, amqp.key_file),
        heartbeat_s=amqp.heartbeat_s,
    )


def database(settings: Settings) -> Database:
    """Where the truth is kept; nothing is dialled yet."""
    mongo = settings.mongo
    assert mongo.url is not None, "settings are completed before they are used"
    return connect(
        mongo.url.get_secret_value(),
        mongo.database,
        timeout_s=mongo.timeout_s,
        ca_file=mongo.ca_file,
        certificate_key_file=mongo.certificate_key_file,
    )


def relay_options(settings: Settings) -> dict[str, SmtpOptions]:
    """How each relay is spoken to, by its name."""
    return {name: _smtp_options(name, smtp) for name, smtp in settings.all_relays.items()}


def _smtp_options(name: str, smtp: SmtpSettings) -> SmtpOptions:
    return SmtpOptions(
        label="" if name == FIRST_RELAY else name,
        host=smtp.host,
        port=smtp.port,
        tls=None if smtp.tls is SmtpTls.AUTO else Tls(smtp.tls.value),
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
        ca_file=str(smtp.ca_file) if smtp.ca_file else None,
        local_hostname=smtp.local_hostname,
        signs=smtp.dkim is DkimBy.RELAY,
        marks=MarkedFor(smtp.marks.value) if smtp.marks else None,
        max_connections=smtp.max_connections,
        messages_per_connection=smtp.messages_per_connection,
        idle_timeout_s=smtp.idle_timeout_s,
        timeouts_s=_timeouts(smtp),
    )


def _timeouts(smtp: SmtpSettings) -> SmtpTimeouts:
    return SmtpTimeouts(
        connect_s=smtp.connect_timeout_s,
        mail_s=smtp.mail_timeout_s,
        rcpt_s=smtp.rcpt_timeout_s,
        data_s=smtp.data_timeout_s,
        final_s=smtp.final_timeout_s,
    )


def organisation(settings: Settings) -> Organisation:
    given, web = settings.organisation, settings.web
    return Organisation(
        name=given.name,
        postal_address=given.postal_address,
        edition=Edition(given.edition.value),
        gdpr=given.gdpr,
        public_url=web.public_url.rstrip("/"),
        bounce_domain=web.bounce_domain,
        answers=answers(settings),
        four_eyes=settings.review.four_eyes,
        support_contact=given.support_contact,
        member_statuses=tuple(given.member_statuses),
        time_zone=given.time_zone,
        tracking=TrackingPolicy(given.tracking.value),
    )


def address_key(settings: Settings) -> bytes:
    assert settings.keys.address is not None, "settings are completed before they are used"
    return settings.keys.address.get_secret_value().encode()


def signing_keys(settings: Settings) -> SigningKeys:
    """Newest first. A key's id is its place from the end, so that a new key in front changes no other's."""
    assert settings.keys.tokens is not None, "settings are completed before they are used"
    secrets = settings.keys.tokens.get_secret_value().split()
    return SigningKeys(
        tuple(SigningKey(len(secrets) - 1 - place, secret.encode()) for place, secret in enumerate(secrets))
    )


def answers(settings: Settings) -> frozenset[Purpose]:
    """For what mails carry signed addresses where the settings want it."""
    wanted = {Purpose.REPLY: settings.inbound.count_replies, Purpose.FEEDBACK: settings.inbound.complaint_address}
    return frozenset(purpose for purpose, is_wanted in wanted.items() if is_wanted)


def inbound_domains(settings: Settings) -> frozenset[str]:
    """Whose mail comes to us; none: whatever carries a token of ours."""
    return frozenset(f"{settings.inbound.domains} {settings.web.bounce_domain or ''}".lower().split())


def retry_schedule(settings: Settings) -> RetrySchedule:
    return RetrySchedule(tuple(settings.sending.retry_delays_s), settings.sending.give_up_s)


def relay_throttle(name: str) -> str:
    """What the throttle of a relay is called."""
    return f"relay:{name}"


def pacing(settings: Settings) -> Pacing:
    given = settings.throttle
    limits = {relay_throttle(name): _relay_limits(given, smtp) for name, smtp in settings.all_relays.items()}
    limits |= {f"group:{group.value}": Limits(limit.per_s) for group, limit in given.groups.items()}
    return Pacing(
        limits={name: each for name, each in limits.items() if each != Limits()},
        warm_up_caps=tuple(given.warm_up_caps) if given.warm_up else (),
        patience_s=given.patience_s,
        put_off_s=given.put_off_s,
    )


def asset_options(settings: Settings) -> AssetOptions:
    given = settings.assets
    return AssetOptions(
        user_agent=f"crm-campaigns link check (+{settings.web.public_url})",
        allowed=networks(given.allow_networks),
        timeout_s=given.timeout_s,
    )


def review_policy(settings: Settings) -> Policy:
    """The organisation's own, on top of the default.

    Raises:
        InvalidDefinition: the file cannot be read, or says what cannot be; names each.
    """
    path = settings.review.policy
    if path is None:
        return default_policy()
    try:
        return policy_of(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDefinition(f"{variable('review', 'policy')}: {path} cannot be read: {error}") from error


def spamd_options(settings: Settings) -> SpamdOptions | None:
    """None: there is no spam engine."""
    given = settings.review
    if given.spamd_host is None:
        return None
    return SpamdOptions(given.spamd_host, given.spamd_port, given.spamd_timeout_s)


def webhook_options(settings: Settings) -> WebhookOptions | None:
    """None: the feed is on RabbitMQ only."""
    given = settings.feed
    if given.webhook_url is None or given.webhook_secret is None:
        return None
    return WebhookOptions(given.webhook_url, webhook_key(given.webhook_secret), networks(given.webhook_networks))


def _relay_limits(given: ThrottleSettings, smtp: SmtpSettings) -> Limits:
    """Its own, or those of every relay."""
    if not isinstance(smtp, RelaySettings):
        return Limits(given.relay_per_s, given.relay_connections)
    return Limits(smtp.per_s or given.relay_per_s, smtp.connections or given.relay_connections)


def batch_size(settings: Settings) -> int:
    """Emails per batch; it is begun in portions, so it may be larger than the claim window.

    What is done once a batch costs as much as ten mails.
    """
    return min(_MOST_PER_BATCH, settings.sending.claim_window * 5 // 2)


def portion(settings: Settings) -> int:
    """Emails that are begun together: a few portions fill what ordinary batches may have of the claim window."""
    return max(1, min(_MOST_PER_PORTION, settings.sending.claim_window * 3 // 10))


def flush_size(settings: Settings) -> int:
    """Outcomes per write: the rest of the claim window is on the wire meanwhile."""
    return max(1, min(_MOST_PER_WRITE, settings.sending.claim_window * 2 // 5))


def chains(settings: Settings) -> int:
    """Batches of one campaign under way at once, at the pace that the settings allow to all relays together."""
    return chains_at(settings.sending.chains, _pace(settings))


def _pace(settings: Settings) -> float | None:
    """What all relays take together, mails per second; None where one of them has no limit."""
    limits = [_relay_limits(settings.throttle, smtp).per_s for smtp in settings.all_relays.values()]
    paces = [per_s for per_s in limits if per_s is not None]
    return sum(paces) if len(paces) == len(limits) else None


def claim_window(settings: Settings) -> ClaimWindow:
    """The room that all batches of one process share."""
    size = settings.sending.claim_window
    return ClaimWindow(size, reserve=size // 10)


def levels_s(settings: Settings) -> tuple[float, ...]:
    """The wait queues that there are."""
    return tuple(settings.workers.retry_delays_s)


def window(settings: Settings) -> Window:
    return Window(settings.workers.window_messages, settings.workers.window_wait_s)


def runtime_options(settings: Settings) -> RuntimeOptions:
    workers = settings.workers
    policy = RetryPolicy(
        levels_s=levels_s(settings),
        max_attempts=workers.max_attempts,
        max_age_s=workers.max_age_s,
        in_place_s=workers.hold_s,
    )
    return RuntimeOptions(amqp=amqp_options(settings), retry=policy, time_limit_s=workers.time_limit_s)


def shell_options(settings: Settings) -> ShellOptions:
    return ShellOptions(settings.workers.grace_s, settings.health.host, settings.health.port)
