"""Deliveries and confirms are taken out of a connection's bytes, all else goes on to aiormq, however they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from workers import delivery_stream
from workers.delivery_stream import DeliveryStream

MINE, OTHER, PUBLISHING = 1, 2, 3
HEARTBEAT = frame.marshal(Heartbeat(), 0)
ACK = frame.marshal(Basic.Ack(5), MINE)
CANCEL_OK = frame.marshal(Basic.CancelOk("ctag"), MINE)


def delivery(tag: int, body: bytes, channel: int = MINE, part_bytes: int = 1 << 17) -> list[bytes]:
    """The frames of a delivery."""
    parts = [body[at : at + part_bytes] for at in range(0, len(body), part_bytes)]
    frames = [
        Basic.Deliver("ctag", tag, False, "campaigns.in", "ping"),
        ContentHeader(0, len(body), Basic.Properties(content_type="application/json")),
        *(ContentBody(part) for part in parts),
    ]
    return [frame.marshal(each, channel) for each in frames]


def returned(body: bytes) -> list[bytes]:
    """The frames of a publish that came back."""
    frames = [
        Basic.Return(312, "NO_ROUTE", "campaigns.in", "ping"),
        ContentHeader(0, len(body), Basic.Properties(message_id="mine")),
        *([ContentBody(body)] if body else []),
    ]
    return [frame.marshal(each, PUBLISHING) for each in frames]


class Heard:
    """See workers.delivery_stream.Answered."""

    def __init__(self) -> None:
        self.said: list[object] = []

    def confirmed(self, tag: int, *, multiple: bool) -> None:
        self.said.append(("confirmed", tag, multiple))

    def refused(self, tag: int, *, multiple: bool) -> None:
        self.said.append(("refused", tag, multiple))

    def returned(self, tag: int, properties: bytes, body: bytes) -> None:
        header = ContentHeader()
        header.unmarshal(properties)
        self.said.append(("returned", header.properties.message_id, body))


class Taken:
    """A connection that says some bytes, and what came of them."""

    def __init__(self) -> None:
        self.source = asyncio.StreamReader()
        self.heard = Heard()
        self.deliveries: list[tuple[int, bytes]] = []
        self.stream = DeliveryStream(
            self.source, {MINE: lambda tag, _, body: self.deliveries.append((tag, body))}, {PUBLISHING: self.heard}
        )

    async def passed(self, chunks: Sequence[bytes]) -> bytes:
        """What is left for aiormq, once the connection has said these and ended."""
        feeding = asyncio.create_task(self._feed(chunks))
        found = b""
        try:
            while True:
                found += await self.stream.readexactly(1)
        except asyncio.IncompleteReadError as error:
            await feeding
            return found + error.partial

    async def _feed(self, chunks: Sequence[bytes]) -> None:
        for chunk in chunks:
            self.source.feed_data(chunk)
            await asyncio.sleep(0)  # the reader's turn
        self.source.feed_eof()


async def test_a_delivery_is_taken_and_nothing_of_it_goes_on() -> None:
    taken = Taken()
    assert await taken.passed([ACK, *delivery(7, b"first"), CANCEL_OK, *delivery(8, b"")]) == ACK + CANCEL_OK
    assert taken.deliveries == [(7, b"first"), (8, b"")]


async def test_what_nobody_takes_goes_on_whole() -> None:
    taken, theirs = Taken(), b"".join(delivery(1, b"theirs", OTHER))
    assert await taken.passed([theirs]) == theirs
    assert not taken.deliveries


async def test_deliveries_of_several_channels_may_come_between_each_other() -> None:
    taken = Taken()
    mine, theirs = delivery(1, b"mine", MINE, 2), delivery(1, b"theirs", OTHER, 2)
    mixed = [part for pair in zip(mine, theirs, strict=False) for part in pair]
    assert await taken.passed([*mixed, theirs[-1]]) == b"".join(theirs)
    assert taken.deliveries == [(1, b"mine")]


async def test_what_becomes_of_publishes_is_told_and_nothing_of_it_goes_on() -> None:
    flow = frame.marshal(Channel.Flow(True), PUBLISHING)
    answers = [Basic.Ack(1), Basic.Ack(3, True), Basic.Nack(4, False), Basic.Nack(6, True)]
    said = [*(frame.marshal(each, PUBLISHING) for each in answers), flow, *returned(b"back"), *returned(b"")]
    for chunks in (said, [bytes([each]) for each in b"".join(said)]):
        taken = Taken()
        assert await taken.passed(chunks) == flow
        assert taken.heard.said == [
            ("confirmed", 1, False),
            ("confirmed", 3, True),
            ("refused", 4, False),
            ("refused", 6, True),
            ("returned", "mine", b"back"),
            ("returned", "mine", b""),
        ]


@settings(max_examples=60, deadline=None)
@given(st.data())
async def test_it_does_not_matter_how_the_bytes_are_cut(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(st.binary(max_size=40), max_size=5))
    said = [HEARTBEAT, ACK]
    for tag, body in enumerate(bodies):
        said += [*delivery(tag, body, part_bytes=7), *delivery(tag, body, OTHER)]
    whole = b"".join([*said, CANCEL_OK])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=12)))
    chunks = [whole[at:end] for at, end in zip([0, *cuts], [*cuts, len(whole)], strict=True) if end > at]
    taken = Taken()
    theirs = b"".join(part for tag, body in enumerate(bodies) for part in delivery(tag, body, OTHER))
    assert await taken.passed(chunks) == HEARTBEAT + ACK + theirs + CANCEL_OK
    assert taken.deliveries == list(enumerate(bodies))


async def test_a_body_of_many_frames_is_put_together() -> None:
    taken, body = Taken(), bytes(range(256)) * 4000
    assert await taken.passed(delivery(1, body)) == b""
    assert taken.deliveries == [(1, body)]


async def test_a_channel_that_ends_within_a_delivery_leaves_nothing_behind() -> None:
    taken, closing = Taken(), frame.marshal(Channel.Close(406, "gone", 0, 0), MINE)
    assert await taken.passed([*delivery(1, b"cut off")[:-1], closing, *delivery(1, b"of the next")]) == closing
    assert taken.deliveries == [(1, b"of the next")]


@pytest.mark.parametrize("said", [b"AMQP\x00\x00\x09\x01", b"HTTP/1.1 400 Bad Request", ACK[:-1] + b"\x00"])
async def test_what_is_no_amqp_is_left_to_aiormq_to_complain_of(said: bytes) -> None:
    taken = Taken()
    assert await taken.passed([ACK, said]) == ACK + said


async def test_a_delivery_that_is_none_ends_the_connection_in_words_that_aiormq_knows() -> None:
    taken = Taken()
    taken.source.feed_data(b"\x01\x00\x01\x00\x00\x00\x05\x00\x3c\x00\x3c\xff\xce")
    with pytest.raises(ConnectionError):
        await taken.stream.readexactly(1)


async def test_deliveries_alone_show_that_the_broker_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends no heartbeats while it has anything else to send."""
    monkeypatch.setattr(delivery_stream, "SIGN_OF_LIFE_S", 0.0)
    taken = Taken()
    assert await taken.passed([b"".join(delivery(1, b"x")), b"".join(delivery(2, b"y"))]) == HEARTBEAT * 2
    assert len(taken.deliveries) == 2


async def test_the_end_is_the_end_once_everything_was_read() -> None:
    taken = Taken()
    taken.source.feed_data(ACK)
    taken.source.feed_eof()
    assert await taken.stream.readexactly(3) == ACK[:3]
    assert not taken.stream.at_eof()
    assert await taken.stream.read() == ACK[3:]
    assert taken.stream.at_eof()
