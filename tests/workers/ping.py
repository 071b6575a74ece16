"""A message of the tests' own, and handlers that remember what they got."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from messages.base import Message
from messages.envelope import envelope, pack
from workers.outgoing import Outgoing, outgoing

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Ping(Message):
    queue: ClassVar[str] = "ping"
    number: int


class Pong(Message):
    queue: ClassVar[str] = "pong"
    number: int


def ping_body(number: int) -> bytes:
    return pack(envelope(Ping(number=number), id=f"ping-{number}", time=AT))


def pings(count: int) -> list[Outgoing]:
    return [outgoing(Ping(number=number), id=f"ping-{number}", time=AT) for number in range(count)]


@dataclass
class Remembers:
    """Handles pings, one or a window of them; `before` may raise. Returns `reply`'s messages."""

    before: Callable[[Ping], None] = lambda ping: None
    reply: Callable[[Ping], Sequence[Message]] = lambda ping: ()
    numbers: list[int] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)

    async def one(self, ping: Ping) -> Sequence[Message]:
        self.before(ping)
        self.numbers.append(ping.number)
        return self.reply(ping)

    async def window(self, pings: Sequence[Ping]) -> Sequence[Message]:
        self.windows.append(len(pings))
        for ping in pings:
            self.before(ping)
        self.numbers += [ping.number for ping in pings]
        return [message for ping in pings for message in self.reply(ping)]
