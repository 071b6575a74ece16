"""Who asks: the address that a request comes from, behind as many proxies of ours as there are."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address

UNKNOWN = "unknown"
_MOST = 4096  #: judgements that are kept: reading an address takes longer than all else that is done with it
_SITE_BITS = 64  #: of an IPv6 address: whoever has one has all that share these
#: Some proxies say the port, too: 203.0.113.7:4711, [2001:db8::1]:4711, [2001:db8::1].
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*):\d{1,5}")


def client_of(peer: str | None, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The address behind our own proxies: the last of X-Forwarded-For that none of them has.

    Whoever is not trusted is the client, whatever headers it sends.
    """
    hops = [each.strip() for each in forwarded_for.split(",") if each.strip()] if forwarded_for else []
    client = _parsed(peer)
    while client is not None and hops and any(client in network for network in trusted):
        client = _parsed(hops.pop())
    return str(client) if client else UNKNOWN


@lru_cache(maxsize=_MOST)
def site_of(client: str) -> str:
    """Whom a limit counts as one: an IPv4 address, or the network of an IPv6 one."""
    found = _parsed(client)
    if not isinstance(found, IPv6Address):
        return client
    return str(IPv6Network((int(found) >> _SITE_BITS << _SITE_BITS, _SITE_BITS)))


def is_shared(client: str, trusted: tuple[Network, ...]) -> bool:
    """Whether many may be behind it: nobody knows who it is, or a proxy of ours that does not say whom it asks for."""
    found = _parsed(client)
    return found is None or any(found in network for network in trusted)


def _parsed(text: str | None) -> _Address | None:
    cut = _WITH_PORT.fullmatch(text or "")
    try:
        found = ip_address((cut[1] or cut[2] or "") if cut else text or "")
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
