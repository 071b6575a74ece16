"""How many batches of a campaign are under way at once (contracts.md, pacing; fairness of X5)."""

from __future__ import annotations

import pytest

from domain.chains import chains_at


@pytest.mark.parametrize(
    ("per_s", "batch_size", "chains"),
    [
        (None, 80, 32),  # no limit: as many as the setting says
        (100, 80, 2),  # 100 * 1.5 / 80 = 1.9
        (50, 24, 4),  # 50 * 1.5 / 24 = 3.1
        (10_000, 80, 32),  # never more than the setting
        (1, 80, 2),  # one is written while another waits
    ],
)
def test_a_slow_relay_has_few_batches_of_a_campaign_under_way(
    per_s: float | None, batch_size: int, chains: int
) -> None:
    assert chains_at(32, per_s, batch_size) == chains


def test_who_wants_one_chain_has_one() -> None:
    assert chains_at(1, 1, 80) == 1
