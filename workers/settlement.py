"""The only module that acknowledges, retries and parks deliveries."""

import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import structlog
from pamqp import encode

from domain.errors import CampaignsError, InvalidMessage, Permanent, Unavailable
from domain.parked import ParkedMessage, message_type, parked_id
from messages.base import Message
from messages.envelope import Envelope, check_clock, check_wrapping, unpack
from messages.message_refused import MessageRefused
from workers import outgoing as header
from workers.broker_calls import BROKER_ERRORS, broker_call
from workers.delivery import Delivery
from workers.incoming import Incoming
from workers.metrics import Metrics
from workers.outgoing import Outgoing, outgoing
from workers.retry import UNEXPECTED, InPlace, Park, RetryPolicy, Wait, verdict
from workers.topology import wait

log = structlog.get_logger()

M = TypeVar("M", bound=Message)

ERROR_CHARACTERS = 500  #: of an error text in a header: they all travel in one frame
#: RabbitMQ ends the connection of whoever sends more headers than fit into one frame (128 KiB), ours among them.
HEADERS_BYTES = 100_000
#: Larger bodies are not read before their turn: as objects they are many times as large, and a prefetch of them waits.
EARLY_BYTES = 16 * 1024
UNREAD = InvalidMessage().code  #: the reason of what nobody could read
RECORD_CHARACTERS = 4000  #: of an error text that is kept, and of its traceback: drivers quote whole documents


class Publishes(Protocol):
    async def publish(self, messages: Sequence[Outgoing]) -> None: ...


class Parking(Protocol):
    """Keeps what no repetition can help."""

    async def park(self, message: ParkedMessage) -> None:
        """Durable when it returns; the same id again replaces, and is counted.

        Raises:
            Unavailable: the store is away; nothing may be assumed.
        """


class Unsettled(Exception):
    """A delivery had to be left as it is, because the process stops or its channel died: the broker sends it again."""


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """A delivery that is what its queue carries."""

    delivery: Delivery
    envelope: Envelope
    message: M


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settlement:
    publisher: Publishes
    parking: Parking
    policy: RetryPolicy
    in_place: InPlace
    metrics: Metrics
    worker: str  #: host and process, as parked messages name it
    now: Callable[[], datetime] = utc_now

    async def parse(self, delivery: Delivery, model: type[M]) -> Received[M] | None:
        """The message, or None after settling a body that is not one: parked, or a bug of ours and tried again.

        Raises:
            Unsettled: it is not one, and could not be settled.
        """
        try:
            envelope, message = _early(delivery, model) or _read(delivery.incoming, model)
            check_clock(envelope, message, self.now())
        except Exception as error:  # noqa: BLE001 - settled: a body that breaks the reader must not end the process
            await self.fail(delivery, error)
            return None
        return Received(delivery, envelope, message)

    async def done(self, delivery: Delivery) -> None:
        await self._acknowledge(delivery, "done")

    async def done_through(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge these, the earliest unsettled ones of their channel, with one frame.

        The last must itself be unsettled: RabbitMQ closes the channel on a settled tag (rabbit_channel.erl,
        collect_acks). So no other consumer may share the channel.
        """
        await self._acknowledge(deliveries[-1], "done", through=len(deliveries))

    async def give_back(self, delivery: Delivery) -> None:
        """Return what nobody began with to its queue, where it stood. Not for failures: it would come again at once."""
        if delivery.generation.alive and await _sent(delivery, lambda: delivery.incoming.nack(requeue=True)):
            delivery.generation.unsettled -= 1

    async def fail(self, delivery: Delivery, error: Exception) -> None:
        """Retry later or park, then acknowledge. What is away is waited for, with the delivery in hand.

        Raises:
            Unsettled: neither was possible before the process stopped or the channel died.
        """
        if not delivery.generation.alive:  # retried as well, there would be two of it
            raise Unsettled(f"it is delivered again: {delivery.generation.why}")
        try:
            outcome = await self.in_place.while_true(
                lambda: self._carry_out(delivery, error), lambda: delivery.generation.alive
            )
        except Unavailable as away:
            raise Unsettled(str(away)) from away
        await self._acknowledge(delivery, outcome)

    async def park(self, delivery: Delivery, parked: ParkedMessage) -> None:
        """Park what did not fail in our hands, then acknowledge.

        Raises:
            Unsettled: it was not possible before the process stopped or the channel died.
        """
        try:
            await self.in_place.while_true(lambda: self._keep(parked), lambda: delivery.generation.alive)
        except Unavailable as away:
            raise Unsettled(str(away)) from away
        await self._acknowledge(delivery, "parked")

    def parked(self, delivery: Delivery, *, queue: str, reason: str, error: str, attempts: int) -> ParkedMessage:
        now = self.now()
        return ParkedMessage(
            id=parked_id(queue, delivery.body, unread=reason == UNREAD),
            message_id=delivery.id,
            queue=queue,
            reason=reason,
            error=error,
            attempts=attempts,
            first_seen=delivery.first_seen(now),
            parked_at=now,
            worker=self.worker,
            headers=dict(delivery.headers),
            body=delivery.body,
            content_type=delivery.content_type,
            type=message_type(delivery.body),
            body_bytes=len(delivery.body),
            replayed=delivery.replayed,
        )

    async def _carry_out(self, delivery: Delivery, error: Exception) -> str:
        age_s = (self.now() - delivery.first_seen(self.now())).total_seconds()
        match verdict(error, delivery.attempt, self.policy, age_s):
            case Wait() as decided:
                try:
                    await self._retry_later(delivery, error, decided)
                    return "retried"
                except Unavailable:
                    raise
                except Exception as hindrance:  # noqa: BLE001 - no wait queue, headers that cannot be sent on
                    reason = hindrance.code if isinstance(hindrance, Permanent) else UNEXPECTED
                    return await self._give_up(delivery, hindrance, Park(reason, decided.attempt))
            case Park() as decided:
                return await self._give_up(delivery, error, decided)

    async def _retry_later(self, delivery: Delivery, error: Exception, decided: Wait) -> None:
        """Published with a confirm before the delivery is acknowledged: a crash between makes two of it, never none."""
        text = in_words(error)[:ERROR_CHARACTERS]
        headers = dict(delivery.headers) | {
            header.MSG_ID: delivery.id,
            header.ATTEMPT: decided.attempt,
            header.FIRST_SEEN: delivery.first_seen(self.now()).isoformat(),
            header.ERROR: text,
            header.QUEUE: delivery.queue,
        }
        headers.setdefault(header.FIRST_ERROR, text)
        _check_size(headers)
        waiting = wait(delivery.queue, decided.delay_s)
        await self.publisher.publish([Outgoing("", waiting, delivery.body, headers, delivery.content_type)])
        self.metrics.retries.labels(delivery.queue, f"{decided.delay_s:g}").inc()
        _log_failure("message_retried", delivery, error, attempt=decided.attempt, delay_s=decided.delay_s)

    async def _give_up(self, delivery: Delivery, error: Exception, decided: Park) -> str:
        await self._keep(
            self.parked(
                delivery,
                queue=delivery.queue,
                reason=decided.reason,
                error=_for_the_record(error),
                attempts=decided.attempts,
            )
        )
        _log_failure("message_parked", delivery, error, reason=decided.reason, attempt=decided.attempts)
        return "parked"

    async def _keep(self, parked: ParkedMessage) -> None:
        try:
            await self.parking.park(parked)
        except Unavailable:
            raise
        except Exception as error:  # a bug there must not cost the message: hold it, and say so
            log.exception("parking_failed", queue=parked.queue, message_id=parked.message_id)
            raise Unavailable(f"parking failed: {type(error).__name__}") from error
        try:
            await self._tell_publisher(parked)
        except Unavailable:
            raise
        except Exception:  # it is kept, and that is what counts
            log.exception("refusal_not_published", queue=parked.queue, message_id=parked.message_id)
        self.metrics.parked.labels(parked.queue, parked.reason).inc()

    async def _tell_publisher(self, parked: ParkedMessage) -> None:
        refused = MessageRefused(
            refused_queue=parked.queue,
            message_id=parked.message_id,
            reason=parked.reason,
            error=parked.error.partition("\n")[0],
            parked_at=parked.parked_at,
        )
        told = f"{parked.id}:{parked.message_id}"  # each publisher learns of its own message
        await self.publisher.publish(
            [outgoing(refused, id=str(uuid.uuid5(uuid.NAMESPACE_OID, told)), time=parked.parked_at)]
        )

    async def _acknowledge(self, delivery: Delivery, outcome: str, *, through: int = 1) -> None:
        """A stale delivery is left alone: the broker has requeued it, and its tag may mean another one now."""
        if delivery.generation.alive and await _sent(delivery, lambda: delivery.incoming.ack(multiple=through > 1)):
            delivery.generation.unsettled -= through
            self.metrics.messages.labels(delivery.queue, outcome).inc(through)
        else:
            self.metrics.stale.labels(delivery.queue).inc(through)


def read_early(incoming: Incoming, model: type[M]) -> tuple[Envelope, M] | None:
    """What a small message of this type says; None where that is to be told when its turn comes."""
    if len(incoming.body) > EARLY_BYTES:
        return None
    try:
        return _read(incoming, model)
    except Exception:  # noqa: BLE001 - `Settlement.parse` finds the same, and settles it
        return None


def _early(delivery: Delivery, model: type[M]) -> tuple[Envelope, M] | None:
    if delivery.early is None or not isinstance(delivery.early[1], model):
        return None
    return delivery.early[0], delivery.early[1]


def _read(incoming: Incoming, model: type[M]) -> tuple[Envelope, M]:
    check_wrapping(incoming.content_type, incoming.content_encoding, len(incoming.body))
    return unpack(incoming.body, model)


async def _sent(delivery: Delivery, answer: Callable[[], Awaitable[object]]) -> bool:
    """Whether it was. A channel that takes no acknowledgement is over: what it delivered must come again."""
    try:
        async with broker_call():
            await answer()
    except BROKER_ERRORS as error:
        delivery.generation.end(f"acknowledging: {in_words(error)}")
        return False
    return True


def _check_size(headers: Mapping[str, object]) -> None:
    try:
        size_bytes = len(encode.field_table(dict(headers)))  # type: ignore[arg-type] # nearly all that AMQP carried
    except (TypeError, ValueError) as error:
        raise InvalidMessage("headers: some are no text, and cannot be sent on with a retry") from error
    if size_bytes > HEADERS_BYTES:
        raise InvalidMessage(f"headers: {size_bytes} bytes, with at most {HEADERS_BYTES} a message can be tried again")


def in_words(error: Exception) -> str:
    """The text of our own errors; of others only the kind: theirs may hold addresses."""
    return str(error) if isinstance(error, CampaignsError) else type(error).__name__


def _for_the_record(error: Exception) -> str:
    """What an operator needs: our own text, or where in the code it happened. The first line goes to publishers too."""
    if isinstance(error, CampaignsError):
        return str(error)[:RECORD_CHARACTERS]
    kind, place = type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    return f"{kind}\n{place[-RECORD_CHARACTERS:]}{kind}: {error}"[: 2 * RECORD_CHARACTERS]


def _log_failure(event: str, delivery: Delivery, error: Exception, **fields: object) -> None:
    log.warning(event, queue=delivery.queue, message_id=delivery.id, error=in_words(error), **fields)


__all__ = ["Parking", "Publishes", "Received", "Settlement", "Unsettled", "in_words", "read_early"]
