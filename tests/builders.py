"""Valid things with defaults: a test writes out only what matters to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.campaign import Campaign, Content, Purpose, Selection, Sender
from domain.contact import (
    Address,
    Contact,
    ContactField,
    Membership,
    Source,
    Stamp,
    SubscriptionType,
    address,
    contact_id,
)
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailEvent, EmailState, Outcome, email_id, message_id
from domain.events import StoredEvent
from domain.lists import MailingList, Suppression, Topic
from domain.parked import ParkedMessage
from domain.record import Operation, Record, RecordChange, RecordField
from domain.slices import KeyRange, Run
from domain.smtp_reply import Reply
from domain.sync import Sync, SyncStatus
from domain.values import Value

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESS_KEY = b"an address key for tests, no secret"


def later(seconds: float) -> datetime:
    """`NOW` and some seconds."""
    return NOW + timedelta(seconds=seconds)


def an_address(text: str) -> Address:
    found = address(text)
    assert found is not None, text
    return found


def an_id(text: str) -> str:
    """The contact id of an address."""
    return contact_id(an_address(text).identity, ADDRESS_KEY)


def a_change(record_id: str = "1", fields: Mapping[str, Value] | None = None, **overrides: Any) -> RecordChange:
    defaults: dict[str, Any] = {
        "module": "Leads",
        "record_id": record_id,
        "operation": Operation.UPDATE,
        "fields": fields if fields is not None else {"Email": f"lead{record_id}@example.com"},
        "cleared": frozenset(),
        "complete": True,
        "version": 1,
        "changed_at": NOW,
    }
    return RecordChange(**{**defaults, **overrides})


def a_record(record_id: str = "1", fields: Mapping[str, Value] | None = None, **overrides: Any) -> Record:
    """A lead with an address and a name, at version 1, not stored yet."""
    given = fields if fields is not None else {"Email": f"lead{record_id}@example.com", "First_Name": "Ann"}
    version = overrides.pop("version", 1)
    defaults: dict[str, Any] = {
        "module": "Leads",
        "record_id": record_id,
        "fields": {name: RecordField(value, version) for name, value in given.items()},
        "snapshot_version": version,
        "alive_version": version,
        "changed_at": NOW,
    }
    return Record(**{**defaults, **overrides})


def a_stamp(ref: str = "Leads:1", version: int = 1, at: datetime = NOW) -> Stamp:
    return Stamp(at, version, ref)


def a_contact(text: str = "ann@example.com", **overrides: Any) -> Contact:
    """Somebody with a first name and one lead behind it, on no list, not stored yet."""
    stamp = a_stamp()
    defaults: dict[str, Any] = {
        "id": an_id(text),
        "address": an_address(text).sendable,
        "sources": {stamp.ref: Source(stamp.ref, stamp)},
        "fields": {"first_name": ContactField("Ann", stamp)},
    }
    return Contact(**{**defaults, **overrides})


def a_member(text: str = "ann@example.com", list_id: str = "news", **overrides: Any) -> Contact:
    """The same, on a list by a sync."""
    membership = Membership(list_id, frozenset({"sync:leads|Leads:1"}))
    return a_contact(text, **{"memberships": {list_id: membership}, **overrides})


def a_sync(sync_id: str = "leads", **overrides: Any) -> Sync:
    """An active marketing sync of all leads into the list "news"."""
    defaults: dict[str, Any] = {
        "id": sync_id,
        "name": "All leads",
        "module": "Leads",
        "lists": ("news",),
        "subscription": SubscriptionType.MARKETING,
        "topics": (),
        "update_empty_values": False,
        "field_map": {"First_Name": "first_name", "Last_Name": "last_name"},
        "status": SyncStatus.ACTIVE,
    }
    return Sync(**{**defaults, **overrides})


def a_campaign(campaign_id: str = "spring", **overrides: Any) -> Campaign:
    """A draft to all leads, with everything that a review asks for."""
    defaults: dict[str, Any] = {
        "id": campaign_id,
        "name": "Spring news",
        "purpose": Purpose.NEWSLETTER,
        "sender": Sender("Green Ltd", "news@green.example"),
        "content": Content(
            subject="Hello {{ first_name }}",
            html='<p>Hello {{ first_name }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a>',
            text="Hello {{ first_name }}. Unsubscribe: {{ unsubscribe_url }}",
        ),
        "recipients": Selection(modules=("Leads",)),
        "list_id": "news",
        "created_at": NOW,
        "status_at": NOW,
    }
    return Campaign(**{**defaults, **overrides})


def an_email(text: str = "ann@example.com", campaign_id: str = "spring", **overrides: Any) -> Email:
    """A planned row of slice 0."""
    contact, occurrence = an_id(text), overrides.get("occurrence", 0)
    row = email_id(campaign_id, contact, occurrence)
    defaults: dict[str, Any] = {
        "id": row,
        "campaign_id": campaign_id,
        "contact_id": contact,
        "address": an_address(text).sendable,
        "ref": "Leads:1",
        "state": EmailState.PLANNED,
        "message_id": message_id(row, "green.example"),
        "state_at": NOW,
    }
    return Email(**{**defaults, **overrides})


def emails(count: int, campaign_id: str = "spring", **overrides: Any) -> list[Email]:
    """Rows of `count` different people."""
    return [an_email(f"p{n}@example.com", campaign_id, **overrides) for n in range(count)]


def a_reply(code: int = 250, text: str = "2.0.0 Ok: queued") -> Reply:
    return Reply(code, text)


def an_outcome(email: Email | str, state: EmailState = EmailState.SENT, **overrides: Any) -> Outcome:
    """What one try came to, at `NOW`, with a reply that fits."""
    key = email if isinstance(email, str) else email.id
    replies = {EmailState.SENT: a_reply(), EmailState.DEFERRED: a_reply(451, "4.2.2 Mailbox full")}
    reply = replies.get(state, a_reply(550, "5.1.1 User unknown"))
    next_at = later(900) if state is EmailState.DEFERRED else None
    return replace(Outcome(key, state, NOW, reply=reply, next_at=next_at), **overrides)


def an_event(email: Email | str, **overrides: Any) -> EmailEvent:
    return EmailEvent(**{"email_id": email if isinstance(email, str) else email.id, "at": NOW, **overrides})


def a_stored_event(event_id: str = "e1", **overrides: Any) -> StoredEvent:
    defaults: dict[str, Any] = {"email_id": an_email().id, "event": "opened", "at": NOW}
    return StoredEvent(event_id, **{**defaults, **overrides})


def a_list(list_id: str = "news", **overrides: Any) -> MailingList:
    return MailingList(**{"id": list_id, "name": "News", "message": "Our news, monthly", **overrides})


def a_topic(topic_id: str = "marketing", **overrides: Any) -> Topic:
    return Topic(**{"id": topic_id, "name": "Marketing", **overrides})


def a_suppression(text: str = "ann@example.com", **overrides: Any) -> Suppression:
    defaults: dict[str, Any] = {"reason": SuppressionReason.HARD_BOUNCED, "at": NOW, "evidence": "spring: 550 5.1.1"}
    return Suppression(an_id(text), **{**defaults, **overrides})


def a_run(run_id: str = "leads-r1", **overrides: Any) -> Run:
    """A sync run of two slices, none of them done."""
    defaults: dict[str, Any] = {
        "subject": "leads",
        "phase": "records",
        "ranges": (KeyRange(0, "", "Leads:5", "Leads"), KeyRange(1, "Leads:5", "Leads:9", "Leads")),
        "started_at": NOW,
    }
    return Run(run_id, **{**defaults, **overrides})


def a_parked_message(message: str = "m1", **overrides: Any) -> ParkedMessage:
    defaults: dict[str, Any] = {
        "message_id": message,
        "queue": "record-changed",
        "reason": "invalid_message",
        "error": "changed_at: field required",
        "attempts": 1,
        "first_seen": NOW,
        "parked_at": later(1),
        "worker": "host-1",
        "headers": {"x-msg-id": message},
        "body": b"{}",
        "content_type": "application/json",
        "body_bytes": len(overrides.get("body", b"{}")),
    }
    return ParkedMessage(message, **{**defaults, **overrides})


def a_hash(text: str) -> str:
    """32 hex digits that stand for nobody in particular."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
