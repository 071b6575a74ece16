"""Asks Amazon SNS's own servers: for the certificate that a message is signed with, and to confirm a subscription.

Through the public network only; no redirect is followed. Which addresses may be asked is the caller's to judge.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import httpcore

from domain.errors import Unavailable
from gateways.public_network import Network, PublicNetwork, Resolve, resolve

_MOST_BYTES = 64 * 1024  #: a certificate has 2 KiB
_KEPT = 8  #: certificates; Amazon has one at a time and region
_LOST = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)
_TIMES_S = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}


class SnsServers:
    """Keeps a certificate once it was read: what changes has another address."""

    def __init__(self, allowed: tuple[Network, ...] = (), resolving: Resolve = resolve) -> None:
        self._network = PublicNetwork(allowed, resolving)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def certificate(self, url: str) -> bytes:
        """The text at this address, read once.

        Raises:
            Unavailable: it could not be read.
        """
        if url not in self._kept:
            async with self._one_at_a_time:
                if url not in self._kept:
                    self._keep(url, await self._read(url))
        return self._kept[url]

    async def confirm(self, url: str) -> None:
        """Tell SNS that what it asks is wanted. Raises as `certificate`."""
        await self._read(url)

    def _keep(self, url: str, text: bytes) -> None:
        self._kept[url] = text
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _read(self, url: str) -> bytes:
        try:
            async with (
                httpcore.AsyncConnectionPool(max_keepalive_connections=0, network_backend=self._network) as pool,
                pool.stream("GET", url, extensions={"timeout": _TIMES_S}) as response,
            ):
                if response.status != 200:
                    raise Unavailable(f"Amazon SNS answers {response.status}")
                return await _up_to(response, _MOST_BYTES)
        except _LOST as error:
            raise Unavailable(f"Amazon SNS could not be asked: {type(error).__name__}") from error


async def _up_to(response: httpcore.Response, most: int) -> bytes:
    found = bytearray()
    async for part in response.aiter_stream():
        found += part
        if len(found) > most:
            raise Unavailable(f"Amazon SNS answers with more than {most} bytes")
    return bytes(found)
