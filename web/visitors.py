"""Who asks, under which name of ours, and whether too often."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from web.client import UNKNOWN, Network, client_of, is_shared, site_of
from web.flood import Flood
from web.refusal import refusal

_CLIENT, _TRUSTED = "campaigns.client", "campaigns.trusted"
#: Mail providers ask for their readers to be unsubscribed, many from few addresses: nobody's wish is refused. Webhooks
#: come from few addresses as well, and the event gateway counts by token: what is refused there counts (web/doors.py).
UNCOUNTED = ("/u/", "/webhooks/", "/v1/events")


class Visitors:
    """Refuses who asks too often (429) or for somebody else's site (421), and notes the client of the others."""

    def __init__(self, app: ASGIApp, flood: Flood, trusted: Sequence[Network], hosts: frozenset[str]) -> None:
        self._app = app
        self._flood = flood
        self._trusted = trusted
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        if self._hosts and _name(headers.get("host", "")) not in self._hosts:
            return await refusal(421, "There is no such site here.")(scope, receive, send)
        client = self._client(scope, headers)
        if not scope["path"].startswith(UNCOUNTED) and not self._flood.admits(site_of(client)):
            return await refusal(429, "Too many requests.", retry_after="1")(scope, receive, send)
        scope[_CLIENT], scope[_TRUSTED] = client, self._trusted
        return await self._app(scope, receive, send)

    def _client(self, scope: Scope, headers: Headers) -> str:
        peer = scope.get("client")
        return client_of(peer[0] if peer else None, ",".join(headers.getlist("x-forwarded-for")), self._trusted)


def visitor(request: Request) -> str:
    """The address that the request comes from. Not for logs."""
    return str(request.scope.get(_CLIENT, UNKNOWN))


def lone_visitor(request: Request) -> str | None:
    """The same, or None where many people may have this address: what it asks for tells nothing of one of them."""
    client = visitor(request)
    return None if is_shared(client, request.scope.get(_TRUSTED, ())) else client


def _name(host: str) -> str:
    """A Host header without its port."""
    name = host.lower()
    return name[: name.rindex(":")] if ":" in name.rpartition("]")[2] else name
