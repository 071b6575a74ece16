"""Sends one held batch, portion by portion: decide again, write the mails, send them, store what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from domain.assembly import Assembler, OutgoingMail, Recipient
from domain.campaign import Campaign
from domain.contact import Contact
from domain.content_failure import ContentFailed
from domain.eligibility import Skip
from domain.email import Email, EmailState, Outcome
from domain.errors import StoreUnavailable
from domain.last_check import last_check
from domain.mailer import recipient_of
from domain.series_claim import Objection
from domain.slices import Slice
from domain.smtp_reply import Reason
from domain.tracking_policy import TrackingPolicy, telling
from handlers.claim_window import ClaimWindow, Room
from handlers.hold import Hold, Holder
from handlers.outcome_writer import OutcomeWriter
from handlers.ports.audience import Contacts
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.ports.responses import Suppressions
from handlers.ports.sending import Relay
from handlers.recording import Recorder, Recording
from handlers.series_claims import SeriesClaims
from handlers.under_way import UnderWay

_Person: TypeAlias = tuple[Email, Contact]


class SliceEnd(StrEnum):
    FINISHED = "finished"  #: every row has an outcome
    LEFT = "left"  #: the campaign is no longer being sent, or somebody else has the slice
    INTERRUPTED = (
        "interrupted"  #: given back with rows to send: this process is to end, no lease, or the turn of others
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    """A slice that is being sent."""

    campaign: Campaign
    held: Slice
    hold: Hold
    room: Room
    under_way: UnderWay
    until_s: float  #: what was decided of its people holds until then, on the holder's clock
    urgent: bool


@dataclass(frozen=True, slots=True)
class SliceSender:
    contacts: Contacts
    suppressions: Suppressions
    emails: Emails
    slices: Slices
    relay: Relay
    holder: Holder
    writer: OutcomeWriter
    recorder: Recorder  #: of this process, for all of its batches
    assembler_of: Callable[[Campaign], Assembler]
    now: Clock
    window: ClaimWindow = field(default_factory=lambda: ClaimWindow(200))  #: of this process as well
    portion: int = 40  #: mails that are written and begun together
    fresh_s: float = 5  #: what was decided of people holds so long; a batch that has not begun by then is given back
    turn_s: float = 5  #: a slow batch gives the rest of it back when others wait for its room, and more for a lane
    is_crowded: Callable[[], bool] = lambda: True  #: whether all lanes of this process are taken
    tracking: TrackingPolicy = TrackingPolicy.CONSENT  #: who gets counted links and a pixel (D12)
    series_claims: SeriesClaims | None = None  #: None: there are no series here

    async def __call__(
        self, campaign: Campaign, held: Slice, asked_at: float | None = None, *, urgent: bool = False
    ) -> SliceEnd:
        """Send what is due of the slice. Safe to repeat: a row with an outcome is not sent again.

        Everything up to the first mail is done ahead, while other batches are on the wire; then each portion waits for
        its room. `asked_at` is when its lease was asked for, on the holder's clock; None: just now.

        Raises:
            RelayUnavailable: the relay went away; the slice was given back, and nothing of it is lost.
            StoreUnavailable: MongoDB went away; the same, where anything was begun.
        """
        async with self.holder.holding(held, self.holder.elapsed() if asked_at is None else asked_at) as hold:
            rows = await self.emails.due_in_slice(campaign.id, held.number)
            until_s = self.holder.elapsed() + self.fresh_s
            people = await self._decided(campaign, rows)
            room = Room(self.window, campaign.id)
            known = {row.id: row for row in rows}
            recording = Recording(self.recorder, room.recorded)
            try:
                async with UnderWay(self.relay, known, recording, self._turn(hold, room)) as under_way:
                    batch = _Batch(campaign, held, hold, room, under_way, until_s, urgent)
                    end = await self._begun(batch, people)
                    await under_way.ended()
                    return await self._ended(batch, end)
            finally:
                room.leave()  # only now: what was begun and given back by the relay is in doubt until the slice is free

    async def _begun(self, batch: _Batch, people: Sequence[_Person]) -> SliceEnd:
        """Begin one portion after the other: FINISHED with all of them, or why not."""
        try:
            for portion in _portions(people, self._at_once(urgent=batch.urgent)):
                end = await self._portion_begun(batch, portion)
                if end is not SliceEnd.FINISHED:
                    return end
        except StoreUnavailable as error:
            # It may be marked as begun all the same, and would end in doubt with nothing sent.
            batch.under_way.trouble = error
        return SliceEnd.FINISHED

    async def _portion_begun(self, batch: _Batch, people: Sequence[_Person]) -> SliceEnd:
        mails = await self._written(batch.campaign, people)
        if mails and not await batch.room.more(len(mails), self._patience(batch), urgent=batch.urgent):
            return SliceEnd.INTERRUPTED
        if mails and self.holder.elapsed() >= batch.until_s:
            mails = await self._written_anew(batch, people, len(mails))
        if not mails:
            return SliceEnd.FINISHED
        if not await self.slices.start(batch.held, self.holder.lease_s, through=people[-1][0].id):
            batch.hold.ours = False  # nothing more of the portions before it is begun either
            return SliceEnd.INTERRUPTED if batch.under_way.has_begun else SliceEnd.LEFT
        batch.under_way.begin(mails, self.holder.elapsed())
        return SliceEnd.FINISHED

    async def _written_anew(self, batch: _Batch, people: Sequence[_Person], room: int) -> Sequence[OutgoingMail]:
        """The mails by what is known now; what was decided has grown old while others had the room."""
        people = await self._decided(batch.campaign, [row for row, _ in people])
        mails = await self._written(batch.campaign, people)
        batch.room.recorded(room - len(mails))
        return mails

    def _at_once(self, *, urgent: bool) -> int:
        """An urgent portion fits what is kept free for it, so that it waits for no ordinary one."""
        reserve = self.window.reserve
        return min(self.portion, reserve) if urgent and reserve else self.portion

    def _patience(self, batch: _Batch) -> Callable[[], bool]:
        """Once a mail of it is on its way the batch waits for its turn; before, others may be quicker with it."""
        under_way = batch.under_way
        return lambda: under_way.goes_on() and (under_way.has_begun or self.holder.elapsed() < batch.until_s)

    def _turn(self, hold: Hold, room: Room) -> Callable[[float], bool]:
        def goes_on(begun_s: float) -> bool:
            is_over = self.holder.elapsed() - begun_s >= self.turn_s
            return hold.keep_going() and not (is_over and room.others_wait and self.is_crowded())

        return goes_on

    async def _decided(self, campaign: Campaign, rows: Sequence[Email]) -> Sequence[_Person]:
        """Whom to mail, by what is known of the people now; the others are skipped."""
        ids = {row.contact_id for row in rows}
        if not ids:
            return ()
        contacts, suppressed = await asyncio.gather(self.contacts.for_sending(ids), self.suppressions.of(ids))
        wanted: list[_Person] = []
        skipped: list[Outcome] = []
        for row in rows:
            contact = contacts.get(row.contact_id)
            why = last_check(row, contact, suppressed.get(row.contact_id, frozenset()), campaign)
            if why is None and contact is not None:
                wanted.append((row, contact))
            elif why is not None:
                skipped.append(self._untried(row, EmailState.SKIPPED, why.reason, why.detail))
        going, put_off = await self._in_series(campaign, wanted)
        await self.writer.untried([*skipped, *put_off])
        return going

    async def _in_series(
        self, campaign: Campaign, people: Sequence[_Person]
    ) -> tuple[Sequence[_Person], Sequence[Outcome]]:
        """Those of a series to whom its message still goes out now; what becomes of the others' rows."""
        found = await self.series_claims(campaign, [row for row, _ in people]) if self.series_claims else {}
        if not found:
            return people, ()
        outcomes = [self._objected(row, found[row.id]) for row, _ in people if row.id in found]
        return [(row, contact) for row, contact in people if row.id not in found], outcomes

    def _objected(self, row: Email, why: Objection) -> Outcome:
        if isinstance(why, Skip):
            return self._untried(row, EmailState.SKIPPED, why.reason, why.detail)
        detail = "its hours are over; it waits for the next ones"
        return Outcome(row.id, EmailState.DEFERRED, self.now(), detail=detail, next_at=why, tried=False)

    async def _written(self, campaign: Campaign, people: Sequence[_Person]) -> Sequence[OutgoingMail]:
        """The mails; somebody whose own mail cannot be written holds up nobody else's."""
        if not people:
            return ()
        assembler = self.assembler_of(campaign)
        mails: list[OutgoingMail] = []
        failed: list[Outcome] = []
        for row, contact in people:
            try:
                mails.append(assembler.mail(self._recipient(row, contact), now=self.now()))
            except ContentFailed as error:
                failed.append(self._untried(row, EmailState.FAILED, Reason.CONTENT_ERROR, str(error)))
        await self.writer.untried(failed)
        return mails

    def _recipient(self, row: Email, contact: Contact) -> Recipient:
        return recipient_of(row, contact, telling(self.tracking, contact.tracking))

    def _untried(self, row: Email, state: EmailState, reason: str, detail: str | None) -> Outcome:
        if row.resent_at:  # the first mail may have arrived all the same
            kept, detail = row.reason, f"not sent once more: {reason}"
            return Outcome(row.id, EmailState.IN_DOUBT, self.now(), reason=kept, detail=detail, tried=False)
        return Outcome(row.id, state, self.now(), reason=reason, detail=detail, tried=False)

    async def _ended(self, batch: _Batch, end: SliceEnd) -> SliceEnd:
        # Both ask for our claim, not for a live lease: a lease that ran out unnoticed by others leaves no doubts.
        if end is SliceEnd.FINISHED and batch.under_way.trouble is None and not batch.under_way.left:
            await self.writer.until_stored(lambda: self.slices.finish(batch.held))
            return SliceEnd.FINISHED
        await self.writer.until_stored(lambda: self.slices.release(batch.held))
        if batch.under_way.trouble is not None:
            raise batch.under_way.trouble
        return SliceEnd.LEFT if end is SliceEnd.LEFT or not batch.hold.wanted else SliceEnd.INTERRUPTED


def _portions(people: Sequence[_Person], size: int) -> Iterator[Sequence[_Person]]:
    return (people[first : first + size] for first in range(0, len(people), size))
