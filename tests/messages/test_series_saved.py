"""The document of a series: what each of its words comes to, and what is refused."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from domain.campaign import LawfulBasis
from domain.series import Delay, DelayUnit, Trigger, TriggerKind, Window
from messages.series_saved import SeriesSaved
from tests.handlers.series_desk import HELLO, document


def message(**overrides: Any) -> SeriesSaved:
    return document(messages=[{**HELLO, **overrides}])


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("joined", Trigger(TriggerKind.JOINED)),
        ({"date": "birthday"}, Trigger(TriggerKind.DATE, "birthday", at=time(0))),
        (
            {"date": "birthday", "yearly": True, "offset_days": -3, "at": "09:00"},
            Trigger(TriggerKind.DATE, "birthday", True, -3, time(9)),
        ),
        ({"opened": "a", "within_days": 7}, Trigger(TriggerKind.OPENED, message="a", within_days=7)),
        ({"clicked": "a", "within_days": 1}, Trigger(TriggerKind.CLICKED, message="a", within_days=1)),
        ({"not_opened": "a", "within_days": "3"}, Trigger(TriggerKind.NOT_OPENED, message="a", within_days=3)),
    ],
)
def test_each_trigger(said: Any, meant: Trigger) -> None:
    assert message(trigger=said).to_series().steps[0].trigger == meant


def test_delay_and_window() -> None:
    step = message(delay="2 weeks", window={"days": ["Monday", "fri"], "from": "9:00"}).to_series().steps[0]
    assert step.delay == Delay(2, DelayUnit.WEEKS)
    assert step.window == Window(frozenset({0, 4}), time(9), time(0))


@pytest.mark.parametrize(
    ("overrides", "place"),
    [
        ({"trigger": "join"}, "joined trigger"),
        ({"trigger": {"opened": "a"}}, "within_days"),
        ({"trigger": {"opened": "a", "within_days": 0}}, "within_days"),
        ({"trigger": {"date": "birthday", "offset_days": 367}}, "offset_days"),
        ({"trigger": {"date": "birthday", "at": "24:30"}}, "at"),
        ({"delay": "soon"}, "delay"),
        ({"window": {"days": ["noday"]}}, 0),
        ({"key": "with-dash"}, "key"),
    ],
)
def test_what_is_wrong_is_named_by_field(overrides: dict[str, Any], place: str | int) -> None:
    with pytest.raises(ValidationError) as caught:
        message(**overrides)
    assert [error["loc"][-1] for error in caught.value.errors()] == [place]


def test_a_series_has_at_least_one_message_and_at_most_fifty() -> None:
    for count in (0, 51):
        with pytest.raises(ValidationError, match="messages"):
            document(messages=[HELLO] * count)


def test_a_message_has_what_the_series_says_unless_it_says_so_itself() -> None:
    said = message(sender={"name": "Ann", "address": "ann@green.example"}, lawful_basis="consent", member_status="Sent")
    plain, own = document().child(document().messages[0]), said.child(said.messages[0])
    assert (plain.campaign_id, plain.list, plain.name) == ("welcome-hello", "news", "Welcome: hello")
    assert (plain.sender.name, plain.lawful_basis, plain.member_status) == ("Green Ltd", None, "Planned")
    assert (own.sender.name, own.lawful_basis, own.member_status) == ("Ann", LawfulBasis.CONSENT, "Sent")


def test_a_document_made_of_what_is_stored_says_the_same() -> None:
    said = document(
        lawful_basis="consent",
        reentry=True,
        existing_members=True,
        messages=[
            {**HELLO, "delay": "1 month", "window": {"days": ["mon"], "from": "09:00", "to": "17:00"}},
            {**HELLO, "key": "b", "trigger": {"date": "birthday", "yearly": True, "offset_days": -3, "at": "09:00"}},
            {
                **HELLO,
                "key": "c",
                "trigger": {"not_opened": "b", "within_days": 3},
                "name": "Third",
                "delay": "90 minutes",
            },
            {**HELLO, "key": "d", "sender": {"name": "Ann", "address": "ann@green.example"}, "member_status": "Sent"},
        ],
    )
    series = said.to_series()
    children = {each.key: said.child(each).to_campaign() for each in said.messages}
    assert SeriesSaved.of(series, children).to_series() == series
    again = SeriesSaved.of(series, children)
    assert {each.key: again.child(each).to_campaign() for each in again.messages} == children
    assert [(each.name, each.sender, each.member_status) for each in again.messages[:3]] == [
        ("", None, None), ("", None, None), ("Third", None, None),
    ]  # fmt: skip
