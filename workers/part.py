"""What a worker process is made of."""

from dataclasses import dataclass
from typing import Protocol

from workers.circuit import Circuit, CircuitState
from workers.consumer import Consumer
from workers.handler_clock import HandlerClock
from workers.inbox import Inbox


class Part(Protocol):
    """Something that runs as long as the process does."""

    @property
    def name(self) -> str: ...

    @property
    def is_ready(self) -> bool: ...

    async def run(self) -> None:
        """Work; return once `stop` was called and what was in hand is finished."""

    async def stop(self) -> None:
        """Begin nothing more."""


class Runner(Protocol):
    """Works off an inbox: `Worker`, `WindowedWorker`, `Parker`."""

    @property
    def queue(self) -> str: ...

    @property
    def prefetch(self) -> int: ...

    async def run(self, inbox: Inbox) -> None: ...


@dataclass(frozen=True, slots=True)
class Consuming:
    """A runner with the consumer that feeds it, and what tells how it fares."""

    consumer: Consumer
    runner: Runner
    circuit: Circuit
    clock: HandlerClock

    @property
    def name(self) -> str:
        return self.runner.queue

    @property
    def is_ready(self) -> bool:
        """A queue that rests is told of by `trouble`: it knows more."""
        return self.consumer.is_consuming or not self.circuit.is_closed

    def trouble(self) -> list[str]:
        """Why nothing is taken although we are connected, and what will not come to an end."""
        found = []
        if self._rests():
            found.append(f"{self.name} rests: {self.circuit.why}")
        if self.clock.is_stuck:
            found.append(f"{self.name} is stuck: a handler has been at work for {self.clock.longest_s:.0f} s")
        return found

    def _rests(self) -> bool:
        """A probe that finds the queue empty leaves the circuit open, and nothing waits for it."""
        waits_for_a_probe = self.circuit.state is CircuitState.PROBING and self.consumer.is_consuming
        return not self.circuit.is_closed and (not waits_for_a_probe or bool(self.consumer.unsettled))

    async def run(self) -> None:
        self.consumer.start()
        try:
            await self.runner.run(self.consumer.inbox)
        finally:
            await self.consumer.stop()

    async def stop(self) -> None:
        await self.consumer.stop_taking()
