"""Takes deliveries, and what becomes of publishes, out of what RabbitMQ sends, before aiormq looks at it.

aiormq awaits ten times for each frame, decodes every property and starts a task for each delivery: of what a worker of
record-changed took for an event, a third. Here a delivery is a few slices, and the confirm of a hundred publishes one
call. All else goes on to aiormq as it came.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias, cast

from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from yarl import URL

#: Gets the delivery tag, the content header (properties) and the body. It must not raise.
Taker: TypeAlias = Callable[[int, bytes, bytes], None]


class Answered(Protocol):
    """Hears what became of the publishes of a channel. None of it may raise."""

    def confirmed(self, tag: int, *, multiple: bool) -> None:
        """The broker has it: the publish of this number, or all up to it."""

    def refused(self, tag: int, *, multiple: bool) -> None:
        """The broker does not take it."""

    def returned(self, tag: int, properties: bytes, body: bytes) -> None:
        """No queue is bound for it (`tag` says nothing); that it is confirmed comes afterwards all the same."""


CHUNK_BYTES = 64 * 1024
#: So often at least aiormq hears that the broker is alive, which it takes from the frames that it gets.
SIGN_OF_LIFE_S = 1.0

# AMQP 0-9-1, 4.2.3: a frame is type, channel, size, as many bytes, and an end.
_FRAME: Final = struct.Struct(">BHI")
_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_END = 0xCE
_FRAME_END_BYTES = 1
_HEARTBEAT_FRAME: Final = _FRAME.pack(_HEARTBEAT, 0, 0) + bytes([_END])
_DELIVER: Final = struct.pack(">HH", 60, 60)
_RETURN: Final = struct.pack(">HH", 60, 50)
_ACK: Final = struct.pack(">HH", 60, 80)
_NACK: Final = struct.pack(">HH", 60, 120)
_ANSWER: Final = struct.Struct(">4xQB")  #: behind class and method of both: a publish's number, and flags
_MULTIPLE = 1
_UINT64: Final = struct.Struct(">Q")
_BODY_SIZE_AT = 4  #: in a content header, after class and weight


@dataclass(slots=True)
class _Content:
    """A delivery of which not all frames have come."""

    taker: Taker
    tag: int
    properties: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    missing_bytes: int = 0


class DeliveryStream:
    """What a connection says without what the channels in `takers` and `answered` get: those have it at once.

    It is an asyncio.StreamReader as far as aiormq uses one.
    """

    def __init__(
        self, source: asyncio.StreamReader, takers: Mapping[int, Taker], answered: Mapping[int, Answered]
    ) -> None:
        self._source = source
        self._takers = takers
        self._answered = answered
        self._begun: dict[int, _Content] = {}
        self._rest = b""  #: the beginning of a frame
        self._passed = bytearray()  #: for aiormq
        self._is_lost = False  #: these are no frames of AMQP: aiormq has words for that
        self._last_passed = time.monotonic()

    def at_eof(self) -> bool:
        return not self._passed and self._source.at_eof()

    async def readexactly(self, n: int) -> bytes:
        """
        Raises:
            asyncio.IncompleteReadError: the connection ended before.
            ConnectionError: what came is no frame of AMQP.
        """
        while len(self._passed) < n:
            chunk = await self._source.read(CHUNK_BYTES)
            if not chunk:
                raise asyncio.IncompleteReadError(bytes(self._passed), n)
            try:
                self._sort(chunk)
            except (struct.error, IndexError) as error:
                raise ConnectionError("what came is no frame of AMQP") from error
        found = bytes(self._passed[:n])
        del self._passed[:n]
        return found

    async def read(self, n: int = -1) -> bytes:
        """What is there already, and nothing more: aiormq asks for it to quote it."""
        found = bytes(self._passed)
        self._passed.clear()
        return found

    def _sort(self, chunk: bytes) -> None:
        data = self._rest + chunk if self._rest else chunk
        at, taken = 0, False
        while not self._is_lost and len(data) - at >= _FRAME.size + _FRAME_END_BYTES:
            kind, channel, size = _FRAME.unpack_from(data, at)
            end = at + _FRAME.size + size
            self._is_lost = kind not in (_METHOD, _HEADER, _BODY, _HEARTBEAT) or (len(data) > end and data[end] != _END)
            if self._is_lost or len(data) <= end:
                break
            if self._is_taken(kind, channel, data[at + _FRAME.size : end]):
                taken = True
            else:
                self._passed += data[at : end + _FRAME_END_BYTES]
            at = end + _FRAME_END_BYTES
        self._rest = data[at:]
        if self._is_lost:
            self._passed, self._rest = self._passed + self._rest, b""
        self._show_life(taken)

    def _is_taken(self, kind: int, channel: int, payload: bytes) -> bool:
        if kind == _METHOD:
            self._begun.pop(channel, None)  # no frame of another method comes between those of a delivery
            if channel in self._answered:
                return self._is_answer(channel, payload)
            taker = self._takers.get(channel)
            if taker is None or not payload.startswith(_DELIVER):
                return False
            self._begun[channel] = _Content(taker, _delivery_tag(payload))
            return True
        content = self._begun.get(channel)
        if content is None:
            return False
        if kind == _HEADER:
            content.properties = payload
            (content.missing_bytes,) = _UINT64.unpack_from(payload, _BODY_SIZE_AT)
        else:
            content.parts.append(payload)
            content.missing_bytes -= len(payload)
        if content.missing_bytes <= 0:
            del self._begun[channel]
            body = content.parts[0] if len(content.parts) == 1 else b"".join(content.parts)
            content.taker(content.tag, content.properties, body)
        return True

    def _is_answer(self, channel: int, payload: bytes) -> bool:
        answered, method = self._answered[channel], payload[: len(_ACK)]
        if method == _RETURN:
            self._begun[channel] = _Content(answered.returned, 0)
        elif method in (_ACK, _NACK):
            tag, flags = _ANSWER.unpack_from(payload)
            (answered.confirmed if method == _ACK else answered.refused)(tag, multiple=bool(flags & _MULTIPLE))
        else:
            return False
        return True

    def _show_life(self, taken: bool) -> None:
        """A broker that has deliveries to send sends no heartbeats, and aiormq would think it dead."""
        now = time.monotonic()
        if self._passed:
            self._last_passed = now
        elif taken and now - self._last_passed > SIGN_OF_LIFE_S:
            self._passed += _HEARTBEAT_FRAME
            self._last_passed = now


class Transport(TransportFactory):
    """Opens connections of which `takers` get the deliveries, and `answered` the confirms, by channel number."""

    def __init__(self) -> None:
        self.takers: dict[int, Taker] = {}
        self.answered: dict[int, Answered] = {}
        self.writer: asyncio.StreamWriter | None = None  #: of the connection, once it is open

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        plain: TransportFactory = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        reader, writer = await plain.create(url, **kwargs)
        self.writer = writer
        return cast(asyncio.StreamReader, DeliveryStream(reader, self.takers, self.answered)), writer


def _delivery_tag(deliver: bytes) -> int:
    """It stands behind class, method and the consumer's tag."""
    tag_at = len(_DELIVER) + 1 + deliver[len(_DELIVER)]
    (tag,) = _UINT64.unpack_from(deliver, tag_at)
    return int(tag)
