"""A message is read off its content header; what cannot be read is none, and breaks nothing."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from workers import lenient_decoding
from workers.incoming import Incoming, incoming

lenient_decoding.install()


def read(header: bytes) -> Incoming:
    return incoming(FakeAnswers(), 7, header, b"body")


def header_of(**properties: Any) -> bytes:
    return ContentHeader(0, 4, Basic.Properties(**properties)).marshal()


class FakeAnswers:
    """Remembers how messages were answered."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int, bool]] = []

    async def basic_ack(self, delivery_tag: int, multiple: bool = False) -> None:
        self.said.append(("ack", delivery_tag, multiple))

    async def basic_nack(self, delivery_tag: int, multiple: bool = False, requeue: bool = True) -> None:
        assert not multiple
        self.said.append(("nack", delivery_tag, requeue))


@pytest.mark.parametrize(
    ("properties", "content_type", "encoding", "headers"),
    [
        ({}, "", "", {}),
        ({"content_type": "application/json"}, "application/json", "", {}),
        ({"content_encoding": "gzip"}, "", "gzip", {}),
        ({"headers": {"x-attempt": 3}}, "", "", {"x-attempt": 3}),
        (
            {
                "content_type": "text/é",
                "content_encoding": "utf-8",
                "headers": {"a": "b"},
                "message_id": "7",
                "app_id": "x",
            },
            "text/é",
            "utf-8",
            {"a": "b"},
        ),
        ({"delivery_mode": 2, "message_id": "7"}, "", "", {}),
    ],
)
def test_what_a_publisher_sets_is_read(
    properties: dict[str, Any], content_type: str, encoding: str, headers: dict[str, object]
) -> None:
    found = read(header_of(**properties))
    assert (found.content_type, found.content_encoding, found.headers) == (content_type, encoding, headers)
    assert (found.tag, found.body) == (7, b"body")


def test_more_flags_than_there_are_properties_are_passed_over() -> None:
    plain = header_of(content_type="text/plain")
    flags = struct.unpack_from(">H", plain, 12)[0]
    assert read(plain[:12] + struct.pack(">HH", flags | 1, 0) + plain[14:]).content_type == "text/plain"


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_are_no_properties(header: bytes) -> None:
    found = read(header)
    assert isinstance(found.content_type + found.content_encoding, str)
    assert isinstance(found.headers, dict)


@given(st.integers(min_value=0, max_value=60), st.binary(min_size=1, max_size=3))
def test_damaged_properties_cost_no_message(at: int, damage: bytes) -> None:
    whole = header_of(content_type="application/json", headers={"x-attempt": 3, "other": ["list", {"deep": 1}]})
    found = read(whole[:at] + damage + whole[at + len(damage) :])
    assert found.body == b"body"
    assert isinstance(found.headers, dict)


async def test_it_is_answered_on_the_channel_that_it_came_through() -> None:
    channel = FakeAnswers()
    message = incoming(channel, 7, header_of(), b"")
    await message.ack()
    await message.ack(multiple=True)
    await message.nack(requeue=True)
    assert channel.said == [("ack", 7, False), ("ack", 7, True), ("nack", 7, True)]
