"""From settings to what each part of a process takes: settings stop here."""

from __future__ import annotations

from config.settings import Settings, SmtpTls
from domain.delivery import RetrySchedule
from domain.organisation import Edition, Organisation
from domain.pacing import Pacing
from domain.throttle import Limits
from domain.tracking import SigningKey, SigningKeys
from gateways.smtp import SmtpOptions, Tls
from repositories.connection import Database, connect
from workers.link import AmqpOptions, TlsOptions
from workers.retry import RetryPolicy
from workers.runtime import RuntimeOptions
from workers.shell import ShellOptions
from workers.windowed import Window

#: Batches under way in one send worker: one is claimed and written while another waits for the relay.
SEND_LANES = 2
URGENT_LANES = 1


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


def smtp_options(settings: Settings) -> SmtpOptions:
    smtp = settings.smtp
    return SmtpOptions(
        host=smtp.host,
        port=smtp.port,
        tls=None if smtp.tls is SmtpTls.AUTO else Tls(smtp.tls.value),
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
        ca_file=str(smtp.ca_file) if smtp.ca_file else None,
        max_connections=smtp.max_connections,
        messages_per_connection=smtp.messages_per_connection,
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
        support_contact=given.support_contact,
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


def retry_schedule(settings: Settings) -> RetrySchedule:
    return RetrySchedule(tuple(settings.sending.retry_delays_s), settings.sending.give_up_s)


RELAY = "default"  #: the name of the one relay that there is


def pacing(settings: Settings) -> Pacing:
    given = settings.throttle
    limits = {f"relay:{RELAY}": Limits(given.relay_per_s, given.relay_connections)}
    limits |= {f"group:{group.value}": Limits(limit.per_s) for group, limit in given.groups.items()}
    return Pacing(
        relay_name=RELAY,
        limits={name: each for name, each in limits.items() if each != Limits()},
        warm_up_caps=tuple(given.warm_up_caps) if given.warm_up else (),
        patience_s=given.patience_s,
        put_off_s=given.put_off_s,
    )


def batch_size(settings: Settings) -> int:
    """Emails per batch, so that all batches a send worker holds at once stay within the claim window."""
    return max(1, settings.sending.claim_window // (SEND_LANES + URGENT_LANES))


def levels_s(settings: Settings) -> tuple[float, ...]:
    """The wait queues that there are."""
    return tuple(settings.workers.retry_delays_s)


def window(settings: Settings) -> Window:
    return Window(settings.workers.window_messages, settings.workers.window_wait_s)


def runtime_options(settings: Settings) -> RuntimeOptions:
    workers = settings.workers
    policy = RetryPolicy(levels_s=levels_s(settings), max_attempts=workers.max_attempts, in_place_s=workers.hold_s)
    return RuntimeOptions(amqp=amqp_options(settings), retry=policy)


def shell_options(settings: Settings) -> ShellOptions:
    return ShellOptions(settings.workers.grace_s, settings.health.host, settings.health.port)
