"""Bodies are read as a whole before anything else is done: as long as they are allowed to be, and in time.

How much of what is longer than usual is in memory at once, is limited for each kind of path by itself: who fills the
room of one holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.refusal import refusal

MOST_HELD_BYTES = 32 * 1024 * 1024  #: of the longer bodies of one kind of path, until they are answered
_LATER_S = "1"
_MOST_DIGITS = 19  #: of a length: zeros in front are allowed, and Python reads no number of thousands of them
_WITHOUT = frozenset({"GET", "HEAD", "OPTIONS"})  #: whatever body these have is not looked at


@dataclass(slots=True)
class Room:
    """For bodies that are held at the same time."""

    limit_bytes: int  #: of one body
    most_held_bytes: int | None  #: of all of them; None: as many as there are connections
    held_bytes: int = 0


class WholeBody:
    """Answers 413 to what is too long, said or not, 408 to what does not come, and 503 while there is no room for it.

    A broken-off body is nobody's.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        larger: Mapping[str, int],
        timeout_s: float,
        most_held_bytes: int = MOST_HELD_BYTES,
    ) -> None:
        """`larger`: more bytes for paths that begin so, `most_held_bytes` for all under way at each of them."""
        self._app = app
        self._usual = Room(max_bytes, None)
        self._larger = {start: Room(size, most_held_bytes) for start, size in larger.items()}
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _WITHOUT:
            return await self._app(scope, receive, send)
        room = next((each for start, each in self._larger.items() if scope["path"].startswith(start)), self._usual)
        held = Held(room)
        try:
            return await self._answered(held, scope, receive, send)
        finally:
            held.release()

    async def _answered(self, held: Held, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await _read(scope, receive, held)
        except TimeoutError:
            return await refusal(408, "The body did not come in time.")(scope, receive, send)
        except TooLong:
            return await refusal(413, f"At most {held.room.limit_bytes} bytes.")(scope, receive, send)
        except NoRoom:
            return await refusal(503, "Too much is posted at once.", retry_after=_LATER_S)(scope, receive, send)
        if body is None:
            return None
        return await self._app(scope, _again(body, receive), send)


class TooLong(Exception):
    """More than is taken."""


class NoRoom(Exception):
    """As much as may be held is."""


@dataclass(slots=True)
class Held:
    """How much of a room one body has."""

    room: Room
    size: int = 0

    def add(self, more_bytes: int) -> None:
        """
        Raises:
            TooLong, NoRoom: with this it is too much.
        """
        self.size += more_bytes
        self.room.held_bytes += more_bytes
        if self.size > self.room.limit_bytes:
            raise TooLong
        if self.room.most_held_bytes is not None and self.room.held_bytes > self.room.most_held_bytes:
            raise NoRoom

    def release(self) -> None:
        self.room.held_bytes -= self.size
        self.size = 0


async def _read(scope: Scope, receive: Receive, held: Held) -> bytes | None:
    """The body, or None when the client went away in the middle of it."""
    told = Headers(scope=scope).get("content-length", "0")
    if len(told) > _MOST_DIGITS or not told.isdecimal() or int(told) > held.room.limit_bytes:
        raise TooLong
    body, more = bytearray(), True  # parts in a list would take many times their size, if each is a byte
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        held.add(len(part))
        body += part
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
