"""A relay that is given mails at the pace of their throttles; for its caller it is a relay like any other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from handlers.pace import Pace, Portion
from handlers.ports.sending import Relay


@dataclass(frozen=True, slots=True)
class PacedRelay:
    relay: Relay
    pace: Pace

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """How each try ended; PUT_OFF is told of mails whose destination is to get no more for now.

        Raises:
            RelayUnavailable: as the relay does.
        """
        portions = cast("AsyncGenerator[Portion, None]", self.pace.portions(mails, keep_going))
        async with aclosing(portions):
            async for portion in portions:
                for mail, wait_s in portion.put_off:
                    yield Attempt(mail.email_id, Wire.PUT_OFF, wait_s=wait_s)
                attempts = cast("AsyncGenerator[Attempt, None]", self._sent(portion.ready, keep_going))
                async with aclosing(attempts):
                    async for attempt in attempts:
                        yield attempt

    async def _sent(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        if not mails:
            return
        waiting = {mail.email_id: mail for mail in mails}
        attempts = cast("AsyncGenerator[Attempt, None]", self.relay.deliver(mails, keep_going))
        try:
            async with aclosing(attempts):
                async for attempt in attempts:
                    yield self.pace.told(waiting.pop(attempt.email_id), attempt)
        except RelayUnavailable:
            await self.pace.unsent(waiting.values())
            raise
        await self.pace.unsent(waiting.values())  # not when we are closed early: they may be on the wire
