"""Batches, portions and writes fit the claim window, whatever its size."""

from __future__ import annotations

import pytest

from config.sending import SendingSettings
from config.settings import Settings
from workers.options import batch_size, claim_window, flush_size, portion


@pytest.mark.parametrize("size", [1, 2, 3, 5, 20, 120, 200, 1000, 5000])
def test_a_portion_goes_out_while_as_many_answers_as_a_write_takes_are_not_stored_yet(size: int) -> None:
    """Otherwise batches would wait for each other's answers, which are stored after a second."""
    settings = Settings(sending=SendingSettings(claim_window=size))
    window = claim_window(settings)
    unstored = flush_size(settings) - 1
    assert unstored + portion(settings) <= window.size - window.reserve
    assert batch_size(settings) >= portion(settings)


def test_a_batch_is_no_larger_than_what_a_review_plans_at_a_time() -> None:
    assert batch_size(Settings()) == 500
    assert batch_size(Settings(sending=SendingSettings(claim_window=5000))) == 500
