"""Handlers that never come to an end."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from messages.base import Message
from tests.waiting import LONGEST_S
from tests.workers.fake_process import FakeProcess
from tests.workers.ping import Ping, Remembers, ping_body
from workers.handler_clock import HandlerClock, TookTooLong
from workers.outgoing import ATTEMPT, ERROR

SHORT_S = 0.02


@dataclass
class StuckAt(Remembers):
    """Never ends with the ping of that number."""

    number: int = 3
    cut_off: list[int] = field(default_factory=list)

    async def one(self, ping: Ping) -> Sequence[Message]:
        return await self.window([ping])

    async def window(self, pings: Sequence[Ping]) -> Sequence[Message]:
        if any(ping.number == self.number for ping in pings):
            try:
                await asyncio.Event().wait()
            finally:
                self.cut_off.append(len(pings))
        self.numbers += [ping.number for ping in pings]
        return ()


async def test_a_handler_that_never_ends_is_cut_off_and_its_message_tried_again_later() -> None:
    process, handler = FakeProcess(clock=HandlerClock(SHORT_S)), StuckAt()
    process.deliver(*map(ping_body, range(6)))
    await process.work(process.single(handler, concurrency=2))
    (waiting,) = process.publisher.to("ping.wait.5s")
    assert waiting.headers[ATTEMPT] == 1
    assert waiting.headers[ERROR] == "it did not end within 0.02 s and was cut off"
    assert sorted(handler.numbers) == [0, 1, 2, 4, 5]


async def test_in_a_window_the_guilty_is_found_in_twice_the_time() -> None:
    process, handler = FakeProcess(clock=HandlerClock(0.2)), StuckAt()
    process.deliver(*map(ping_body, range(8)))
    await process.work(process.windowed(handler))
    assert handler.cut_off == [8, 4, 2, 1]
    (waiting,) = process.publisher.to("ping.wait.5s")
    assert waiting.headers[ERROR] == "it did not end within 0.025 s and was cut off", "an eighth of 0.2 s"
    assert sorted(handler.numbers) == [0, 1, 2, 4, 5, 6, 7]


async def test_a_known_outcome_that_waits_to_be_stored_is_not_cut_off() -> None:
    """Its email is sent: cut off, it would be in doubt."""
    looks = iter([True, True, True])
    clock = HandlerClock(0.001, excused=lambda: next(looks, False))
    with pytest.raises(TookTooLong):
        async with clock.running():
            await asyncio.Event().wait()
    assert next(looks, None) is None, "it was asked until it was excused no more"


async def test_without_a_limit_nothing_is_cut_off() -> None:
    clock = HandlerClock(math.inf)
    async with clock.running():
        await asyncio.sleep(0)
        assert clock.longest_s > 0
        assert not clock.is_stuck
    assert clock.longest_s == 0


async def test_a_time_out_of_the_handlers_own_is_an_error_like_any_other() -> None:
    with pytest.raises(TimeoutError, match="theirs"):
        async with HandlerClock(60).running():
            raise TimeoutError("theirs")


async def test_a_handler_that_goes_on_after_it_was_cut_off_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.handler_clock.LAST_WORDS_S", 0)
    clock, let_go = HandlerClock(0.001), asyncio.Event()

    async def deaf() -> None:
        with suppress(TookTooLong):
            async with clock.running():
                while not let_go.is_set():
                    with suppress(asyncio.CancelledError):
                        await let_go.wait()

    running = asyncio.create_task(deaf())
    async with asyncio.timeout(LONGEST_S):
        while not clock.is_stuck:
            await asyncio.sleep(0)
    let_go.set()
    await asyncio.wait_for(running, LONGEST_S)
    assert not clock.is_stuck
