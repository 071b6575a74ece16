"""X5: however many workers there are and however a campaign is cut, a limit is used up, and two campaigns share it."""

from __future__ import annotations

import pytest

from domain.throttle import Limits
from tests.handlers.fleet import Fleet

JOINS_S, SETTLED_S, ENDS_S = 3, 6, 20  #: the second campaign; from when it is measured; until when
RELAY, GOOGLE = "relay:default", "group:google"


async def shared(fleet: Fleet, per_s: float) -> None:
    """All of the limit is used, never more, and each has 40 to 60 % in every five seconds."""
    await fleet.run(ENDS_S, JOINS_S)
    lasts_s = ENDS_S - SETTLED_S
    assert fleet.within(SETTLED_S, ENDS_S) / lasts_s == pytest.approx(per_s, rel=0.05)
    shares = fleet.shares("second", SETTLED_S, ENDS_S)
    assert 0.4 <= min(shares) <= max(shares) <= 0.6, shares
    assert max(fleet.throttles.asks.values()) <= 1.1 * ENDS_S + 2, "one operation a second and worker"


@pytest.mark.parametrize(
    ("workers", "chains", "batch", "per_s"),
    [
        (1, 4, 500, 100),
        (2, 4, 500, 50),
        (4, 4, 500, 100),
        (8, 4, 500, 50),
        (16, 4, 500, 100),
        (1, 32, 250, 50),
        (4, 32, 250, 100),
    ],
)
async def test_two_campaigns_share_all_of_a_limit(workers: int, chains: int, batch: int, per_s: int) -> None:
    fleet = Fleet(workers, ("first", "second"), chains, batch, {RELAY: Limits(per_s)}, mails=chains * batch)
    await shared(fleet, per_s)


@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize(("chains", "batch"), [(4, 38), (2, 100), (32, 60)])
async def test_a_campaign_alone_gets_all_of_a_limit(workers: int, chains: int, batch: int) -> None:
    fleet = Fleet(workers, ("only",), chains, batch, {RELAY: Limits(50)}, mails=max(1500, chains * batch))
    await fleet.run(ENDS_S, 0)
    assert fleet.within(1, ENDS_S) == pytest.approx(50 * (ENDS_S - 1), rel=0.05)


@pytest.mark.parametrize(("workers", "per_s"), [(1, 50), (4, 100)])
async def test_a_limit_that_is_set_by_hand_under_way_is_shared_as_well(workers: int, per_s: int) -> None:
    """Nobody knew of it when the campaigns were cut."""
    fleet = Fleet(
        workers, ("first", "second"), 32, 200, mails=6400, answers_after_s=0.2,
        set_by_hand=(0.5, RELAY, Limits(per_s)),
    )  # fmt: skip
    await shared(fleet, per_s)


@pytest.mark.parametrize("workers", [1, 4])
async def test_a_limit_of_a_destination_alone_is_shared_as_well(workers: int) -> None:
    limits = {GOOGLE: Limits(100)}
    await shared(Fleet(workers, ("first", "second"), 32, 100, limits, mails=3200, domain="gmail.com"), 100)
