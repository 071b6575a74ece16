"""Asks DNS for TXT records."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from domain.dns_texts import NO_ANSWER, Texts

_AT_ONCE = 8


class DnsTexts:
    """Fits `SenderDns`. Remembers nothing: who has mended a record wants to see it."""

    def __init__(self, resolver: dns.asyncresolver.Resolver, timeout_s: float = 5) -> None:
        self._resolver = resolver
        self._timeout_s = timeout_s

    async def texts(self, names: Collection[str]) -> Mapping[str, Texts]:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Texts:
            async with turns:
                return await self._asked(name)

        wanted = list(names)
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))

    async def _asked(self, name: str) -> Texts:
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), dns.rdatatype.TXT, lifetime=self._timeout_s, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return Texts()  # it is not there, or cannot be
        except (dns.exception.DNSException, OSError, UnicodeError):
            return NO_ANSWER
        records = [record for record in answer if isinstance(record, TXT)] if answer.rrset is not None else []
        return Texts(tuple(sorted(b"".join(record.strings).decode("utf-8", "replace") for record in records)))
