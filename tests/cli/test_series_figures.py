"""The numbers of a series: of every message that it has, and of those that it had."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cli import context
from cli.series_figures import summary
from domain.series import Series, SeriesCounts
from domain.series_figures import SeriesFigures, summed
from domain.summary import Summary
from tests.fakes.series import MemorySeries
from tests.handlers.series_desk import document

SERIES = replace(document().to_series(), taken_out=("old",))
IDS = ["welcome-hello", "welcome-tips", "welcome-old"]


class Figures:
    """Two emails of each campaign that it is asked about."""

    async def of(self, campaign_ids: Collection[str]) -> SeriesFigures:
        messages = {each: Summary(sent=2) for each in campaign_ids}
        return SeriesFigures(messages, summed(messages.values()))


class Entries:
    async def counts(self, series_id: str) -> SeriesCounts:
        return SeriesCounts(planned={"old": 2})


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Callable[[Series], None]:
    def of(series: Series) -> None:
        stores: Any = SimpleNamespace(series=MemorySeries(series), series_figures=Figures(), series_entries=Entries())
        monkeypatch.setattr(context, "settings", lambda: None)
        monkeypatch.setattr(context, "stored", lambda _, work: asyncio.run(work(stores)))

    return of


def test_totals_hold_the_messages_that_were_taken_out(
    stored: Callable[[Series], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(SERIES)
    summary("welcome", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (sorted(told["messages"]), told["taken_out"]) == (sorted(IDS), {"old": "welcome-old"})
    assert (told["sum_of_messages"]["sent"], told["entries"]["planned"]) == (6, {"old": 2})


def test_a_message_that_was_taken_out_is_marked_as_such(
    stored: Callable[[Series], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(SERIES)
    summary("welcome")
    told = capsys.readouterr().out
    assert "old (taken out)" in told
    assert "tips (taken out)" not in told


def test_of_more_messages_than_a_terminal_is_wide_only_the_totals_are_shown(
    stored: Callable[[Series], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(replace(SERIES, taken_out=tuple("abcde")))
    summary("welcome")
    told = capsys.readouterr().out
    assert ("taken out" in told, "14" in told) == (False, True)
