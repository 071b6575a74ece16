"""Lets no property or header of somebody else's message break our connection.

pamqp fails on a timestamp in microseconds ("year 57868 is out of range") and on text that is not UTF-8; aiormq then
drops the connection, the broker delivers the message again, and so on: one such message stopped a whole
process (RabbitMQ 3.10.8, pamqp 4, aiormq 7.2.4). The broker itself accepts both. So the decoders that pamqp
looks up by type are wrapped: what cannot be read is replaced, and the message reaches its worker.
"""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pamqp import decode

Decoder = Callable[[bytes], tuple[int, Any]]

#: Stands for a time that Python cannot express.
UNREADABLE_TIME = datetime(9999, 12, 31, tzinfo=UTC)

_TIMESTAMP_BYTES = 8


def install() -> None:
    """Wrap pamqp's decoders; doing it again changes nothing."""
    decode.METHODS["timestamp"] = decode.TABLE_MAPPING[b"T"] = _timestamp
    decode.METHODS["table"] = decode.TABLE_MAPPING[b"F"] = _table
    decode.METHODS["shortstr"] = _short_text


def _timestamp(value: bytes) -> tuple[int, datetime]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return _TIMESTAMP_BYTES, UNREADABLE_TIME


def _table(value: bytes) -> tuple[int, dict[str, Any]]:
    """Headers that cannot be read are no headers; nor are those nested deeper than Python calls."""
    try:
        return decode.field_table(value)
    except (ValueError, RecursionError):
        (length,) = struct.unpack(">I", value[:4])
        return length + 4, {}


def _short_text(value: bytes) -> tuple[int, str]:
    try:
        return decode.short_str(value)
    except UnicodeDecodeError:
        return value[0] + 1, value[1 : value[0] + 1].decode(errors="replace")
