"""Serves the pages that links in mails lead to: `campaigns worker web`. Any number of processes may run."""

from __future__ import annotations

import asyncio
import errno
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Protocol

import structlog
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from config.settings import Settings
from domain.errors import BrokerUnavailable
from handlers.contact_changes import ContactChanges
from handlers.gathered import Gathered
from handlers.known_campaigns import KnownCampaigns
from handlers.page_tokens import PageTokens
from handlers.preference_page import PreferencePage
from handlers.reader_trail import ReaderTrail
from handlers.recent_clicks import RecentClicks
from handlers.tally import Tally
from handlers.token_reader import TokenReader
from handlers.tracked_readers import TrackedReaders
from handlers.unsubscribe import Unsubscriber
from handlers.visits import Visits
from web import app
from web.clicks import Clicks
from web.flood import Flood
from web.look import Look, logo_of
from web.opens import Opens
from web.page import Pages
from web.ports import Publishing, Told
from web.preferences import PreferencesPage
from web.server import ServerOptions, listener, server
from web.straight import Page
from web.traffic import Traffic
from web.unsubscribe import Leaving, Unsubscribing
from workers.delivery_event import recorder
from workers.options import organisation, signing_keys
from workers.outgoing import Outgoing, outgoing
from workers.part import Part
from workers.resources import Resources, now
from workers.web_intake import LARGER_BODIES, gateway, gateway_routes, guard, webhook_routes

log = structlog.get_logger()

_AGAIN_S = 5.0
_LOOK_S = 0.05
_PROGRAMS_WAIT_S = 20.0  #: for RabbitMQ; a batch may have a thousand events
#: How long another thread of the process waits for its turn. MongoDB's answers come on one, and at Python's 5 ms they
#: are what opens wait for most: 5.3k a second, and 8.0k with this.
_TURN_S = 0.0005
_BURST_S = 10  #: what a client may ask for at once: so many seconds' worth


class Broker(Protocol):
    """What readers' events ask of a `workers.publisher.Publisher`."""

    @property
    def is_up(self) -> bool: ...

    async def publish(self, messages: Sequence[Outgoing], within_s: float | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class WebPublishing:
    """Publishes for readers who wait: at once or not at all. See web.ports.Publishing."""

    publisher: Broker
    timeout_s: float

    async def publish(self, told: Sequence[Told]) -> None:
        if not self.publisher.is_up:
            raise BrokerUnavailable("RabbitMQ is away")
        await self.publisher.publish([_outgoing(each) for each in told], within_s=self.timeout_s)


def _outgoing(told: Told) -> Outgoing:
    return outgoing(
        told.message,
        id=told.id,
        time=told.time,
        source=told.source,
        correlation_id=told.correlation_id,
        causation_id=told.causation_id,
        traceparent=told.traceparent,
    )


class WebPart:
    """The HTTP server as a part of a worker process."""

    name = "web"

    def __init__(
        self,
        application: ASGIApp,
        options: ServerOptions,
        again_s: float = _AGAIN_S,
        is_connected: Callable[[], bool] = lambda: True,
    ) -> None:
        self._options = options
        self._server = server(application, options)
        self._again_s = again_s
        self._is_connected = is_connected
        self._stopping = asyncio.Event()
        self._stands_by = False
        self.port: int | None = None  #: once it listens

    @property
    def is_ready(self) -> bool:
        return self._server.started or self._stands_by

    async def run(self) -> None:
        """Serve, or stand by until the port is free. Requests under way are answered before it returns."""
        sys.setswitchinterval(_TURN_S)
        await self._connected()
        while not self._stopping.is_set():
            try:
                bound = listener(self._options)
            except OSError as error:
                await self._later(error)
                continue
            self.port = bound.getsockname()[1]
            log.info("web_listening", host=self._options.host, port=self.port)
            return await self._server.serve(sockets=[bound])

    async def stop(self) -> None:
        self._stopping.set()
        self._server.should_exit = True

    async def _connected(self) -> None:
        """Nobody is told to come later only because we have just started; but who wants to leave need not wait long."""
        for _ in range(round(self._again_s / _LOOK_S)):
            if self._is_connected() or self._stopping.is_set():
                return
            await self._stops_within(_LOOK_S)

    async def _later(self, error: OSError) -> None:
        if not self._stands_by:
            log.warning("web_not_listening", port=self._options.port, error=error.strerror, again_in_s=self._again_s)
        self._stands_by = error.errno == errno.EADDRINUSE
        await self._stops_within(self._again_s)

    async def _stops_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def build(resources: Resources) -> list[Part]:
    settings, metrics = resources.settings, resources.runtime.metrics
    pages = Pages(_look(settings))
    publishing = WebPublishing(resources.runtime.publisher, settings.web.confirm_timeout_s)
    flood = Flood(settings.web.per_client_per_s, round(settings.web.per_client_per_s * _BURST_S), time.monotonic)
    events = gateway(resources, replace(publishing, timeout_s=_PROGRAMS_WAIT_S))
    tokens = PageTokens(TokenReader(resources.stores.campaigns, time.monotonic), signing_keys(settings))
    routes = [
        *pages.routes(),
        *_ways_out(resources, tokens, pages, publishing),
        *webhook_routes(resources, publishing),
        *gateway_routes(events, organisation(settings).public_url),
    ]
    traffic = Traffic(metrics.web_seconds)
    straight = _tracking(resources, tokens, publishing)
    application = app.build(routes, web_options(settings), flood, traffic, pages.error, guard(events), straight)
    publisher = resources.runtime.publisher
    return [WebPart(application, _server_options(settings), is_connected=lambda: publisher.is_up)]


def _tracking(resources: Resources, tokens: PageTokens, publishing: Publishing) -> dict[str, Page]:
    """What mails have in them."""
    stores, policy = resources.stores, organisation(resources.settings).tracking
    visits = Visits(
        tokens=tokens,
        campaigns=KnownCampaigns(stores.campaigns, time.monotonic),
        emails=stores.emails,
        tracked=TrackedReaders(Gathered(stores.contacts.tracking), policy),
        recent=RecentClicks(time.monotonic),
        tally=Tally(stores.anonymous_visits),
        now=now,
    )
    clicks = Clicks(visits, publishing, resources.runtime.metrics.web_unrecorded)
    return Opens(visits, publishing).straight() | clicks.straight()


def _ways_out(resources: Resources, tokens: PageTokens, pages: Pages, publishing: Publishing) -> list[BaseRoute]:
    """The pages on which people say what they want."""
    stores, policy = resources.stores, organisation(resources.settings).tracking
    changes = ContactChanges(stores.contacts)
    noting = ReaderTrail(stores.audit)
    leaving = Leaving(Unsubscriber(stores.suppressions, changes, recorder(resources), noting), publishing, now)
    page = PreferencePage(stores.contacts, stores.suppressions, stores.topics, changes, now, noting)
    return [
        *Unsubscribing(tokens, leaving, pages).routes(),
        *PreferencesPage(tokens, page, leaving, pages, policy).routes(),
    ]


def _look(settings: Settings) -> Look:
    given, organised = settings.web, organisation(settings)
    logo = logo_of(given.logo_file) if given.logo_file else None
    return Look(organised.name, organised.postal_address, given.colour, logo)


def web_options(settings: Settings) -> app.WebOptions:
    given = settings.web
    return app.WebOptions(
        larger_bodies=LARGER_BODIES,
        body_timeout_s=given.body_timeout_s,
        trusted_proxies=tuple(ip_network(each) for each in given.trusted_proxies.split()),
        hosts=frozenset(given.hosts.lower().split()),
        is_https=given.public_url.startswith("https:"),
        access_log=given.access_log,
    )


def _server_options(settings: Settings) -> ServerOptions:
    given = settings.web
    return ServerOptions(
        host=given.host,
        port=given.port,
        share_port=given.share_port,
        max_connections=given.max_connections,
        head_timeout_s=given.body_timeout_s,
        grace_s=max(1, int(settings.workers.grace_s) - 2),
    )
