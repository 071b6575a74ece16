"""The relay: a pool of SMTP connections that stay open from one batch to the next."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from gateways.smtp_dialogue import Dialogue
from gateways.smtp_login import open_dialogue
from gateways.smtp_options import SmtpOptions, SmtpTimeouts, Tls

__all__ = ["SmtpOptions", "SmtpRelay", "SmtpTimeouts", "Tls"]

_MAILS_WORTH_A_CONNECTION = 5  #: a few test mails do not open ten connections
_GOODBYE_S = 2.0  #: for the connections to close
_ODD_MAILS = 3  #: so many different mails break connections and none was answered: it is the relay


class SmtpRelay:
    """Delivers mails through one relay. Any number of `deliver` may run at once; they share the connections."""

    def __init__(self, options: SmtpOptions) -> None:
        self._options = options
        self._slots = asyncio.Semaphore(options.max_connections)
        self._resting: list[Dialogue] = []

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """How each try ended, as they end. A mail at whose own command the connection broke, before its final dot,
        gets a second connection; NOT_SENT is told of one that broke both.

        Raises:
            RelayUnavailable: no connection can be made, or none lasts; mails without an attempt were not sent.
        """
        batch = _Batch(mails, keep_going)
        lanes = min(self._options.max_connections, math.ceil(len(mails) / _MAILS_WORTH_A_CONNECTION))
        tasks = [asyncio.create_task(self._lane(batch)) for _ in range(lanes)]
        work = asyncio.gather(*tasks)
        work.add_done_callback(lambda _: batch.close())
        try:
            async for attempt in batch.attempts():
                yield attempt
            await work
        finally:
            for task in tasks:
                task.cancel()
        if batch.trouble is not None and batch.wanted:
            raise batch.trouble

    async def check(self) -> None:
        """Log in once.

        Raises:
            RelayUnavailable: with what is wrong and what to check.
        """
        async with self._slots:
            self._put_back(await self._dialogue())

    async def close(self) -> None:
        """Say goodbye on every connection that rests; a relay that does not listen is not waited for."""
        resting, self._resting = self._resting, []
        for dialogue in resting:
            dialogue.quit()
        farewells = [asyncio.create_task(dialogue.closed()) for dialogue in resting]
        if farewells:
            _, unheard = await asyncio.wait(farewells, timeout=_GOODBYE_S)
            for farewell in unheard:
                farewell.cancel()

    async def _lane(self, batch: _Batch) -> None:
        """One connection after another, until the batch is done or connections do not last."""
        while batch.wanted:
            async with self._slots:
                try:
                    lasting = await self._session(batch)
                except RelayUnavailable as error:
                    batch.trouble = error
                    return
            if not lasting:
                return

    async def _session(self, batch: _Batch) -> bool:
        """Send through one connection; False when it shows that no connection lasts."""
        dialogue = await self._dialogue()
        fresh = dialogue.taken == 0
        await dialogue.run(_Share(batch, dialogue, self._options.messages_per_connection))
        self._put_back(dialogue)
        if fresh and dialogue.taken and not dialogue.answered and batch.blames_nobody(dialogue):
            batch.trouble = RelayUnavailable(
                f"the SMTP relay {self._options.name} accepts connections and no mail: {dialogue.trouble}"
            )
            return False
        return True

    async def _dialogue(self) -> Dialogue:
        while self._resting:
            if (dialogue := self._resting.pop()).alive:
                return dialogue
        return await open_dialogue(self._options)

    def _put_back(self, dialogue: Dialogue) -> None:
        if dialogue.taken >= self._options.messages_per_connection:
            dialogue.quit()
        elif dialogue.alive:
            self._resting = [*(other for other in self._resting if other.alive), dialogue]
            dialogue.rest(self._options.idle_timeout_s)


class _Batch:
    """The mails of one `deliver` that wait, and what became of the others."""

    def __init__(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> None:
        self._waiting = deque(mails)
        self._keep_going = keep_going
        self._broken: set[str] = set()  #: mails at whose command a connection broke
        self._answered = 0
        self._ended: asyncio.Queue[Attempt | None] = asyncio.Queue()
        self.trouble: RelayUnavailable | None = None

    @property
    def wanted(self) -> bool:
        return bool(self._waiting) and self._keep_going()

    def take(self) -> OutgoingMail | None:
        return self._waiting.popleft() if self.wanted else None

    def blames_nobody(self, dialogue: Dialogue) -> bool:
        """Whether a session broke for another reason than one odd mail: the first few may be odd, not everybody."""
        return not dialogue.blamed or (not self._answered and len(self._broken) >= _ODD_MAILS)

    def give_back(self, mail: OutgoingMail) -> None:
        self._waiting.appendleft(mail)

    def tell(self, mail: OutgoingMail, attempt: Attempt) -> None:
        self._answered += attempt.wire is Wire.ANSWERED
        if attempt.wire is Wire.NOT_SENT and mail.email_id not in self._broken:
            self._broken.add(mail.email_id)
            self._waiting.append(mail)
        else:
            self._ended.put_nowait(attempt)

    def close(self) -> None:
        self._ended.put_nowait(None)

    async def attempts(self) -> AsyncIterator[Attempt]:
        while (attempt := await self._ended.get()) is not None:
            yield attempt


@dataclass(frozen=True, slots=True)
class _Share:
    """What one connection may take of a batch."""

    batch: _Batch
    dialogue: Dialogue
    limit: int

    def take(self) -> OutgoingMail | None:
        return self.batch.take() if self.dialogue.taken < self.limit else None

    def give_back(self, mail: OutgoingMail) -> None:
        self.batch.give_back(mail)

    def tell(self, mail: OutgoingMail, attempt: Attempt) -> None:
        self.batch.tell(mail, attempt)
