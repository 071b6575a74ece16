"""X5: all workers together never have more connections to a relay than its limit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from domain.connection_shares import LIVE_S, TURN_S, ConnectionAsk, Holder, shared


@dataclass
class Relay:
    """Workers that ask in turn, each opening what it is allowed and closing what it is not."""

    limit: int | None
    holders: tuple[Holder, ...] = ()
    now_s: float = 0
    open: dict[str, int] = field(default_factory=dict)

    def ask(self, worker: str, wanted: int, closes: int = 100) -> int | None:
        has = self.open.get(worker, 0)
        ask = ConnectionAsk("relay:default", worker, wanted, has)
        self.holders, allowed = shared(self.holders, ask, self.limit, 1000 * self.now_s)
        target = wanted if allowed is None else min(wanted, allowed)
        self.open[worker] = max(target, has - closes)
        return allowed

    def settle(self, wanted: dict[str, int], seconds: int = 4) -> dict[str, int]:
        for _ in range(seconds):
            for worker, count in wanted.items():
                self.ask(worker, count)
            self.now_s += 1
        return self.open


def test_without_a_limit_everybody_has_what_it_wants_and_nobody_is_counted() -> None:
    relay = Relay(None)
    assert relay.ask("a", 40) is None
    assert relay.holders == ()


@pytest.mark.parametrize(
    ("wanted", "have"),
    [
        ({"a": 20}, {"a": 10}),
        ({"a": 20, "b": 20}, {"a": 5, "b": 5}),
        ({"a": 20, "b": 20, "c": 20}, {"a": 4, "b": 3, "c": 3}),
        ({"a": 20, "b": 2}, {"a": 8, "b": 2}),  # what one leaves the others may have
        ({"a": 20, "b": 0}, {"a": 10, "b": 0}),
    ],
)
def test_the_limit_is_shared_equally_by_who_wants_any(wanted: dict[str, int], have: dict[str, int]) -> None:
    assert Relay(10).settle(wanted) == have


def test_nobody_gets_what_another_has_not_closed_yet() -> None:
    relay = Relay(10)
    relay.ask("a", 10)
    assert relay.ask("b", 10) == 0
    assert relay.ask("a", 10, closes=2) == 5
    assert relay.open["a"] == 8
    assert relay.ask("b", 10) == 0  # a said ten; that it has closed two it tells next time
    relay.ask("a", 10, closes=2)
    assert relay.ask("b", 10) == 2


def test_where_workers_are_more_than_connections_they_take_turns() -> None:
    relay = Relay(1)
    had: dict[str, int] = dict.fromkeys("abc", 0)
    for _ in range(int(6 * TURN_S)):
        for worker, count in relay.settle(dict.fromkeys("abc", 5), seconds=1).items():
            had[worker] += count
    assert min(had.values()) > 12  # seconds, of 60 for three


def test_a_worker_that_is_silent_has_none_any_more() -> None:
    relay = Relay(10)
    relay.ask("a", 10)
    relay.now_s = LIVE_S - 0.1
    assert relay.ask("b", 10) == 0
    relay.now_s = LIVE_S + 0.1
    assert relay.ask("b", 10) == 10


def test_a_lower_limit_counts_from_the_next_question() -> None:
    relay = Relay(10)
    relay.settle({"a": 10, "b": 10})
    relay.limit = 4
    assert relay.settle({"a": 10, "b": 10}) == {"a": 2, "b": 2}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_they_want_and_however_slowly_they_close_there_are_never_more(seed: int) -> None:
    dice = random.Random(seed)
    relay = Relay(dice.choice([1, 3, 10, 25]))
    assert relay.limit is not None
    for _ in range(400):
        relay.now_s += dice.random() / 4
        relay.ask(dice.choice("abcde"), dice.choice([0, 1, 7, 40]), closes=dice.choice([0, 1, 50]))
        for worker in "abcde":  # nobody is silent for long
            if all(each.worker != worker or each.at_ms < 1000 * (relay.now_s - 1) for each in relay.holders):
                relay.ask(worker, dice.choice([0, 3]), closes=dice.choice([0, 50]))
        assert sum(relay.open.values()) <= relay.limit
