"""The time of `campaigns campaign send --at` and `schedule --at`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from cli.campaign_requests import due_at
from domain.errors import InvalidDefinition

NINE = datetime(2998, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2998-12-01T09:00", "2998-12-01 09:00:00", "2998-12-01T09:00Z", "2998-12-01T10:00+01:00", " 29981201T09 "]
)
def test_a_time_is_read_in_every_spelling_and_without_a_zone_in_utc(text: str) -> None:
    assert due_at(text) == NINE


def test_without_one_it_is_now() -> None:
    assert due_at(None) is None


def test_a_time_that_is_past_or_none_is_refused_with_what_to_type() -> None:
    with pytest.raises(typer.BadParameter, match="1999-12-01 08:00 UTC is past; leave it out"):
        due_at("1999-12-01T09:00+01:00")
    with pytest.raises(InvalidDefinition, match="'tomorrow' is no time; write 2026"):
        due_at("tomorrow")
