"""Campaigns and the statuses they move through (R34-R53, R66, R77)."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.breakers import Trip
from domain.content_failure import ContentFailed
from domain.errors import IllegalTransition
from domain.findings import Finding
from domain.mail_headers import a_label
from domain.selections import Kept, module_of

CAMPAIGN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
MAX_PER_MODULE = 200_000  #: recipients picked from one module (R46)
MAX_IN_ALL = 400_000  #: recipients picked altogether (R46)
DEFAULT_TOPIC = "marketing"


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    SYNCING_RECIPIENTS = "syncing_recipients"  #: the picked people are being put on the list; all is locked from here
    TO_BE_REVIEWED = "to_be_reviewed"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"  #: every email has ended
    STOPPED = "stopped"  #: ended with part of it sent
    CANCELLED = "cancelled"  #: never goes on
    OFFLINE = "offline"  #: the integration was deactivated


_S = CampaignStatus
#: Its list and recipients are locked, and there is no verdict yet.
UNDER_REVIEW = frozenset({_S.SYNCING_RECIPIENTS, _S.TO_BE_REVIEWED, _S.IN_REVIEW})
NEXT: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    _S.DRAFT: frozenset({_S.SYNCING_RECIPIENTS, _S.CANCELLED, _S.OFFLINE}),
    _S.SYNCING_RECIPIENTS: frozenset({_S.TO_BE_REVIEWED, _S.CANCELLED, _S.OFFLINE}),
    _S.TO_BE_REVIEWED: frozenset({_S.IN_REVIEW, _S.CANCELLED, _S.OFFLINE}),
    _S.IN_REVIEW: frozenset({_S.REVIEWED, _S.REJECTED, _S.CANCELLED, _S.OFFLINE}),
    _S.REVIEWED: frozenset({_S.SCHEDULED, _S.SENDING, _S.DRAFT, _S.CANCELLED, _S.OFFLINE}),
    _S.REJECTED: frozenset({_S.DRAFT, _S.CANCELLED, _S.OFFLINE}),
    _S.SCHEDULED: frozenset({_S.SENDING, _S.REVIEWED, _S.CANCELLED, _S.OFFLINE}),
    _S.SENDING: frozenset({_S.PAUSED, _S.SENT, _S.STOPPED, _S.CANCELLED, _S.OFFLINE}),
    _S.PAUSED: frozenset({_S.SENDING, _S.STOPPED, _S.CANCELLED, _S.OFFLINE}),
    _S.SENT: frozenset({_S.SENDING, _S.OFFLINE}),  # again: to the remainder
    _S.STOPPED: frozenset({_S.OFFLINE}),
    _S.CANCELLED: frozenset({_S.OFFLINE}),
    _S.OFFLINE: frozenset(),
}


class Purpose(StrEnum):
    """What a campaign is for (R4). All but transactional are marketing."""

    NEWSLETTER = "newsletter"
    WELCOME = "welcome"
    SURVEY = "survey"
    ANNOUNCEMENT = "announcement"
    EVENT = "event"
    TRANSACTIONAL = "transactional"

    @property
    def marketing(self) -> bool:
        return self is not Purpose.TRANSACTIONAL


class LawfulBasis(StrEnum):
    """GDPR Art. 6 (R53)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Origin(StrEnum):
    """Where a campaign was created (R81)."""

    CRM = "crm"
    CAMPAIGNS = "campaigns"


class Layout(StrEnum):
    """How the CRM shows a campaign (R2, R96)."""

    EMAIL = "email"  #: a live email campaign
    STANDARD = "standard"  #: offline, like any other kind of campaign


@dataclass(frozen=True, slots=True)
class Sender:
    name: str
    address: str
    reply_to: str | None = None

    @property
    def domain(self) -> str:
        """Of the address, in ASCII and lower case; as it is written where it does not exist in ASCII."""
        written = self.address.rpartition("@")[2].lower()
        try:
            return a_label(written)
        except ContentFailed:
            return written  # no header can carry it: the review says so


@dataclass(frozen=True, slots=True)
class Content:
    """What is written in the email. A template chosen is copied here, so that it can change without us."""

    subject: str
    preheader: str = ""
    html: str | None = None
    text: str | None = None
    template: str | None = None  #: where html and text came from


@dataclass(frozen=True, slots=True)
class Selection:
    """Who was picked, list members aside (R35, R45)."""

    modules: tuple[str, ...] = ()  #: every record of these modules
    refs: tuple[str, ...] = ()  #: chosen records, "module:record_id"
    filters: Mapping[str, str] = field(default_factory=dict)  #: of these modules those that fit; see domain/filters.py
    kept: Kept | None = None  #: chosen records that are too many to stand in `refs`
    list_members: bool = False  #: also those who are on the campaign's list already (R54)

    @property
    def empty(self) -> bool:
        return not (self.modules or self.refs or self.filters or self.kept or self.list_members)

    @property
    def apart(self) -> bool:
        """Whether people of it are, or were at a review, kept apart; see domain/selections.py."""
        return bool(self.kept or self.filters)

    @property
    def names(self) -> list[str]:
        """Every module that somebody is picked from."""
        return sorted({*self.modules, *self.filters, *self.chosen})

    @property
    def chosen(self) -> Mapping[str, int]:
        """How many records were chosen one by one, by module."""
        return Counter(module_of(ref) for ref in self.refs) + Counter(self.kept.counts if self.kept else {})


@dataclass(frozen=True, slots=True)
class Report:
    """What the review found (R61-R64): how many, and why not the others."""

    from_modules: Mapping[str, int] = field(default_factory=dict)
    from_list: int = 0  #: list members beyond those picked
    skipped: Mapping[str, int] = field(default_factory=dict)  #: by SkipReason
    topic_conflicts: Mapping[str, int] = field(default_factory=dict)  #: by topic held (R52); a person may hold several
    to_send: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def selected(self) -> int:
        return self.to_send + sum(self.skipped.values())


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has read what was reviewed, and it may be sent."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SendAsk:
    """A request to send a campaign that was answered; see domain/send_asks.py."""

    mark: str  #: of its id
    review: str | None  #: the run that reviewed what it asked for; None: nothing was reviewed
    done: bool  #: False: it was refused


@dataclass(frozen=True, slots=True)
class Campaign:
    id: str
    name: str
    purpose: Purpose
    sender: Sender
    content: Content
    status: CampaignStatus = CampaignStatus.DRAFT
    recipients: Selection = Selection()
    list_id: str | None = None
    topic: str = DEFAULT_TOPIC
    lawful_basis: LawfulBasis | None = None
    description: str = ""
    information: Mapping[str, str] = field(default_factory=dict)  #: owner, budget and the like, free (R36)
    origin: Origin = Origin.CAMPAIGNS
    member_status: str = "Planned"  #: given to those added (R49)
    schedule: str | None = None  #: when a draft is meant to be sent, as its document says; see domain/schedule.py
    source_order: int | None = None  #: of the newest document that an upstream saved; see `domain.record.order_of`
    include_existing_members: bool = False
    report: Report | None = None
    review_run: str | None = None  #: the run that reviews it, or reviewed it last
    reviewed_hash: str | None = None  #: of content and selection as reviewed (D9)
    reviewed_assets: Mapping[str, str] = field(default_factory=dict)  #: hashes of images and videos by URL, then
    author: str | None = None  #: who saved it last; None: nobody knows
    approval: Approval | None = None  #: of somebody else, where the organisation wants that
    series: str | None = None  #: the id of the autoresponder whose message it is; see domain/series.py
    slices: int = 0  #: batches of the first round; retries are numbered from here on
    chains: int = 0  #: how many batches are under way at once
    send_at: datetime | None = None  #: when it is to begin; of one with a local time, where it is that time first
    local_time: str | None = None  #: "2026-12-01T09:00:00" where each recipient lives (D7); see domain/send_times.py
    send_asks: tuple[SendAsk, ...] = ()  #: requests to send it that were answered, the newest last
    status_reason: str | None = None  #: why it was rejected, paused, stopped or cancelled
    trip: Trip | None = None  #: the last time that a circuit breaker stopped it
    created_at: datetime | None = None
    status_at: datetime | None = None
    left_as: CampaignStatus | None = None  #: of one that is offline: what it was before (R96)
    revision: int = 0

    def moved_to(self, status: CampaignStatus, reason: str | None = None, *, at: datetime | None = None) -> Campaign:
        """The same campaign in `status`, since `at`.

        Raises:
            IllegalTransition: `status` does not follow the current one in `NEXT`.
        """
        if status not in NEXT[self.status]:
            raise IllegalTransition(
                f"campaign {self.id} is {self.status} and cannot become {status}; "
                f"from here it can become: {', '.join(sorted(NEXT[self.status])) or 'nothing'}"
            )
        left = self.status if status is _S.OFFLINE else self.left_as
        return replace(self, status=status, status_reason=reason, status_at=at or self.status_at, left_as=left)

    @property
    def layout(self) -> Layout:
        return Layout.STANDARD if self.status is CampaignStatus.OFFLINE else Layout.EMAIL

    @property
    def goes_to_members(self) -> bool:
        """Whether those who are on its list already get it too, as far as anybody has said so (R54)."""
        return self.include_existing_members or self.recipients.list_members

    @property
    def source(self) -> str:
        """How list memberships name this campaign."""
        return f"campaign:{self.id}"


def hash_of(campaign: Campaign) -> str:
    """What was reviewed, in one word: 16 hex digits for each of `_reviewed_parts`. Eligibility is not in it (D9)."""
    return ".".join(_digest(part) for part in _reviewed_parts(campaign).values())


def changed_since_review(campaign: Campaign) -> list[str]:
    """Which parts are no longer what was reviewed; nothing for a campaign that may be sent."""
    reviewed = (campaign.reviewed_hash or "").split(".")
    now = hash_of(campaign).split(".")
    if len(reviewed) != len(now):
        return list(_reviewed_parts(campaign))
    parts = zip(_reviewed_parts(campaign), reviewed, now, strict=True)
    return [name for name, before, after in parts if before != after]


def _reviewed_parts(campaign: Campaign) -> dict[str, list[object]]:
    sender, content, chosen = campaign.sender, campaign.content, campaign.recipients
    return {
        "sender": [sender.name, sender.address, sender.reply_to],
        "content": [content.subject, content.preheader, content.html, content.text],
        "recipients": [*_recipients(chosen), campaign.include_existing_members],
        "list and topic": [campaign.list_id, campaign.topic],
        "purpose and lawful basis": [campaign.purpose, campaign.lawful_basis],
    }


def _recipients(chosen: Selection) -> list[object]:
    """Parts that are not there are left out: who was reviewed before they came to be has the hash that it had."""
    kept = [chosen.kept.key, chosen.kept.digest] if chosen.kept else []
    return [
        sorted(chosen.modules),
        sorted(chosen.refs),
        *([sorted(chosen.filters.items())] if chosen.filters else []),
        *kept,
    ]


def _digest(part: list[object]) -> str:
    return hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16]
