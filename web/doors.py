"""What programs post is not counted as the pages are: who may come in is judged at the door, by the headers, and who is
refused again and again has to wait. The body of a request that is refused here is never read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.client import site_of
from web.flood import Flood
from web.refusal import refusal
from web.visitors import visitor

#: Answers whom the headers give away, or None: it may come in.
Door: TypeAlias = Callable[[Request], Awaitable[Response | None]]


class Doors:
    """At some paths the headers tell who may come in; at others only the body does, and refusals are counted (429)."""

    def __init__(self, app: ASGIApp, doors: Mapping[str, Door | None], refused: Flood) -> None:
        """`doors`: by what the path begins with; None where the body has to be read first. `refused`: by client."""
        self._app = app
        self._doors = doors
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = next((each for each in self._doors if scope["type"] == "http" and scope["path"].startswith(each)), None)
        if start is None:
            return await self._app(scope, receive, send)
        door, client = self._doors[start], site_of(visitor(Request(scope)))
        if door is None:
            return await self._counted(client, scope, receive, send)
        refused = await door(Request(scope))
        if refused is None:
            return await self._app(scope, receive, send)
        if refused.status_code < 500 and not self._refused.admits(client):
            return await _wait(scope, receive, send)
        refused.headers["connection"] = "close"  # its body has not been read, and is not going to be
        return await refused(scope, receive, send)

    async def _counted(self, client: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._refused.has_room(client):
            return await _wait(scope, receive, send)
        status = [0]  # of who goes away in the middle

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        if status[0] < 200 or 400 <= status[0] < 500:
            self._refused.admits(client)


async def _wait(scope: Scope, receive: Receive, send: Send) -> None:
    await refusal(429, "Too many requests of yours were refused.", retry_after="5")(scope, receive, send)
