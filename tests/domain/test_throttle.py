"""X5: never more than the rate, whoever asks and whenever; slower when servers ask for it, and fast again later."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.destinations import DestinationGroup, domain_of, group_of, throttles_of
from domain.smtp_reply import Reply
from domain.throttle import (
    FLOOR_PER_S,
    HORIZON_S,
    KEPT_S,
    Ask,
    Limits,
    Standing,
    answer,
    asks_to_slow_down,
    suspension_s,
)

NAME = "relay:default"
ASKS = st.lists(
    st.tuples(st.floats(0, 3000), st.sampled_from("abcd"), st.integers(0, 300)),  # ms since the last one, worker, mails
    max_size=60,
)


@given(asks=ASKS, per_s=st.floats(0.1, 500))
def test_no_two_permits_are_nearer_than_the_rate_allows(asks: list[tuple[float, str, int]], per_s: float) -> None:
    """So no window of any length holds more than its part, and one."""
    standing, now_ms, moments = Standing(NAME), 0.0, list[float]()
    for passed_ms, worker, wanted in asks:
        now_ms += passed_ms
        standing, grant = answer(standing, Ask(NAME, worker, wanted, Limits(per_s)), now_ms)
        given_away = [now_ms / 1000 + grant.start_s + place * grant.gap_s for place in range(grant.permits)]
        moments += given_away
        assert all(-KEPT_S - 1e-6 <= at - now_ms / 1000 < HORIZON_S + 1e-6 for at in given_away)
        assert grant.permits <= wanted
    assert all(after - before >= 1 / per_s - 1e-6 for before, after in pairwise(moments))


@given(workers=st.integers(1, 8), per_s=st.sampled_from([2, 10, 50, 400]))
def test_workers_that_ask_once_a_second_lose_little_of_it(workers: int, per_s: int) -> None:
    standing, permits = Standing(NAME), 0
    for second in range(60):
        for place in range(workers):
            now_ms = 1000 * (second + place / workers)
            standing, grant = answer(standing, Ask(NAME, f"w{place}", 1000, Limits(per_s)), now_ms)
            permits += grant.permits
    assert 0.95 * 60 * per_s <= permits <= 61.25 * per_s + 1


def test_campaigns_get_equal_parts_however_many_workers_have_mails_of_each() -> None:
    """X5: three workers have mails of the large campaign alone, one has mails of both."""
    standing, permits = Standing(NAME), Counter[str]()
    for second in range(40):
        for place, campaigns in enumerate([("large",), ("large",), ("large",), ("large", "small")]):
            now_ms = 10_000 + 1000 * (second + place / 4)
            ask = Ask(NAME, f"w{place}", 500, Limits(100), campaigns=campaigns)
            standing, grant = answer(standing, ask, now_ms)
            for campaign, part in zip(campaigns, grant.parts, strict=True):
                permits[campaign] += round(grant.permits * part / sum(grant.parts))
    assert permits["small"] / permits.total() == pytest.approx(0.5, abs=0.03)
    assert permits.total() == pytest.approx(4000, rel=0.04)


def test_who_got_all_it_wanted_and_falls_silent_takes_no_part_from_the_others() -> None:
    """X5: a batch ended, and the next one is another worker's."""
    standing, _ = answer(Standing(NAME), Ask(NAME, "idle", 5, Limits(50)), 10_000)
    standing, grant = answer(standing, Ask(NAME, "busy", 500, Limits(50)), 10_010)
    assert grant.permits == 58  # all that is left of 1.25 s


def test_a_gap_between_two_batches_loses_no_moment() -> None:
    standing, _ = answer(Standing(NAME), Ask(NAME, "a", 50, Limits(50)), 10_000)
    _, grant = answer(standing, Ask(NAME, "b", 10, Limits(50)), 11_400)
    assert (grant.permits, grant.start_s) == (10, pytest.approx(-0.4))


def test_a_rate_below_one_a_second_still_gives() -> None:
    standing, grant = answer(Standing(NAME), Ask(NAME, "a", 10, Limits(0.1)), 0)
    assert (grant.permits, grant.gap_s) == (1, 10)
    assert answer(standing, Ask(NAME, "a", 10, Limits(0.1)), 5_000)[1].permits == 0
    assert answer(standing, Ask(NAME, "a", 10, Limits(0.1)), 10_000)[1].permits == 1


def test_it_is_never_slowed_down_to_nothing() -> None:
    standing, now_ms = Standing(NAME), 0.0
    for _ in range(12):
        standing, grant = answer(standing, Ask(NAME, "a", 1, used_per_s=10, slow=1), now_ms)
        now_ms += 1000 * grant.pause_s
    assert standing.rate == FLOOR_PER_S
    assert grant.pause_s == 1800


def test_a_throttle_without_a_limit_is_free_again_once_it_is_fast() -> None:
    standing, _ = answer(Standing(NAME), Ask(NAME, "a", used_per_s=1998, slow=1), 0)
    assert standing.rate == 999
    standing, grant = answer(standing, Ask(NAME, "a", 10, good=100), 31_000)
    assert (standing.rate, grant.free) == (None, True)


@pytest.mark.parametrize(
    ("strikes", "spread", "seconds"),
    [(1, 0.5, 30), (2, 0.5, 60), (3, 0.5, 120), (7, 0.5, 1800), (50, 0.5, 1800), (1, 0, 24), (1, 1, 36)],
)
def test_pauses_double_from_half_a_minute_to_half_an_hour(strikes: int, spread: float, seconds: float) -> None:
    assert suspension_s(strikes, spread) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("code", "text", "slows"),
    [
        (421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail", True),
        (421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume", True),
        (451, "4.7.650 The mail server has been temporarily rate limited due to IP reputation", True),
        (451, "4.7.500 Server busy. Please try again later", True),
        (421, "Service not available", True),
        (452, "4.3.2 System not accepting network messages", True),
        (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that …", False),  # one mailbox
        (452, "4.2.2 The email account that you tried to reach is over quota", False),
        (451, "4.7.1 Greylisting in action, please come back later", False),  # each recipient is tried again
        (421, "4.7.26 This mail is unauthenticated: SPF and DKIM did not pass", False),  # never heals by waiting
        (550, "5.7.1 Access denied", False),
        (250, "2.0.0 Ok", False),
    ],
)
def test_which_replies_are_about_our_pace(code: int, text: str, slows: bool) -> None:
    """classification.md, 4.3."""
    assert asks_to_slow_down(Reply(code, text)) is slows


def test_destinations_go_by_the_provider_and_small_domains_by_themselves() -> None:
    assert group_of("gmail.com") is DestinationGroup.GOOGLE
    assert throttles_of(domain_of("Anna@Hotmail.com")) == ("group:outlook",)
    assert throttles_of("green.example") == ("group:other", "domain:green.example")
