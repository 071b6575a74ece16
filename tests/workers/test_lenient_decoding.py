"""What pamqp cannot read. Each of these, unwrapped, ended the connection again and again."""

import struct

import pytest
from pamqp import decode

from workers import lenient_decoding

lenient_decoding.install()


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack(">Q", 1_764_000_000_000_000),  # microseconds
        struct.pack(">Q", 1_764_000_000_000_000_000),  # nanoseconds
        b"\xff" * 8,
    ],
)
def test_a_time_beyond_all_years_is_replaced(raw: bytes) -> None:
    assert decode.METHODS["timestamp"](raw) == (8, lenient_decoding.UNREADABLE_TIME)
    assert decode.TABLE_MAPPING[b"T"](raw) == (8, lenient_decoding.UNREADABLE_TIME)


def test_an_ordinary_time_is_read() -> None:
    assert decode.METHODS["timestamp"](struct.pack(">Q", 1_764_000_000))[1].year == 2025  # type: ignore[union-attr]


def test_text_in_another_encoding_is_read_with_marks() -> None:
    assert decode.METHODS["shortstr"](b"\x04caf\xe9rest") == (5, "caf\ufffd")


def test_headers_nested_deeper_than_python_calls_stop_nothing() -> None:
    table = b""
    for _ in range(10_000):
        table = b"\x01aF" + struct.pack(">I", len(table)) + table
    whole = struct.pack(">I", len(table)) + table
    assert decode.METHODS["table"](whole)[0] == len(whole)


def test_headers_with_unreadable_names_are_none() -> None:
    table = b"\x02\xff\xfet\x01"
    assert decode.METHODS["table"](struct.pack(">I", len(table)) + table) == (len(table) + 4, {})
