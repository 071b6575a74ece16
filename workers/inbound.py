"""Takes mail that comes back, and answers 250 when RabbitMQ has confirmed what it says."""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter

from config.responses import InboundSettings
from domain.classification.mail import load_rules
from domain.errors import CampaignsError, Transient
from domain.inbound_addresses import Accepted
from domain.inbound_mail import ArrivedMail
from gateways.inbound_smtp import InboundOptions, InboundServer
from handlers.inbound_mail import InboundReader, Read
from handlers.token_reader import TokenReader
from workers.erased_aside import ReportsAside
from workers.options import address_key, inbound_domains, signing_keys
from workers.outgoing import Outgoing, outgoing
from workers.part import Part
from workers.resources import Resources, now

log = structlog.get_logger()

_AGAIN_S = 5.0
_TAKEN = "250 2.0.0 Taken"
_LATER = "451 4.3.0 Can't be kept now, try again later"
_NO_RELAY = "554 5.7.1 Relay access denied"
_UNKNOWN = "550 5.1.1 No such address here"
_NOBODY = "550 5.1.1 Nobody reads this address; it takes reports about mails of ours"


class Broker(Protocol):
    """What the desk asks of a `workers.publisher.Publisher`."""

    @property
    def is_up(self) -> bool: ...

    async def publish(self, messages: Sequence[Outgoing]) -> None: ...


@dataclass(frozen=True, slots=True)
class InboundDesk:
    """Answers in the words of SMTP; see gateways.inbound_smtp.Desk."""

    reader: InboundReader
    publisher: Broker
    mails: Counter  #: by what they were, and what was answered
    recipients: Counter  #: that were refused, by why

    async def closed(self) -> str | None:
        return None if self.publisher.is_up else _LATER

    async def rcpt(self, address: str) -> str | None:
        if not self.reader.is_ours(address):
            self.recipients.labels("relay").inc()
            return _NO_RELAY
        try:
            known = await self.reader.knows(address)
        except Transient as error:
            log.warning("inbound_recipient_unknown_yet", error=str(error))
            return _LATER
        if known:
            return None
        self.recipients.labels("unknown").inc()
        return _UNKNOWN

    async def data(self, mail: ArrivedMail) -> str:
        try:
            read = await self.reader(mail)
            await self.publisher.publish([outgoing(event, id=event.event_id, time=now()) for event in read.events])
        except CampaignsError as error:
            log.warning("inbound_mail_put_off", error=str(error))
            self.mails.labels("unread", "later").inc()
            return _LATER
        answer = _NOBODY if read.for_nobody else _TAKEN
        self.mails.labels(read.kind, _outcome(read)).inc()
        log.info("inbound_mail", kind=read.kind, outcome=_outcome(read), events=len(read.events), bytes=len(mail.raw))
        return answer


def _outcome(read: Read) -> str:
    return "refused" if read.for_nobody else "published" if read.events else "unattributed"


class InboundPart:
    """The listening server as a part of a worker process."""

    name = "inbound"

    def __init__(self, server: InboundServer, again_s: float = _AGAIN_S) -> None:
        self.server = server
        self._again_s = again_s
        self._stopping = asyncio.Event()
        self._stands_by = False

    @property
    def is_ready(self) -> bool:
        return self.server.is_listening or self._stands_by

    async def run(self) -> None:
        """Listen, or stand by until the port is free: one process of several takes mail, and another follows it."""
        while not self._stopping.is_set():
            if await self._listens():
                await self._stopping.wait()
            else:
                await self._stops_within(self._again_s)
        await self.server.stop()

    async def stop(self) -> None:
        self._stopping.set()

    async def _listens(self) -> bool:
        given = self.server.options
        try:
            await self.server.start()
        except OSError as error:
            if not self._stands_by:
                log.warning("inbound_not_listening", port=given.port, error=error.strerror, again_in_s=self._again_s)
            self._stands_by = error.errno == errno.EADDRINUSE
            return False
        log.info("inbound_listening", host=given.host, port=self.server.port, tls=given.certificate is not None)
        return True

    async def _stops_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def build(resources: Resources) -> list[Part]:
    settings, stores, metrics = resources.settings, resources.stores, resources.runtime.metrics
    load_rules()
    reader = InboundReader(
        tokens=TokenReader(stores.campaigns, time.monotonic),
        accepted=Accepted(signing_keys(settings), settings.keys.recent_tokens),
        contacts=stores.contacts,
        reports=ReportsAside(stores.unattributed, stores.suppressions),
        address_key=address_key(settings),
        now=now,
        domains=inbound_domains(settings),
        trusts_unsigned_complaints=settings.inbound.trust_unsigned_complaints,
    )
    desk = InboundDesk(reader, resources.runtime.publisher, metrics.inbound_mails, metrics.inbound_refused)
    counted = metrics.inbound_sessions
    server = InboundServer(_options(settings.inbound), desk, on_session=lambda met: counted.labels(met).inc())
    return [InboundPart(server)]


def _options(given: InboundSettings) -> InboundOptions:
    return InboundOptions(
        host=given.host,
        port=given.port,
        hostname=given.hostname,
        max_bytes=given.max_bytes,
        max_recipients=given.max_recipients,
        max_connections=given.max_connections,
        max_connections_per_client=given.max_connections_per_client,
        max_mails_per_connection=given.max_mails_per_connection,
        timeout_s=given.timeout_s,
        share_port=given.share_port,
        certificate=_certificate(given),
    )


def _certificate(given: InboundSettings) -> ssl.SSLContext | None:
    """What STARTTLS shows. Any mail server may read it or not: opportunistic, as mail is (RFC 7435)."""
    if given.certificate_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(given.certificate_file, given.key_file)
    return context
