"""What all workers of a process share, put together once."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from messages.base import Message
from messages.envelope import SOURCE
from workers.circuit import RESTS, Circuit, CircuitState
from workers.consumer import RENEW_S, WATCH_S, Consumer
from workers.delivery import Early
from workers.follow_ups import FollowUps
from workers.handler_clock import LIMIT_S, HandlerClock
from workers.incoming import Incoming
from workers.link import AmqpOptions, Link, link
from workers.metrics import Metrics
from workers.parker import Parker
from workers.part import Consuming, Runner
from workers.periodic import Periodic
from workers.publisher import DEADLINE_S, IN_FLIGHT, Publisher
from workers.retry import InPlace, RetryPolicy
from workers.settlement import Parking, Settlement, read_early
from workers.supervisor import Backoff
from workers.trail import NO_TRAIL, Trail
from workers.windowed import Window, WindowedWorker
from workers.worker import Worker

M = TypeVar("M", bound=Message)


def _host_and_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    amqp: AmqpOptions
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    source: str = SOURCE
    worker: str = field(default_factory=_host_and_process)
    in_flight: int = IN_FLIGHT  #: publishes that wait for their confirm
    publish_deadline_s: float = DEADLINE_S
    watch_s: float = WATCH_S  #: how often each consumer asks the broker whether it still is one
    renew_s: float = RENEW_S  #: silence after which it subscribes anew
    rests: Backoff = RESTS  #: between looks for a server that is away
    time_limit_s: float = LIMIT_S  #: for the handling of one message, or window


class Runtime:
    """Two connections: RabbitMQ stops reading one that publishes too fast, and acknowledgements must get through."""

    def __init__(self, options: RuntimeOptions, parking: Parking, trail: Trail = NO_TRAIL) -> None:
        self._trail = trail
        self.metrics = Metrics()
        self.stopping = asyncio.Event()
        self.in_place = InPlace(options.retry, self.stopping)
        self._options = options
        self._consumers: list[Consuming] = []
        self._consuming = self._link("consuming")
        self._publishing = self._link("publishing")
        self.publisher = Publisher(
            self._publishing,
            in_flight=options.in_flight,
            deadline_s=options.publish_deadline_s,
            backoff=options.amqp.backoff,
            on_confirm=self.metrics.confirm_seconds.observe,
            on_unheard=lambda message_type: self.metrics.unheard.labels(message_type).inc(),
        )
        self.settlement = Settlement(
            publisher=self.publisher,
            parking=parking,
            policy=options.retry,
            in_place=self.in_place,
            metrics=self.metrics,
            worker=options.worker,
        )
        self.follow_ups = FollowUps(self.publisher, options.source)

    def single(
        self,
        message: type[M],
        handle: Callable[[M], Awaitable[Sequence[Message]]],
        *,
        concurrency: int = 8,
        queue: str | None = None,
        time_limit_s: float | None = None,
    ) -> Consuming:
        """Runs `handle` on each message of `queue` (the message's own, unless it is another lane).

        `time_limit_s`: infinity for handlers that bound each of their steps themselves.
        """
        name = queue or message.queue
        circuit, clock = self._circuit(name), self._clock(name, time_limit_s)
        return self._fed(
            Worker(
                queue=name,
                message=message,
                handle=handle,
                settlement=self.settlement,
                follow_ups=self.follow_ups,
                in_place=self.in_place,
                circuit=circuit,
                clock=clock,
                concurrency=concurrency,
                trail=self._trail,
            ),
            circuit,
            clock,
        )

    def windowed(
        self,
        message: type[M],
        handle: Callable[[Sequence[M]], Awaitable[Sequence[Message]]],
        *,
        window: Window,
        queue: str | None = None,
    ) -> Consuming:
        """Runs `handle` on windows of the messages of `queue`."""
        name = queue or message.queue
        circuit, clock = self._circuit(name), self._clock(name)
        return self._fed(
            WindowedWorker(
                queue=name,
                message=message,
                handle=handle,
                settlement=self.settlement,
                follow_ups=self.follow_ups,
                in_place=self.in_place,
                circuit=circuit,
                clock=clock,
                window=window,
            ),
            circuit,
            clock,
            lambda incoming: read_early(incoming, message),
        )

    def parker(self, work_queue: str) -> Consuming:
        """Parks what comes to the dead-letter queue of `work_queue`."""
        parker = Parker(work_queue, self.settlement)
        return self._fed(parker, self._circuit(parker.queue), self._clock(parker.queue))

    def periodic(self, name: str, job: Callable[[], Awaitable[Sequence[Message]]], tick_s: float) -> Periodic:
        """Runs `job` every `tick_s` and publishes what it returns."""
        return Periodic(name, job, self.publisher, tick_s)

    def start(self) -> None:
        self._publishing.start()
        self._consuming.start()
        self.publisher.start()

    async def stop(self) -> None:
        await self.publisher.stop()
        await self._consuming.stop()
        await self._publishing.stop()

    def not_ready(self) -> list[str]:
        """What is missing before work can be done, for /ready."""
        parts = (("consuming connection", self._consuming), ("publishing channel", self.publisher))
        down = [f"{name} is down" for name, part in parts if not part.is_up]
        return [*down, *(trouble for consuming in self._consumers for trouble in consuming.trouble())]

    def _circuit(self, queue: str) -> Circuit:
        gauge = self.metrics.circuit_open.labels(queue)

        def changed(state: CircuitState) -> None:
            gauge.set(state is not CircuitState.CLOSED or not all(each.circuit.is_closed for each in self._of(queue)))

        return Circuit(queue, self._options.rests, changed)

    def _clock(self, queue: str, limit_s: float | None = None) -> HandlerClock:
        of = self.metrics.longest_in_hand.labels(queue)
        of.set_function(lambda: max((each.clock.longest_s for each in self._of(queue)), default=0.0))
        limit_s = self._options.time_limit_s if limit_s is None else limit_s
        return HandlerClock(limit_s, excused=lambda: self.in_place.is_storing)

    def _of(self, queue: str) -> Sequence[Consuming]:
        """A queue may have several."""
        return [each for each in self._consumers if each.name == queue]

    def _link(self, purpose: str) -> Link:
        name = f"{self._options.worker} {purpose}"
        return link(self._options.amqp, name, lambda _: self.metrics.generations.labels(purpose).inc())

    def _fed(
        self,
        runner: Runner,
        circuit: Circuit,
        clock: HandlerClock,
        early: Callable[[Incoming], Early | None] = lambda incoming: None,
    ) -> Consuming:
        consumer = Consumer(
            self._consuming,
            runner.queue,
            runner.prefetch,
            circuit,
            self.settlement.give_back,
            watch_s=self._options.watch_s,
            renew_s=self._options.renew_s,
            backoff=self._options.amqp.backoff,
            on_open=lambda _: self.metrics.generations.labels(runner.queue).inc(),
            early=early,
        )
        in_hand = self.metrics.in_hand.labels(runner.queue)
        in_hand.set_function(lambda: sum(each.consumer.unsettled for each in self._of(runner.queue)))
        self._consumers.append(consuming := Consuming(consumer, runner, circuit, clock))
        return consuming
