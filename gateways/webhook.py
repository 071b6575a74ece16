"""Posts signed bodies to one web address.

Only an answer of 2xx within the time-out means that it was taken. Redirects are refused: what is signed for one address
is not handed to another. Connections go to the public internet only (public_network.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import httpcore

from domain.webhook import signed
from gateways.public_network import AddressRefused, Network, PublicNetwork, Resolve, resolve

_CONNECTIONS = 8  #: that are kept open
_READ_BYTES = 64 * 1024  #: of an answer, for the sake of its connection; nobody wants to know what it says
_READ_S = 1.0
_LOST = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    url: str
    secret: bytes = field(repr=False)
    allowed: tuple[Network, ...] = ()  #: private networks that it may be in
    timeout_s: float = 15
    user_agent: str = "crm-campaigns"


class HttpWebhook:
    def __init__(self, options: WebhookOptions, now: Callable[[], datetime], resolving: Resolve = resolve) -> None:
        self._options = options
        self._now = now
        self._network = PublicNetwork(options.allowed, resolving)
        self._tls = httpcore.default_ssl_context() if options.url.lower().startswith("https:") else None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[HttpPosting]:
        """What posts on connections that it keeps."""
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._tls, max_keepalive_connections=_CONNECTIONS, network_backend=self._network
        ) as pool:
            yield HttpPosting(self._options, self._now, pool)


@dataclass(frozen=True, slots=True)
class HttpPosting:
    options: WebhookOptions
    now: Callable[[], datetime]
    pool: httpcore.AsyncConnectionPool

    async def post(self, message_id: str, body: bytes, content_type: str) -> str | None:
        """None when it was taken, else why not. Never raises: whatever goes wrong is an answer."""
        options = self.options
        told = {"Content-Type": content_type, "User-Agent": options.user_agent}
        headers = {**told, **signed(message_id, body, options.secret, self.now())}
        try:
            async with asyncio.timeout(options.timeout_s):
                status = await self._status(list(headers.items()), body)
        except (TimeoutError, httpcore.TimeoutException):
            return f"no answer within {options.timeout_s:g} s"
        except AddressRefused:
            return "it is on a private network; CAMPAIGNS_FEED__WEBHOOK_NETWORKS allows some"
        except _LOST as error:
            return f"no connection: {type(error).__name__}"
        if 300 <= status < 400:
            return f"answered {status}: redirects are refused"
        return None if 200 <= status < 300 else f"answered {status}"

    async def _status(self, headers: list[tuple[str, str]], body: bytes) -> int:
        async with self.pool.stream("POST", self.options.url, headers=headers, content=body) as response:
            await _read(response)
            return int(response.status)


async def _read(response: httpcore.Response) -> None:
    """To its end, if that is near: then its connection can be used again. What was answered stands either way."""
    size = 0
    with suppress(TimeoutError, httpcore.TimeoutException, *_LOST):
        async with asyncio.timeout(_READ_S):
            async for part in response.aiter_stream():
                size += len(part)
                if size > _READ_BYTES:
                    return
