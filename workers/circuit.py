"""Whether a queue's messages may be taken: not while a server that their handling needs is away."""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

import structlog

from workers.supervisor import Backoff

log = structlog.get_logger()

#: The first rest is short: it may have been one message's own trouble, and its neighbours should not wait for that.
RESTS = Backoff(min_s=1.0, max_s=60.0)


class CircuitState(StrEnum):
    CLOSED = "closed"  #: messages are taken
    OPEN = "open"  #: none is
    PROBING = "probing"  #: one at a time, until one is handled


NEXT: dict[CircuitState, frozenset[CircuitState]] = {
    CircuitState.CLOSED: frozenset({CircuitState.OPEN}),
    CircuitState.OPEN: frozenset({CircuitState.PROBING}),
    CircuitState.PROBING: frozenset({CircuitState.OPEN, CircuitState.CLOSED}),
}


class Circuit:
    """Opens when a server stayed away for as long as messages are held in hand, closes when one is handled again.

    A message taken and given back in vain counts as delivered (RabbitMQ before 4.3): a queue that went round and
    round during an outage would end among the dead letters. So while it is open nothing is taken, and a probe takes
    one message, with rests between probes that double.
    """

    def __init__(
        self, queue: str, rests: Backoff = RESTS, on_change: Callable[[CircuitState], None] = lambda state: None
    ) -> None:
        self.queue = queue
        self.state = CircuitState.CLOSED
        self.why = ""
        self._rests = rests
        self._on_change = on_change
        self._failures = 0
        self._rest_ends = 0.0
        self._changed = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        return self.state is CircuitState.CLOSED

    def failed(self, why: str) -> None:
        """A message could not be handled, because a server is away."""
        if self.state is CircuitState.OPEN:
            return
        rest_s = self._rests.delay_s(self._failures)
        self._failures += 1
        self._rest_ends = time.monotonic() + rest_s
        self.why = why
        self._move(CircuitState.OPEN)
        log.warning("circuit_open", queue=self.queue, why=why, probe_in_s=round(rest_s, 1))

    def succeeded(self) -> None:
        """A message was handled. What was begun before the circuit opened proves nothing."""
        if self.state is not CircuitState.PROBING:
            return
        self._failures = 0
        self._move(CircuitState.CLOSED)
        log.info("circuit_closed", queue=self.queue)

    async def may_take(self) -> CircuitState:
        """Return when messages may be taken: all at once, or for a probe after the rest; says which."""
        if self.state is CircuitState.OPEN:
            await asyncio.sleep(self._rest_ends - time.monotonic())
            self._move(CircuitState.PROBING)
        return self.state

    async def other_than(self, state: CircuitState) -> CircuitState:
        """The state that it is in once it is another."""
        while self.state is state:
            await self._changed.wait()
        return self.state

    def _move(self, to: CircuitState) -> None:
        assert to in NEXT[self.state], f"{self.queue}: {self.state} -> {to}"
        self.state = to
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change(to)
