"""Looks up the mail servers of domains in DNS (MX), beside the sending: nobody waits for an answer."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX

MOST_DOMAINS = 20_000  #: remembered; the one that was asked for longest ago is forgotten first
_MOST_WAITING = 1_000  #: look-ups; more domains are looked up when they are asked for again
_AT_ONCE = 8
_ANSWER_S = 5.0
_SHORTEST_S, _LONGEST_S = 300.0, 86_400.0  #: for how long an answer counts, whatever its TTL
_FAILED_S = 300.0  #: no answer: not asked again for so long


def system_resolver() -> dns.asyncresolver.Resolver:
    """What this machine asks. Without a configuration of its own (/etc/resolv.conf), a resolver that knows nobody."""
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return dns.asyncresolver.Resolver(configure=False)


@dataclass(frozen=True, slots=True)
class _Known:
    hosts: Sequence[str] | None  #: None: no answer
    until_s: float


class MailHosts:
    """Remembers what DNS said as long as it may. Made and used in one event loop."""

    def __init__(
        self,
        resolver: dns.asyncresolver.Resolver,
        *,
        most: int = MOST_DOMAINS,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._most = most
        self._elapsed = elapsed
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    def of(self, domain: str) -> Sequence[str] | None:
        """Host names, the preferred one first; empty: it takes no mail. None while they are not known.

        An old answer counts until there is a new one.
        """
        known = self._known.get(domain)
        if known is not None:
            self._known.move_to_end(domain)
        if (known is None or self._elapsed() >= known.until_s) and domain not in self._waiting:
            self._begin(domain)
        return known.hosts if known else None

    async def ask(self, domain: str) -> Sequence[str] | None:
        """As `of`, asked now and waited for; None where nobody answers in time."""
        return (await self._asked(domain)).hosts

    async def close(self) -> None:
        """Nothing more is looked up."""
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, domain: str) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[domain] = task = asyncio.create_task(self._look_up(domain))
            task.add_done_callback(lambda _: self._waiting.pop(domain, None))

    async def _look_up(self, domain: str) -> None:
        async with self._turn:
            found = await self._asked(domain)
        if found.hosts is None and domain in self._known:
            found = _Known(self._known[domain].hosts, found.until_s)
        self._known[domain] = found
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    async def _asked(self, domain: str) -> _Known:
        now_s = self._elapsed()
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(domain), dns.rdatatype.MX, lifetime=_ANSWER_S, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return _Known((), now_s + _SHORTEST_S)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return _Known(None, now_s + _FAILED_S)
        seconds = min(_LONGEST_S, max(_SHORTEST_S, answer.expiration - time.time()))
        return _Known(_hosts(answer), now_s + seconds)


def _hosts(answer: dns.resolver.Answer) -> tuple[str, ...]:
    """In the order of their preference; a lone dot says that there is none (RFC 7505)."""
    found = [record for record in answer if isinstance(record, MX)] if answer.rrset is not None else []
    names = [record.exchange.to_text(omit_final_dot=True).lower() for record in sorted(found, key=_preference)]
    return tuple(name for name in names if name not in {"", "."})


def _preference(record: MX) -> int:
    return int(record.preference)
