"""The pixel and the links: what readers' programs ask for by the thousand, answered on the shortest way.

Starlette makes as many objects on the way to a route and back as an open needs for itself. What is not asked for here,
and every page for people, takes that way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import Transient
from handlers.visits import Asked
from web.visitors import asked

RETRY_AFTER_S = 5  #: what those are told who come while a server of ours is away
_METHODS = ("GET", "HEAD")
_START = 3  #: characters of "/o/"

ErrorPage: TypeAlias = Callable[[Request, int], Response]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out as it is."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]  #: names in small letters
    body: bytes = b""


#: Gets what stands in the path behind its beginning; None: there is no such thing.
Page: TypeAlias = Callable[[str, Asked], Awaitable[Reply | None]]


class Straight:
    """Answers what begins with one of `pages` ("/o/"), and passes everything else on."""

    def __init__(self, app: ASGIApp, pages: Mapping[str, Page], error_page: ErrorPage) -> None:
        self._app = app
        self._pages = pages
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        page = self._pages.get(path[:_START])
        if page is None:
            return await self._app(scope, receive, send)
        scope["endpoint"] = page
        if scope["method"] not in _METHODS:
            return await self._error(405, scope, receive, send, Allow=", ".join(_METHODS))
        try:
            reply = await page(path[_START:], asked(scope))
        except Transient:
            return await self._error(503, scope, receive, send, **{"Retry-After": str(RETRY_AFTER_S)})
        if reply is None:
            return await self._error(404, scope, receive, send)
        await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers]})
        await send({"type": "http.response.body", "body": reply.body})

    async def _error(self, status: int, scope: Scope, receive: Receive, send: Send, **headers: str) -> None:
        answer = self._error_page(Request(scope), status)
        answer.headers.update(headers)
        await answer(scope, receive, send)
