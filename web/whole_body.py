"""Bodies are read as a whole before anything else is done: as long as they are allowed to be, and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.refusal import refusal

_WITHOUT = frozenset({"GET", "HEAD", "OPTIONS"})  #: whatever body these have is not looked at


class WholeBody:
    """Answers 413 to what is too long, said or not, and 408 to what does not come; a broken-off one is nobody's."""

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int], timeout_s: float) -> None:
        """`larger`: more bytes for paths that begin so."""
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _WITHOUT:
            return await self._app(scope, receive, send)
        limit = next((size for start, size in self._larger.items() if scope["path"].startswith(start)), self._max_bytes)
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await _read(scope, receive, limit)
        except TimeoutError:
            return await refusal(408, "The body did not come in time.")(scope, receive, send)
        except TooLong:
            return await refusal(413, f"At most {limit} bytes.")(scope, receive, send)
        if body is None:
            return None
        return await self._app(scope, _again(body, receive), send)


class TooLong(Exception):
    """More than is taken."""


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The body, or None when the client went away in the middle of it."""
    told = Headers(scope=scope).get("content-length", "0")
    if not told.isdecimal() or int(told) > limit:
        raise TooLong
    parts, size, more = list[bytes](), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise TooLong
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
