"""How series, their people and their messages are shown."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from cli import explanation, series_views, views
from cli.explanation import Explanation
from domain.campaign import CampaignStatus, Report
from domain.series import Entry, EntryEnd, Passed, SeriesCounts
from domain.series_outlook import Ahead, Outlook
from tests.builders import NOW, a_campaign, a_contact, an_email, later
from tests.handlers.series_desk import document

SERIES = document().to_series()
TIPS = a_campaign("welcome-tips", series="welcome")
ENTRY = Entry("welcome:ann:0", "welcome", "ann", 0, NOW, done={"hello": NOW}, next_at=later(60))


def text_of(*parts: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(*parts, sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_message_says_how_many_got_to_it_and_how_many_wait() -> None:
    counts = SeriesCounts(planned={"hello": 1200}, waiting={"tips": 7})
    told = text_of(series_views.messages(SERIES, {"tips": TIPS}, counts)).splitlines()
    assert [line.split()[-2:] for line in told if line.startswith(("hello", "tips"))] == [["1,200", "0"], ["0", "7"]]
    assert any("not stored" in line for line in told if line.startswith("hello"))


def test_a_message_that_was_taken_out_has_its_line_after_the_others() -> None:
    gone = {"old": a_campaign("welcome-old", series="welcome", status=CampaignStatus.STOPPED)}
    told = text_of(series_views.messages(SERIES, {}, SeriesCounts(planned={"old": 3}), gone)).strip().splitlines()
    assert told[-1].split() == ["old", "welcome-old", "taken", "out", "stopped", "3", "0"]


def test_who_ended_and_what_was_passed_over_is_told_with_what_it_means() -> None:
    counts = SeriesCounts(3, 3, 1, {EntryEnd.LEFT_LIST: 2}, passed={"tips": {Passed.NOT_MET: 4}})
    told = text_of(*series_views.people(counts))
    assert "ended: left list" in told
    assert "What the message waits for did not happen in time." in told
    assert series_views.people(SeriesCounts()) == []


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (ENTRY, "on the way"),
        (replace(ENTRY, ended=EntryEnd.BOUNCED), "ended: bounced"),
        (replace(ENTRY, waits=frozenset({"tips"})), "waits for tips, which does not send now"),
        (replace(ENTRY, passed={"tips": Passed.MISSED}), "tips: missed"),
    ],
)
def test_where_one_person_is(entry: Entry, told: str) -> None:
    assert told in text_of(*series_views.entries([entry]))


def test_somebody_who_has_not_come_to_a_message_is_told_where_they_are() -> None:
    blank = Explanation(TIPS, [], [], a_contact(), frozenset())
    assert "They never entered it" in text_of(explanation.shown(blank))
    assert "on the way" in text_of(explanation.shown(replace(blank, entries=[ENTRY])))


def test_who_came_to_a_message_was_selected_by_its_series_when_they_came() -> None:
    found = Explanation(TIPS, [an_email()], [], a_contact(), frozenset(), reviewed_at=NOW)
    told = text_of(explanation.shown(found))
    assert ("series welcome" in told, "selected at" in told) == (True, False)


def test_the_report_of_a_message_counts_nobody() -> None:
    assert "The review found nothing." in text_of(views.report(replace(TIPS, report=Report())))
    assert "selected" in text_of(views.report(a_campaign(report=Report())))


def test_how_each_message_stands_for_one_person() -> None:
    found = [
        Ahead("hello", Outlook.PLANNED, NOW),
        Ahead("tips", Outlook.HELD, NOW),
        Ahead("tips", Outlook.COMES, later(60)),
        Ahead("tips", Outlook.PASSED, why=Passed.NO_DATE),
    ]
    told = text_of(series_views.ahead(replace(ENTRY, number=1), found, SERIES))
    assert "Messages of welcome for them, entry 2" in told
    assert "welcome-tips does not send now: campaigns campaign show welcome-tips" in told
    assert f"{series_views.when(SERIES.steps[1])}" in told
    assert "no date: The message goes by a date of the person, and there is none." in told
