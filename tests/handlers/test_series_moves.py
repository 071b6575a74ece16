"""Series are started, paused, resumed, stopped and cancelled; each may be told twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from domain.campaign import Campaign, CampaignStatus
from domain.errors import Conflict, IllegalTransition, NotReady, UnknownSeries
from domain.series import EntryEnd, SeriesStatus
from tests.builders import NOW
from tests.handlers.reviewing import GREEN
from tests.handlers.series_desk import SeriesDesk, document
from tests.handlers.test_series_saved import an_entry, everything

C, S = CampaignStatus, SeriesStatus


async def test_a_series_starts_when_its_messages_are_reviewed() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    desk.becomes("hello", C.REVIEWED)
    desk.becomes("tips", C.REVIEWED)
    started = await desk.moves.start("welcome")
    assert (started.status, started.started_at) == (S.RUNNING, NOW)
    before = everything(desk)
    await desk.moves.start("welcome")
    assert everything(desk) == before


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (C.DRAFT, "message tips: it is draft: campaigns series review welcome"),
        (C.IN_REVIEW, "message tips: its review is under way"),
        (C.REJECTED, "message tips: its review rejected it"),
    ],
)
async def test_it_does_not_start_before_and_says_which_message_is_in_the_way(status: CampaignStatus, told: str) -> None:
    desk = SeriesDesk()
    await desk.save(document())
    desk.becomes("hello", C.REVIEWED)
    desk.becomes("tips", status)
    with pytest.raises(NotReady) as caught:
        await desk.moves.start("welcome")
    assert (told in str(caught.value), "message hello" in str(caught.value)) == (True, False)
    assert desk.stored.status is S.DRAFT


async def test_all_that_a_start_lacks_is_told_at_once() -> None:
    desk = SeriesDesk(replace(GREEN, postal_address=None, four_eyes=True))
    await desk.save(document())
    desk.becomes("hello", C.REVIEWED)
    desk.lists.stored.clear()
    with pytest.raises(NotReady, match=r"(?s)message hello.*message tips: it is draft.*list news, which is not there"):
        await desk.moves.start("welcome")


async def test_a_pause_stops_its_messages_and_a_resume_brings_those_back_that_it_stopped() -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", C.PAUSED)  # by a breaker, say
    paused = await desk.moves.pause("welcome", "holidays")
    assert (paused.status, paused.status_reason, desk.child("hello").status) == (S.PAUSED, "holidays", C.PAUSED)
    before = everything(desk)
    await desk.moves.pause("welcome", "again")
    assert everything(desk) == before
    resumed, _ = await desk.moves.resume("welcome")
    assert (resumed.status, desk.child("hello").status, desk.child("tips").status) == (S.RUNNING, C.SENDING, C.PAUSED)


async def test_a_pause_that_died_half_way_is_mended_by_telling_it_again() -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.series.stored["welcome"] = replace(desk.stored, status=S.PAUSED)
    await desk.moves.pause("welcome", "holidays")
    assert desk.child("hello").status is C.PAUSED


async def test_a_stop_ends_everybody_on_the_way_and_every_message_and_may_be_told_twice() -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", C.DRAFT)
    await desk.entries.enter([an_entry()])
    assert await desk.moves.stop("welcome", "enough")
    assert (desk.stored.status, desk.entries.stored["welcome:ann:0"].ended) == (S.STOPPED, EntryEnd.STOPPED)
    assert (desk.child("hello").status, desk.child("tips").status) == (C.STOPPED, C.CANCELLED)
    before = everything(desk)
    assert await desk.moves.stop("welcome", "again")
    assert everything(desk) == before


@pytest.mark.parametrize("status", [C.DRAFT, C.IN_REVIEW, C.REVIEWED, C.REJECTED])
async def test_a_draft_is_given_up_with_every_message_and_may_be_told_twice(status: CampaignStatus) -> None:
    desk = SeriesDesk()
    await desk.save(document())
    desk.becomes("tips", status)
    assert await desk.moves.cancel("welcome", "not needed")
    assert (desk.stored.status, desk.stored.status_reason) == (S.CANCELLED, "not needed")
    for key in ("hello", "tips"):
        child = desk.child(key)
        assert (child.status, child.status_reason) == (C.CANCELLED, "series welcome was cancelled")
    before = everything(desk)
    assert await desk.moves.cancel("welcome", "again")
    assert everything(desk) == before


async def test_a_crash_in_the_middle_of_a_cancel_is_mended_by_telling_it_again() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    await desk.series.save(desk.stored.moved_to(S.CANCELLED, "not needed"), expected={S.DRAFT})
    assert await desk.moves.cancel("welcome", "again")
    assert [desk.child(key).status for key in ("hello", "tips")] == [C.CANCELLED, C.CANCELLED]


async def test_a_draft_is_cancelled_and_one_that_was_started_is_stopped() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    with pytest.raises(IllegalTransition, match="campaigns series cancel welcome"):
        await desk.moves.stop("welcome", "enough")
    await desk.started()
    with pytest.raises(IllegalTransition, match=r"is running; .*campaigns series stop welcome"):
        await desk.moves.cancel("welcome", "enough")
    await desk.moves.pause("welcome", "holidays")
    with pytest.raises(IllegalTransition, match=r"is paused; .*campaigns series stop welcome"):
        await desk.moves.cancel("welcome", "enough")
    await desk.moves.stop("welcome", "enough")
    with pytest.raises(IllegalTransition, match="is stopped; it never goes on"):
        await desk.moves.cancel("welcome", "enough")


async def test_a_series_that_was_cancelled_does_not_start() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    await desk.moves.cancel("welcome", "not needed")
    with pytest.raises(IllegalTransition, match="is cancelled; it never goes on"):
        await desk.moves.start("welcome")


async def test_what_cannot_be_done_says_what_can() -> None:
    desk = SeriesDesk()
    with pytest.raises(UnknownSeries):
        await desk.moves.start("welcome")
    await desk.save(document())
    with pytest.raises(IllegalTransition, match="campaigns series start welcome"):
        await desk.moves.resume("welcome")
    await desk.started()
    await desk.moves.pause("welcome", "holidays")
    with pytest.raises(IllegalTransition, match="campaigns series resume welcome"):
        await desk.moves.start("welcome")


async def test_what_is_to_be_reviewed_are_drafts_and_what_was_rejected() -> None:
    desk = SeriesDesk()
    await desk.started()
    assert await desk.moves.reviewable("welcome") == {}
    desk.becomes("tips", C.REJECTED)
    assert {key: each.status for key, each in (await desk.moves.reviewable("welcome")).items()} == {"tips": C.DRAFT}


async def test_a_message_that_cannot_be_ended_keeps_no_other_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = SeriesDesk()
    await desk.started()
    save = desk.campaigns.save

    async def refused(campaign: Campaign, *, expected: Collection[C]) -> Campaign:
        if campaign.id == "welcome-hello":
            raise Conflict("somebody else was faster")
        return await save(campaign, expected=expected)

    monkeypatch.setattr(desk.campaigns, "save", refused)
    with pytest.raises(Conflict):
        await desk.moves.stop("welcome", "enough")
    assert (desk.child("hello").status, desk.child("tips").status) == (C.SENDING, C.STOPPED)
