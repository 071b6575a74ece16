"""How far a review is, how fast, and when it will be through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.campaign import Campaign, CampaignStatus
from domain.slices import Run

PEOPLE = "recipients.total"  #: counted in the first phase: people who were put on the list
_DECIDED = ("to_send", "skipped.")  #: how the second phase counts: rows of the ledger
#: Which of its two steps a review is at, by the status of its campaign.
STEPS: Mapping[CampaignStatus, int] = {
    CampaignStatus.SYNCING_RECIPIENTS: 1,
    CampaignStatus.TO_BE_REVIEWED: 2,
    CampaignStatus.IN_REVIEW: 2,
}


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    step: int  #: 1: people are put on the list; 2: everybody is decided on
    people: int  #: of this step, so far
    slices_done: int
    slices: int
    people_per_s: float | None = None  #: None while nothing is done
    remaining_s: float | None = None  #: of this step, at that speed


def review_progress(campaign: Campaign, run: Run | None, now: datetime) -> ReviewProgress | None:
    """The review under way; None where there is none."""
    step = STEPS.get(campaign.status)
    if step is None or run is None or run.id != campaign.review_run:
        return None
    people, done, slices = _people(run, step), len(run.done), len(run.ranges)
    elapsed_s = (now - campaign.status_at).total_seconds() if campaign.status_at else 0.0
    if not done or elapsed_s <= 0:
        return ReviewProgress(step, people, done, slices)
    return ReviewProgress(step, people, done, slices, people / elapsed_s, elapsed_s * (slices - done) / done)


def _people(run: Run, step: int) -> int:
    if step == 1:
        return run.counts.get(PEOPLE, 0)
    return sum(count for name, count in run.counts.items() if name.startswith(_DECIDED))
