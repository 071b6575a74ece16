"""Asks web servers whether links, images and videos are there: HEAD, then GET of the first byte where HEAD is refused.

No body is read, no cookie kept, no name or password sent. Redirects are followed a few times, and each is judged like
the first address (public_network.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from domain.assets import Fetched, Trouble
from domain.content_failure import ContentFailed
from domain.mail_headers import a_label
from gateways.public_network import AddressRefused, Network, PublicNetwork, Resolve, UnknownName, resolve

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_EMPTY_RANGE = 416  # RFC 9110 15.5.17: it is there and has no first byte
_KEPT = "/:@!$&'()*+,;=~%?-._"  # what stays as it is in a path or a query; the rest is percent-encoded
_LOST = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpcore.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class AssetOptions:
    user_agent: str = "crm-campaigns link check"
    allowed: tuple[Network, ...] = ()  #: private networks that may be asked
    timeout_s: float = 5  #: of one asset, redirects included
    all_s: float = 30  #: of all together; what has had no turn by then is a time-out
    at_once: int = 8
    redirects: int = 5


class HttpAssets:
    """Fits `Assets`. Connects when asked, and keeps no connection."""

    def __init__(self, options: AssetOptions, resolving: Resolve = resolve) -> None:
        self._options = options
        self._resolve = resolving

    async def fetch(self, urls: Collection[str]) -> Mapping[str, Fetched]:
        options = self._options
        deadline = asyncio.get_running_loop().time() + options.all_s
        turns = asyncio.Semaphore(options.at_once)
        network = PublicNetwork(options.allowed, self._resolve)
        async with httpcore.AsyncConnectionPool(
            max_connections=options.at_once, max_keepalive_connections=0, network_backend=network
        ) as pool:
            visit = _Visit(pool, options)

            async def one(url: str) -> Fetched:
                async with turns:
                    return await visit(url, deadline)

            wanted = list(dict.fromkeys(urls))
            return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))


@dataclass(frozen=True, slots=True)
class _Visit:
    pool: httpcore.AsyncConnectionPool
    options: AssetOptions

    async def __call__(self, url: str, deadline: float) -> Fetched:
        """How the URL answers; whatever goes wrong is an answer."""
        own = asyncio.get_running_loop().time() + self.options.timeout_s
        try:
            async with asyncio.timeout_at(min(own, deadline)):
                return await self._followed(url)
        except (TimeoutError, httpcore.TimeoutException):
            return Fetched(trouble=Trouble.TIME_OUT)
        except UnknownName:
            return Fetched(trouble=Trouble.NO_HOST)
        except AddressRefused:
            return Fetched(trouble=Trouble.PRIVATE)
        except _LOST:
            return Fetched(trouble=Trouble.NO_ANSWER)
        except (ValueError, ContentFailed):
            return Fetched(trouble=Trouble.BAD_URL)

    async def _followed(self, url: str) -> Fetched:
        for _ in range(self.options.redirects + 1):
            status, headers = await self._asked(url)
            onward = headers.get("location")
            if status not in _REDIRECTS or onward is None:
                return Fetched(status, fingerprint=_fingerprint(headers))
            url = urljoin(url, onward)
        return Fetched(trouble=Trouble.REDIRECTS)

    async def _asked(self, url: str) -> tuple[int, Mapping[str, str]]:
        status, headers = await self._request("HEAD", url)
        if status < 400:
            return status, headers
        status, headers = await self._request("GET", url)
        return (200 if status == _EMPTY_RANGE else status), headers

    async def _request(self, method: str, url: str) -> tuple[int, Mapping[str, str]]:
        sent = [("User-Agent", self.options.user_agent), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
        if method == "GET":
            sent.append(("Range", "bytes=0-0"))
        async with self.pool.stream(method, _target(url), headers=sent) as response:
            return response.status, {_text(name).lower(): _text(value) for name, value in response.headers}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _target(url: str) -> httpcore.URL:
    """The URL as it goes to the server: ASCII only, without fragment, name and password.

    Raises:
        ValueError, ContentFailed: it is no web address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a web address")
    host = parts.hostname if parts.hostname.isascii() else a_label(parts.hostname)
    target = quote(parts.path or "/", safe=_KEPT) + (f"?{quote(parts.query, safe=_KEPT)}" if parts.query else "")
    return httpcore.URL(scheme=parts.scheme, host=host, port=parts.port, target=target)


def _fingerprint(headers: Mapping[str, str]) -> str | None:
    """What tells one version of a file from another (RFC 9110 8.8)."""
    tag = headers.get("etag")
    if tag and not tag.startswith("W/"):
        return tag
    told = [headers[name] for name in ("last-modified", "content-length") if name in headers]
    return " ".join(told) if len(told) == 2 else None
