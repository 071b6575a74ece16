"""Publishes on one channel, and hears what became of each.

aiormq takes a lock, a queue, two tasks and two hundred microseconds for a publish. Here all that is published within
one turn of the event loop is one write, and one confirm of a hundred wakes a hundred.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from itertools import takewhile
from typing import TypeAlias

from pamqp.header import ContentHeader

from workers.outgoing import Outgoing
from workers.publish_frames import ID_BYTES, frames

#: More than this is not written ahead of what the broker reads: it takes nothing while its memory or disk runs short.
MOST_UNREAD_BYTES = 256 * 1024
_LOOK_AGAIN_S = 0.01  #: whether there is room, where no confirm says so
_LATE_S = 0.1  #: so much later than it was to be, at most, somebody is told that nothing was heard
_SHARE = 4  #: of the window: so much is written at once where more waits; a few at a time cost the broker twice as much
_TAG_DIGITS = 16  #: of a message_id; by them a returned message names the publish
_NAME_DIGITS = ID_BYTES - _TAG_DIGITS


class Answer(StrEnum):
    CONFIRMED = "confirmed"
    RETURNED = "returned"  #: no queue is bound for it
    REFUSED = "refused"  #: its queue is full, or without a majority
    LOST = "lost"  #: the channel ended before: it may have arrived or not
    SILENT = "silent"  #: nothing was heard in time: it may have arrived or not


Awaited: TypeAlias = asyncio.Future[Answer]


class PublishLane:
    """What is asked for beyond the window waits in line; what nobody waits for any more is not written.

    It is the `workers.delivery_stream.Answered` of its channel, which has publisher confirms on and no other publisher.
    """

    def __init__(
        self,
        channel: int,
        writer: asyncio.StreamWriter,
        *,
        window: int,
        frame_max_bytes: int,
        on_confirm: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`on_confirm` is told the seconds that each confirm took."""
        self._channel = channel
        self._writer = writer
        self._window = window
        self._frame_max_bytes = frame_max_bytes
        self._on_confirm = on_confirm
        self._name = uuid.uuid4().hex[:_NAME_DIGITS].encode()
        self._tag = 0
        self._waiting: deque[tuple[Awaited, float, Outgoing]] = deque()  #: with the time until which it is awaited
        self._written: dict[int, tuple[Awaited, float, float]] = {}  #: the same, and when it was, in the order of tags
        self._loop = asyncio.get_running_loop()
        self._is_due = False
        self._later: asyncio.TimerHandle | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._is_closed = False

    def published(self, message: Outgoing, within_s: float = math.inf) -> Awaited:
        """What the broker will say of it. Who stops waiting cancels it: it may have arrived by then.

        One clock is for all that are under way: a timer for each costs as much as the publish.
        """
        awaited: Awaited = self._loop.create_future()
        if self._is_closed:
            awaited.set_result(Answer.LOST)
            return awaited
        self._waiting.append((awaited, time.monotonic() + within_s, message))
        self._soon()
        if self._clock is None and within_s < math.inf:
            self._clock = self._loop.call_later(_LATE_S, self._end_waiting)
        return awaited

    def close(self) -> None:
        """The channel is gone: what it did not answer is lost, as far as anybody knows."""
        self._is_closed = True
        for timer in (self._later, self._clock):
            if timer is not None:
                timer.cancel()
        for awaited, *_ in [*self._written.values(), *self._waiting]:
            _tell(awaited, Answer.LOST)
        self._written.clear()
        self._waiting.clear()

    def confirmed(self, tag: int, *, multiple: bool) -> None:
        now_s = time.monotonic()
        for awaited, _, at_s in self._answered(tag, multiple=multiple):
            self._on_confirm(now_s - at_s)
            _tell(awaited, Answer.CONFIRMED)

    def refused(self, tag: int, *, multiple: bool) -> None:
        for awaited, *_ in self._answered(tag, multiple=multiple):
            _tell(awaited, Answer.REFUSED)

    def returned(self, tag: int, properties: bytes, body: bytes) -> None:
        if written := self._written.get(_tag_in(properties, self._name)):
            _tell(written[0], Answer.RETURNED)

    def _answered(self, tag: int, *, multiple: bool) -> list[tuple[Awaited, float, float]]:
        tags = takewhile(lambda each: each <= tag, self._written) if multiple else (tag,)
        found = [self._written.pop(each) for each in list(tags) if each in self._written]
        if self._waiting:
            self._soon()
        return found

    def _soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._is_due = False
        room, parts = self._room(), list[bytes]()
        unread_bytes = self._writer.transport.get_write_buffer_size()
        try:
            while self._waiting and room > 0 and unread_bytes < MOST_UNREAD_BYTES:
                awaited, until_s, message = self._waiting.popleft()
                if not awaited.done():
                    room -= 1
                    unread_bytes += len(message.body)
                    parts += self._begun(awaited, until_s, message)
        finally:
            if parts:  # whatever happens: the broker counts what it gets, and what has a tag is to have the same there
                self._writer.write(b"".join(parts))
        if self._waiting and self._later is None and not self._is_closed:
            self._later = self._loop.call_later(_LOOK_AGAIN_S, self._looked)

    def _looked(self) -> None:
        self._later = None
        self._drop_unwanted()
        self._soon()

    def _end_waiting(self) -> None:
        """Tell those whose time is over, and look again as long as any is awaited for a time."""
        now_s, limits_s = time.monotonic(), [math.inf]
        for awaited, until_s, _ in [*self._written.values(), *self._waiting]:
            if until_s <= now_s:
                _tell(awaited, Answer.SILENT)
            else:
                limits_s.append(until_s)
        is_over = min(limits_s) == math.inf
        self._clock = None if is_over else self._loop.call_later(_LATE_S, self._end_waiting)

    def _drop_unwanted(self) -> None:
        """What nobody waits for holds neither room nor its body, however long the broker says, or reads, nothing."""
        self._drop_unwanted_tags()
        self._waiting = deque(each for each in self._waiting if not each[0].done())

    def _drop_unwanted_tags(self) -> None:
        self._written = {tag: each for tag, each in self._written.items() if not each[0].done()}

    def _begun(self, awaited: Awaited, until_s: float, message: Outgoing) -> list[bytes]:
        """Its frames; none, and the reason told, where it can't be put into any."""
        try:
            found = frames(message, self._name + b"%016x" % (self._tag + 1), self._channel, self._frame_max_bytes)
        except Exception as error:  # noqa: BLE001 - whatever cannot be encoded is a matter of this message alone
            awaited.set_exception(error)
            return []
        self._tag += 1
        self._written[self._tag] = (awaited, until_s, time.monotonic())
        return found

    def _room(self) -> int:
        """How many may be written now. What nobody waits for is no hindrance: a queue without a majority is silent."""
        if len(self._written) >= self._window:
            self._drop_unwanted_tags()
        room = self._window - len(self._written)
        return room if room >= min(len(self._waiting), self._window // _SHARE) else 0


def _tell(awaited: Awaited, answer: Answer) -> None:
    if not awaited.done():
        awaited.set_result(answer)


def _tag_in(properties: bytes, name: bytes) -> int:
    """The publish that a returned message was, by its message_id; 0: none of ours."""
    header = ContentHeader()
    header.unmarshal(properties)
    message_id = (header.properties.message_id or "").encode()
    return int(message_id[_NAME_DIGITS:], 16) if message_id.startswith(name) else 0
