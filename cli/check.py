"""`campaigns check`: connects to everything, says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import typer

from cli import context
from cli.output import Json, out, print_json, table
from config.settings import FIRST_RELAY, DkimBy, Settings, variable
from domain.errors import CampaignsError, Unavailable
from gateways.smtp import SmtpOptions, SmtpRelay
from repositories.connection import ping
from workers.catalog import QUEUES
from workers.declaration import differing, missing
from workers.dkim_keys import dkim_keys
from workers.options import amqp_options, levels_s, organisation, relay_options
from workers.topology import topology


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    found: str
    mend: str = ""
    away: bool = False  #: a server does not answer


def register(app: typer.Typer) -> None:
    app.command()(check)


def check(as_json: Json = False) -> None:
    """Connect to RabbitMQ, MongoDB and the relay, and look at what sending needs."""
    findings = asyncio.run(_check(context.settings()))
    if as_json:
        print_json(findings)
    else:
        rows = [("ok" if one.ok else "WRONG", one.what, one.found, one.mend) for one in findings]
        out.print(table("", ("", "what", "found", "how to mend it"), rows))
    if any(one.away for one in findings):
        raise typer.Exit(3)
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


async def _check(settings: Settings) -> list[Finding]:
    servers = [await _rabbitmq(settings), await _mongodb(settings), *await _relays(settings)]
    return [*servers, _dkim(settings), _organisation(settings)]


async def _rabbitmq(settings: Settings) -> Finding:
    try:
        wanted = topology(QUEUES, levels_s(settings))
        absent = await missing(amqp_options(settings), wanted)
        other = await differing(amqp_options(settings), wanted)
    except CampaignsError as error:
        return _away("RabbitMQ", error, f"is it running? {variable('amqp', 'url')} says where it is")
    if absent:
        found = f"connected; {len(absent)} queues or exchanges are missing: {', '.join(absent[:3])}"
        return Finding("RabbitMQ", False, found, "campaigns init")
    if other:
        return Finding("RabbitMQ", False, f"connected; {len(other)} queues are not as they should be", "; ".join(other))
    return Finding("RabbitMQ", True, "connected; every queue is there")


async def _mongodb(settings: Settings) -> Finding:
    try:
        async with context.stores(settings) as stores:
            version = await ping(stores.database)
    except CampaignsError as error:
        return _away("MongoDB", error, f"is it running? {variable('mongo', 'url')} says where it is")
    return Finding("MongoDB", True, f"connected to {version}, a replica set with a primary")


async def _relays(settings: Settings) -> list[Finding]:
    """One finding for each: one that is away may be made up for by the others, and is wrong all the same."""
    return list(await asyncio.gather(*(_relay(*named) for named in relay_options(settings).items())))


async def _relay(name: str, options: SmtpOptions) -> Finding:
    relay, what = SmtpRelay(options), f"SMTP relay {options.label}".rstrip()
    first = name == FIRST_RELAY
    host, port = (variable("smtp", each) if first else variable("relays", name, each) for each in ("host", "port"))
    try:
        await relay.check()
    except CampaignsError as error:
        return _away(what, error, f"{host}, {port} say where it is")
    finally:
        await relay.close()
    return Finding(what, True, f"{options.host}:{options.port} lets us in")


def _dkim(settings: Settings) -> Finding:
    """Mail without a signature is not wrong for whoever tries things out, so it is said and no more."""
    try:
        keys = dkim_keys(settings)
    except CampaignsError as error:
        return Finding("DKIM", False, str(error), f"mend or remove the file; {variable('dkim', 'directory')}")
    if keys.relay_signs:
        return Finding("DKIM", True, "the relay signs" if len(settings.all_relays) == 1 else "the relays sign")
    if not keys.by_domain:
        mend = f"campaigns dkim generate DOMAIN, or set {variable('smtp', 'dkim')}=relay where the relay signs"
        return Finding("DKIM", True, "no key: mail goes out unsigned", mend)
    signed = ", ".join(f"{domain} ({key.name.selector})" for domain, key in sorted(keys.by_domain.items()))
    theirs = [name for name, relay in settings.all_relays.items() if relay.dkim is DkimBy.RELAY]
    others = f"; {', '.join(theirs)} sign by themselves, without our signature" if theirs else ""
    return Finding("DKIM", True, f"we sign for {signed}; mail from other domains goes out unsigned{others}")


def _organisation(settings: Settings) -> Finding:
    if lacking := organisation(settings).missing:
        names = [variable("organisation", name.replace(" ", "_")) for name in lacking]
        return Finding(
            "Organisation", False, f"no {' and no '.join(lacking)}: nothing is sent", f"set {' and '.join(names)}"
        )
    return Finding("Organisation", True, settings.organisation.name)


def _away(what: str, error: CampaignsError, mend: str) -> Finding:
    return Finding(what, False, str(error), mend, away=isinstance(error, Unavailable))
