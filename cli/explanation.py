"""Every decision about one person in one campaign, told in order (X3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import shown as cell
from cli.output import table
from domain.campaign import Campaign
from domain.contact import Contact
from domain.delivery import member_status
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState
from domain.events import StoredEvent
from domain.slices import Slice
from domain.smtp_reply import verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    campaign: Campaign
    rows: Sequence[Email]  #: the person's own row first, then those of other records with the same address
    events: Sequence[StoredEvent]
    contact: Contact | None
    suppressed: frozenset[SuppressionReason]


def claimed(held: Slice) -> dict[str, Any]:
    """How a planned row is shown while a worker holds its batch."""
    return {"state": EmailState.CLAIMED, "detail": f"in batch {held.number}, held by {held.owner}"}


def shown(found: Explanation) -> RenderableType:
    if not found.rows:
        return Text(f"Nobody with this address was selected for {found.campaign.id}.\n{_why_not(found)}")
    parts: list[RenderableType] = [_person(found)]
    parts += [_row(found, row) for row in found.rows]
    if found.events:
        events = sorted(found.events, key=lambda event: event.at)
        parts.append(table("Events", ("when", "what", "evidence"), [(e.at, e.event, _evidence(e)) for e in events]))
    return Group(*parts)


def _why_not(found: Explanation) -> str:
    if found.contact is None:
        return "No contact has this address: no record with it was ever synced."
    lists = ", ".join(found.contact.memberships) or "no list"
    return (
        f"A contact has it, on {lists}; the campaign picked {', '.join(found.campaign.recipients.modules) or 'others'}."
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
    reply = f"{row.reply.code} {row.reply.text} (at {row.reply.stage})" if row.reply else None
    ruled = (
        f"{verdict(row.reply).reason}, by {verdict(row.reply).rule}" if row.reply and row.reply.code >= 400 else None
    )
    facts = [
        ("selected by", row.ref or "list membership"),
        ("state", f"{row.state}{': ' + row.reason if row.reason else ''}"),
        ("detail", row.detail),
        ("since", row.state_at),
        ("tries", row.attempts),
        ("last reply", reply),
        ("ruled", ruled),
        ("due again", row.next_at if row.state is EmailState.DEFERRED else None),
        ("service status", row.service),
        ("sent once more", row.resent_at),
        *((name, at) for name, at in sorted(row.times.items(), key=lambda entry: entry[1])),
        ("member status", member_status(row, found.campaign.member_status)),
        ("Message-ID", row.message_id),
    ]
    return table(
        f"Email {row.id}", ("fact", "value"), [(name, cell(value)) for name, value in facts if value is not None]
    )


def _evidence(event: StoredEvent) -> str:
    return " ".join(str(part) for part in (event.evidence or {}).values()) or event.url or ""
