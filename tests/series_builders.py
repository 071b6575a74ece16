"""Valid series with defaults: a test writes out only what matters to it."""

from __future__ import annotations

from datetime import time
from typing import Any

from domain.series import (
    Delay,
    DelayUnit,
    Entry,
    Series,
    SeriesStatus,
    Step,
    Trigger,
    TriggerKind,
    child_id,
    entry_id,
)
from tests.builders import NOW, an_id

JOINED = Trigger(TriggerKind.JOINED)
ANN = "ann@example.com"


def a_step(key: str = "hello", trigger: Trigger = JOINED, **overrides: Any) -> Step:
    """A message of the series "welcome", for everybody who joins, at once."""
    return Step(**{"key": key, "campaign_id": child_id("welcome", key), "trigger": trigger, **overrides})


def after_days(key: str, days: int, **overrides: Any) -> Step:
    return a_step(key, delay=Delay(days, DelayUnit.DAYS), **overrides)


def yearly(key: str = "birthday", **overrides: Any) -> Step:
    """A message on everybody's birthday at nine."""
    defaults: dict[str, Any] = {"field": "birthday", "yearly": True, "at": time(9)}
    return a_step(key, Trigger(TriggerKind.DATE, **{**defaults, **overrides}))


def once(key: str = "renewal", **overrides: Any) -> Step:
    defaults: dict[str, Any] = {"field": "contract_end", "at": time(9)}
    return a_step(key, Trigger(TriggerKind.DATE, **{**defaults, **overrides}))


def after_open(
    key: str = "more", earlier: str = "hello", kind: TriggerKind = TriggerKind.OPENED, days: int = 7
) -> Step:
    return a_step(key, Trigger(kind, message=earlier, within_days=days))


def a_series(*steps: Step, **overrides: Any) -> Series:
    """It runs since `NOW`, for the list "news"."""
    defaults: dict[str, Any] = {
        "id": "welcome",
        "name": "Welcome",
        "list_id": "news",
        "status": SeriesStatus.RUNNING,
        "steps": steps or (a_step(),),
        "started_at": NOW,
        "status_at": NOW,
    }
    return Series(**{**defaults, **overrides})


def an_entry(text: str = ANN, number: int = 0, **overrides: Any) -> Entry:
    """Under way in "welcome" since `NOW`, to be looked at now."""
    contact_id = an_id(text)
    series_id = overrides.get("series_id", "welcome")
    defaults: dict[str, Any] = {
        "id": entry_id(series_id, contact_id, number),
        "series_id": series_id,
        "contact_id": contact_id,
        "number": number,
        "entered_at": NOW,
        "next_at": NOW,
    }
    return Entry(**{**defaults, **overrides})
