"""Pause, resume, cancel, stop, reopen and unschedule, R66, R75, R77."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus, hash_of
from domain.email import Email, EmailState
from domain.errors import IllegalTransition, UnknownCampaign
from domain.slices import Slice
from handlers.campaign_moves import CampaignMoves
from messages.review_requested import ReviewRequested
from tests.builders import NOW, a_campaign, a_record, an_email, an_outcome, emails
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.records import MemoryRecords
from tests.fakes.slices import MemorySlices
from tests.handlers.reviewing import House, a_draft

_S = CampaignStatus


class Desk:
    """A campaign of six batches in two chains, with one row in each batch."""

    def __init__(self, status: CampaignStatus, **overrides: Any) -> None:
        campaign = a_campaign(status=status, **{"slices": 6, "chains": 2, **overrides})
        self.campaigns = MemoryCampaigns(replace(campaign, reviewed_hash=hash_of(campaign)))
        rows = [replace(row, slice=number) for number, row in enumerate(emails(6))]
        self.emails = MemoryEmails(*rows)
        self.slices = MemorySlices(*(Slice("spring", number) for number in range(6)))
        self.moves = CampaignMoves(self.campaigns, self.emails, self.slices, lambda: NOW)

    @property
    def stored(self) -> Any:
        return self.campaigns.stored["spring"]

    async def held(self, number: int, *, started: bool = True) -> Slice:
        _, held = await self.slices.claim("spring", number, "worker", 60)
        if started:
            assert await self.slices.start(held, 60)
        return held

    async def sent(self, number: int) -> None:
        held = await self.held(number)
        rows: list[Email] = list(await self.emails.due_in_slice("spring", number))
        await self.emails.store([an_outcome(row) for row in rows])
        await self.slices.finish(held)

    def states(self) -> list[str]:
        return [f"{row.state}" for row in sorted(self.emails.stored.values(), key=lambda row: row.slice)]


# ---- pause and resume


async def test_a_pause_says_why_and_a_repeated_one_changes_nothing() -> None:
    desk = Desk(_S.SENDING)
    await desk.moves.pause("spring", "typo in the footer")
    before = desk.stored
    await desk.moves.pause("spring", "again")
    assert desk.stored == before
    assert (before.status, before.status_reason, before.status_at) == (_S.PAUSED, "typo in the footer", NOW)


async def test_resuming_offers_the_first_unfinished_batch_of_each_chain_and_every_later_try() -> None:
    desk = Desk(_S.PAUSED)
    for number in (0, 1, 2):
        await desk.sent(number)
    await desk.slices.plan("spring", [6, 7])  # batches of a later try
    offered = await desk.moves.resume("spring")
    assert [message.slice for message in offered if hasattr(message, "slice")] == [3, 4, 6, 7]
    assert desk.stored.status is _S.SENDING


async def test_a_repeated_resume_offers_the_same_and_changes_nothing() -> None:
    desk = Desk(_S.PAUSED)
    lost = await desk.moves.resume("spring")
    before = desk.stored
    assert await desk.moves.resume("spring") == lost
    assert desk.stored == before


async def test_resuming_does_not_send_what_was_never_sent() -> None:
    with pytest.raises(IllegalTransition, match="only a campaign that is paused can"):
        await Desk(_S.REVIEWED).moves.resume("spring")


# ---- cancel and stop


async def test_cancelling_skips_all_that_was_not_sent() -> None:
    desk = Desk(_S.SENDING)
    await desk.sent(0)
    assert await desk.moves.cancel("spring", "wrong price") is True
    assert desk.states() == ["sent", *["skipped"] * 5]
    assert (desk.stored.status, desk.stored.status_reason) == (_S.CANCELLED, "wrong price")
    assert (await desk.emails.books("spring", 6)).closed


async def test_a_repeated_cancel_changes_nothing() -> None:
    desk = Desk(_S.SENDING)
    await desk.moves.cancel("spring", "wrong price")
    before, rows = desk.stored, dict(desk.emails.stored)
    assert await desk.moves.cancel("spring", "again") is True
    assert (desk.stored, desk.emails.stored) == (before, rows)


async def test_what_a_worker_may_be_sending_is_not_called_skipped() -> None:
    desk = Desk(_S.SENDING)
    held = await desk.held(0)
    assert await desk.moves.stop("spring", "enough") is False
    await desk.emails.store([an_outcome(emails(1)[0])])
    await desk.slices.release(held)
    assert await desk.moves.settle("spring") is True
    assert desk.states() == ["sent", *["skipped"] * 5]
    assert (await desk.emails.books("spring", 6)).balanced


async def test_what_a_dead_worker_may_have_sent_is_in_doubt() -> None:
    desk = Desk(_S.SENDING)
    await desk.held(0)
    await desk.held(1, started=False)
    desk.slices.pass_time(61)
    assert await desk.moves.stop("spring", "enough") is True
    assert desk.states() == ["in_doubt", *["skipped"] * 5]


async def test_a_draft_is_cancelled_too() -> None:
    desk = Desk(_S.DRAFT)
    await desk.moves.cancel("spring", "not now")
    assert desk.stored.status is _S.CANCELLED


async def test_settling_leaves_a_campaign_that_goes_on_alone() -> None:
    desk = Desk(_S.SENDING)
    assert await desk.moves.settle("spring") is True
    assert desk.states() == ["planned"] * 6


async def test_what_was_never_begun_is_cancelled_and_not_stopped() -> None:
    with pytest.raises(IllegalTransition, match=r"is draft and cannot become stopped: only .* sending or paused can"):
        await Desk(_S.DRAFT).moves.stop("spring", "enough")


# ---- reopen and unschedule


@pytest.mark.parametrize("status", [_S.REVIEWED, _S.REJECTED])
async def test_reopening_drops_the_rows_and_unlocks(status: CampaignStatus) -> None:
    desk = Desk(status)
    await desk.moves.reopen("spring")
    assert (desk.stored.status, desk.stored.reviewed_hash, desk.stored.report) == (_S.DRAFT, None, None)
    assert desk.emails.stored == {}


async def test_a_repeated_reopen_changes_nothing() -> None:
    desk = Desk(_S.REVIEWED)
    await desk.moves.reopen("spring")
    before = desk.stored
    await desk.moves.reopen("spring")
    assert desk.stored == before


async def test_a_crash_while_reopening_is_mended_by_telling_it_again() -> None:
    desk = Desk(_S.REVIEWED)
    desk.campaigns.stored["spring"] = replace(desk.stored, reviewed_hash=None)
    await desk.moves.reopen("spring")
    assert (desk.stored.status, desk.emails.stored) == (_S.DRAFT, {})


async def test_what_was_sent_is_not_reopened() -> None:
    with pytest.raises(IllegalTransition, match="only a campaign that is reviewed or rejected can"):
        await Desk(_S.SENT).moves.reopen("spring")


async def test_a_reopened_campaign_is_reviewed_anew() -> None:
    house = House(campaigns=MemoryCampaigns(a_draft()), records=MemoryRecords(a_record("1")))
    await house.reviewed()
    moves = CampaignMoves(house.campaigns, house.emails, MemorySlices(), lambda: NOW)
    await moves.reopen("spring")
    house.records.stored["Leads:2"] = replace(a_record("2"), revision=1)
    await house.run([ReviewRequested(campaign_id="spring")])
    assert house.campaigns.stored["spring"].status is _S.REVIEWED
    assert len(house.emails.stored) == 2
    assert len(house.runs.stored) == 2


async def test_unscheduling_makes_it_reviewed_again_and_twice_is_once() -> None:
    desk = Desk(_S.SCHEDULED, send_at=NOW)
    await desk.moves.unschedule("spring")
    before = desk.stored
    await desk.moves.unschedule("spring")
    assert desk.stored == before
    assert (before.status, before.send_at) == (_S.REVIEWED, None)


async def test_what_is_not_scheduled_is_not_unscheduled() -> None:
    with pytest.raises(IllegalTransition, match="only a campaign that is scheduled can"):
        await Desk(_S.IN_REVIEW).moves.unschedule("spring")


@pytest.mark.parametrize("move", ["resume", "reopen", "unschedule", "settle"])
async def test_an_unknown_campaign_is_refused(move: str) -> None:
    with pytest.raises(UnknownCampaign, match="nowhere"):
        await getattr(Desk(_S.DRAFT).moves, move)("nowhere")


async def test_rows_of_other_campaigns_stay() -> None:
    desk = Desk(_S.SENDING)
    other = an_email(campaign_id="autumn")
    desk.emails.stored[other.id] = other
    await desk.moves.cancel("spring", "wrong price")
    assert desk.emails.stored[other.id].state is EmailState.PLANNED
