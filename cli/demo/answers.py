"""What the people of the demo do with their mail: deterministic, told twice and in disorder."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.email import Email
from messages.delivery_event import DeliveryEvent, EventType, Evidence

SEED = 20261123
OPENED, CLICKED, REPLIED = 0.42, 0.25, 0.04  #: of those sent; of those who opened; of those who clicked
COMPLAINTS_PER_1000 = 1  #: well below the 0.3 % at which a campaign is paused
BOUNCED_LATER = 3  #: mails that come back after they had been accepted
UNSUBSCRIBED_PER_1000 = 6


@dataclass(frozen=True, slots=True)
class Answers:
    """Events to publish, and the people that the summary must show afterwards."""

    events: tuple[DeliveryEvent, ...]
    people: dict[EventType, int]


def answers(sent: Sequence[Email], now: datetime) -> Answers:
    """What comes back from everybody in `sent`."""
    dice = random.Random(SEED)
    rows = sorted(sent, key=lambda row: row.address)
    bounced = _few(rows[100:], EventType.BOUNCED, BOUNCED_LATER, now)
    away = {event.email_id for event in bounced}
    events = bounced + [event for row in rows if row.id not in away for event in _one(row, now, dice)]
    events += _few(rows[10:], EventType.COMPLAINED, len(rows) * COMPLAINTS_PER_1000 // 1000 or 1, now)
    events += _few(rows[200:], EventType.UNSUBSCRIBED, len(rows) * UNSUBSCRIBED_PER_1000 // 1000 or 1, now)
    told = [*events, *events]
    dice.shuffle(told)
    return Answers(tuple(told), {kind: len({e.email_id for e in events if e.event is kind}) for kind in EventType})


def _one(row: Email, now: datetime, dice: random.Random) -> Iterator[DeliveryEvent]:
    """Opened, then clicked, then replied, each by fewer."""
    for kind, share in ((EventType.OPENED, OPENED), (EventType.CLICKED, CLICKED), (EventType.REPLIED, REPLIED)):
        if dice.random() >= share:
            return
        yield _event(row, kind, now + timedelta(milliseconds=dice.randrange(1, 900)))


def _few(rows: Sequence[Email], kind: EventType, count: int, now: datetime) -> list[DeliveryEvent]:
    """`count` people spread over all."""
    step = max(1, len(rows) // count) if rows else 1
    return [_event(row, kind, now + timedelta(seconds=1)) for row in rows[::step][:count]]


def _event(row: Email, kind: EventType, at: datetime) -> DeliveryEvent:
    evidence = Evidence(code=550, enhanced="5.1.1", text="no such user", source="demo")
    return DeliveryEvent(
        event_id=f"demo-{kind}-{row.id}",
        event=kind,
        email_id=row.id,
        occurred_at=at,
        evidence=evidence if kind is EventType.BOUNCED else None,
    )
