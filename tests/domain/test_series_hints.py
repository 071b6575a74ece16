"""A trigger that nobody can set off is pointed out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import Content
from domain.series import TriggerKind
from domain.series_hints import hints
from domain.tracking_policy import TrackingPolicy
from tests.builders import a_campaign
from tests.series_builders import a_series, a_step, after_open

LINKED, PLAIN = Content("Hi", html='<p><a href="https://green.shop/">see</a></p>'), Content("Hi", text="Hello")


def told(kind: TriggerKind, content: Content, tracking: TrackingPolicy = TrackingPolicy.CONSENT) -> list[str]:
    series = a_series(a_step(), after_open(kind=kind))
    return list(hints(series, {"hello": replace(a_campaign("welcome-hello"), content=content)}, tracking))


@pytest.mark.parametrize("kind", [TriggerKind.OPENED, TriggerKind.CLICKED, TriggerKind.NOT_OPENED])
def test_what_can_be_seen_needs_no_hint(kind: TriggerKind) -> None:
    assert told(kind, LINKED) == []


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (TriggerKind.CLICKED, "nobody gets it"),
        (TriggerKind.OPENED, "only who answers gets it"),
        (TriggerKind.NOT_OPENED, "everybody who does not answer gets it"),
    ],
)
def test_in_plain_text_and_without_tracking_nothing_is_seen(kind: TriggerKind, then: str) -> None:
    assert told(kind, PLAIN) == [
        f"message more: welcome-hello has no HTML, and in plain text no opens and clicks are seen; {then}"
    ]
    assert told(kind, LINKED, TrackingPolicy.OFF) == [
        f"message more: nobody is seen to open or click (tracking is off); {then}"
    ]


def test_a_click_needs_a_link() -> None:
    assert told(TriggerKind.CLICKED, Content("Hi", html="<p>Hello</p>")) == [
        "message more: welcome-hello has no link to click; nobody gets it"
    ]


def test_a_message_that_is_not_stored_or_cannot_be_read_is_for_others_to_tell() -> None:
    assert list(hints(a_series(a_step(), after_open()), {}, TrackingPolicy.ALL)) == []
    assert told(TriggerKind.CLICKED, Content("Hi", html="<p>{{ a")) == []
