"""Signatures and patience of the webhook."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

from domain.webhook import RETRY_DELAYS_S, Position, delivered, failed, rewound, signed
from tests.builders import NOW, later


def test_the_signature_is_that_of_the_standard_webhooks() -> None:
    """The example of github.com/standard-webhooks/standard-webhooks (libraries/python, tests)."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    found = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secret, at)
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_tries_go_on_for_three_days() -> None:
    assert timedelta(days=3) <= timedelta(seconds=sum(RETRY_DELAYS_S)) < timedelta(days=4)


def test_what_fails_waits_longer_each_time_and_is_given_up_after_the_last_try() -> None:
    position = Position("contacts", 6)
    for delay_s in RETRY_DELAYS_S:
        position = failed(position, 7, "answered 500", NOW)
        assert (position.next_at, position.number) == (later(delay_s), 6)
        assert not position.is_due(NOW)
        assert position.is_due(later(delay_s))
    position = failed(position, 7, "answered 500", NOW)
    assert (position.number, position.parked, position.failures, position.next_at) == (7, (7,), 0, None)


def test_what_was_taken_lets_the_next_one_begin_anew() -> None:
    assert delivered(failed(Position("contacts", 6), 7, "x", NOW), 7, NOW) == Position("contacts", 7, tried_at=NOW)


def test_what_was_given_up_can_be_delivered_once_more() -> None:
    assert rewound(Position("contacts", 9, 3, NOW, "x", (2, 7)), 5) == Position("contacts", 4, parked=(2,))
