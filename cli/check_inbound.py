"""What `campaigns check` says about mail that comes back: the worker's port, and the MX record of the bounce domain.

Nothing of it is wrong for certain: the worker may run elsewhere, behind a mail server that hands the domain over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from config.responses import InboundSettings
from config.settings import Settings, variable
from gateways.mx import MailHosts

_ANSWER_S = 5.0
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  #: how what listens everywhere is reached from here


@dataclass(frozen=True, slots=True)
class Said:
    what: str
    found: str
    mend: str = ""


async def inbound(settings: Settings, hosts: MailHosts) -> Sequence[Said]:
    """Nothing where no bounce domain is set: then nothing comes back to us."""
    domain = settings.web.bounce_domain
    if not domain:
        return []
    return await asyncio.gather(_worker(settings.inbound), _record(domain, settings.inbound.hostname, hosts))


async def _worker(options: InboundSettings) -> Said:
    what, where = "Inbound mail", f"{options.host}:{options.port}"
    start = "start it: campaigns worker inbound; or look where it runs"
    if not options.port:
        return Said(what, "not known: the worker takes any free port", f"set {variable('inbound', 'port')}")
    try:
        greeting = await asyncio.wait_for(_greeting(_HERE.get(options.host, options.host), options.port), _ANSWER_S)
    except (OSError, TimeoutError):
        return Said(what, f"nobody answers at {where}", start)
    if not greeting.startswith(b"220"):
        return Said(what, f"what answers at {where} takes no mail: {greeting[:60].decode('ascii', 'replace')}", start)
    return Said(what, f"{where} takes mail")


async def _greeting(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        line = (await reader.readline()).rstrip()
        writer.write(b"QUIT\r\n")
        return line
    finally:
        writer.close()


async def _record(domain: str, hostname: str, hosts: MailHosts) -> Said:
    found = await hosts.ask(domain)
    what = "Bounce domain"
    if found is None:
        return Said(what, f"{domain}: MX not known, DNS does not answer", "look again later")
    if not found:
        return Said(
            what, f"{domain} has no MX record: bounces do not come back", f"publish: {domain}. MX 10 {hostname}."
        )
    if hostname.lower() not in found:
        leads = f"{domain} leads to {', '.join(found[:3])}"
        return Said(what, leads, f"if that is the worker's machine, {variable('inbound', 'hostname')} says its name")
    return Said(what, f"{domain} leads to {', '.join(found[:3])}")
