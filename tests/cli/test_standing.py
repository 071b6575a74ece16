"""Why a campaign does not go on, and what to do about it."""

from __future__ import annotations

import pytest

from cli.standing import Standing, notes
from domain.breakers import Counts, Rule, Trip
from domain.campaign import Campaign, CampaignStatus
from tests.builders import NOW, a_campaign, later
from tests.cli.test_views import drawn

HARM = Counts(tried=600, hard_bounced=60)


def paused(rule: Rule = Rule.HARD_BOUNCES) -> Campaign:
    reason = "60 hard bounces of 600 (10.0%; the limit is 5.0%)"
    return a_campaign(status=CampaignStatus.PAUSED, status_reason=reason, status_at=NOW, trip=Trip(1, rule, NOW, HARM))


def told(campaign: Campaign, found: Standing | None = None) -> str:
    return " ".join(" ".join(drawn(each, 200) for each in notes(campaign, found or Standing())).split())


def test_a_campaign_that_goes_well_has_nothing_to_say() -> None:
    assert notes(a_campaign(status=CampaignStatus.SENDING), Standing()) == []


def test_a_breaker_says_why_it_paused_and_how_it_goes_on() -> None:
    said = told(paused())
    assert "60 hard bounces of 600" in said
    assert "campaigns campaign resume spring" in said
    assert "By itself on 2026-03-03 09:00:00 UTC" in said


def test_a_senders_fault_does_not_go_on_by_itself() -> None:
    assert "By itself" not in told(paused(Rule.SENDER_FAULTS))


@pytest.mark.parametrize("status", [CampaignStatus.SENDING, CampaignStatus.PAUSED])
def test_after_the_first_time_it_says_that_the_second_cancels(status: CampaignStatus) -> None:
    later_on = a_campaign(status=status, status_at=later(9), trip=Trip(1, Rule.COMPLAINTS, NOW, HARM))
    assert "stopped by the breaker complaints on 2026-03-02 09:00:00 UTC" in told(later_on)
    assert "A second time cancels it." in told(later_on)


def test_a_warning_and_a_warm_up_are_shown_while_it_is_sent() -> None:
    sending = a_campaign(status=CampaignStatus.SENDING)
    said = told(sending, Standing("9 complaints of 6,000", later(3600)))
    assert "warning: 9 complaints of 6,000" in said
    assert "waits for the warm-up of green.example until 2026-03-02 10:00:00 UTC" in said
