"""A name server on loopback, for one type of records."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone: TypeAlias = Mapping[str, tuple[int, Sequence[str]]]  #: by name: seconds to live, and records as they are written


class NameServer(asyncio.DatagramProtocol):
    """Answers from the zone; `silent` answers nobody."""

    def __init__(self, zone: Zone, kind: str) -> None:
        self.zone = dict(zone)
        self.kind = kind
        self.asked: Counter[str] = Counter()
        self.silent = False
        self.failing: set[str] = set()  #: names that it fails for (SERVFAIL)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own class does not derive from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked[name] += 1
        if not self.silent and self.transport is not None:
            self.transport.sendto(self._reply(query, name).to_wire(), addr)

    def _reply(self, query: dns.message.Message, name: str) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.zone:
            seconds, records = self.zone[name]
            reply.answer.append(dns.rrset.from_text(query.question[0].name, seconds, "IN", self.kind, *records))
        elif name != "nothing.example":  # which is there, without such a record
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


@asynccontextmanager
async def name_server(zone: Zone, kind: str) -> AsyncIterator[tuple[NameServer, dns.asyncresolver.Resolver]]:
    """The server, and a resolver that asks nobody else."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(zone, kind), local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield server, resolver
    finally:
        transport.close()
