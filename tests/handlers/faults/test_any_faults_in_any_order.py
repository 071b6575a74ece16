"""Several faults in one play, and its messages repeated and in another order."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handlers.faults.faulty import Fault, Way, played
from tests.handlers.faults.test_answers_under_fault import Answers
from tests.handlers.faults.test_audience_under_fault import RecordsChange, SyncRuns
from tests.handlers.faults.test_campaigns_under_fault import Reviewing, SendingStarts
from tests.handlers.faults.test_sending_under_fault import Sending, only_doubts_differ

FAULTS = st.lists(st.builds(Fault, st.integers(0, 80), st.sampled_from(Way)), max_size=4)


@pytest.mark.parametrize("play", [RecordsChange, SyncRuns, Reviewing, SendingStarts, Answers])
@settings(max_examples=25, deadline=None)
@given(faults=FAULTS, seed=st.integers(0, 1000), times=st.integers(1, 2))
def test_the_end_is_the_same(play: Any, faults: list[Fault], seed: int, times: int) -> None:
    """A Hypothesis test runs outside of any loop."""
    assert asyncio.run(_end(play(), faults, seed, times)) == asyncio.run(_end(play(), [], None, 1))


async def _end(play: Any, faults: list[Fault], seed: int | None, times: int) -> Any:
    await played(play, *faults, times=times, order=None if seed is None else random.Random(seed))
    return play.state()


@settings(max_examples=25, deadline=None)
@given(faults=FAULTS, seed=st.integers(0, 1000), times=st.integers(1, 2))
def test_only_doubts_differ_when_mails_are_sent(faults: list[Fault], seed: int, times: int) -> None:
    """Each fault may leave the batch in hand in doubt."""
    undisturbed, disturbed = (
        asyncio.run(_end(Sending(), [], None, 1)),
        asyncio.run(_end(Sending(), faults, seed, times)),
    )
    assert only_doubts_differ(undisturbed, disturbed, most=2 * len(faults))
