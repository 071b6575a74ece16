"""Lanes of a send worker: a campaign that is held up leaves room for the others (X5)."""

from __future__ import annotations

from handlers.lanes import Lanes
from messages.send_batch import SendBatch


def batch(number: int | None, campaign_id: str = "spring", *, urgent: bool = False) -> SendBatch:
    addresses = [] if number is not None else ["ann@example.com"]
    return SendBatch(campaign_id=campaign_id, slice=number, addresses=addresses, urgent=urgent)


def held_up() -> Lanes:
    return Lanes(5, lambda: True)


def test_while_nothing_is_held_up_a_campaign_has_all_lanes() -> None:
    lanes = Lanes(3, lambda: False)
    assert [lanes.enter(batch(number)) for number in range(3)] == [True] * 3
    assert lanes.are_full()


def test_a_third_batch_of_a_campaign_that_is_held_up_is_set_aside_and_another_campaign_goes_ahead() -> None:
    lanes = held_up()
    assert [lanes.enter(batch(number)) for number in range(3)] == [True, True, False]
    assert lanes.enter(batch(0, "autumn"))
    assert not lanes.are_full()


def test_what_was_set_aside_comes_back_once_when_a_batch_ends() -> None:
    lanes = held_up()
    for number in (0, 1, 2, 3, 3):  # the scheduler offers what stands still again
        lanes.enter(batch(number))
    assert lanes.back() == []
    lanes.leave(batch(0))
    assert lanes.back() == [batch(2), batch(3)]
    assert lanes.back() == []


def test_a_batch_of_another_campaign_that_ends_brings_back_what_has_room_by_now() -> None:
    """As after an outage, in which a batch ends without a word."""
    lanes = held_up()
    for number in range(3):
        lanes.enter(batch(number))
    lanes.leave(batch(0))
    lanes.enter(batch(0, "autumn"))
    lanes.leave(batch(0, "autumn"))
    assert lanes.back() == [batch(2)]


def test_urgent_batches_and_addresses_from_outside_are_never_set_aside() -> None:
    lanes = held_up()
    for number in range(2):
        lanes.enter(batch(number))
    assert lanes.enter(batch(7, urgent=True))
    assert lanes.enter(batch(None))
    lanes.leave(batch(7, urgent=True))
    assert not lanes.enter(batch(2)), "they take no lane either"
