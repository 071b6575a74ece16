"""A campaign's report as one self-contained page: nothing is loaded, nothing runs, everything in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib import resources

from cli import anonymous_visits
from cli.campaign_summary import share
from cli.output import counted
from cli.report_charts import SERIES, bar, moment, over_time
from cli.report_words import BOUNCED, ENDS, SKIPPED, why
from domain.anonymous_visits import VisitCounts
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus
from domain.email import EmailState
from domain.figures import Figures
from domain.summary import Summary

_STYLE = (resources.files("cli") / "report_page.css").read_text("utf-8")
#: Even what a mistake of ours let through could load nothing and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BUSY = frozenset({CampaignStatus.SENDING, CampaignStatus.SCHEDULED, CampaignStatus.IN_REVIEW})
_LITTLE = 500  #: of ten thousand mails
_HALTED = frozenset({CampaignStatus.PAUSED, CampaignStatus.STOPPED, CampaignStatus.CANCELLED, CampaignStatus.REJECTED})


@dataclass(frozen=True, slots=True)
class Told:
    """All that a report says. No address of a person is in it: it may be forwarded."""

    campaign: Campaign
    summary: Summary
    books: Books
    figures: Figures
    organisation: str
    at: datetime  #: when it was made
    counted: VisitCounts = field(default_factory=VisitCounts)  #: opens and clicks without names (D12)


def page(told: Told) -> str:
    """The whole document."""
    title = escape(f"{told.campaign.name}: campaign report")
    body = "".join(
        [
            _header(told),
            "<main>",
            _tiles(told.summary),
            _nameless(told.counted),
            _funnel(told),
            _time(told.figures),
            _links(told),
            '<div class="two">',
            _skips(told),
            _bounces(told.figures),
            "</div>",
            _places(told.figures),
            "</main>",
            _footer(told),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _header(told: Told) -> str:
    one = told.campaign
    kind = "busy" if one.status in _BUSY else "halted" if one.status in _HALTED else ""
    status = escape(one.status.replace("_", " ").capitalize())
    since = f"since {_day(one.status_at)}" if one.status_at else ""
    reason = f'<p class="note">{escape(one.status_reason)}</p>' if one.status_reason else ""
    facts = [
        ("From", f"{one.sender.name} <{one.sender.address}>", ""),
        ("Subject", one.content.subject, "subject"),
        ("Preview", one.content.preheader, ""),
        ("List", " · ".join(filter(None, (one.list_id, f"topic {one.topic}", one.purpose))), ""),
        ("About", one.description, ""),
        *((name, value, "") for name, value in one.information.items()),
    ]
    mail = "".join(
        f'<dt>{escape(name)}</dt><dd class="{kind_}">{escape(value)}</dd>' for name, value, kind_ in facts if value
    )
    return (
        f'<header><p class="over">{escape(told.organisation or "Campaign report")}</p><h1>{escape(one.name)}</h1>'
        f'<p class="note"><span class="pill {kind}">{status}</span>{since}</p>{reason}'
        f'<dl class="mail">{mail}</dl></header>'
    )


def _tiles(found: Summary) -> str:
    delivered = found.delivered
    tiles = [
        ("Sent", found.sent, f"{found.skipped:,} skipped" if found.skipped else "nobody skipped", ""),
        ("Delivered", delivered, _of(delivered, found.sent, "of sent"), ""),
        ("Opened", found.opened, _of(found.opened, delivered, "of delivered"), "good"),
        ("Clicked", found.clicked, _of(found.clicked, delivered, "of delivered"), "good"),
        ("Replied", found.replied, _of(found.replied, delivered, "of delivered"), "good"),
        ("Unsubscribed", found.unsubscribed, _of(found.unsubscribed, delivered, "of delivered"), ""),
        ("Bounced", found.hard_bounced + found.soft_bounced, f"{found.hard_bounced:,} of them for good", "bad"),
        ("Marked as spam", found.complaints, _of(found.complaints, delivered, "of delivered"), "bad"),
    ]
    items = "".join(
        f'<li class="{kind}"><span class="name">{name}</span><b>{number:,}</b> <small>{small}</small></li>'
        for name, number, small, kind in tiles
    )
    return f'<ul class="tiles" aria-label="Summary">{items}</ul>{_machines(found)}'


def _machines(found: Summary) -> str:
    if not (found.machine_opened or found.machine_clicked):
        return ""
    return (
        f'<p class="note">Counts are of people. Machines opened {found.machine_opened:,} of the mails besides, and '
        f"followed links in {found.machine_clicked:,}: privacy proxies and scanners, in none of the numbers.</p>"
    )


def _nameless(counted: VisitCounts) -> str:
    words = anonymous_visits.in_words(counted)
    return f'<p class="note">{words}</p>' if words else ""


def _funnel(told: Told) -> str:
    found, selected = told.summary, told.books.selected
    steps = [
        ("Selected", selected, "navy", ""),
        ("Sent", found.sent, "navy", share(found.sent, selected)),
        ("Delivered", found.delivered, "", share(found.delivered, found.sent)),
        ("Opened", found.opened, "", share(found.opened, found.delivered)),
        ("Clicked", found.clicked, "sky", share(found.clicked, found.opened)),
        ("Replied", found.replied, "sky", share(found.replied, found.opened)),
    ]
    rows = [
        [_head(name), _bar(number, selected, kind), _number(number), f'<td class="n s">{of}</td>']
        for name, number, kind, of in steps
    ]
    table = _table("funnel", "Shares are of the step before; clicks and replies are of those who opened.", (
        ("Step", ""), ("", "b"), ("People", "n"), ("Share", "n")), rows)  # fmt: skip
    return _section("From the list to an answer", table)


def _time(figures: Figures) -> str:
    title = "When people answered"
    if not any({"opened", "clicked"} & counts.keys() for counts in figures.over_time.values()):
        return _section(title, '<p class="empty">Nobody has opened or clicked yet.</p>')
    keys = [f'<li><span class="{kind[0]}"></span>{words}</li>' for _, kind, words in SERIES]
    legend = f'<ul class="legend">{"".join(keys)}</ul>'
    rows = [
        [_head(moment(at, figures.step)), *(_number(counts.get(name, 0)) for name in ("sent", "opened", "clicked"))]
        for at, counts in figures.over_time.items()
    ]
    columns = ((f"{figures.step.capitalize()} (UTC)", ""), ("Sent", "n"), ("Opened", "n"), ("Clicked", "n"))
    table = _table("", "", columns, rows)
    numbers = f"<details><summary>The numbers per {figures.step}</summary>{table}</details>"
    note = f'<p class="note">People by their first open and click, per {figures.step}, in UTC.</p>'
    return _section(title, note + legend + over_time(figures) + numbers)


def _links(told: Told) -> str:
    links, clicked = told.figures.links, told.summary.clicked
    if not links:
        return _section("Links", '<p class="empty">No link was clicked yet.</p>')
    most = max(link.people for link in links)
    rows = [
        [
            _head(link.url),
            _bar(link.people, most, "sky"),
            _number(link.people),
            _spare(link.clicks),
        ]
        for link in links
    ]
    columns = (("Link", ""), ("", "b"), ("People", "n"), ("Clicks", "n spare"))
    note = f"{counted(clicked, 'person', 'people')} clicked. Who clicked several links stands with each of them."
    return _section("Links", _table("links", note, columns, rows))


def _skips(told: Told) -> str:
    title, books = "Who was not written to", told.books
    if not books.skips:
        said = "Everybody who was selected is written to." if books.selected else "Nobody was selected yet."
        return _section(title, f'<p class="empty">{said}</p>')
    rows = [
        [_head(why(reason, SKIPPED)), _number(count)]
        for reason, count in sorted(books.skips.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    note = f"{sum(books.skips.values()):,} of {books.selected:,} selected people."
    return _section(title, _table("", note, (("Reason", ""), ("People", "n")), rows))


def _bounces(figures: Figures) -> str:
    title = "Why mails did not arrive"
    if not figures.reasons:
        said = "Every mail that was sent has arrived." if figures.providers else "Nothing was sent yet."
        return _section(title, f'<p class="empty">{said}</p>')
    rows = [
        [_head(why(reason, BOUNCED)), f'<td class="s">{ENDS[end]}</td>', _number(count)]
        for (end, reason), count in sorted(figures.reasons.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    note = "For good: never tried again. For now: tried again until it was given up. Our side: no fault of the person."
    return _section(title, _table("", note, (("Reason", ""), ("Bounced", ""), ("People", "n")), rows))


def _places(figures: Figures) -> str:
    if not figures.providers:
        return ""
    # A bar is full where most of all went wrong, and nowhere when hardly anything did.
    worst = max(_LITTLE, *(round(10_000 * each.lost / each.sent) for each in figures.providers))
    rows = [
        [
            _head(each.name), _bar(round(10_000 * each.lost / each.sent), worst, "red"), _number(each.sent),
            _spare(each.hard), _spare(each.soft), f'<td class="n s">{share(each.lost, each.sent)}</td>',
        ]
        for each in figures.providers
    ]  # fmt: skip
    ends = (("For good", "n spare"), ("For now", "n spare"))
    columns = (("Provider", ""), ("", "b"), ("Tried", "n"), *ends, ("Not arrived", "n"))
    note = "Where people have their mailboxes. A provider that stands out has something against us, not against them."
    return _section("By mailbox provider", _table("places", note, columns, rows))


def _footer(told: Told) -> str:
    doubt = told.books.count(EmailState.IN_DOUBT)
    left = [f"{told.books.open:,} mails are still to be sent or tried again." if told.books.open else ""]
    left += [f"Of {doubt:,} it is not known whether they arrived." if doubt else ""]
    made = f"Made on {_day(told.at)}, {told.at:%H:%M} UTC, for campaign {told.campaign.id}."
    return f"<footer><p>{escape(' '.join(filter(None, [*left, made])))}</p></footer>"


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{title}</h2>{inner}</section>"


def _table(kind: str, caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    """`columns` have a name and a class; one without a name is a picture of the number beside it."""
    head = "".join(
        f'<th scope="col" class="{kind_}">{escape(name)}</th>' if name else f'<td class="{kind_}"></td>'
        for name, kind_ in columns
    )
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    label = escape(caption or "Table")
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{label}"><table class="{kind}">{above}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(text: str) -> str:
    return f'<th scope="row">{escape(text)}</th>'


def _number(count: int) -> str:
    return f'<td class="n">{count:,}</td>'


def _spare(count: int) -> str:
    """A number that a telephone has no room for."""
    return f'<td class="n s spare">{count:,}</td>'


def _bar(part: int, whole: int, kind: str) -> str:
    return f'<td class="b">{bar(part, whole, kind)}</td>'


def _of(part: int, whole: int, what: str) -> str:
    return f"{share(part, whole)} {what}" if whole else ""


def _day(at: datetime) -> str:
    return f"{at:%-d %B %Y}"
