"""How many batches of a campaign are under way at once (contracts.md, pacing; fairness of X5)."""

from __future__ import annotations

import pytest

from domain.chains import batch_at, chains_at


@pytest.mark.parametrize(
    ("per_s", "batch_size", "chains"),
    [
        (None, 80, 32),  # no limit: as many as the setting says
        (400, 80, 8),  # 400 * 1.5 / 80 = 7.5
        (50, 24, 4),  # 50 * 1.5 / 24 = 3.1
        (10_000, 80, 32),  # never more than the setting
        (1, 80, 4),  # so that no worker stands idle
    ],
)
def test_a_slow_relay_has_few_batches_of_a_campaign_under_way(
    per_s: float | None, batch_size: int, chains: int
) -> None:
    assert chains_at(32, per_s, batch_size) == chains


def test_who_wants_one_chain_has_one() -> None:
    assert chains_at(1, 1, 80) == 1


@pytest.mark.parametrize(
    ("per_s", "most", "batch_size"),
    [
        (None, 500, 500),  # no limit: what is done once a batch is shared by as many as may be
        (2000, 500, 500),
        (100, 500, 38),
        (50, 500, 19),
        (1, 500, 10),  # never so few that the work of a batch outweighs its mails
        (50, 5, 5),  # never more than the claim window allows
    ],
)
def test_a_slow_relay_has_small_batches_so_that_all_workers_share_them(
    per_s: float | None, most: int, batch_size: int
) -> None:
    assert batch_at(most, per_s) == batch_size
