"""How long things wait, and how often they are asked for again."""

from __future__ import annotations

from collections.abc import Callable

from handlers.timers import Timers
from tests.builders import later


class Watch:
    def __init__(self, kept_s: float = 300) -> None:
        self.at_s = 0.0
        self.timers = Timers(lambda: later(self.at_s), kept_s)

    def fired(self, ask: Callable[[Timers], bool], until_s: int) -> list[int]:
        """The seconds at which it was true, asked every second."""
        found = []
        for at in range(until_s):
            self.at_s = float(at)
            if ask(self.timers):
                found.append(at)
        return found


def test_a_rhythm_begins_at_once() -> None:
    assert Watch().fired(lambda timers: timers.is_time("look", 5), 12) == [0, 5, 10]


def test_a_rhythm_may_slow_down_to_a_longest_pause() -> None:
    # pauses of 5, 10, 20 and then 20 seconds
    assert Watch().fired(lambda timers: timers.is_time("count", 5, longest_s=20), 60) == [0, 5, 15, 35, 55]


def test_what_waits_is_told_after_its_time_and_then_at_twice_that() -> None:
    assert Watch().fired(lambda timers: timers.has_waited("head", 5, longest_s=20), 60) == [5, 15, 35, 55]
    assert Watch().fired(lambda timers: timers.has_waited("silent", 5), 12) == [5, 10]


def test_what_is_stopped_begins_anew() -> None:
    watch = Watch()
    watch.fired(lambda timers: timers.is_time("count", 5, longest_s=600), 100)
    watch.timers.stop("count")
    assert watch.timers.is_time("count", 5, longest_s=600)


def test_what_nobody_asks_for_any_more_is_forgotten_and_the_rest_kept() -> None:
    watch = Watch(kept_s=10)
    watch.timers.has_waited("gone", 1000)
    watch.fired(lambda timers: timers.has_waited("here", 1000), 30)
    watch.timers.forget()
    assert len(watch.timers) == 1
    watch.timers.clear()
    assert len(watch.timers) == 0
