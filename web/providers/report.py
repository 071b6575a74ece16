"""What a provider says of one mail, in the one vocabulary of ours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from domain.machine_readers import Visit, machine_sign
from messages.delivery_event import DeliveryEvent, EventType, Evidence

_MAX_ID, _MAX_URL, _MAX_AGENT, _MAX_IP = 200, 8192, 1024, 45


@dataclass(frozen=True, slots=True)
class Named:
    """By what a provider names a mail; whatever it knows of these."""

    mark: str | None = None  #: the email id, as the mail's metadata carried it
    message_id: str | None = None  #: the Message-ID that we gave it
    sender: str | None = None  #: its envelope sender: a token of ours
    campaign_id: str | None = None  #: as the metadata carried it, with `address`
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    id: str  #: the provider's own: the same for the same event, however often it is told
    event: EventType
    at: datetime
    named: Named
    evidence: Evidence | None = None
    url: str | None = None
    user_agent: str | None = None
    ip: str | None = None
    by_machine: bool = False


def event_of(report: Report, email_id: str, provider: str) -> DeliveryEvent:
    """The report as a message about this email."""
    return DeliveryEvent(
        event_id=_event_id(provider, report.id),
        event=report.event,
        email_id=email_id,
        occurred_at=report.at,
        evidence=report.evidence,
        url=_short_or_none(report.url, _MAX_URL),
        user_agent=report.user_agent[:_MAX_AGENT] if report.user_agent else None,
        ip=_short_or_none(report.ip, _MAX_IP),
        by_machine=report.by_machine or _is_program(report),
    )


def _is_program(report: Report) -> bool:
    """Whether what opened or clicked says so of itself; a provider that does not tell what it was says nothing."""
    if report.event not in (EventType.OPENED, EventType.CLICKED) or not report.user_agent:
        return False
    visit = Visit(report.event is EventType.CLICKED, "GET", report.user_agent)
    return machine_sign(visit) is not None


def _event_id(provider: str, id_: str) -> str:
    """Ids that are too long are told apart by their hash."""
    whole = f"{provider}:{id_}"
    return whole if len(whole) <= _MAX_ID else f"{provider}:{hashlib.sha256(id_.encode()).hexdigest()}"


def _short_or_none(text: str | None, most: int) -> str | None:
    """A part of an address leads elsewhere: it is better left out."""
    return text if text and len(text) <= most else None
