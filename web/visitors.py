"""Who asks, under which name of ours, and whether too often."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.visits import Asked
from web.client import UNKNOWN, Network, client_of, is_shared, site_of
from web.flood import Flood
from web.refusal import refusal

_MOST_HOPS = 1000  #: characters: the last ones, which are our own proxies'; judgements of them are remembered
_CLIENT, _TRUSTED = "campaigns.client", "campaigns.trusted"
#: Mail providers ask for their readers to be unsubscribed, many from few addresses: nobody's wish is refused. Webhooks
#: come from few addresses as well, and the event gateway counts by token: what is refused there counts (web/doors.py).
UNCOUNTED = ("/u/", "/webhooks/", "/v1/events")


class Visitors:
    """Refuses who asks too often (429) or for somebody else's site (421), and notes the client of the others."""

    def __init__(self, app: ASGIApp, flood: Flood, trusted: tuple[Network, ...], hosts: frozenset[str]) -> None:
        self._app = app
        self._flood = flood
        self._trusted = trusted
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._hosts and _name(_said(scope, b"host")) not in self._hosts:
            return await refusal(421, "There is no such site here.")(scope, receive, send)
        client = self._client(scope)
        if not scope["path"].startswith(UNCOUNTED) and not self._flood.admits(site_of(client)):
            return await refusal(429, "Too many requests.", retry_after="1")(scope, receive, send)
        scope[_CLIENT], scope[_TRUSTED] = client, self._trusted
        return await self._app(scope, receive, send)

    def _client(self, scope: Scope) -> str:
        peer = scope.get("client")
        forwarded_for = b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        return client_of(peer[0] if peer else None, forwarded_for[-_MOST_HOPS:].decode("latin-1"), self._trusted)


def visitor(request: Request) -> str:
    """The address that the request comes from. Not for logs."""
    return str(request.scope.get(_CLIENT, UNKNOWN))


def asked(scope: Scope) -> Asked:
    """How something of a mail was asked for.

    An address that many people may have is left out: what it asks for tells nothing of one of them.
    """
    client = scope.get(_CLIENT, UNKNOWN)
    is_lone = not is_shared(client, scope.get(_TRUSTED, ()))
    return Asked(scope["method"], _said(scope, b"user-agent"), client if is_lone else None)


def _said(scope: Scope, header: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == header), "")


def _name(host: str) -> str:
    """A Host header without its port."""
    name = host.lower()
    return name[: name.rindex(":")] if ":" in name.rpartition("]")[2] else name
