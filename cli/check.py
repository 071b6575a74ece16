"""`campaigns check`: connects to everything, says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import typer

from cli import context
from cli.check_inbound import inbound
from cli.output import Json, out, print_json, table
from config.mail import FIRST_RELAY, DkimBy
from config.settings import Settings, variable
from domain.errors import CampaignsError, Unavailable
from domain.spam_verdict import EngineAway
from gateways.mx import MailHosts, system_resolver
from gateways.smtp import SmtpOptions, SmtpRelay
from gateways.spam_engine import SpamAssassin
from repositories.connection import ping
from workers.catalog import QUEUES
from workers.declaration import differing, missing
from workers.dkim_keys import dkim_keys
from workers.options import amqp_options, levels_s, organisation, relay_options, review_policy, spamd_options
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
        rows = [(_mark(one), one.what, one.found, one.mend) for one in findings]
        out.print(table("", ("", "what", "found", "how to mend it"), rows))
    if any(one.away for one in findings):
        raise typer.Exit(3)
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


async def _check(settings: Settings) -> list[Finding]:
    servers = [await _rabbitmq(settings), await _mongodb(settings), *await _relays(settings)]
    return [*servers, _dkim(settings), *await _inbound(settings), *await _review(settings), _organisation(settings)]


def _mark(one: Finding) -> str:
    """What is not wrong and could be better is worth a look."""
    return "WRONG" if not one.ok else "look" if one.mend else "ok"


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


async def _inbound(settings: Settings) -> list[Finding]:
    said = await inbound(settings, MailHosts(system_resolver()))
    return [Finding(one.what, True, one.found, one.mend) for one in said]


async def _review(settings: Settings) -> list[Finding]:
    """The policy of reviews, where there is one of one's own, and spamd, where there is one."""
    found: list[Finding] = []
    if settings.review.policy is not None:
        found.append(_policy(settings))
    if options := spamd_options(settings):
        said = await SpamAssassin(options).judge(b"Subject: hello\r\n\r\nHello\r\n")
        mend = f"is it running? {variable('review', 'spamd_host')} and _PORT say where it is"
        away = isinstance(said, EngineAway)
        what = said.why if isinstance(said, EngineAway) else f"{options.host}:{options.port} judges mails"
        found.append(Finding("SpamAssassin", not away, what, mend if away else "", away=away))
    return found


def _policy(settings: Settings) -> Finding:
    try:
        review_policy(settings)
    except CampaignsError as error:
        return Finding("Review policy", False, str(error), "docs/review.md says what may stand in it")
    return Finding("Review policy", True, str(settings.review.policy))


def _organisation(settings: Settings) -> Finding:
    if lacking := organisation(settings).missing:
        names = [variable("organisation", name.replace(" ", "_")) for name in lacking]
        return Finding(
            "Organisation", False, f"no {' and no '.join(lacking)}: nothing is sent", f"set {' and '.join(names)}"
        )
    return Finding("Organisation", True, settings.organisation.name)


def _away(what: str, error: CampaignsError, mend: str) -> Finding:
    return Finding(what, False, str(error), mend, away=isinstance(error, Unavailable))
