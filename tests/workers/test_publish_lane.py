"""What is published at about the same time is one write, and each hears what became of it, whatever the broker says."""

from __future__ import annotations

import asyncio
import struct
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from messages.base import IN
from tests.waiting import LONGEST_S
from workers.outgoing import Outgoing
from workers.publish_lane import MOST_UNREAD_BYTES, Answer, PublishLane

CHANNEL, FRAME_MAX_BYTES = 3, 4096
CONFIRMED, RETURNED, REFUSED, LOST = Answer.CONFIRMED, Answer.RETURNED, Answer.REFUSED, Answer.LOST
SILENT = Answer.SILENT


@dataclass
class Wire:
    """The writer of a connection, as far as a lane uses one."""

    writes: list[bytes] = field(default_factory=list)
    unread_bytes: int = 0

    @property
    def transport(self) -> Wire:
        return self

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def write(self, written: bytes) -> None:
        self.writes.append(written)


@dataclass(frozen=True, slots=True)
class Published:
    """One publish, as a broker reads it."""

    method: Basic.Publish
    header: ContentHeader
    body: bytes

    @property
    def properties(self) -> bytes:
        """The content header's payload."""
        return frame.marshal(self.header, CHANNEL)[7:-1]


class Headers(dict[str, object]):
    """Whose end can be seen."""


class Unspeakable(int):
    def bit_length(self) -> int:
        raise RecursionError

    def __lt__(self, other: object) -> bool:
        raise RecursionError

    __le__ = __gt__ = __ge__ = __lt__


class World:
    def __init__(self, window: int = 200) -> None:
        self.wire = Wire()
        self.took_s: list[float] = []
        self.lane = PublishLane(
            CHANNEL,
            cast(asyncio.StreamWriter, self.wire),
            window=window,
            frame_max_bytes=FRAME_MAX_BYTES,
            on_confirm=self.took_s.append,
        )

    async def published(self, count: int) -> list[asyncio.Future[Answer]]:
        """So many are asked for at once, and the loop has had its turn."""
        awaited = [self.lane.published(message(number)) for number in range(count)]
        await asyncio.sleep(0)
        return awaited

    @property
    def written(self) -> list[Published]:
        return read(b"".join(self.wire.writes))


def message(number: int = 0, **given: Any) -> Outgoing:
    return Outgoing(
        **{"exchange": IN, "routing_key": "ping", "body": b"%d" % number, "headers": {"x-msg-id": "é"}, **given}
    )


def read(data: bytes) -> list[Published]:
    found = list[Published]()
    while data:
        taken, channel, part = frame.unmarshal(data)
        assert channel == CHANNEL
        data = data[taken:]
        if isinstance(part, Basic.Publish):
            method = part
        elif isinstance(part, ContentHeader):
            found.append(Published(method, part, b""))
        elif isinstance(part, ContentBody):
            found[-1] = Published(method, found[-1].header, found[-1].body + part.value)
    return found


def answers(awaited: Sequence[asyncio.Future[Answer]]) -> list[Answer | None]:
    return [each.result() if each.done() else None for each in awaited]


async def test_what_is_published_at_the_same_time_is_one_write() -> None:
    world = World()
    await world.published(50)
    assert len(world.wire.writes) == 1
    assert [each.body for each in world.written] == [b"%d" % number for number in range(50)]


async def test_every_publish_is_persistent_mandatory_and_has_an_id_of_its_own() -> None:
    """Returns are told apart by the id: two of one logical id may be under way."""
    world = World()
    await world.published(3)
    for each in world.written:
        properties = each.header.properties
        assert (each.method.exchange, each.method.routing_key, each.method.mandatory) == (IN, "ping", True)
        assert (properties.delivery_mode, properties.headers) == (2, {"x-msg-id": "é"})
        assert properties.content_type == "application/cloudevents+json"
    assert len({each.header.properties.message_id for each in world.written}) == 3


@pytest.mark.parametrize("size", [0, 1, FRAME_MAX_BYTES - 8, FRAME_MAX_BYTES - 7, 3 * FRAME_MAX_BYTES])
async def test_a_body_is_cut_into_frames_that_the_broker_takes(size: int) -> None:
    world, body = World(), bytes(size)
    world.lane.published(message(body=body))
    await asyncio.sleep(0)
    [written] = world.wire.writes
    assert [(each.body, each.header.body_size) for each in read(written)] == [(body, size)]
    at = 0
    while at < len(written):
        (payload_bytes,) = struct.unpack_from(">I", written, at + 3)
        assert payload_bytes + 8 <= FRAME_MAX_BYTES
        at += payload_bytes + 8


async def test_one_confirm_may_be_of_many_and_those_after_it_wait_on() -> None:
    world = World()
    awaited = await world.published(5)
    world.lane.confirmed(2, multiple=False)
    world.lane.confirmed(4, multiple=True)
    assert answers(awaited) == [CONFIRMED, CONFIRMED, CONFIRMED, CONFIRMED, None]
    assert len(world.took_s) == 4


async def test_what_is_refused_is_told_so() -> None:
    world = World()
    awaited = await world.published(4)
    world.lane.refused(2, multiple=False)
    world.lane.confirmed(1, multiple=False)
    world.lane.refused(4, multiple=True)
    assert answers(awaited) == [CONFIRMED, REFUSED, REFUSED, REFUSED]


async def test_what_comes_back_is_returned_although_it_is_confirmed_afterwards() -> None:
    world = World()
    awaited = await world.published(3)
    world.lane.returned(0, world.written[1].properties, b"1")
    world.lane.confirmed(3, multiple=True)
    assert answers(awaited) == [CONFIRMED, RETURNED, CONFIRMED]


async def test_what_somebody_else_published_is_returned_to_nobody_here() -> None:
    world = World()
    awaited = await world.published(1)
    strange = ContentHeader(0, 0, Basic.Properties(message_id="0" * 32))
    for header in (strange, ContentHeader(0, 0, Basic.Properties())):
        world.lane.returned(0, frame.marshal(header, CHANNEL)[7:-1], b"")
    world.lane.confirmed(9, multiple=False)
    assert answers(awaited) == [None]


async def test_no_more_than_the_window_is_in_flight_and_the_rest_follows() -> None:
    world = World(window=8)
    awaited = await world.published(20)
    assert len(world.written) == 8
    for tag in range(8, 21, 4):
        world.lane.confirmed(tag, multiple=True)
        await asyncio.sleep(0)
        assert len(world.written) - sum(each.done() for each in awaited) <= 8
    assert answers(awaited) == [CONFIRMED] * 20


async def test_where_more_waits_a_share_of_the_window_is_written_at_once() -> None:
    world = World(window=8)
    await world.published(20)
    world.lane.confirmed(1, multiple=False)
    await asyncio.sleep(0)
    assert len(world.wire.writes) == 1
    world.lane.confirmed(2, multiple=False)
    await asyncio.sleep(0)
    assert [len(read(each)) for each in world.wire.writes] == [8, 2]


async def test_what_nobody_waits_for_any_more_is_not_written_and_takes_no_room() -> None:
    """A queue without a majority of its nodes says nothing for days: others are published all the same."""
    world = World(window=4)
    silent, waiting = await world.published(4), await world.published(3)
    for each in (*silent, waiting[0]):
        each.cancel()
    later = await world.published(1)
    assert [each.body for each in world.written[4:]] == [b"1", b"2", b"0"]
    world.lane.confirmed(4, multiple=True)  # at last: for nobody
    world.lane.confirmed(7, multiple=True)
    assert answers([*waiting[1:], *later]) == [CONFIRMED] * 3


async def test_what_was_given_up_below_a_full_window_holds_up_nobody() -> None:
    world = World()
    for each in await world.published(160):
        each.cancel()
    later = await world.published(100)
    while len(world.written) < 260:
        await asyncio.sleep(0)  # it looks again by itself
    world.lane.confirmed(260, multiple=True)
    assert answers(later) == [CONFIRMED] * 100


async def test_what_was_given_up_while_the_broker_reads_nothing_is_not_kept() -> None:
    world = World()
    world.wire.unread_bytes = MOST_UNREAD_BYTES
    headers = Headers()
    gone = weakref.ref(headers)
    awaited = world.lane.published(message(headers=headers))
    del headers
    await asyncio.sleep(0)
    awaited.cancel()
    while gone() is not None:
        await asyncio.sleep(0)
    assert world.wire.writes == []


@pytest.mark.parametrize("headers", [{"x": datetime(1, 1, 1, tzinfo=UTC)}, {"x": Unspeakable()}])
async def test_an_error_of_any_kind_shifts_no_confirm(headers: Mapping[str, object]) -> None:
    """What has a tag is written: another's confirm would be taken for its own."""
    world = World()
    first, bad, last = (world.lane.published(each) for each in (message(1), message(headers=headers), message(2)))
    await asyncio.sleep(0)
    assert [each.body for each in world.written] == [b"1", b"2"]
    assert bad.exception() is not None
    world.lane.confirmed(2, multiple=True)
    assert answers([first, last]) == [CONFIRMED, CONFIRMED]


async def test_who_waits_for_a_time_is_told_that_nothing_was_heard_and_others_wait_on() -> None:
    """Of a queue without a majority, or of what the broker does not read: it may have arrived or not."""
    world = World(window=4)
    late = [world.lane.published(message(number), within_s=0.01) for number in range(5)]
    patient = world.lane.published(message(5), within_s=3600)
    assert await asyncio.wait_for(asyncio.gather(*late), LONGEST_S) == [SILENT] * 5
    while len(world.written) < 5:
        await asyncio.sleep(0)  # the room of those nobody waits for is taken by who still does
    world.lane.confirmed(5, multiple=True)
    assert answers([*late, patient]) == [SILENT] * 5 + [CONFIRMED]
    assert len(world.took_s) == 1
    assert [each.body for each in world.written] == [b"0", b"1", b"2", b"3", b"5"]


async def test_of_what_is_confirmed_in_time_nothing_is_told_later() -> None:
    world = World()
    awaited = world.lane.published(message(), within_s=0.01)
    endless = world.lane.published(message(1))
    await asyncio.sleep(0)
    world.lane.confirmed(1, multiple=False)
    late = world.lane.published(message(2), within_s=0.01)
    assert await asyncio.wait_for(late, LONGEST_S) is SILENT
    assert answers([awaited, endless]) == [CONFIRMED, None]


async def test_what_the_broker_does_not_read_is_not_written_ahead() -> None:
    world = World()
    world.wire.unread_bytes = MOST_UNREAD_BYTES
    [awaited] = await world.published(1)
    assert world.wire.writes == []
    world.wire.unread_bytes = 0
    while not world.wire.writes:
        await asyncio.sleep(0)  # it looks again by itself
    world.lane.confirmed(1, multiple=False)
    assert answers([awaited]) == [CONFIRMED]


async def test_large_bodies_are_written_a_few_at_a_time() -> None:
    world = World()
    for _ in range(8):
        world.lane.published(message(body=bytes(MOST_UNREAD_BYTES // 2)))
    await asyncio.sleep(0)
    assert len(world.written) == 2


async def test_with_the_channel_all_that_was_not_answered_is_lost() -> None:
    world = World(window=2)
    awaited = await world.published(3)
    world.lane.confirmed(1, multiple=False)
    world.lane.close()
    awaited += await world.published(1)
    assert answers(awaited) == [CONFIRMED, LOST, LOST, LOST]
    assert len(world.written) == 2


@pytest.mark.parametrize(
    "given", [{"routing_key": "k" * 256}, {"headers": {"x": object()}}, {"headers": {"n" * 300: object()}}]
)
async def test_what_amqp_cannot_carry_fails_alone(given: Mapping[str, object]) -> None:
    world = World()
    bad, good = world.lane.published(message(**given)), world.lane.published(message())
    await asyncio.sleep(0)
    world.lane.confirmed(1, multiple=False)
    with pytest.raises((TypeError, ValueError)):
        await bad
    assert await good is CONFIRMED
