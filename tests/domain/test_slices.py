"""Long work in slices (architecture: a job of 400,000 is cut by key range)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.slices import KeyRange, Slice, ranges
from tests.builders import a_run

KEYS = st.lists(st.text("abc", min_size=1, max_size=4), unique=True, max_size=30).map(sorted)


@given(keys=KEYS, size=st.integers(1, 7))
def test_every_key_is_in_exactly_one_range_and_no_range_is_too_large(keys: list[str], size: int) -> None:
    """R9: all records, none twice."""
    found = list(ranges(keys, size, "Leads"))
    inside = [[key for key in keys if each.after < key <= each.through] for each in found]
    assert [key for part in inside for key in part] == keys
    assert all(0 < len(part) <= size for part in inside)
    assert [each.number for each in found] == list(range(len(found)))


def test_no_keys_make_no_ranges() -> None:
    assert list(ranges([], 10, "Leads")) == []


def test_ranges_are_numbered_on() -> None:
    """A review has ranges of several modules."""
    assert list(ranges(["a"], 1, "Contacts", first=7)) == [KeyRange(7, "", "a", "Contacts")]


def test_a_run_is_complete_when_every_slice_is_done() -> None:
    assert not a_run().complete
    assert not a_run(done=frozenset({1})).complete
    assert a_run(done=frozenset({0, 1})).complete
    assert a_run(ranges=()).complete
    assert a_run().slice(1).keys == KeyRange(1, "Leads:5", "Leads:9", "Leads")


def test_a_slice_of_the_ledger_is_named_by_campaign_and_number() -> None:
    assert Slice("spring", 3).id == "spring:3"
