"""Gives parked messages back to the queues they had come to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pamqp import encode

from domain.parked import ParkedMessage, Which
from messages.envelope import MAX_BODY_BYTES
from workers import outgoing as header
from workers.outgoing import Outgoing
from workers.settlement import HEADERS_BYTES, Publishes

BATCH = 50  #: messages under way at once; bodies of 1 MiB are 50 MiB
LEASE_S = 120.0  #: for how long nobody else replays them; longer than publishing them may take

#: Headers that tell the story of the tries before: a replay begins a new one.
_STORY = frozenset({header.ATTEMPT, header.FIRST_SEEN, header.FIRST_ERROR, header.ERROR})


class Replayable(Protocol):
    """The parked messages, as far as replaying needs them."""

    async def take(self, which: Which, token: str, limit: int, lease_s: float) -> Sequence[ParkedMessage]: ...

    async def replayed(self, token: str, ids: Sequence[str]) -> int: ...

    async def release(self, token: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Replay:
    """Publishes confirmed, then takes off the list. A crash in between repeats a message under the same logical id.

    What somebody else is replaying at the same time is left to them.
    """

    parked: Replayable
    publisher: Publishes
    batch: int = BATCH
    lease_s: float = LEASE_S

    async def __call__(self, which: Which, most: int, told: Callable[[int], None] = lambda done: None) -> int:
        """How many of these were replayed, at most `most`, the oldest first; `told` hears how far it is.

        Interrupted, it ends what is under way first; asked again, it goes on with the rest.

        Raises:
            Unroutable: a queue is not declared.
            BrokerUnavailable: RabbitMQ did not confirm in time. What was confirmed is off the list all the same.
        """
        small, done = readable(which), 0
        while done < most:
            batch = asyncio.create_task(self._batch(small, min(self.batch, most - done)))
            try:
                count = await asyncio.shield(batch)
            except asyncio.CancelledError:
                told(done + (await batch or 0))
                raise
            if count is None:
                break
            done += count
            told(done)
        return done

    async def _batch(self, which: Which, limit: int) -> int | None:
        """How many were replayed, None when there was nothing to take. What cannot be sent stays held for a while."""
        token = uuid.uuid4().hex
        taken = await self.parked.take(which, token, limit, self.lease_s)
        if not taken:
            return None
        fit = [(each.id, message) for each in taken if _fits(message := again(each))]
        failures = await asyncio.gather(
            *(self.publisher.publish([message]) for _, message in fit), return_exceptions=True
        )
        confirmed = [id_ for (id_, _), failure in zip(fit, failures, strict=True) if failure is None]
        if confirmed:
            await self.parked.replayed(token, confirmed)
        if failed := [failure for failure in failures if failure is not None]:
            await self.parked.release(token)
            raise failed[0]
        return len(confirmed)


def again(parked: ParkedMessage) -> Outgoing:
    """The message as it came, with its logical id, so that whoever knows that id does nothing twice."""
    kept = {name: value for name, value in parked.headers.items() if name not in _STORY}
    headers = {**kept, header.MSG_ID: parked.message_id, header.REPLAY: parked.replayed + 1}
    return Outgoing("", parked.queue, parked.body, headers, parked.content_type)


def _fits(message: Outgoing) -> bool:
    """RabbitMQ would end the connection over more, and what is no text cannot be sent on."""
    try:
        return len(encode.field_table(dict(message.headers))) <= HEADERS_BYTES  # type: ignore[arg-type] # as AMQP had it
    except (TypeError, ValueError):
        return False


def readable(which: Which) -> Which:
    """Those of them whose body is within the limit: a larger one would be parked again unread."""
    limits = [limit for limit in (which.at_most_bytes, MAX_BODY_BYTES) if limit is not None]
    return replace(which, at_most_bytes=min(limits))
