"""A message as it came through a channel: read as far as somebody asks, answered once."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from pamqp import decode

# A content header (AMQP 0-9-1, 4.2.6.1): class, weight, body size, flags, and the properties that the flags name.
_FLAGS_AT = 12
_UINT16: Final = struct.Struct(">H")
_MORE_FLAGS, _CONTENT_TYPE, _CONTENT_ENCODING, _HEADERS = 1, 1 << 15, 1 << 14, 1 << 13


class Answers(Protocol):
    """The channel that a message came through."""

    def basic_ack(self, delivery_tag: int, multiple: bool = False) -> Awaitable[None]: ...

    def basic_nack(self, delivery_tag: int, multiple: bool = False, requeue: bool = True) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    channel: Answers
    tag: int
    body: bytes
    content_type: str = ""
    content_encoding: str = ""
    table: bytes = b""  #: the headers as they came, and what follows them

    @property
    def headers(self) -> Mapping[str, object]:
        """Empty where nobody can read them: they are a publisher's, and no reason to lose the message."""
        try:
            return dict(decode.METHODS["table"](self.table)[1]) if self.table else {}  # type: ignore[arg-type]
        except (ValueError, struct.error):
            return {}

    async def ack(self, multiple: bool = False) -> None:
        await self.channel.basic_ack(self.tag, multiple=multiple)

    async def nack(self, requeue: bool) -> None:
        await self.channel.basic_nack(self.tag, requeue=requeue)


def incoming(channel: Answers, tag: int, header: bytes, body: bytes) -> Incoming:
    """The message with this content header (its payload); properties that are cut off are none."""
    try:
        return Incoming(channel, tag, body, *_properties(header))
    except (struct.error, IndexError):
        return Incoming(channel, tag, body)


def _properties(header: bytes) -> tuple[str, str, bytes]:
    """Content type, content encoding and headers: they come first, in this order, and nothing else is asked for."""
    (flags,) = more = _UINT16.unpack_from(header, _FLAGS_AT)
    at = _FLAGS_AT + _UINT16.size
    while more[0] & _MORE_FLAGS:
        more = _UINT16.unpack_from(header, at)
        at += _UINT16.size
    content_type, at = _short_text(header, at) if flags & _CONTENT_TYPE else ("", at)
    content_encoding, at = _short_text(header, at) if flags & _CONTENT_ENCODING else ("", at)
    return content_type, content_encoding, header[at:] if flags & _HEADERS else b""


def _short_text(header: bytes, at: int) -> tuple[str, int]:
    """The text, and where the next property begins."""
    end = at + 1 + header[at]
    return header[at + 1 : end].decode(errors="replace"), end
