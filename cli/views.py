"""How campaigns look: What's Next, report, books, summary, live progress. Used by the commands and the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.offline import is_hidden
from cli.output import counted, plain, shown, table
from domain.books import Books
from domain.campaign import Campaign, Origin
from domain.email import EmailState, SkipReason
from domain.readiness import Facts
from domain.schedule import is_local
from domain.summary import Summary
from domain.whats_next import Step, StepState, whats_next

_MARKS = {
    StepState.DONE: ("✓", "green"),
    StepState.CURRENT: ("…", "cyan"),
    StepState.BLOCKED: ("!", "red"),
    StepState.NEXT: ("→", "bold yellow"),
    StepState.LATER: (" ", "dim"),
}


def steps(campaign: Campaign, facts: Facts | None = None) -> RenderableType:
    """What's Next (R39): five steps, what stands in the way, what to type."""
    return step_lines(f"What's next for {campaign.id} ({campaign.status})", whats_next(campaign, facts))


def step_lines(title: str, found: Sequence[Step]) -> RenderableType:
    lines = [Text(title, style="bold")]
    for step in found:
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
        ("preheader", campaign.content.preheader),
        ("sender", f"{sender.name} <{sender.address}>"),
        ("reply to", sender.reply_to),
        ("template", campaign.content.template or "own content"),
        ("recipients", _recipients(campaign)),
        ("member status", campaign.member_status),
        ("meant for", _schedule(campaign)),
        ("series", campaign.series and f"{campaign.series}: it goes to whoever comes to it there"),
        ("list", campaign.list_id),
        ("topic", campaign.topic),
        ("lawful basis", campaign.lawful_basis),
        ("description", campaign.description),
        ("information", ", ".join(f"{name}: {text}" for name, text in campaign.information.items())),
        ("created", f"{shown(campaign.created_at)} UTC, {'in the CRM' if campaign.origin is Origin.CRM else 'here'}"),
        ("author", campaign.author),
        ("approved", campaign.approval and f"by {campaign.approval.by}, {shown(campaign.approval.at)} UTC"),
        ("status", f"{campaign.status}{': ' + campaign.status_reason if campaign.status_reason else ''}"),
        ("to be sent", campaign.send_at and f"{shown(campaign.send_at)} UTC"),
        ("local time", campaign.local_time and f"{campaign.local_time.replace('T', ' ')} where each recipient lives"),
    ]
    return table(f"Campaign {campaign.id}", ("detail", "value"), [row for row in rows if row[1]])


def report(campaign: Campaign) -> RenderableType:
    """What the review found (R61-R64)."""
    found = campaign.report
    if found is None:
        return Text("Not reviewed yet.")
    rows: list[tuple[str, int]] = [(f"from {module}", count) for module, count in sorted(found.from_modules.items())]
    rows += [("from the list", found.from_list), ("selected", found.selected)]
    rows += [("with a topic conflict", found.skipped.get(SkipReason.TOPIC_CONFLICT, 0))]
    rows += [(f"will receive it (topic: {campaign.topic})", found.to_send)]
    # Whom a message of a series goes to is decided when they come to it.
    parts: list[RenderableType] = [table("Review", ("people", "number"), rows)] if campaign.series is None else []
    if found.skipped:
        parts.append(skips(found.skipped, found.topic_conflicts))
    if found.findings:
        lines = [(f.severity, f.rule, f.text, f.place, f.fix) for f in found.findings]
        parts.append(table("Findings", ("severity", "rule", "what", "where", "how to mend it"), lines))
    return Group(*parts) if parts else Text("The review found nothing.")


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


def overview(rows: Sequence[tuple[Campaign, Summary]]) -> RenderableType:
    """Quick view (R82): one line per campaign; origin and layout tell ours from offline ones (R81)."""
    columns = (
        "campaign", "status", "origin", "layout", "sent", "delivered", "bounced", "opened", "clicked", "unsub.", "since"
    )  # fmt: skip
    lines = [_line(campaign, found) for campaign, found in rows]
    return table("Campaigns", columns, lines, spare=("origin", "layout", "since"))


def brief(campaign: Campaign, found: Summary) -> dict[str, Any]:
    """One campaign of many, for JSON: without what is written in it."""
    known = plain(campaign)
    content = {name: text for name, text in known["content"].items() if name not in {"html", "text"}}
    return {"campaign": known | {"content": content}, "summary": None if is_hidden(campaign) else plain(found)}


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


def _line(campaign: Campaign, found: Summary) -> tuple[str | int | datetime | None, ...]:
    if is_hidden(campaign):
        return (campaign.id, campaign.status, campaign.origin, campaign.layout, *[None] * 6, campaign.status_at)
    return (
        campaign.id, campaign.status, campaign.origin, campaign.layout, found.sent, found.delivered,
        found.hard_bounced + found.soft_bounced, found.opened, found.clicked, found.unsubscribed, campaign.status_at,
    )  # fmt: skip


def _schedule(campaign: Campaign) -> str | None:
    if campaign.schedule is None:
        return None
    return f"{campaign.schedule}{' where each of them lives' if is_local(campaign.schedule) else ''}"


def _recipients(campaign: Campaign) -> str:
    chosen = campaign.recipients
    count = sum(chosen.chosen.values())
    parts = [f"all {module}" for module in chosen.modules]
    parts += [f"{module} where {text}" for module, text in chosen.filters.items()]
    parts += [counted(count, "chosen record")] if count else []
    parts += ["list members"] if campaign.goes_to_members else []
    return ", ".join(parts)
