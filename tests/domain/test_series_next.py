"""What's Next of a series."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import Campaign, CampaignStatus
from domain.series import Series, SeriesStatus, Step, Trigger, TriggerKind
from domain.series_next import series_next
from domain.whats_next import StepState
from tests.builders import NOW, a_campaign

C, S, N = CampaignStatus, SeriesStatus, StepState
SERIES = Series("welcome", "Welcome", "news", steps=(Step("hello", "welcome-hello", Trigger(TriggerKind.JOINED)),))


def child(status: CampaignStatus) -> dict[str, Campaign]:
    return {"hello": a_campaign("welcome-hello", status=status, series="welcome")}


@pytest.mark.parametrize(
    ("status", "of_message", "states", "command"),
    [
        (S.DRAFT, C.DRAFT, [N.DONE, N.NEXT, N.LATER], "campaigns series review welcome"),
        (S.DRAFT, C.IN_REVIEW, [N.DONE, N.CURRENT, N.LATER], ""),
        (S.DRAFT, C.REJECTED, [N.DONE, N.BLOCKED, N.LATER], ""),
        (S.DRAFT, C.REVIEWED, [N.DONE, N.DONE, N.NEXT], "campaigns series start welcome"),
        (S.RUNNING, C.SENDING, [N.DONE, N.DONE, N.CURRENT], ""),
        (S.RUNNING, C.DRAFT, [N.DONE, N.NEXT, N.CURRENT], "campaigns series review welcome"),
        (S.PAUSED, C.PAUSED, [N.DONE, N.DONE, N.BLOCKED], ""),
        (S.STOPPED, C.STOPPED, [N.BLOCKED], ""),
        (S.CANCELLED, C.CANCELLED, [N.BLOCKED], ""),
        (S.OFFLINE, C.OFFLINE, [N.BLOCKED], ""),
    ],
)
def test_what_is_next(status: SeriesStatus, of_message: CampaignStatus, states: list[StepState], command: str) -> None:
    found = series_next(replace(SERIES, status=status), child(of_message))
    assert [step.state for step in found] == states
    assert "".join(step.command for step in found) == command


def test_people_wait_for_a_changed_message_of_a_series_that_was_started() -> None:
    running = replace(SERIES, status=S.RUNNING, started_at=NOW)
    assert series_next(running, child(C.DRAFT))[1].note == "hello; until then their people wait"


def test_a_start_is_blocked_by_what_it_lacks() -> None:
    found = series_next(SERIES, child(C.REVIEWED), ["list news"])[2]
    assert (found.state, found.note) == (N.BLOCKED, "it lacks list news")
