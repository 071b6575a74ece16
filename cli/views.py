"""How campaigns look: What's Next, report, books, summary, live progress. Used by the commands and the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import plain, shown, table
from domain.books import Books, Summary
from domain.campaign import Campaign, Origin
from domain.email import EmailState
from domain.whats_next import StepState, whats_next

_MARKS = {
    StepState.DONE: ("✓", "green"),
    StepState.CURRENT: ("…", "cyan"),
    StepState.BLOCKED: ("!", "red"),
    StepState.NEXT: ("→", "bold yellow"),
    StepState.LATER: (" ", "dim"),
}


def steps(campaign: Campaign) -> RenderableType:
    """What's Next (R39): five steps, what stands in the way, what to type."""
    lines = [Text(f"What's next for {campaign.id} ({campaign.status})", style="bold")]
    for step in whats_next(campaign):
        mark, style = _MARKS[step.state]
        text = f"  {mark} {step.number} {step.title}" + (f": {step.note}" if step.note else "")
        lines.append(Text(text + (f"    {step.command}" if step.command else ""), style=style))
    return Group(*lines)


def details(campaign: Campaign) -> RenderableType:
    """The campaign details of the reference page (R36, R87)."""
    sender = campaign.sender
    rows: list[tuple[str, object]] = [
        ("name", campaign.name),
        ("purpose", campaign.purpose),
        ("subject", campaign.content.subject),
        ("sender", f"{sender.name} <{sender.address}>"),
        ("template", campaign.content.template or "own content"),
        ("recipients", _recipients(campaign)),
        ("list", campaign.list_id),
        ("topic", campaign.topic),
        ("lawful basis", campaign.lawful_basis),
        ("created", f"{shown(campaign.created_at)} UTC, {'in the CRM' if campaign.origin is Origin.CRM else 'here'}"),
        ("status", f"{campaign.status}{': ' + campaign.status_reason if campaign.status_reason else ''}"),
        ("to be sent", campaign.send_at and f"{shown(campaign.send_at)} UTC"),
    ]
    return table(f"Campaign {campaign.id}", ("detail", "value"), [row for row in rows if row[1]])


def report(campaign: Campaign) -> RenderableType:
    """What the review found (R61-R64)."""
    found = campaign.report
    if found is None:
        return Text("Not reviewed yet.")
    rows: list[tuple[str, int]] = [(f"from {module}", count) for module, count in sorted(found.from_modules.items())]
    rows += [("from the list", found.from_list), ("selected", found.selected)]
    rows += [(f"will receive it (topic: {campaign.topic})", found.to_send)]
    parts: list[RenderableType] = [table("Review", ("people", "number"), rows)]
    if found.skipped:
        parts.append(skips(found.skipped, found.topic_conflicts))
    if found.findings:
        lines = [(f.severity, f.rule, f.text, f.place, f.fix) for f in found.findings]
        parts.append(table("Findings", ("severity", "rule", "what", "where", "how to mend it"), lines))
    return Group(*parts)


def skips(reasons: Mapping[str, int], conflicts: Mapping[str, int]) -> RenderableType:
    """Who is skipped and why (R71); a topic conflict opens into its topics (R72)."""
    rows: list[tuple[str, int | None, int | None]] = []
    for reason, count in sorted(reasons.items(), key=lambda entry: -entry[1]):
        rows.append((reason, count, None))
        if reason == "topic_conflict":
            rows += [(f"    holds {topic}", None, held) for topic, held in sorted(conflicts.items())]
    if not any(held for *_, held in rows):
        return table("Skipped", ("reason", "people"), [row[:2] for row in rows])
    return table("Skipped", ("reason", "people", "of these"), rows)


def books(found: Books) -> RenderableType:
    """The balance (X2): every selected person on exactly one line."""
    ended = (EmailState.SENT, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.FAILED, EmailState.IN_DOUBT)
    rows = [(state.replace("_", " "), found.count(state)) for state in ended]
    rows += [(f"skipped: {reason}", count) for reason, count in sorted(found.skips.items())]
    rows += [("still open", found.open)]
    totals = [("sum of all lines", sum(count for _, count in rows)), ("selected at review", found.selected)]
    verdict = Text("The books are balanced.", style="green")
    if found.open:
        verdict = Text(f"The books balance so far; {found.open:,} are still open.", style="green")
    if not found.balanced:
        verdict = Text("The books DO NOT BALANCE.", style="bold red")
    reasons = sorted(found.failures.items())
    why = [table("Why mails were not delivered", ("reason", "people"), reasons)] if reasons else []
    return Group(table("The books", ("line", "people"), rows, totals), verdict, *why)


def summary(campaign: Campaign, found: Summary) -> RenderableType:
    """Every number of the reference page (R86)."""
    rows = [
        ("sent", found.sent),
        ("delivered", found.delivered),
        ("hard bounced", found.hard_bounced),
        ("soft bounced", found.soft_bounced),
        ("opened", found.opened),
        ("not opened", found.not_opened),
        ("clicked", found.clicked),
        ("replied", found.replied),
        ("complaints", found.complaints),
        ("unsubscribed", found.unsubscribed),
        ("failed on our side", found.failed),
        ("in doubt", found.in_doubt),
        ("skipped", found.skipped),
    ]
    return table(f"Summary of {campaign.id}: {campaign.content.subject}", ("response", "people"), rows)


def overview(rows: Sequence[tuple[Campaign, Summary]]) -> RenderableType:
    """Quick view (R82): one line per campaign; origin and layout tell ours from offline ones (R81)."""
    columns = ("campaign", "status", "origin", "sent", "delivered", "bounced", "opened", "clicked", "unsub.", "since")
    lines = [_line(campaign, found) for campaign, found in rows]
    return table("Campaigns", columns, lines, spare=("origin", "since"))


def brief(campaign: Campaign, found: Summary) -> dict[str, Any]:
    """One campaign of many, for JSON: without what is written in it."""
    known = plain(campaign)
    content = {name: text for name, text in known["content"].items() if name not in {"html", "text"}}
    return {"campaign": known | {"content": content}, "summary": plain(found)}


def progress(campaign: Campaign, found: Books) -> RenderableType:
    """One line while a campaign is reviewed or sent."""
    counts = {state: found.count(state) for state in EmailState if found.count(state)}
    told = ", ".join(f"{state.replace('_', ' ')} {count:,}" for state, count in counts.items())
    line = f"{campaign.id}: {campaign.status.replace('_', ' ')}{'  ' + told if told else ''}"
    if found.open and found.open == found.count(EmailState.DEFERRED):
        line += (
            "\nOnly deferred mails are left; they are tried again when they are due. Ctrl-C leaves, the workers go on."
        )
    return Text(line, style="cyan")


def _line(campaign: Campaign, found: Summary) -> tuple[str, str, str, int, int, int, int, int, int, datetime | None]:
    return (
        campaign.id, campaign.status, campaign.origin, found.sent, found.delivered,
        found.hard_bounced + found.soft_bounced, found.opened, found.clicked, found.unsubscribed, campaign.status_at,
    )  # fmt: skip


def _recipients(campaign: Campaign) -> str:
    chosen = campaign.recipients
    parts = [f"all {module}" for module in chosen.modules]
    parts += [f"{len(chosen.refs):,} chosen records"] if chosen.refs else []
    parts += ["list members"] if campaign.include_existing_members else []
    return ", ".join(parts)
