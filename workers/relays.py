"""The relays of a process: several are one to whoever sends, and all workers share their limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from config.settings import Settings
from domain.destinations import throttles_of
from gateways.mx import MailHosts, system_resolver
from gateways.relays import Member, Relays
from gateways.smtp import SmtpRelay
from handlers.connection_shares import LOOK_EVERY_S, ConnectionShares
from handlers.destination_groups import DestinationGroups
from handlers.pace import Pace
from handlers.paced_relay import PacedRelay
from handlers.permit_desk import PermitDesk
from handlers.ports.sending import Relay
from workers.options import pacing, relay_options, relay_throttle
from workers.part import Part
from workers.resources import Resources, new_id


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Mapping[str, SmtpRelay]]:
    """Every relay of the settings, by name. Nothing is dialled before something is sent."""
    relays = {name: SmtpRelay(options) for name, options in relay_options(settings).items()}
    try:
        yield relays
    finally:
        for relay in relays.values():
            await relay.close()


def plain(resources: Resources) -> Relay:
    """All relays as one, at any pace: for a few test mails."""
    return _as_one(resources, lambda _, relay: relay)


def paced(resources: Resources, desk: PermitDesk) -> Relay:
    """All relays as one, each at the pace that all send workers share."""
    hosts = resources.mail_hosts
    groups = DestinationGroups(hosts) if hosts is not None else throttles_of
    return _as_one(
        resources,
        lambda name, relay: PacedRelay(relay, Pace(desk, relay=relay_throttle(name), throttles_of=groups)),
    )


def _as_one(resources: Resources, made: Callable[[str, SmtpRelay], Relay]) -> Relay:
    found = resources.settings.all_relays
    members = [
        Member(name, made(name, relay), relay.check, found[name].weight, found[name].backup)
        for name, relay in resources.relays.items()
    ]
    return members[0].relay if len(members) == 1 else Relays(members)


def connection_shares(resources: Resources) -> Part:
    """Keeps the connections of this process within its part of the limits; they begin when this is called."""
    shares = ConnectionShares(
        throttles=resources.stores.throttles,
        worker=new_id(),
        relays={relay_throttle(name): relay for name, relay in resources.relays.items()},
        limits=pacing(resources.settings).limits,
    )
    shares.begin()
    return resources.runtime.periodic("connection-shares", shares.look, LOOK_EVERY_S)


@asynccontextmanager
async def looking_up(settings: Settings) -> AsyncIterator[MailHosts | None]:
    """Mail servers in DNS, where the settings want them."""
    if not settings.throttle.mx_groups:
        yield None
        return
    hosts = MailHosts(system_resolver())
    try:
        yield hosts
    finally:
        await hosts.close()
