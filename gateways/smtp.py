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
from domain.provider_marks import marked
from gateways.smtp_dialogue import Dialogue
from gateways.smtp_doors import Doors
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
        self._doors = Doors(options.max_connections)
        self._resting: list[Dialogue] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._odd = _OddMails()

    @property
    def open(self) -> int:
        """Connections that are open or being opened, those that rest or close included."""
        return self._doors.busy + sum(dialogue.alive for dialogue in self._resting) + len(self._leaving)

    def wanted(self) -> int:
        """The most connections that were wanted at once since this was asked last."""
        return self._doors.peak()

    def allow(self, count: int | None) -> None:
        """How many connections may be open from now on; None: as many as the options say.

        What rests above it is closed; a session above it ends after the mail that it is at.
        """
        self._doors.allow(count)
        while self._resting and self._doors.busy + len(self._resting) > self._doors.allowed:
            self._dismiss(self._resting.pop(0))

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """How each try ended, as they end. A mail at whose own command the connection broke, before its final dot,
        gets a second connection; NOT_SENT is told of one that broke both.

        Raises:
            RelayUnavailable: no connection can be made, or none lasts; mails without an attempt were not sent.
        """
        if self._options.signs:
            mails = [mail.unsigned() for mail in mails]
        if self._options.marks is not None:
            mails = [marked(mail, self._options.marks) for mail in mails]
        batch = _Batch(mails, keep_going, self._odd)
        lanes = min(self._options.max_connections, math.ceil(len(mails) / _MAILS_WORTH_A_CONNECTION))
        tasks = [asyncio.create_task(self._lane(batch)) for _ in range(lanes)]
        work = asyncio.gather(*tasks, return_exceptions=True)
        work.add_done_callback(lambda _: batch.close())
        try:
            async for attempt in batch.attempts():
                yield attempt
            for task in tasks:
                await task
            if batch.trouble is not None and batch.wanted:
                raise batch.trouble
        finally:
            batch.abandon()
            for task in tasks:
                task.cancel()
            await work

    async def check(self) -> None:
        """Log in once.

        Raises:
            RelayUnavailable: with what is wrong and what to check.
        """
        async with self._doors.through(lambda: True):
            self._put_back(await self._dialogue())

    async def close(self) -> None:
        """Say goodbye on every connection that rests; a relay that does not listen is not waited for."""
        while self._resting:
            self._dismiss(self._resting.pop())
        if self._leaving:
            _, unheard = await asyncio.wait(self._leaving, timeout=_GOODBYE_S)
            for farewell in unheard:
                farewell.cancel()

    async def _lane(self, batch: _Batch) -> None:
        """One connection after another, until the batch is done or connections do not last."""
        while batch.wanted:
            async with self._doors.through(lambda: batch.wanted) as entered:
                if not entered:
                    return
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
        try:
            await dialogue.run(_Share(batch, dialogue, self._options.messages_per_connection, self._doors))
        finally:  # cancelled with nothing under way, it is as good as ever, and nobody else would close it
            self._put_back(dialogue)
        if fresh and dialogue.taken and not dialogue.answered and self._odd.blame_nobody(dialogue):
            batch.trouble = RelayUnavailable(
                f"the SMTP relay {self._options.name} accepts connections and no mail: {dialogue.trouble}"
            )
            return False
        return True

    async def _dialogue(self) -> Dialogue:
        while self._resting:
            if (dialogue := self._resting.pop()).alive:
                return dialogue
        if self._leaving and self._doors.busy + len(self._leaving) > self._doors.allowed:  # one out, one in
            await asyncio.wait(self._leaving, timeout=_GOODBYE_S, return_when=asyncio.FIRST_COMPLETED)
        return await open_dialogue(self._options)

    def _put_back(self, dialogue: Dialogue) -> None:
        """It rests, unless it has done enough or there are too many: the caller still stands in its door."""
        self._resting = [other for other in self._resting if other.alive]
        if not dialogue.alive:
            return
        full = self._doors.busy + len(self._resting) > self._doors.allowed
        if full or dialogue.taken >= self._options.messages_per_connection:
            self._dismiss(dialogue)
        else:
            self._resting.append(dialogue)
            dialogue.rest(self._options.idle_timeout_s)

    def _dismiss(self, dialogue: Dialogue) -> None:
        """Say goodbye; it counts as open until it is closed."""
        dialogue.quit()
        leaving = asyncio.create_task(dialogue.closed())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


class _OddMails:
    """The mails at which connections broke since the relay answered any: the first few may be odd, not everybody."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def note(self, mail: OutgoingMail, attempt: Attempt) -> None:
        if attempt.reply is not None and attempt.reply.relay:  # without a name it is a refusal of our own
            self._ids.clear()
        elif attempt.wire is Wire.NOT_SENT and len(self._ids) < _ODD_MAILS:
            self._ids.add(mail.email_id)

    def blame_nobody(self, dialogue: Dialogue) -> bool:
        """Whether a session broke for another reason than one odd mail."""
        return not dialogue.blamed or len(self._ids) >= _ODD_MAILS


class _Batch:
    """The mails of one `deliver` that wait, and what became of the others."""

    def __init__(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool], odd: _OddMails) -> None:
        self._waiting = deque(mails)
        self._keep_going = keep_going
        self._broken: set[str] = set()  #: mails at whose command a connection broke
        self._odd = odd
        self._ended: asyncio.Queue[Attempt | None] = asyncio.Queue()
        self.trouble: RelayUnavailable | None = None

    @property
    def wanted(self) -> bool:
        return bool(self._waiting) and self._keep_going()

    def take(self) -> OutgoingMail | None:
        return self._waiting.popleft() if self.wanted else None

    def give_back(self, mail: OutgoingMail) -> None:
        self._waiting.appendleft(mail)

    def tell(self, mail: OutgoingMail, attempt: Attempt) -> None:
        self._odd.note(mail, attempt)
        if attempt.wire is Wire.NOT_SENT and mail.email_id not in self._broken:
            self._broken.add(mail.email_id)
            self._waiting.append(mail)
        else:
            self._ended.put_nowait(attempt)

    def abandon(self) -> None:
        """Nobody waits for outcomes any more: nothing is begun, even by a lane that misses being cancelled."""
        self._waiting.clear()

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
    doors: Doors

    def take(self) -> OutgoingMail | None:
        if self.dialogue.taken >= self.limit or self.doors.crowded:
            return None
        return self.batch.take()

    def give_back(self, mail: OutgoingMail) -> None:
        self.batch.give_back(mail)

    def tell(self, mail: OutgoingMail, attempt: Attempt) -> None:
        self.batch.tell(mail, attempt)
