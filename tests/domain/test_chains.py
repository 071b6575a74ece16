"""How many batches of a campaign are under way at once (contracts.md, pacing; fairness of X5)."""

from __future__ import annotations

import pytest

from domain.chains import chains_at


@pytest.mark.parametrize(
    ("per_s", "chains"),
    [
        (None, 32),  # no limit: as many as the setting says
        (800, 8),
        (450, 5),
        (50, 4),  # so that their ends do not fall together
        (10_000, 32),  # never more than the setting
    ],
)
def test_a_slow_relay_has_few_batches_of_a_campaign_under_way(per_s: float | None, chains: int) -> None:
    assert chains_at(32, per_s) == chains


def test_who_wants_one_chain_has_one() -> None:
    assert chains_at(1, 1) == 1
