"""A settlement on fakes, with everything that it wrote at hand."""

import asyncio
from dataclasses import dataclass, field, replace

from tests.waiting import LONGEST_S
from tests.workers.fake_channel import FakeChannel, MemoryPublisher
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import AT, Ping, Remembers
from workers.circuit import Circuit
from workers.follow_ups import FollowUps
from workers.handler_clock import HandlerClock
from workers.inbox import Inbox
from workers.metrics import Metrics
from workers.part import Runner
from workers.retry import InPlace, RetryPolicy
from workers.settlement import Settlement
from workers.windowed import Window, WindowedWorker
from workers.worker import Worker

#: Gives up on what is away, and soon.
QUICK = RetryPolicy(in_place_s=0.02, pause_min_s=0.0001, pause_max_s=0.001)
#: Holds out until it is back, however long a busy machine takes for a few tries.
PATIENT = replace(QUICK, in_place_s=3600)


@dataclass
class FakeProcess:
    """`work` runs a worker until everything that was delivered is settled, or the deliveries are stale."""

    policy: RetryPolicy = QUICK
    channel: FakeChannel = field(default_factory=FakeChannel)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    parking: MemoryParking = field(default_factory=MemoryParking)
    metrics: Metrics = field(default_factory=Metrics)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    inbox: Inbox = field(default_factory=Inbox)
    circuit: Circuit = field(default_factory=lambda: Circuit("ping"))
    clock: HandlerClock = field(default_factory=HandlerClock)

    @property
    def in_place(self) -> InPlace:
        return InPlace(self.policy, self.stopping)

    @property
    def settlement(self) -> Settlement:
        return Settlement(
            self.publisher, self.parking, self.policy, self.in_place, self.metrics, worker="host:1", now=lambda: AT
        )

    @property
    def follow_ups(self) -> FollowUps:
        return FollowUps(self.publisher, now=lambda: AT)

    def single(self, handler: Remembers, concurrency: int = 4) -> Worker[Ping]:
        return Worker(
            "ping", Ping, handler.one, self.settlement, self.follow_ups, self.in_place, self.circuit, self.clock,
            concurrency,
        )  # fmt: skip

    def windowed(self, handler: Remembers, size: int = 50, wait_s: float = 0.01) -> WindowedWorker[Ping]:
        return WindowedWorker(
            "ping", Ping, handler.window, self.settlement, self.follow_ups, self.in_place, self.circuit, self.clock,
            Window(size, wait_s),
        )  # fmt: skip

    def deliver(self, *bodies: bytes) -> None:
        for body in bodies:
            self.inbox.put(self.channel.deliver(body))

    async def work(self, runner: Runner) -> None:
        running = asyncio.create_task(runner.run(self.inbox))
        async with asyncio.timeout(LONGEST_S):
            while self.channel.unacked and self.channel.generation.alive and not running.done():
                await asyncio.sleep(0)
        self.inbox.close()
        await asyncio.wait_for(running, LONGEST_S)
