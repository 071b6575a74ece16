"""Four eyes: somebody other than the author approves what was reviewed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.approval import approval_missing
from domain.campaign import Approval, Campaign, CampaignStatus, hash_of
from domain.errors import Conflict, IllegalTransition, NotReady, UnknownCampaign
from handlers.campaign_approval import Approver
from handlers.campaign_moves import CampaignMoves
from tests.builders import NOW, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.slices import MemorySlices
from tests.handlers.reviewing import GREEN, a_draft

_S = CampaignStatus


class Desk:
    def __init__(self, **overrides: Any) -> None:
        draft = a_draft(**{"status": _S.REVIEWED, "author": "Ann Green", **overrides})
        reviewed = None if draft.status is _S.DRAFT else hash_of(draft)
        self.campaigns = MemoryCampaigns(replace(draft, reviewed_hash=reviewed))
        self.now = NOW
        self.approve = Approver(self.campaigns, lambda: self.now)

    @property
    def stored(self) -> Campaign:
        return self.campaigns.stored["spring"]


async def test_an_approval_is_recorded_with_its_time() -> None:
    desk = Desk()
    found = await desk.approve("spring", "  Bob   Brown ")
    assert found == desk.stored
    assert found.approval == Approval("Bob Brown", NOW)


async def test_a_repeated_approval_changes_nothing() -> None:
    desk = Desk()
    before = await desk.approve("spring", "Bob Brown")
    desk.now = later(60)
    assert await desk.approve("spring", "bob brown") == before
    assert desk.stored == before


@pytest.mark.parametrize("name", ["Ann Green", "ann  GREEN"])
async def test_the_author_cannot_approve(name: str) -> None:
    desk = Desk()
    with pytest.raises(NotReady, match=r"somebody else .* campaigns campaign approve spring --by NAME"):
        await desk.approve("spring", name)
    assert desk.stored.approval is None


async def test_an_unknown_author_could_be_anybody() -> None:
    """A campaign that was saved before authors were asked for."""
    with pytest.raises(NotReady, match="campaigns campaign edit spring --author NAME"):
        await Desk(author=None).approve("spring", "Bob")


async def test_an_approval_needs_a_name() -> None:
    with pytest.raises(NotReady, match="--by NAME"):
        await Desk().approve("spring", "  ")


@pytest.mark.parametrize("status", [_S.DRAFT, _S.IN_REVIEW, _S.REJECTED, _S.SENDING, _S.SENT, _S.CANCELLED])
async def test_only_what_is_reviewed_is_approved(status: CampaignStatus) -> None:
    with pytest.raises(IllegalTransition, match=f"is {status} and cannot be approved"):
        await Desk(status=status).approve("spring", "Bob")


async def test_an_unknown_campaign_is_refused() -> None:
    with pytest.raises(UnknownCampaign, match="nowhere"):
        await Desk().approve("nowhere", "Bob")


async def test_an_approval_of_what_somebody_changes_meanwhile_is_refused() -> None:
    desk = Desk()
    loaded = desk.stored
    await desk.campaigns.save(replace(loaded, name="Other"), expected={_S.REVIEWED})

    async def stale(_: str) -> Campaign:
        return loaded

    desk.campaigns.get = stale  # type: ignore[assignment, method-assign]
    with pytest.raises(Conflict):
        await desk.approve("spring", "Bob")


async def test_reopening_drops_the_approval_and_what_was_hashed() -> None:
    desk = Desk(reviewed_assets={"https://green.shop/logo.png": "1"})
    await desk.approve("spring", "Bob")
    reopened = await CampaignMoves(desk.campaigns, MemoryEmails(), MemorySlices(), lambda: NOW).reopen("spring")
    assert (reopened.approval, reopened.reviewed_assets, reopened.reviewed_hash) == (None, {}, None)
    assert reopened.author == "Ann Green"


@pytest.mark.parametrize(
    ("four_eyes", "approval", "said"),
    [
        (False, None, None),
        (True, Approval("Bob", NOW), None),
        (
            True,
            None,
            "it has to be approved by somebody other than Ann Green, who wrote it: campaigns campaign",
        ),
    ],
)
def test_an_approval_is_missing_only_where_it_is_wanted(
    four_eyes: bool, approval: Approval | None, said: str | None
) -> None:
    found = approval_missing(a_draft(author="Ann Green", approval=approval), replace(GREEN, four_eyes=four_eyes))
    assert (found is None) == (said is None)
    assert found is None or found.startswith(said or "")
