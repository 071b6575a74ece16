"""Several relays as one: mails are shared out by weight, and what a dead relay left untouched goes to the others."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import cast

import structlog

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from gateways.relay_choice import Member, shares

__all__ = ["Member", "Relays"]

log = structlog.get_logger()


class Relays:
    """A relay that fails rests, is asked to let us in once its rest is over, and comes back when it does."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        elapsed: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._members = members
        self._elapsed = elapsed
        self._spread = spread

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """How each try ended, as they end. Only what was certainly not sent is handed to another relay.

        Raises:
            RelayUnavailable: no relay is left; mails without an attempt were not sent.
        """
        self._probe_the_rested()
        batch = _Batch(keep_going)
        try:
            self._hand_out(batch, mails)
            while batch.parts:
                event = await batch.events.get()
                if isinstance(event, Attempt):
                    yield event
                else:
                    for attempt in self._ended(batch, event):
                        yield attempt
        finally:
            await batch.stop()
        if batch.left and keep_going():
            raise RelayUnavailable("; ".join(batch.troubles))

    def _hand_out(self, batch: _Batch, mails: Sequence[OutgoingMail]) -> None:
        given = shares(mails, self._members, batch.tried)
        if not given:
            batch.left.extend(mails)
        for member, part in given.items():
            batch.begin(_Part(member, {mail.email_id: mail for mail in part}))

    def _ended(self, batch: _Batch, part: _Part) -> Sequence[Attempt]:
        """A relay is done with its part, or gave it up; what is to be told now."""
        trouble = batch.parts.pop(part).exception()
        if trouble is None:
            return part.broken
        if not isinstance(trouble, RelayUnavailable):
            raise trouble
        part.member.failed(self._elapsed(), self._spread())
        batch.tried.add(part.member)
        batch.troubles.append(str(trouble))
        log.warning("relay_rests", relay=part.member.name, error=str(trouble), untouched=len(part.untouched))
        self._hand_out(batch, list(part.untouched.values()))
        return ()

    def _probe_the_rested(self) -> None:
        for member in self._members:
            rested = not member.is_well and self._elapsed() >= member.rests_until_s
            if rested and len(self._members) > 1 and (member.probing is None or member.probing.done()):
                member.probing = asyncio.create_task(self._probe(member))

    async def _probe(self, member: Member) -> None:
        try:
            await member.probe()
        except RelayUnavailable as error:
            member.failed(self._elapsed(), self._spread())
            log.warning("relay_rests", relay=member.name, error=str(error), failures=member.failures)
        else:
            member.let_us_in()
            log.info("relay_is_back", relay=member.name)


@dataclass(eq=False, slots=True)
class _Part:
    """What one relay was given of a batch."""

    member: Member
    untouched: dict[str, OutgoingMail]  #: certainly not sent, by email id
    broken: list[Attempt] = field(default_factory=list)  #: connections broke at these mails, before the final dot

    async def carry(self, keep_going: Callable[[], bool], tell: Callable[[Attempt], None]) -> None:
        """Mails that broke connections are told of at the end: it may be the relay, and then they go to another."""
        mails = list(self.untouched.values())
        attempts = cast("AsyncGenerator[Attempt, None]", self.member.relay.deliver(mails, keep_going))
        async with aclosing(attempts):
            async for attempt in attempts:
                if attempt.wire is Wire.NOT_SENT:
                    self.broken.append(attempt)
                    continue
                if attempt.wire is Wire.ANSWERED:
                    self.member.answered()
                del self.untouched[attempt.email_id]
                tell(attempt)


@dataclass(slots=True)
class _Batch:
    """What is under way of one `deliver`."""

    keep_going: Callable[[], bool]
    events: asyncio.Queue[Attempt | _Part] = field(default_factory=asyncio.Queue)
    parts: dict[_Part, asyncio.Task[None]] = field(default_factory=dict)  #: under way
    tried: set[Member] = field(default_factory=set)  #: relays that failed
    troubles: list[str] = field(default_factory=list)
    left: list[OutgoingMail] = field(default_factory=list)  #: that no relay took

    def begin(self, part: _Part) -> None:
        task = asyncio.create_task(part.carry(self.keep_going, self.events.put_nowait))
        task.add_done_callback(lambda _: self.events.put_nowait(part))
        self.parts[part] = task

    async def stop(self) -> None:
        """Nothing of it goes on."""
        for task in self.parts.values():
            task.cancel()
        await asyncio.gather(*self.parts.values(), return_exceptions=True)
