"""How long a campaign will take, X5 and X8."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.pacing import Pacing
from domain.send_duration import SendDuration, Warming, paces, send_duration
from domain.throttle import Limits, Standing
from domain.warm_up import CAPS, WarmUp
from tests.builders import NOW

COLD = Warming(None, "green.example")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = int(NOON.timestamp() // 86_400)


@pytest.mark.parametrize(
    ("people", "pace", "relays", "told"),
    [
        ({"group:other": 400_000}, {"relay:a": 100.0}, ["relay:a"], SendDuration(4_000, "relays", 100)),
        # 300 a second together
        ({"group:other": 9_000}, {"relay:a": 100.0, "relay:b": 200.0}, ["relay:a", "relay:b"],
         SendDuration(30, "relays", 300)),
        # the second relay takes what it can
        ({"group:other": 9_000}, {"relay:a": 100.0}, ["relay:a", "relay:b"], SendDuration(None)),
        # 6,000 mails to Google at 20 a second take longer than 9,000 at 100
        ({"group:other": 3_000, "group:google": 6_000}, {"relay:a": 100.0, "group:google": 20.0}, ["relay:a"],
         SendDuration(300, "group:google", 20)),
        ({"group:other": 3_000}, {"group:google": 20.0}, ["relay:a"], SendDuration(None)),
        ({}, {"relay:a": 100.0}, ["relay:a"], SendDuration(0, "relays", 100)),
    ],
)  # fmt: skip
def test_the_slowest_way_decides(
    people: dict[str, int], pace: dict[str, float], relays: list[str], told: SendDuration
) -> None:
    assert send_duration(people, pace, relays, COLD, NOW) == told


@pytest.mark.parametrize(
    ("known", "people", "nights", "seconds"),
    [
        (None, 50, 0, 1),  # the first day's 50, at 50 a second
        (None, 51, 1, 43_200 + 0.02),  # one is left for the day after noon's midnight
        (None, 150, 1, 43_200 + 2),
        (WarmUp("green.example", TODAY, 1, 40), 100, 1, 43_200 + 0.8),  # 60 of the second day's 100, then 40
        (WarmUp("green.example", TODAY - 1, 1, 40), 250, 0, 5),  # the third day has come
        (WarmUp("green.example", TODAY, len(CAPS), 0), 10**6, 0, 20_000),  # it is warm
        (WarmUp("green.example", TODAY, 0, 99), 10, 1, 43_200 + 0.2),  # more than a cap that was lowered
    ],
)
def test_a_domain_that_warms_up_sends_the_rest_on_other_days(
    known: WarmUp | None, people: int, nights: int, seconds: float
) -> None:
    found = send_duration(
        {"group:other": people}, {"relay:a": 50.0}, ["relay:a"], Warming(known, "green.example", CAPS), NOON
    )
    assert (found.warm_up_days, found.seconds) == (nights, pytest.approx(seconds))
    assert found.bound_by == ("warm-up" if nights else "relays")


def test_limits_are_those_of_now() -> None:
    pacing = Pacing(limits={"relay:a": Limits(100), "relay:b": Limits(None, 5), "group:google": Limits(20)})
    standings = [
        Standing("relay:a", override=Limits(40)),
        Standing("group:google", rate=5.0, limits=Limits(20)),
        Standing("group:yahoo", rate=7.0),
        Standing("relay:b", override=Limits()),
    ]
    assert paces(pacing, standings) == {"relay:a": 40, "group:google": 5, "group:yahoo": 7}
    assert paces(pacing, []) == {"relay:a": 100, "group:google": 20}
