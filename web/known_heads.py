"""Heads of answers that were written before are written as they were then.

uvicorn judges and joins every header of every answer anew. Ours have a dozen, nearly always the same ones: that is 6 µs
of an open's processor time, and 2 where the head is known.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

_Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

_MOST = 512  #: heads, about a kilobyte each; with each second comes another date
_LENGTH = b"content-length"
_OTHERWISE = frozenset({b"connection", b"transfer-encoding"})  #: what these say is uvicorn's to follow


class Cycle(RequestResponseCycle):
    """A request and its answer. What is not as usual is left to uvicorn."""

    async def send(self, message: ASGISendEvent) -> None:
        known = None if self.response_started or not self._is_usual else _head_of(message, self.default_headers)
        if known is None:
            return await super().send(message)
        head, self.expected_content_length = known
        self.response_started, self.waiting_for_100_continue, self.chunked_encoding = True, False, False
        self.transport.write(head)

    @property
    def _is_usual(self) -> bool:
        return self.keep_alive and not (self.disconnected or self.access_log or self.flow.write_paused)


def _head_of(message: ASGISendEvent, default: list[tuple[bytes, bytes]]) -> tuple[bytes, int] | None:
    if message["type"] != "http.response.start":
        return None
    return _head(message["status"], (*default, *message.get("headers", ())))


@lru_cache(maxsize=_MOST)
def _head(status: int, headers: _Headers) -> tuple[bytes, int] | None:
    """The bytes, and how many are to follow; None: that is no usual answer, or no valid one."""
    names = [name for name, _ in headers]
    lengths = [value for name, value in headers if name == _LENGTH]
    if len(lengths) != 1 or not lengths[0].isdigit() or not _OTHERWISE.isdisjoint(names):
        return None
    if any(name != name.lower() or HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) for name, value in headers):
        return None
    lines = [part for name, value in headers for part in (name, b": ", value, b"\r\n")]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n"]), int(lengths[0])
