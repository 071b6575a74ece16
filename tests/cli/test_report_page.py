"""The report of a campaign: one page that loads nothing, runs nothing, and names nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from cli.report_charts import over_time
from cli.report_page import Told, page
from cli.report_words import BOUNCED, SKIPPED, why
from domain.anonymous_visits import VisitCounts
from domain.books import Books
from domain.campaign import CampaignStatus, Content
from domain.email import EmailState, SkipReason
from domain.figures import Figures, Link, Provider, Step
from domain.smtp_reply import Reason
from domain.summary import Summary
from tests.builders import NOW, a_campaign, later

EVIL = '<script>alert(1)</script><img src=x onerror="x">&'
FIGURES = Figures(
    Step.HOUR,
    {NOW: {"sent": 90, "opened": 40, "clicked": 9}, later(7200): {"opened": 3}},
    [Link("https://green.example/spring", 9, 12)],
    {("hard", "user_unknown"): 4, ("soft", "mailbox_full"): 1, ("failed", "brand_new"): 1},
    [Provider("Gmail", 60, hard=4), Provider("green.example", 30)],
)
TOLD = Told(
    a_campaign(status=CampaignStatus.SENT),
    Summary(
        sent=95, delivered=90, hard_bounced=4, soft_bounced=1, opened=43, clicked=9, complaints=1, machine_opened=7
    ),
    Books(100, {EmailState.SENT: 95, EmailState.SKIPPED: 5}, {"opted_out": 4, "topic_conflict": 1}),
    FIGURES,
    "Green Ltd",
    later(9999),
)


class Seen(HTMLParser):
    """What a browser would find: elements with their attributes, and whether each is closed."""

    VOID = frozenset({"meta", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def seen(text: str) -> Seen:
    found = Seen()
    found.feed(text)
    assert found.open == []
    return found


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text.partition("<body>")[2]).split())


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    found = seen(page(TOLD)).found
    assert not {tag for tag, _ in found} & {"script", "link", "img", "iframe", "object", "a", "form", "base"}
    assert not [
        name for _, attrs in found for name in attrs if name.startswith("on") or name in {"src", "href", "style"}
    ]
    assert "url(" not in page(TOLD)
    assert "@import" not in page(TOLD)
    assert any(attrs.get("http-equiv") == "Content-Security-Policy" for _, attrs in found)


def test_whatever_people_wrote_is_text() -> None:
    content = Content(subject=EVIL, preheader=EVIL)
    campaign = a_campaign(name=EVIL, content=content, status_reason=EVIL, topic=EVIL, information={EVIL: EVIL})
    figures = replace(
        FIGURES, links=[Link(EVIL, 1, 1)], reasons={("hard", EVIL): 1}, providers=[Provider(EVIL, 1, failed=1)]
    )
    books = Books(1, {EmailState.SKIPPED: 1}, {EVIL: 1})
    told = page(replace(TOLD, campaign=campaign, figures=figures, books=books, organisation=EVIL))
    assert not {tag for tag, _ in seen(told).found} & {"script", "img"}
    assert told.count("&lt;script&gt;") >= 9


def test_the_numbers_stand_with_their_shares_and_machines_apart() -> None:
    told = words(page(TOLD))
    assert "Delivered 90 94.7 % of sent" in told
    assert "Opened 43 47.8 % of delivered" in told
    assert "Bounced 5 4 of them for good" in told
    assert "Machines opened 7 of the mails besides" in told
    assert "machines" not in words(page(replace(TOLD, summary=Summary()))).lower()


def test_reasons_are_told_in_plain_words() -> None:
    told = words(page(TOLD))
    assert "Unsubscribed, or opted out in the CRM 4" in told
    assert "There is no such mailbox for good 4" in told
    assert "Brand new our side 1" in told  # a reason of a later version


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_to_skip_has_plain_words(reason: SkipReason) -> None:
    assert "_" not in why(reason, SKIPPED)
    assert reason in SKIPPED


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_bounce_has_plain_words(reason: Reason) -> None:
    assert reason in BOUNCED


def test_a_campaign_of_which_nothing_was_sent_has_a_page() -> None:
    told = page(Told(a_campaign(), Summary(), Books(0), Figures(), "", NOW))
    assert seen(told).open == []
    assert "Nothing was sent yet. " in words(told)
    assert "%" not in words(told)


def test_what_was_counted_without_names_stands_apart() -> None:
    told = words(page(replace(TOLD, counted=VisitCounts(1204, 310, 12, 3))))
    assert "Counted without names, in none of the numbers: opened 1,204 times, links followed 310 times; " in told
    assert "machines besides 12 and 3." in told
    assert "without names" not in words(page(TOLD))


def test_every_table_says_what_its_rows_and_columns_are() -> None:
    found = seen(page(TOLD)).found
    heads = [attrs for tag, attrs in found if tag == "th"]
    assert {attrs.get("scope") for attrs in heads} == {"row", "col"}
    assert len([tag for tag, _ in found if tag == "table"]) == 6


def test_hours_in_which_nothing_happened_stand_in_the_chart() -> None:
    drawn = over_time(FIGURES)
    assert drawn.count('class="opens"') == 2
    assert drawn.count('class="clicks"') == 1
    assert re.findall(r">([^<]+)</text>", drawn) == [
        "0", "10", "20", "30", "40", "2 Mar, 09:00", "2 Mar, 10:00", "2 Mar, 11:00",
    ]  # fmt: skip


@pytest.mark.parametrize("step", Step)
def test_each_width_of_bars_gets_from_the_first_to_the_last(step: Step) -> None:
    start, days = NOW.replace(day=1, hour=0), 364 if step is Step.WEEK else 365
    figures = Figures(step, {start: {"opened": 1}, start + timedelta(days=days): {"opened": 2_000_000}})
    assert over_time(figures).count('class="opens"') == 2
