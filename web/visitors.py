"""Who asks, under which name of ours, and whether too often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.visits import Asked
from web.client import UNKNOWN, Network, client_of, is_shared, site_of
from web.flood import Flood
from web.refusal import refusal

_MOST_HOPS = 1000  #: characters: the last ones, which are our own proxies'; judgements of them are remembered
_MOST = 4096  #: of these that are kept: reading an address takes longer than all else that is done with it
_VISITOR = "campaigns.visitor"
#: Mail providers ask for their readers to be unsubscribed, many from few addresses: nobody's wish is refused. Webhooks
#: come from few addresses as well, and the event gateway counts by token: what is refused there counts (web/doors.py).
UNCOUNTED = ("/u/", "/webhooks/", "/v1/events")


@dataclass(frozen=True, slots=True)
class _Visitor:
    client: str
    site: str  #: whom a limit counts as one
    lone: str | None  #: the client, where it is known to be no address of many


_NOBODY = _Visitor(UNKNOWN, UNKNOWN, None)


class Visitors:
    """Refuses who asks too often (429) or for somebody else's site (421), and notes the client of the others."""

    def __init__(self, app: ASGIApp, flood: Flood, trusted: tuple[Network, ...], hosts: frozenset[str]) -> None:
        self._app = app
        self._flood = flood
        self._hosts = hosts
        self._visitor = lru_cache(maxsize=_MOST)(_reading(trusted))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._hosts and _name(_said(scope, b"host")) not in self._hosts:
            return await refusal(421, "There is no such site here.")(scope, receive, send)
        visitor = self._who(scope)
        if not scope["path"].startswith(UNCOUNTED) and not self._flood.admits(visitor.site):
            return await refusal(429, "Too many requests.", retry_after="1")(scope, receive, send)
        scope[_VISITOR] = visitor
        return await self._app(scope, receive, send)

    def _who(self, scope: Scope) -> _Visitor:
        peer = scope.get("client")
        forwarded_for = b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        return self._visitor(peer[0] if peer else None, forwarded_for[-_MOST_HOPS:])


def _reading(trusted: tuple[Network, ...]) -> Callable[[str | None, bytes], _Visitor]:
    def visitor(peer: str | None, forwarded_for: bytes) -> _Visitor:
        client = client_of(peer, forwarded_for.decode("latin-1"), trusted)
        return _Visitor(client, site_of(client), None if is_shared(client, trusted) else client)

    return visitor


def visitor(request: Request) -> str:
    """The address that the request comes from. Not for logs."""
    return _of(request.scope).client


def asked(scope: Scope) -> Asked:
    """How something of a mail was asked for.

    An address that many people may have is left out: what it asks for tells nothing of one of them.
    """
    return Asked(scope["method"], _said(scope, b"user-agent"), _of(scope).lone)


def _of(scope: Scope) -> _Visitor:
    found: _Visitor = scope.get(_VISITOR, _NOBODY)
    return found


def _said(scope: Scope, header: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == header), "")


def _name(host: str) -> str:
    """A Host header without its port."""
    name = host.lower()
    return name[: name.rindex(":")] if ":" in name.rpartition("]")[2] else name
