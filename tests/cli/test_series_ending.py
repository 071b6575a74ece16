"""`campaigns series stop` and `cancel`: a draft is cancelled, what was started is stopped."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli import context, series_moves
from domain.campaign import CampaignStatus
from domain.errors import IllegalTransition
from domain.series import SeriesStatus
from tests.handlers.series_desk import SeriesDesk, document


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> SeriesDesk:
    desk = SeriesDesk()
    asyncio.run(desk.save(document()))
    stores: Any = SimpleNamespace(series=desk.series, series_entries=desk.entries)
    monkeypatch.setattr(context, "settings", lambda: None)
    monkeypatch.setattr(context, "stored", lambda _, work: asyncio.run(work(stores)))
    monkeypatch.setattr(series_moves, "series_moves", lambda *_: desk.moves)
    monkeypatch.setattr(series_moves, "children", lambda _: desk.moves.children)
    return desk


def test_a_draft_is_cancelled_with_its_messages(desk: SeriesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    series_moves.cancel("welcome", reason="not needed", yes=True, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["status_reason"]) == ("cancelled", "not needed")
    assert [desk.child(key).status for key in ("hello", "tips")] == [CampaignStatus.CANCELLED] * 2
    series_moves.cancel("welcome", reason="again")
    shown = capsys.readouterr().out
    assert "cancelled: not needed" in shown


def test_whoever_does_not_confirm_keeps_the_draft(desk: SeriesDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "confirmed", lambda *_, **__: False)
    with pytest.raises(IllegalTransition, match="stays draft: nobody confirmed"):
        series_moves.cancel("welcome")
    assert desk.stored.status is SeriesStatus.DRAFT


def test_each_names_the_other(desk: SeriesDesk) -> None:
    with pytest.raises(IllegalTransition, match="campaigns series cancel welcome"):
        series_moves.stop("welcome", yes=True)
    asyncio.run(desk.started())
    with pytest.raises(IllegalTransition, match="campaigns series stop welcome"):
        series_moves.cancel("welcome", yes=True)
    series_moves.stop("welcome", yes=True)
    assert desk.stored.status is SeriesStatus.STOPPED
