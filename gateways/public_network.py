"""Connections to the public internet only: whoever writes a link must not reach our own network through us (SSRF).

A name is resolved here, each address it has is judged, and the connection goes to the address that was judged: a
name that answers differently a moment later (DNS rebinding) gains nothing. Every redirect comes by here again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import httpcore

Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]  #: name and port -> addresses
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits
_UNICAST = IPv6Network("2000::/3")  # all that is given out (iana.org/assignments/ipv6-address-space)
#: Not marked as special by IANA, and yet no public server: Azure's own (learn.microsoft.com, what-is-ip-address-
#: 168-63-129-16), and 192.0.0.0/24, where Oracle's cloud keeps its metadata.
_INTERNAL = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


class AddressRefused(httpcore.ConnectError):
    """Every address of the name is private."""


class UnknownName(httpcore.ConnectError):
    """There is no such name in DNS."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system knows them.

    Raises:
        UnknownName: there is no such name.
        httpcore.ConnectError: DNS did not say.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        kind = UnknownName if error.errno in _UNKNOWN_NAME else httpcore.ConnectError
        raise kind(str(error)) from error
    except UnicodeError as error:  # a label that is empty or longer than 63 characters
        raise UnknownName(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is on the public internet; an IPv4 address inside an IPv6 one is judged as well."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not any(found in each for each in _INTERNAL)
    inner = _inner(found)
    if inner is not None:
        return is_public(str(inner))
    return found in _UNICAST and found.is_global


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def networks(text: str) -> tuple[Network, ...]:
    """Networks separated by blanks: "127.0.0.0/8 10.1.0.0/16"."""
    return tuple(ip_network(each) for each in text.split())


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """What httpcore connects through."""

    def __init__(self, allowed: Iterable[Network] = (), resolving: Resolve = resolve) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolving
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """
        Raises:
            AddressRefused, UnknownName: as they say.
            httpcore.ConnectError: nobody answered.
        """
        addresses = [each for each in await self._resolve(host, port) if self._may(each)]
        if not addresses:
            raise AddressRefused(f"{host} is on a private network")
        for spare in reversed(range(len(addresses))):
            address = addresses[-1 - spare]
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                if not spare:
                    raise
        raise AssertionError("unreachable")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    def _may(self, address: str) -> bool:
        return is_public(address) or any(ip_address(address.partition("%")[0]) in each for each in self._allowed)
