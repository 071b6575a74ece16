"""What happened with one person, in order: records, consents, suppressions, emails and what came of them (R7, R79)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import RenderableType

from cli.explanation import evidence
from cli.output import table
from domain.activity import service_status
from domain.contact import Contact
from domain.email import Email, EmailState
from domain.events import StoredEvent
from domain.lists import Lifted, Suppression
from domain.response import READ, any_of, response
from domain.summary import NUMBERS
from repositories.stores import Stores

_LATEST = 40  #: entries that a terminal shows
#: States in which nothing has happened to an email yet.
_NOTHING_YET = frozenset({EmailState.PLANNED, EmailState.CLAIMED})
_JUDGED = ("sent", "delivered", "opened", "clicked", "replied", "hard_bounced", "soft_bounced", "complaints")


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    campaign: str | None
    what: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One email to the person."""

    campaign: str
    email_id: str
    state: EmailState
    service_status: str
    reason: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What lets one judge a prospect (R7): emails of all campaigns, each counted once per number."""

    counts: Mapping[str, int]
    last_sent: datetime | None
    last_seen: datetime | None  #: the last open, click or reply of the person


@dataclass(frozen=True, slots=True)
class Timeline:
    numbers: Numbers
    emails: Sequence[Sent]
    entries: Sequence[Entry]  #: the oldest first


async def timeline(
    stores: Stores,
    contact_id: str,
    contact: Contact | None,
    suppressions: Sequence[Suppression],
    lifted: Sequence[Lifted],
) -> Timeline:
    rows = await stores.emails.of_people([contact_id])
    events = await stores.events.of_emails([row.id for row in rows]) if rows else []
    entries = [
        *(_of_contact(contact) if contact else []),
        *(Entry(each.at, None, f"suppressed: {each.reason}", each.evidence) for each in suppressions),
        *(entry for each in lifted for entry in _taken_back(each)),
        *(_of_row(row, row.state_at) for row in rows if row.state_at and row.state not in _NOTHING_YET),
        *(_of_event(event) for event in events),
    ]
    return Timeline(numbers(rows), [_sent(row) for row in rows], sorted(entries, key=lambda entry: entry.at))


def numbers(rows: Iterable[Email]) -> Numbers:
    found = [(row, response(row)) for row in rows]
    counts = Counter(name for _, one in found for name in _JUDGED if any_of(NUMBERS[name], one))
    sent = [row.state_at for row, one in found if row.state_at and any_of(NUMBERS["sent"], one)]
    seen = [at for row, _ in found for name, at in row.times.items() if name in READ]
    return Numbers({name: counts[name] for name in _JUDGED}, max(sent, default=None), max(seen, default=None))


def view(found: Timeline) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if found.emails:
        lines = [(each.campaign, each.service_status, each.reason, each.at) for each in found.emails]
        parts.append(table("Emails", ("campaign", "status", "reason", "since"), lines))
        parts.append(table("Numbers", ("number", "emails"), _judged(found.numbers)))
    if found.entries:
        latest = found.entries[-_LATEST:]
        kept = f", the latest {_LATEST} of {len(found.entries):,}" if len(latest) < len(found.entries) else ""
        told = [(each.at, each.campaign, each.what, each.detail) for each in latest]
        parts.append(table(f"Timeline{kept}", ("when", "campaign", "what", "detail"), told, spare=("detail",)))
    return parts


def _judged(found: Numbers) -> list[tuple[str, object]]:
    counts = [(name.replace("_", " "), number) for name, number in found.counts.items()]
    return [*counts, ("last sent", found.last_sent or "never"), ("last seen", found.last_seen or "never")]


def _of_contact(contact: Contact) -> Iterable[Entry]:
    for source in contact.sources.values():
        yield Entry(source.stamp.at, None, f"record {source.ref} {'gone' if source.gone else 'changed'}")
    for consent in contact.consents:
        said = f"{'yes' if consent.given else 'no'} to {consent.to}"
        yield Entry(consent.at, None, said, " ".join(filter(None, (consent.source, consent.proof))))
    if contact.opt_out:
        yield Entry(contact.opt_out.at, None, "opted out", contact.opt_out.source)


def _taken_back(each: Lifted) -> Iterable[Entry]:
    yield Entry(each.suppression.at, None, f"suppressed: {each.suppression.reason}", each.suppression.evidence)
    yield Entry(each.at, None, f"suppression taken back: {each.suppression.reason}", each.because)


def _of_row(row: Email, at: datetime) -> Entry:
    reply = f"{row.reply.code} {row.reply.text}" if row.reply else row.detail
    why = f"{row.reason}: {reply}" if row.reason and reply else row.reason or reply
    return Entry(at, row.campaign_id, f"email {row.state}".replace("_", " "), why)


def _of_event(event: StoredEvent) -> Entry:
    by = " by a machine" if event.by_machine else ""
    said = evidence(event)
    ruled = f"{event.ruling.reason}: {said}" if event.ruling and event.ruling.reason else said
    return Entry(event.at, event.email_id.partition(":")[0], f"{event.event}{by}", ruled or None)


def _sent(row: Email) -> Sent:
    return Sent(row.campaign_id, row.id, row.state, service_status(response(row)), row.reason, row.state_at)
