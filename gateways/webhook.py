"""Posts signed bodies to one web address.

Only an answer of 2xx within the time-out means that it was taken. Redirects are refused: what is signed for one address
is not handed to another. Connections go to the public internet only (public_network.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpcore

from domain.webhook import signed
from gateways.public_network import AddressRefused, Network, PublicNetwork, Resolve, resolve

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
        self._resolve = resolving

    async def post(self, message_id: str, body: bytes, content_type: str) -> str | None:
        """None when it was taken, else why not. Never raises: whatever goes wrong is an answer."""
        options = self._options
        told = {"Content-Type": content_type, "User-Agent": options.user_agent}
        headers = {**told, **signed(message_id, body, options.secret, self._now())}
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
        network = PublicNetwork(self._options.allowed, self._resolve)
        async with (
            httpcore.AsyncConnectionPool(max_keepalive_connections=0, network_backend=network) as pool,
            pool.stream("POST", self._options.url, headers=headers, content=body) as response,
        ):
            return int(response.status)
