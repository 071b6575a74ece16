"""Every decision about one person in one campaign, told in order (X3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli import series_views
from cli.output import shown as cell
from cli.output import table
from domain.campaign import Campaign
from domain.contact import Contact
from domain.eligibility import Skip, SuppressionReason
from domain.email import Email, EmailState
from domain.events import StoredEvent
from domain.lists import Suppression
from domain.member_status import member_status
from domain.response import response
from domain.series import Entry
from domain.series_fixes import what_to_do
from domain.slices import Slice
from domain.smtp_reply import Reply, verdict
from domain.troubleshooting import advice
from domain.why_not import Missed

#: Where the reason of a row in each state is explained.
_KINDS: Mapping[EmailState, Sequence[str]] = {
    EmailState.SKIPPED: ("skip",),
    EmailState.IN_DOUBT: ("doubt",),
    **dict.fromkeys(
        (EmailState.FAILED, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.DEFERRED),
        ("failure", "doubt"),
    ),
}
_MOST = 300  #: characters of what an event rests on


@dataclass(frozen=True, slots=True)
class Explanation:
    campaign: Campaign
    rows: Sequence[Email]  #: the person's own row first, then those of other records with the same address
    events: Sequence[StoredEvent]
    contact: Contact | None
    suppressed: frozenset[SuppressionReason]
    suppressions: Sequence[Suppression] = ()
    reviewed_at: datetime | None = None  #: when the review that selected them began; None: there was none
    #: why each of the person's own rows would not be mailed at this moment; None: it would
    now: Mapping[str, Skip | None] = field(default_factory=dict)
    in_doubt_policy: str = ""
    missed: Sequence[Missed] = ()  #: of somebody who was never selected: why not
    entries: Sequence[Entry] = ()  #: into the series whose message it is


def claimed(held: Slice) -> dict[str, Any]:
    """How a planned row is shown while a worker holds its batch."""
    return {"state": EmailState.CLAIMED, "detail": f"in batch {held.number}, held by {held.owner}"}


def shown(found: Explanation) -> RenderableType:
    if not found.rows and found.campaign.series:
        return _not_yet(found, found.campaign.series)
    if not found.rows:
        return Group(Text(f"Nobody with this address was selected for {found.campaign.id}.\n"), *_why_not(found))
    parts: list[RenderableType] = [_person(found), *_suppressions(found), *series_views.entries(found.entries)]
    parts += [part for row in found.rows for part in (_row(found, row), *_earlier(row))]
    if found.events:
        told = [_told(event) for event in sorted(found.events, key=lambda event: event.at)]
        parts.append(table("Events", ("when", "what", "ruled", "evidence"), told))
    return Group(*parts)


def _not_yet(found: Explanation, series_id: str) -> RenderableType:
    """Somebody who has not come to a message of a series: where they are in it."""
    told = Text(f"Nobody with this address has come to {found.campaign.id}, a message of series {series_id}.\n")
    never = Text("They never entered it: who joins its list does, once it runs.")
    more = Text(f"What comes to them and when: campaigns series entry ADDRESS --series {series_id}")
    where = [*series_views.entries(found.entries), more] if found.entries else [never]
    return Group(told, *_suppressions(found), *where)


def _why_not(found: Explanation) -> list[RenderableType]:
    if found.contact is None:
        text = "No contact has this address: no record with it was ever synced."
        return [*_suppressions(found), Text(text)]
    ways = [(each.by, each.why) for each in found.missed]
    why = table("Why not", ("record or list", "why"), ways) if ways else Text("A contact has it, on no list.")
    return [*_suppressions(found), why]


def _suppressions(found: Explanation) -> list[RenderableType]:
    rows = [(each.reason, each.at, each.evidence) for each in found.suppressions]
    return [table("Suppressed", ("reason", "since", "evidence"), rows)] if rows else []


def _earlier(row: Email) -> list[RenderableType]:
    """How it had ended before it was sent to the remainder."""
    ends = [
        (each.at, each.by, _named(each.state, each.reason), each.attempts, _replied(each.reply)) for each in row.earlier
    ]
    columns = ("planned once more", "by", "had ended as", "tries", "last reply")
    return [table("Before that", columns, ends)] if ends else []


def _named(state: EmailState, reason: str | None) -> str:
    return f"{state}{': ' + reason if reason else ''}"


def _replied(reply: Reply | None) -> str | None:
    return (
        f"{reply.code} {reply.text} (at {reply.stage}{' of ' + reply.relay if reply.relay else ''})" if reply else None
    )


def _person(found: Explanation) -> RenderableType:
    contact = found.contact
    rows: list[tuple[str, object]] = [("suppressed", ", ".join(sorted(found.suppressed)) or "no")]
    if contact is not None:
        sources = sorted(contact.present(), key=lambda source: source.stamp, reverse=True)
        rows = [
            ("CRM records", ", ".join(source.ref for source in sources) or "none"),
            ("lists", ", ".join(sorted(contact.memberships)) or "none"),
            ("topics", ", ".join(sorted(contact.topics)) or "none"),
            ("topics left", ", ".join(sorted(contact.left_topics)) or "none"),
            ("opted out", "yes" if contact.opted_out else "no"),
            *rows,
        ]
    return table(f"{found.rows[0].address or 'no address'} in {found.campaign.id}", ("fact", "value"), rows)


def _row(found: Explanation, row: Email) -> RenderableType:
    ruled = (
        f"{verdict(row.reply).reason}, by {verdict(row.reply).rule}" if row.reply and row.reply.code >= 400 else None
    )
    facts = [
        ("selected by", f"series {found.campaign.series}" if found.campaign.series else row.ref or "list membership"),
        ("selected at", None if found.campaign.series else found.reviewed_at),
        ("state", _named(row.state, row.reason)),
        ("detail", row.detail),
        *_advice(found.campaign, row),
        ("since", row.state_at),
        ("tries", row.attempts),
        ("first try", row.first_tried_at),
        ("last reply", _replied(row.reply)),
        ("ruled", ruled),
        ("due again", row.next_at if row.state is EmailState.DEFERRED else None),
        ("time zone", row.time_zone),
        ("waits until", row.next_at if row.state is EmailState.PLANNED else None),
        ("in doubt", found.in_doubt_policy if row.state is EmailState.IN_DOUBT else None),
        ("if it were sent now", _now(found, row)),
        ("service status", row.service),
        ("sent once more", row.resent_at),
        *((name, at) for name, at in sorted(row.times.items(), key=lambda entry: entry[1])),
        ("member status", member_status(response(row), found.campaign.member_status)),
        ("Message-ID", row.message_id),
    ]
    return table(
        f"Email {row.id}", ("fact", "value"), [(name, cell(value)) for name, value in facts if value is not None]
    )


def _told(event: StoredEvent) -> tuple[object, ...]:
    """An event in a line; what a bounce was taken for, and by which rule."""
    ruled = f"{event.ruling.reason}, by {event.ruling.rule}" if event.ruling and event.ruling.reason else None
    return (event.at, f"{event.event}{' by a machine' if event.by_machine else ''}", ruled, evidence(event))


def _advice(campaign: Campaign, row: Email) -> list[tuple[str, object]]:
    """What the reason of a row means and what to do; of one that is on its way there is nothing to say."""
    kinds = _KINDS.get(row.state, ())
    found = next((told for kind in kinds if row.reason and (told := advice(kind, row.reason))), None)
    if found is None:
        return []
    return [("it means", found.means), ("what to do", what_to_do(campaign, found.kind, found.code, found.do))]


def _now(found: Explanation, row: Email) -> str | None:
    """What eligibility says at this moment; of a record without a person there is nothing to say."""
    if row.id not in found.now or row.state is EmailState.SENT:
        return None
    why = found.now[row.id]
    if why is None:
        return "would be mailed"
    return f"would be skipped: {why.reason}{', ' + why.detail if why.detail else ''}"


def evidence(event: StoredEvent) -> str:
    """What an event rests on, in a line: codes, words and source, or the link that was clicked."""
    told = event.evidence or {}
    parts = [str(told[name]) for name in ("code", "enhanced", "text", "source") if told.get(name)]
    return " ".join(" ".join(parts).split())[:_MOST] or event.url or ""
