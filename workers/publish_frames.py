"""A publish as RabbitMQ wants it on the wire, without the objects that pamqp would make of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, cast

from pamqp import encode
from pamqp.common import FieldTable

from workers.outgoing import Outgoing

# AMQP 0-9-1, 4.2.3: a frame is type, channel, size, as many bytes, and an end.
_FRAME: Final = struct.Struct(">BHI")
_METHOD, _HEADER, _BODY = 1, 2, 3
_END: Final = b"\xce"
_AROUND_BYTES: Final = _FRAME.size + len(_END)
_PUBLISH: Final = struct.pack(">HHH", 60, 40, 0)
_MANDATORY: Final = b"\x01"
#: Of a content header: class, weight, size of the body, and which properties follow, in this order.
_CONTENT: Final = struct.Struct(">HHQH")
_CONTENT_TYPE, _HEADERS, _DELIVERY_MODE, _MESSAGE_ID = 1 << 15, 1 << 13, 1 << 12, 1 << 7
_FLAGS = _CONTENT_TYPE | _HEADERS | _DELIVERY_MODE | _MESSAGE_ID
_PERSISTENT: Final = b"\x02"
ID_BYTES: Final = 32  #: of a message_id, which is ASCII
_ID_LENGTH: Final = bytes([ID_BYTES])


def frames(message: Outgoing, message_id: bytes, channel: int, frame_max_bytes: int) -> list[bytes]:
    """Persistent, and mandatory always: the broker tells when it is bound nowhere. `message_id` has `ID_BYTES`.

    Raises:
        TypeError, ValueError: a name is longer than 255 bytes, or a header is nothing that AMQP can carry.
    """
    properties = _content_type(message.content_type) + _table(message.headers) + _PERSISTENT + _ID_LENGTH + message_id
    header = _CONTENT.pack(60, 0, len(message.body), _FLAGS) + properties
    return [
        _publish(message.exchange, message.routing_key, channel),
        _FRAME.pack(_HEADER, channel, len(header)),
        header,
        _END,
        *_parts(message.body, channel, frame_max_bytes - _AROUND_BYTES),
    ]


def _parts(body: bytes, channel: int, most_bytes: int) -> Iterator[bytes]:
    for at in range(0, len(body), most_bytes):
        part = body[at : at + most_bytes]
        yield _FRAME.pack(_BODY, channel, len(part))
        yield part
        yield _END


@lru_cache(maxsize=1024)
def _publish(exchange: str, routing_key: str, channel: int) -> bytes:
    payload = _PUBLISH + encode.short_string(exchange) + encode.short_string(routing_key) + _MANDATORY
    return _FRAME.pack(_METHOD, channel, len(payload)) + payload + _END


@lru_cache(maxsize=64)
def _content_type(content_type: str) -> bytes:
    return encode.short_string(content_type)


def _table(headers: Mapping[str, object]) -> bytes:
    return encode.field_table(cast(FieldTable, dict(headers)))  # what AMQP carried it can carry again
