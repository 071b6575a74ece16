"""The fakes of the broker's two sides: a channel with its rule about settling, and a publisher."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from domain.errors import BrokerUnavailable
from workers.delivery import Delivery
from workers.incoming import Incoming
from workers.outgoing import Outgoing
from workers.supervisor import Generation


@dataclass
class FakeChannel:
    """Refuses what closes a real channel: settling a tag that is not unacknowledged (rabbit_channel.erl)."""

    queue: str = "ping"
    generation: Generation = field(default_factory=lambda: Generation(1))
    unacked: list[int] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)
    frames: int = 0
    delivered: int = 0
    broken: bool = False  #: takes no acknowledgement any more

    def deliver(self, body: bytes, headers: dict[str, Any] | None = None, **properties: str) -> Delivery:
        self.delivered += 1
        self.unacked.append(self.delivered)
        self.generation.unsettled += 1
        incoming = FakeIncoming(self, self.delivered, body, headers or {}, **properties)
        return Delivery(self.queue, cast(Incoming, incoming), self.generation)

    def settle(self, tag: int, multiple: bool) -> None:
        if self.broken:
            raise ConnectionError("the connection was lost")
        self.frames += 1
        assert tag in self.unacked, f"PRECONDITION_FAILED unknown delivery tag {tag}"
        self.unacked = [other for other in self.unacked if other != tag and not (multiple and other < tag)]


@dataclass
class FakeIncoming:
    channel: FakeChannel
    delivery_tag: int
    body: bytes
    headers: dict[str, Any]
    content_type: str = "application/cloudevents+json"
    content_encoding: str = ""

    async def nack(self, requeue: bool) -> None:
        assert requeue
        self.channel.settle(self.delivery_tag, multiple=False)
        self.channel.given_back.append(self.delivery_tag)

    async def ack(self, multiple: bool = False) -> None:
        self.channel.settle(self.delivery_tag, multiple)


@dataclass
class MemoryPublisher:
    """Keeps what was published; is away as often as `away` says. `on_publish` may raise for some."""

    away: int = 0
    on_publish: Callable[[Outgoing], None] = lambda message: None
    published: list[Outgoing] = field(default_factory=list)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if messages and self.away:
            self.away -= 1
            raise BrokerUnavailable("not confirmed within 1 s")
        for message in messages:
            self.on_publish(message)
            self.published.append(message)

    async def offer_in_order(
        self,
        messages: Sequence[Outgoing],
        reached: Callable[[int], Awaitable[None]],
        refused: Callable[[int], Awaitable[None]],
    ) -> None:
        await self.publish_in_order(messages, reached)

    async def publish_in_order(self, messages: Sequence[Outgoing], reached: Callable[[int], Awaitable[None]]) -> int:
        await self.publish(messages)
        if messages:
            await reached(len(messages))
        return len(messages)

    def to(self, routing_key: str) -> list[Outgoing]:
        return [message for message in self.published if message.routing_key == routing_key]
