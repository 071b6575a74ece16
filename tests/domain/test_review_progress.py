"""How far a review is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import CampaignStatus
from domain.review_progress import ReviewProgress, review_progress
from domain.slices import Run
from tests.builders import NOW, a_campaign, a_run, later

REVIEWED = a_campaign(status=CampaignStatus.IN_REVIEW, review_run="spring-r1")
LISTED = replace(REVIEWED, status=CampaignStatus.SYNCING_RECIPIENTS)
RUN = a_run("spring-r1", subject="spring")  #: of two slices
#: Of the first step 1,000 people; 600 were decided on so far.
COUNTS = {"recipients.total": 1_000, "recipients.new": 1_000, "to_send": 500, "skipped.no_email": 100, "conflict.a": 9}


@pytest.mark.parametrize(
    ("campaign", "run", "progress"),
    [
        (LISTED, RUN, ReviewProgress(1, 0, 0, 2)),
        # 1,000 people in 10 s of one slice; the other takes 10 s more
        (LISTED, replace(RUN, done=frozenset({0}), counts=COUNTS), ReviewProgress(1, 1_000, 1, 2, 100.0, 10.0)),
        (REVIEWED, replace(RUN, done=frozenset({1}), counts=COUNTS), ReviewProgress(2, 600, 1, 2, 60.0, 10.0)),
        (REVIEWED, replace(RUN, done=frozenset({0, 1}), counts=COUNTS), ReviewProgress(2, 600, 2, 2, 60.0, 0.0)),
        (REVIEWED, replace(RUN, id="spring-r0"), None),
        (REVIEWED, None, None),
        (replace(REVIEWED, status=CampaignStatus.REVIEWED), RUN, None),
    ],
)
def test_progress_is_that_of_the_step_since_it_began(
    campaign: object, run: Run | None, progress: ReviewProgress | None
) -> None:
    assert review_progress(campaign, run, later(10)) == progress  # type: ignore[arg-type]


def test_nothing_is_reckoned_in_no_time() -> None:
    assert review_progress(LISTED, replace(RUN, done=frozenset({0})), NOW) == ReviewProgress(1, 0, 1, 2)
