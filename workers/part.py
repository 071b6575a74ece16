"""What a worker process is made of."""

from dataclasses import dataclass
from typing import Protocol

from workers.consumer import Consumer
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
    """A runner with the consumer that feeds it."""

    consumer: Consumer
    runner: Runner

    @property
    def name(self) -> str:
        return self.runner.queue

    @property
    def is_ready(self) -> bool:
        return self.consumer.is_consuming

    async def run(self) -> None:
        self.consumer.start()
        try:
            await self.runner.run(self.consumer.inbox)
        finally:
            await self.consumer.stop()

    async def stop(self) -> None:
        await self.consumer.stop_taking()
