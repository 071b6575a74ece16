"""What marked documents come to in the feed: entries, numbered in the outbox, and then the marks taken back.

In this order: a crash in between leaves the mark, and the repeat finds what it numbered by the ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from domain.campaign import Campaign, CampaignStatus
from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.email import Email
from domain.erasure import told_ref
from domain.feed import (
    CONTACTS,
    SYNCS,
    CampaignMove,
    Entry,
    MarkedEmail,
    Told,
    campaign_stream,
    changed_at,
    numbered,
    telling,
)
from domain.lists import Suppression
from domain.slices import Run
from handlers.ports.audience import Contacts
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.feed import FeedMarks, Outbox
from messages.campaign_status_changed import CampaignStatusChanged
from messages.contact_bounced import ContactBounced
from messages.contact_complained import ContactComplained
from messages.contact_news import ContactNews
from messages.contact_replied import ContactReplied
from messages.contact_unsubscribed import ContactUnsubscribed
from messages.member_status_changed import MemberStatusChanged
from messages.numbered import Numbered
from messages.sync_finished import SyncFinished

_CONTACT_NEWS: Mapping[SuppressionReason, type[ContactNews]] = {
    SuppressionReason.UNSUBSCRIBED: ContactUnsubscribed,
    SuppressionReason.COMPLAINED: ContactComplained,
    SuppressionReason.HARD_BOUNCED: ContactBounced,
}
_UNKNOWN = "Planned"  #: member status given by a campaign that is gone


class News(Protocol):
    """One kind of documents."""

    async def __call__(self, limit: int) -> int:
        """Number what so many marked documents say; how many there were."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers what is new. Only one relay does so at a time, see repositories/outbox.py."""

    outbox: Outbox
    now: Clock

    async def add(self, entries: Sequence[Entry]) -> None:
        known = await self.outbox.known([entry.id for entry in entries]) if entries else {}
        await self.append([entry for entry in entries if entry.id not in known])

    async def append(self, new: Sequence[Entry]) -> None:
        """The same of what is surely not there; should it be, that is a Conflict."""
        if new:
            heads = await self.outbox.heads({entry.stream for entry in new})
            await self.outbox.append(numbered(new, heads), self.now())


@dataclass(frozen=True, slots=True)
class EmailNews:
    """Member statuses, and who has answered."""

    marks: FeedMarks
    campaigns: Campaigns
    contacts: Contacts
    numbering: Numbering

    async def __call__(self, limit: int) -> int:
        marked = await self._caught_up(await self.marks.emails(limit))
        found = {id_: await self.campaigns.get(id_) for id_ in {each.email.campaign_id for each in marked}}
        told = [replace(each, told=_told(each, found[each.email.campaign_id])) for each in marked]
        changes = [(before.told, after) for before, after in zip(marked, told, strict=True)]
        replied = {after.email.contact_id for before, after in changes if after.told.replied and not before.replied}
        people = await self.contacts.for_sending(replied) if replied else {}
        entries = [entry for before, after in changes for entry in _email_entries(before, after, people)]
        await self.numbering.append(entries)  # they are not there: `_caught_up` has looked
        await self.marks.emails_told(told)
        return len(marked)

    async def _caught_up(self, marked: Sequence[MarkedEmail]) -> Sequence[MarkedEmail]:
        """With all that was numbered before a crash kept the emails from being told so."""
        ids = [id_ for each in marked for id_ in _ids(each, each.told.count + 1)]
        known = await self.numbering.outbox.known(ids) if ids else {}
        return await self._caught_up([_after(each, known) for each in marked]) if known else marked


@dataclass(frozen=True, slots=True)
class ContactsNews:
    """Who is not mailed any more, and why."""

    marks: FeedMarks
    contacts: Contacts
    numbering: Numbering

    async def __call__(self, limit: int) -> int:
        marked = await self.marks.suppressions(limit)
        people = await self.contacts.for_sending([each.contact_id for each in marked]) if marked else {}
        reasons = [reason for each in marked for reason in each.reasons]
        await self.numbering.add([_left(reason, people.get(reason.contact_id)) for reason in reasons])
        await self.marks.suppressions_told(marked)
        return len(marked)


@dataclass(frozen=True, slots=True)
class CampaignNews:
    marks: FeedMarks
    numbering: Numbering

    async def __call__(self, limit: int) -> int:
        marked = await self.marks.campaigns(limit)
        moves = [move for each in marked for move in each.news()]
        await self.numbering.add([_moved(move, self.numbering.now()) for move in moves])
        await self.marks.campaigns_told(marked)
        return len(marked)


@dataclass(frozen=True, slots=True)
class SyncNews:
    marks: FeedMarks
    numbering: Numbering

    async def __call__(self, limit: int) -> int:
        runs = await self.marks.runs(limit)
        await self.numbering.add([_finished(run, run.ended_at or self.numbering.now()) for run in runs])
        await self.marks.runs_told(runs)
        return len(runs)


def _told(each: MarkedEmail, campaign: Campaign | None) -> Told:
    """What others are to know of it; no status that is later than its campaign went offline (R102).

    Answers are told all the same: they are news of the person.
    """
    told = telling(each, campaign.member_status if campaign else _UNKNOWN)
    if campaign is None or not _is_late(each.email, campaign):
        return told
    return each.told if told.replied == each.told.replied else replace(told, status=each.told.status)


def _is_late(email: Email, campaign: Campaign) -> bool:
    if campaign.status is not CampaignStatus.OFFLINE:
        return False
    at, offline_at = changed_at(email), campaign.status_at
    return at is None or offline_at is None or at >= offline_at


def _ids(each: MarkedEmail, count: int) -> tuple[str, str]:
    """Of its member status and of its answer, as they were told the so-manieth time."""
    return f"{each.email.id}:status:{count}", f"{each.email.id}:replied:{count}"


def _after(each: MarkedEmail, known: Mapping[str, Entry]) -> MarkedEmail:
    told = each.told
    status, replied = (known.get(id_) for id_ in _ids(each, told.count + 1))
    if status is None and replied is None:
        return each
    now = str(status.data["status"]) if status else told.status
    return replace(each, told=Told(now, told.replied or replied is not None, told.count + 1))


def _email_entries(before: Told, after: MarkedEmail, people: Mapping[str, Contact]) -> list[Entry]:
    email, told = after.email, after.told
    if told.count == before.count:
        return []
    at = changed_at(email)
    status_id, replied_id = _ids(after, told.count)
    found = []
    if told.status != before.status:
        status = MemberStatusChanged(
            campaign_id=email.campaign_id,
            email_id=email.id,
            contact_id=email.contact_id,
            address=email.address or None,
            record=told_ref(email.ref),
            status=told.status or _UNKNOWN,
            changed_at=at,
        )
        found.append(_entry(status_id, campaign_stream(email.campaign_id), status, at, email.contact_id))
    if told.replied and not before.replied:
        answered_at = email.times["replied"]
        contact = people.get(email.contact_id)
        answer = ContactReplied(
            contact_id=email.contact_id,
            address=email.address or None,
            records=_records(contact) or ([ref] if (ref := told_ref(email.ref)) else []),
            campaign_id=email.campaign_id,
            happened_at=answered_at,
        )
        found.append(_entry(replied_id, CONTACTS, answer, answered_at, email.contact_id))
    return found


def _left(reason: Suppression, contact: Contact | None) -> Entry:
    message = _CONTACT_NEWS[reason.reason](
        contact_id=reason.contact_id,
        address=contact.address if contact else None,
        records=_records(contact),
        happened_at=reason.at,
        because=reason.evidence,
    )
    id_ = f"{reason.contact_id}:{reason.reason}:{reason.at.isoformat()}"
    return _entry(id_, CONTACTS, message, reason.at, reason.contact_id)


def _moved(move: CampaignMove, now: datetime) -> Entry:
    message = CampaignStatusChanged(
        campaign_id=move.campaign_id, status=move.status, changed_at=move.at, reason=move.reason
    )
    id_ = f"{move.campaign_id}:{move.revision}:{move.at.isoformat() if move.at else move.status}"
    return _entry(id_, campaign_stream(move.campaign_id), message, move.at or now)


def _finished(run: Run, at: datetime) -> Entry:
    message = SyncFinished(
        sync_id=run.subject,
        run_id=run.id,
        mode=run.mode,
        counts=dict(run.counts),
        ended_at=at,
        because=run.ended_because,
    )
    return _entry(f"{run.id}:finished", SYNCS, message, at)


def _records(contact: Contact | None) -> list[str]:
    return sorted(source.ref for source in contact.present()) if contact else []


def _entry(id_: str, stream: str, message: Numbered, at: datetime | None, contact_id: str | None = None) -> Entry:
    data = message.model_dump(mode="json", exclude_none=True, exclude={"stream", "number"})
    assert at is not None, "what changed has a time"
    return Entry(id_, stream, message.queue, at, data, contact_id)
