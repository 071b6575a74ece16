"""Ages as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.ages import age, ago


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        (" 1.5h ", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
    ],
)
def test_an_age_is_a_number_with_a_unit(text: str, meant: timedelta) -> None:
    assert age(text) == meant


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1w", "1h30m", "999999999999d"])
def test_what_is_no_age_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="90s, 15m, 2h or 7d"):
        age(text)


def test_an_age_before_there_were_dates_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="before there were dates"):
        ago("999999d")


def test_a_moment_is_so_long_ago() -> None:
    assert abs(datetime.now(UTC) - ago("2h") - timedelta(hours=2)) < timedelta(seconds=5)
