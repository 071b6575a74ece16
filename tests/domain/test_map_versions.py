"""Which version of a map somebody was synced with, and what they lack since (R30-R33)."""

from __future__ import annotations

import pytest

from domain.map_versions import backfilled, forgotten, lacking, synced

SINCE = {"First_Name": 1, "City": 2, "Company": 3}


@pytest.mark.parametrize(
    ("versions", "fields"),
    [
        ({"leads": 3}, ()),
        ({"leads": 2}, ("Company",)),
        ({"leads": 1}, ("City", "Company")),
        ({"leads": 1, "leads:City": 2}, ("Company",)),  # that one field was backfilled
        ({"leads": 1, "leads:City": 1}, ("City", "Company")),  # and mapped anew since
        ({"leads-too": 3}, ()),  # never synced by this sync: not its business
        ({}, ()),
    ],
)
def test_who_was_synced_before_a_field_came_lacks_it(versions: dict[str, int], fields: tuple[str, ...]) -> None:
    """R33."""
    assert lacking(versions, "leads", SINCE) == fields


def test_a_whole_run_leaves_nothing_lacking_and_no_single_fields() -> None:
    assert synced({"leads": 1, "leads:City": 2, "other": 7}, "leads", 3) == {"other": 7, "leads": 3}


def test_a_backfill_of_some_fields_is_kept_by_field() -> None:
    assert backfilled({"leads": 1}, "leads", ["City", "First_Name"], SINCE, 3) == {"leads": 1, "leads:City": 2}


def test_a_backfill_of_the_last_that_lacks_is_the_whole_map() -> None:
    assert backfilled({"leads": 1, "leads:City": 2}, "leads", ["Company"], SINCE, 3) == {"leads": 3}


def test_a_deleted_sync_is_forgotten_with_its_fields() -> None:
    assert forgotten({"leads": 1, "leads:City": 2, "leads-too": 1}, "leads") == {"leads-too": 1}
