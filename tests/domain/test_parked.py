"""Which parked messages are the same one, and which are meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.parked import Which, message_type, parked_id
from tests.builders import a_parked_message, later


def event(**overrides: Any) -> bytes:
    attributes = {
        "specversion": "1.0",
        "id": "1",
        "source": "crm",
        "type": "campaigns.send-batch.v1",
        "time": "2026-03-02T09:00:00Z",
        "data": {"campaign_id": "spring", "slice": 3},
    }
    return json.dumps({**attributes, **overrides}).encode()


@pytest.mark.parametrize(
    "again",
    [
        event(id="2"),
        event(time="2027-01-01T00:00:00Z", correlationid="c", causationid="d", traceparent="e"),
        event(data={"slice": 3, "campaign_id": "spring"}),
    ],
)
def test_what_is_said_again_under_another_id_is_the_same_message(again: bytes) -> None:
    assert parked_id("send-batch", again) == parked_id("send-batch", event())


@pytest.mark.parametrize("other", [event(source="erp"), event(data={"slice": 4}), event(type="x"), event() + b" ["])
def test_what_others_say_or_what_says_something_else_is_another_message(other: bytes) -> None:
    assert parked_id("send-batch", other) != parked_id("send-batch", event())


def test_a_body_in_which_a_name_stands_twice_is_not_the_one_that_can_be_read() -> None:
    """It would take the place of the good one, and a replay would bring back nothing that can be handled."""
    twice = event().replace(b'{"specversion"', b'{"data": {}, "specversion"')
    assert parked_id("send-batch", twice) != parked_id("send-batch", event())


def test_what_was_refused_unread_does_not_take_the_place_of_what_was_read() -> None:
    assert parked_id("send-batch", event(), unread=True) != parked_id("send-batch", event())
    assert parked_id("send-batch", event(), unread=True) == parked_id("send-batch", event(id="2"), unread=True)


def test_two_queues_keep_their_own() -> None:
    assert parked_id("send-batch", event()) != parked_id("send-batch.urgent", event())


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"[" * 100_000, b'{"id":"1"}', b'{"specversion":"1.0","a":"\\ud800"}', b"x" * 2_000_000],
)
def test_any_bytes_have_one_id_and_no_others_have_it(body: bytes) -> None:
    assert parked_id("q", body) == parked_id("q", body)
    assert len(parked_id("q", body)) == 32
    assert parked_id("q", body) != parked_id("q", body + b"!")
    assert message_type(body) == ""


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("campaigns.send-batch.v1", "send-batch"),
        ("order.paid", "order.paid"),
        (7, ""),
        ("a\nb", ""),
        ("x" * 500, "x" * 100),
    ],
)
def test_a_message_is_of_the_type_that_it_says(given: object, shown: str) -> None:
    assert message_type(event(type=given)) == shown


@pytest.mark.parametrize(
    ("which", "meant"),
    [
        (Which(), True),
        (Which(ids=("zz", "m")), True),
        (Which(ids=("zz",)), False),
        (Which(queue="record-changed", reason="invalid_message"), True),
        (Which(queue="record-changed", reason="other"), False),
        (Which(type="record-changed"), False),
        (Which(since=later(1), before=later(2)), True),
        (Which(before=later(1)), False),
        (Which(since=later(2)), False),
        (Which(at_most_bytes=2), True),
        (Which(at_most_bytes=1), False),
    ],
)
def test_all_that_is_said_has_to_hold(which: Which, meant: bool) -> None:
    assert which.matches(a_parked_message("m1")) is meant
