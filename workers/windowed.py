"""Consumes messages a window at a time: one handler call, one acknowledgement."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from domain.errors import Unavailable
from messages.base import Message
from workers.circuit import Circuit
from workers.delivery import Delivery
from workers.follow_ups import FollowUps
from workers.handler_clock import HandlerClock
from workers.inbox import Inbox
from workers.retry import InPlace
from workers.settlement import Received, Settlement, Unsettled, in_words

log = structlog.get_logger()

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Window:
    """Closes at `max_messages`, or `max_wait_s` after its first message."""

    max_messages: int = 200
    max_wait_s: float = 0.05


async def collect(inbox: Inbox, window: Window) -> list[Delivery]:
    """The next window, in order of arrival; empty when the inbox was closed."""
    first = await inbox.get()
    if first is None:
        return []
    found = [first]
    try:
        async with asyncio.timeout(window.max_wait_s):
            while len(found) < window.max_messages:
                following = inbox.get_nowait() or await inbox.get()
                if following is None:
                    break
                found.append(following)
    except TimeoutError:
        pass
    # A channel that died meanwhile took its deliveries along.
    return [delivery for delivery in found if delivery.generation.alive]


@dataclass(frozen=True, slots=True)
class WindowedWorker(Generic[M]):
    """Runs one handler over one queue, one window at a time; on a channel of its own, see `done_through`."""

    queue: str
    message: type[M]
    handle: Callable[[Sequence[M]], Awaitable[Sequence[Message]]]
    settlement: Settlement
    follow_ups: FollowUps
    in_place: InPlace
    circuit: Circuit
    clock: HandlerClock
    window: Window = Window()

    @property
    def prefetch(self) -> int:
        return 2 * self.window.max_messages  # one window in hand, the next one arriving

    async def run(self, inbox: Inbox) -> None:
        """Return when the inbox is closed and the window in hand is settled."""
        while not inbox.is_closed:
            deliveries = await collect(inbox, self.window)
            try:
                await self._process(deliveries)
            except Unsettled as left:
                log.warning("window_left", queue=self.queue, why=str(left))
                # The next window's acknowledgement would settle what was left here: this channel is over.
                deliveries[0].generation.end("a delivery was left unsettled")

    async def _process(self, deliveries: Sequence[Delivery]) -> None:
        """Bad bodies go first, one by one: the last of the window must be unsettled when all are acknowledged."""
        parsed = [await self.settlement.parse(delivery, self.message) for delivery in deliveries]
        if window := [received for received in parsed if received is not None]:
            self.settlement.metrics.window_messages.labels(self.queue).observe(len(window))
            await self._settle(window)

    async def _settle(self, window: Sequence[Received[M]], parts: int = 1) -> None:
        """Handle all or, if that fails, each half: one bad message holds back no other, and uses up nobody's tries.

        Where a server is away halving finds nobody guilty: the window is failed as a whole. `Unsettled` ends it:
        acknowledging the later half would acknowledge the delivery that was left.
        """
        try:
            with self.settlement.metrics.handler_seconds.labels(self.queue).time():
                await self.in_place.for_a_while(lambda: self._handle(window, parts))
        except Exception as error:  # noqa: BLE001 - settled, never swallowed
            if isinstance(error, Unavailable):
                self.circuit.failed(in_words(error))
            if len(window) == 1 or isinstance(error, Unavailable):
                await self._fail(window, error)
                return
        else:
            self.circuit.succeeded()
            await self.settlement.done_through([received.delivery for received in window])
            return
        middle = len(window) // 2
        await self._settle(window[:middle], 2 * parts)
        await self._settle(window[middle:], 2 * parts)

    async def _handle(self, window: Sequence[Received[M]], parts: int) -> None:
        """The `parts`-th part of a window has that part of its time: with a stuck handler, all halves end in time."""
        async with self.clock.running(parts):
            follow_ups = await self.handle([received.message for received in window])
            await self.follow_ups.publish(follow_ups, [received.envelope for received in window])

    async def _fail(self, window: Sequence[Received[M]], error: Exception) -> None:
        for received in window:
            await self.settlement.fail(received.delivery, error)
