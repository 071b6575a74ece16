"""The exchanges, queues and bindings as data. What each argument is for: docs/messaging.md.

Arguments belong to the name: they cannot be changed later. So they hold what keeps messages safe, the same on
RabbitMQ 3.10 to 4.x; sizes and limits belong into broker policies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from messages.base import FEED, IN

#: Back-off between tries. One wait queue per level and queue: with one TTL per queue nobody waits behind another.
LEVELS_S: tuple[float, ...] = (5, 30, 120, 600, 3600)

#: Deliveries that ended without our code saying anything (the process crashed); 4.x drops after 20 by default.
CRASHES = 50
#: RabbitMQ 4.x would drop from a queue without a limit after 20 deliveries; -1 means "at once" on 3.10.
_PRACTICALLY_NEVER = 1_000_000


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Binding:
    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Queues come in the order to declare them in: targets of dead letters first."""

    exchanges: tuple[str, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def topology(queues: Iterable[str], levels_s: Sequence[float] = LEVELS_S) -> Topology:
    """For each queue: itself, bound by its name, its wait queues, and one for dead letters."""
    names = tuple(queues)
    return Topology(
        exchanges=(IN, FEED),
        queues=tuple(queue for name in names for queue in _family(name, levels_s)),
        bindings=tuple(Binding(IN, name, name) for name in names),
    )


def dead(queue: str) -> str:
    """Where RabbitMQ puts what crashed its workers too often."""
    return f"{queue}.dead"


def wait(queue: str, delay_s: float) -> str:
    """Where a message waits before it comes back to `queue`: `send-batch.wait.2m`."""
    return f"{queue}.wait.{_short(delay_s)}"


def _family(name: str, levels_s: Sequence[float]) -> tuple[Queue, ...]:
    waits = (Queue(wait(name, level), _safe(name, 1000) | {"x-message-ttl": _ms(level)}) for level in levels_s)
    return (
        Queue(dead(name), {"x-queue-type": "quorum", "x-delivery-limit": _PRACTICALLY_NEVER}),
        Queue(name, _safe(dead(name), CRASHES) | {"x-queue-leader-locator": "balanced"}),
        *waits,
    )


def _safe(dead_letters_to: str, delivery_limit: int) -> dict[str, str | int]:
    """At-least-once dead-lettering degrades silently to at-most-once without reject-publish: then 5 of 5 were lost."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letters_to,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _short(seconds: float) -> str:
    for unit, size_ms in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if _ms(seconds) % size_ms == 0:
            return f"{_ms(seconds) // size_ms}{unit}"
    return f"{_ms(seconds)}ms"
