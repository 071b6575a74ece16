"""How campaigns look on a terminal of 80 columns."""

from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from cli import campaign_summary, explanation, views
from cli.explanation import Explanation
from domain.books import Books
from domain.campaign import CampaignStatus, Origin, Report
from domain.eligibility import Skip, SuppressionReason
from domain.email import EmailState, SkipReason
from domain.events import StoredEvent
from domain.findings import Finding, Severity
from domain.lists import Suppression
from domain.remainder import planned_again
from domain.ruling import Ruling
from domain.slices import Slice, SliceState
from domain.smtp_reply import Reply, Stage
from domain.summary import Summary
from domain.why_not import Missed
from tests.builders import NOW, a_campaign, a_contact, an_email, later


def drawn(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def lines(what: RenderableType) -> list[str]:
    return [" ".join(line.split()) for line in drawn(what).splitlines() if line.strip()]


def test_what_is_next_says_what_to_type() -> None:
    found = lines(views.steps(a_campaign("spring")))
    assert found[0] == "What's next for spring (draft)"
    assert len(found) == 6
    assert any("→" in line and "campaigns campaign " in line for line in found)


def test_the_report_shows_a_topic_conflict_by_the_topics_held() -> None:
    report = Report(
        from_modules={"Leads": 12},
        skipped={"opted_out": 1, "topic_conflict": 3},
        topic_conflicts={"events": 2, "offers": 1},
        to_send=8,
        findings=(Finding("no-footer", Severity.ERROR, "html", "there is no footer", "add one"),),
    )
    found = lines(views.report(a_campaign(report=report)))
    assert "from Leads 12" in found
    assert "selected 12" in found
    place = found.index("topic_conflict 3")
    assert found[place + 1 : place + 3] == ["holds events 2", "holds offers 1"]
    assert any(line.startswith("error no-footer") for line in found)


def test_a_campaign_that_was_never_reviewed_says_so() -> None:
    assert lines(views.report(a_campaign())) == ["Not reviewed yet."]


@pytest.mark.parametrize(("selected", "said"), [(5, "The books are balanced."), (6, "The books DO NOT BALANCE.")])
def test_the_books_stand_with_their_verdict(selected: int, said: str) -> None:
    states = {EmailState.SENT: 3, EmailState.SKIPPED: 1, EmailState.HARD_BOUNCED: 1}
    found = lines(views.books(Books(selected, states, {"duplicate": 1}, {"user_unknown": 1})))
    assert said in found
    assert {"sent 3", "skipped: duplicate 1", "sum of all lines 5", f"selected at review {selected}"} <= set(found)
    assert "user_unknown 1" in found


def test_the_summary_has_every_number_of_the_reference_page() -> None:
    found = lines(campaign_summary.view(a_campaign("spring"), Summary(sent=9, delivered=8, opened=4, complaints=1)))
    assert {"sent 9", "opened 4 50.0 %", "complaints 1 12.5 %", "unsubscribed 0 0.0 %", "clicked 0 0.0 %"} <= set(found)


def test_the_quick_view_fits_eighty_columns_with_large_numbers() -> None:
    summary = Summary(sent=400_000, delivered=399_000, hard_bounced=1_000, opened=200_000, clicked=90_000)
    shown = drawn(views.overview([(a_campaign("autumn-news", status=CampaignStatus.SENDING), summary)]))
    assert "400,000" in shown
    assert "syncing_recipients" not in shown
    assert len([line for line in shown.splitlines() if line.strip()]) == 4


def test_a_campaign_among_many_is_told_without_what_is_written_in_it() -> None:
    found = views.brief(a_campaign("spring"), Summary(sent=2))
    assert (found["campaign"]["id"], found["summary"]["sent"]) == ("spring", 2)
    assert {"html", "text"}.isdisjoint(found["campaign"]["content"])


def test_details_say_where_a_campaign_comes_from_and_when_it_is_sent() -> None:
    campaign = a_campaign(origin=Origin.CRM, created_at=NOW, status=CampaignStatus.SCHEDULED, send_at=later(60))
    found = lines(views.details(campaign))
    assert "created 2026-03-02 09:00:00 UTC, in the CRM" in found
    assert "to be sent 2026-03-02 09:01:00 UTC" in found


def test_progress_names_the_states_that_there_are() -> None:
    told = views.progress(a_campaign("spring", status=CampaignStatus.SENDING), Books(3, {EmailState.SENT: 3}))
    assert lines(told) == ["spring: sending sent 3"]


def an_explanation(**changes: object) -> Explanation:
    campaign = a_campaign("spring")
    found = Explanation(campaign, [], [], a_contact("ann@example.com"), frozenset())
    return replace(found, **changes)  # type: ignore[arg-type]


def test_nobody_was_selected_says_why_not() -> None:
    assert lines(explanation.shown(an_explanation(contact=None)))[-1].startswith("No contact has this address")
    assert lines(explanation.shown(an_explanation()))[-1].startswith("A contact has it, on no list")
    missed = [Missed("Leads:1", "does not fit the filter of Leads: City = Oslo")]
    assert lines(explanation.shown(an_explanation(missed=missed)))[-1] == (
        "Leads:1 does not fit the filter of Leads: City = Oslo"
    )


def test_why_somebody_is_suppressed_is_told_with_its_evidence_selected_or_not() -> None:
    told = [Suppression("1", SuppressionReason.COMPLAINED, NOW, "campaign autumn")]
    for rows in ([], [an_email("ann@example.com")]):
        found = lines(explanation.shown(an_explanation(rows=rows, suppressions=told)))
        assert "complained 2026-03-02 09:00:00 campaign autumn" in found


def test_a_row_tells_how_it_had_ended_before_and_what_eligibility_says_now() -> None:
    row = an_email("ann@example.com", state=EmailState.SKIPPED, reason="opted_out")
    again = planned_again(row, "bob", NOW)
    skip = Skip(SkipReason.OPTED_OUT, "said so")
    found = lines(explanation.shown(an_explanation(rows=[again], now={again.id: skip})))
    assert "if it were sent now would be skipped: opted_out, said so" in found
    assert any(line.startswith("2026-03-02 09:00:00 bob skipped: opted_out") for line in found)


def test_a_doubt_is_told_with_the_policy() -> None:
    row = an_email("ann@example.com", state=EmailState.IN_DOUBT, reason="reply_lost")
    assert "in doubt held" in lines(explanation.shown(an_explanation(rows=[row], in_doubt_policy="held")))


def test_an_email_is_explained_with_its_reply_rule_and_events() -> None:
    row = an_email(
        "ann@example.com",
        campaign_id="spring",
        state=EmailState.HARD_BOUNCED,
        reason="user_unknown",
        reply=Reply(550, "5.1.1 no such user", Stage.RCPT),
    )
    ruled = Ruling(EmailState.HARD_BOUNCED, "user_unknown", "a rule")
    event = StoredEvent("e1", row.id, "bounced", NOW, {"code": 550, "text": "no such user"}, ruling=ruled)
    found = lines(explanation.shown(an_explanation(rows=[row], events=[event])))
    assert "state hard_bounced: user_unknown" in found
    assert any(line.startswith("ruled user_unknown, by ") for line in found)
    assert "2026-03-02 09:00:00 bounced user_unknown, by a rule 550 no such user" in found


def test_a_row_in_a_workers_hands_is_shown_as_claimed() -> None:
    held = Slice("spring", 7, SliceState.CLAIMED, owner="here:1")
    assert explanation.claimed(held) == {"state": EmailState.CLAIMED, "detail": "in batch 7, held by here:1"}
