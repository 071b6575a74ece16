"""Warm-up of a sending domain (deliverability.md, 7)."""

from __future__ import annotations

from domain.warm_up import CAPS, DAY_MS, DayGrant, WarmUp, day_over_s, given_back, permitted


def test_a_day_gives_no_more_than_its_cap_and_the_rest_waits_for_the_next() -> None:
    known, first = permitted(None, "green.example", 40, CAPS, 6 * DAY_MS + DAY_MS / 2)
    assert first == DayGrant(40)
    known, second = permitted(known, "green.example", 40, CAPS, 6 * DAY_MS + DAY_MS / 2)
    assert second == DayGrant(10, 43_200)
    assert known == WarmUp("green.example", 6, 0, 50)


def test_only_days_on_which_it_sends_count() -> None:
    known, _ = permitted(WarmUp("green.example", 6, 2, 250), "green.example", 9000, CAPS, 12 * DAY_MS)
    assert known == WarmUp("green.example", 12, 3, 500)


def test_after_the_curve_it_is_warm_and_after_a_month_of_silence_cold() -> None:
    last = WarmUp("green.example", 6, len(CAPS) - 1, 20_000)
    assert permitted(last, "green.example", 90_000, CAPS, 7 * DAY_MS)[1] == DayGrant(90_000)
    assert permitted(last, "green.example", 90_000, CAPS, 36 * DAY_MS)[1].permits == 50


def test_a_clock_that_goes_back_gives_nothing_twice() -> None:
    known = WarmUp("green.example", 6, 0, 50)
    assert permitted(known, "green.example", 9, CAPS, 5 * DAY_MS)[0] == known


def test_a_domain_waits_for_the_next_day_once_its_cap_is_used_up() -> None:
    noon = 6 * DAY_MS + DAY_MS / 2
    assert day_over_s(WarmUp("green.example", 6, 0, 49), CAPS, noon) == 0
    assert day_over_s(WarmUp("green.example", 6, 0, 50), CAPS, noon) == 43_200
    assert day_over_s(WarmUp("green.example", 6, 0, 50), CAPS, 7 * DAY_MS + 1) == 0


def test_what_was_permitted_and_did_not_go_may_go_later_that_day() -> None:
    noon, used_up = 6 * DAY_MS + DAY_MS / 2, WarmUp("green.example", 6, 1, 100)
    assert permitted(given_back(used_up, 30, noon), "green.example", 40, CAPS, noon)[1].permits == 30
    assert given_back(used_up, 130, noon).used == 0
    assert given_back(used_up, 30, 7 * DAY_MS) == used_up


def test_a_day_on_which_nothing_went_is_no_step_of_the_curve() -> None:
    known = given_back(WarmUp("green.example", 6, 2, 250), 250, 6 * DAY_MS)
    assert permitted(known, "green.example", 900, CAPS, 7 * DAY_MS)[0] == WarmUp("green.example", 7, 2, 250)


def test_a_warm_domain_never_waits() -> None:
    assert day_over_s(WarmUp("green.example", 6, len(CAPS), 90_000), CAPS, 6 * DAY_MS) == 0
