"""Sends one held batch: decide again, write the mails, send them, store what came of each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, cast

from domain.assembly import Assembler, OutgoingMail
from domain.campaign import Campaign
from domain.contact import Contact
from domain.content_failure import ContentFailed
from domain.delivery import Attempt, Wire
from domain.email import Email, EmailState, Outcome
from domain.errors import RelayUnavailable, StoreUnavailable
from domain.last_check import last_check
from domain.mailer import recipient_of
from domain.slices import Slice
from domain.smtp_reply import Reason
from handlers.hold import Hold, Holder
from handlers.outcome_writer import OutcomeWriter, Tried
from handlers.ports import Clock, Contacts, Emails, Relay, Slices, Suppressions

_Person: TypeAlias = tuple[Email, Contact]


class SliceEnd(StrEnum):
    FINISHED = "finished"  #: every row has an outcome
    LEFT = "left"  #: the campaign is no longer being sent, or somebody else has the slice
    INTERRUPTED = "interrupted"  #: given back with rows to send: this process is to end, or its lease ran out


@dataclass(slots=True)
class _Tally:
    """What the relay has said of one batch so far."""

    fresh: list[Tried] = field(default_factory=list)  #: not stored yet
    broken: list[Tried] = field(default_factory=list)  #: not sent, after a second connection broke
    told: int = 0
    trouble: RelayUnavailable | None = None


@dataclass(frozen=True, slots=True)
class SliceSender:
    contacts: Contacts
    suppressions: Suppressions
    emails: Emails
    slices: Slices
    relay: Relay
    holder: Holder
    writer: OutcomeWriter
    assembler_of: Callable[[Campaign], Assembler]
    now: Clock
    flush_size: int = 100  #: outcomes per write; a fifth of it costs 12 % of the rate (make bench ARGS=send)

    async def __call__(self, campaign: Campaign, held: Slice) -> SliceEnd:
        """Send what is due of the slice. Safe to repeat: a row with an outcome is not sent again.

        Raises:
            RelayUnavailable: the relay went away; the slice was given back, and nothing of it is lost.
            StoreUnavailable: MongoDB went away before anything was sent.
        """
        rows = {row.id: row for row in await self.emails.due_in_slice(campaign.id, held.number)}
        wanted, skipped = await self._decided(campaign, list(rows.values()))
        mails, failed = self._written(campaign, wanted)
        await self.writer.untried([*skipped, *failed])
        if not mails:
            return await self._finished(held)
        if not await self._begun(held):
            return SliceEnd.LEFT
        async with self.holder.holding(held) as hold:
            tally = await self._sent(mails, rows, hold)
            return await self._ended(held, tally, len(mails), hold)

    async def _begun(self, held: Slice) -> bool:
        try:
            return await self.slices.start(held, self.holder.lease_s)
        except StoreUnavailable:
            # It may be marked as begun all the same, and would end in doubt with nothing sent.
            await self.writer.until_stored(lambda: self.slices.release(held))
            raise

    async def _decided(self, campaign: Campaign, rows: Sequence[Email]) -> tuple[Sequence[_Person], Sequence[Outcome]]:
        """Whom to mail, by what is known of the people now, and the skips of the others."""
        ids = {row.contact_id for row in rows}
        contacts = await self.contacts.load(ids) if ids else {}
        suppressed = await self.suppressions.of(ids) if ids else {}
        wanted: list[_Person] = []
        skipped: list[Outcome] = []
        for row in rows:
            contact = contacts.get(row.contact_id)
            why = last_check(row, contact, suppressed.get(row.contact_id, frozenset()), campaign)
            if why is None and contact is not None:
                wanted.append((row, contact))
            elif why is not None:
                skipped.append(self._untried(row, EmailState.SKIPPED, why.reason, why.detail))
        return wanted, skipped

    def _written(
        self, campaign: Campaign, people: Sequence[_Person]
    ) -> tuple[Sequence[OutgoingMail], Sequence[Outcome]]:
        """The mails; somebody whose own mail cannot be written holds up nobody else's."""
        if not people:
            return (), ()
        assembler = self.assembler_of(campaign)
        mails: list[OutgoingMail] = []
        failed: list[Outcome] = []
        for row, contact in people:
            try:
                mails.append(assembler.mail(recipient_of(row, contact), now=self.now()))
            except ContentFailed as error:
                failed.append(self._untried(row, EmailState.FAILED, Reason.CONTENT_ERROR, str(error)))
        return mails, failed

    def _untried(self, row: Email, state: EmailState, reason: str, detail: str | None) -> Outcome:
        return Outcome(row.id, state, self.now(), reason=reason, detail=detail, tried=False)

    async def _sent(self, mails: Sequence[OutgoingMail], rows: Mapping[str, Email], hold: Hold) -> _Tally:
        tally = _Tally()
        # Closed at once when storing is cancelled: nothing may go out whose outcome nobody waits for.
        attempts = cast("AsyncGenerator[Attempt, None]", self.relay.deliver(mails, hold.keep_going))
        try:
            async with aclosing(attempts):
                async for attempt in attempts:
                    await self._noted(tally, (rows[attempt.email_id], attempt))
        except RelayUnavailable as error:
            tally.trouble = error
        await self.writer.tried(tally.fresh)
        return tally

    async def _noted(self, tally: _Tally, tried: Tried) -> None:
        tally.told += 1
        if tried[1].wire is Wire.NOT_SENT:
            tally.broken.append(tried)
            return
        tally.fresh.append(tried)
        if len(tally.fresh) >= self.flush_size:
            fresh, tally.fresh = tally.fresh, []
            await self.writer.tried(fresh)

    async def _ended(self, held: Slice, tally: _Tally, count: int, hold: Hold) -> SliceEnd:
        if tally.trouble is None:  # an outage uses up nobody's tries; without one, the mails themselves broke it
            await self.writer.tried(tally.broken)
        # Both ask for our claim, not for a live lease: a lease that ran out unnoticed by others leaves no doubts.
        if tally.trouble is None and tally.told == count:
            return await self._finished(held)
        await self.writer.until_stored(lambda: self.slices.release(held))
        if tally.trouble is not None:
            raise tally.trouble
        return SliceEnd.INTERRUPTED if hold.wanted else SliceEnd.LEFT

    async def _finished(self, held: Slice) -> SliceEnd:
        await self.writer.until_stored(lambda: self.slices.finish(held))
        return SliceEnd.FINISHED
