"""Delays, hours and weekdays as people write them."""

from __future__ import annotations

from datetime import time

import pytest

from domain.errors import InvalidDefinition
from domain.series import Delay, DelayUnit
from domain.series_words import delay, delay_text, hour, weekday, weekday_texts, weekdays


@pytest.mark.parametrize(
    ("text", "meant", "back"),
    [
        ("2 days", Delay(2, DelayUnit.DAYS), "2 days"),
        ("1 Month", Delay(1, DelayUnit.MONTHS), "1 month"),
        ("90minutes", Delay(90, DelayUnit.MINUTES), "90 minutes"),
        (" 1 weeks ", Delay(1, DelayUnit.WEEKS), "1 week"),
        ("0 hours", Delay(0, DelayUnit.HOURS), "0 hours"),
    ],
)
def test_a_delay_and_back(text: str, meant: Delay, back: str) -> None:
    assert (delay(text), delay_text(meant)) == (meant, back)


@pytest.mark.parametrize("text", ["", "2", "days", "-1 days", "2 fortnights", "1.5 days", "12345678 days"])
def test_no_delay(text: str) -> None:
    with pytest.raises(InvalidDefinition, match="is no delay; write one such as 30 minutes"):
        delay(text)


@pytest.mark.parametrize(("text", "meant"), [("9:00", time(9)), ("23:59", time(23, 59)), ("24:00", time(0))])
def test_an_hour(text: str, meant: time) -> None:
    assert hour(text) == meant


@pytest.mark.parametrize("text", ["9", "24:01", "12:60", "noon", "12:00Z"])
def test_no_hour(text: str) -> None:
    with pytest.raises(InvalidDefinition, match="is no time of the day"):
        hour(text)


def test_days_of_the_week() -> None:
    assert weekdays(["Sunday", "mon", "MON"]) == {6, 0}
    assert weekday_texts({6, 0}) == ["mon", "sun"]
    with pytest.raises(InvalidDefinition, match="there are mon, tue"):
        weekday("mo")
