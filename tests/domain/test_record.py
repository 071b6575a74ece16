"""Records as events build them up (D4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.record import Operation, Projected, Record, RecordChange, applied, order_of
from tests.builders import NOW, a_change, a_record

EMPTY = Record("Leads", "1")


def told(*changes: RecordChange, record: Record = EMPTY) -> Record:
    return reduce(applied, changes, record)


def part(version: int, fields: dict[str, Any] | None = None, *cleared: str, **overrides: Any) -> RecordChange:
    """An event that names some fields only."""
    return a_change(
        fields=fields or {},
        cleared=frozenset(cleared),
        version=version,
        complete=False,
        changed_at=NOW + timedelta(seconds=version),
        **overrides,
    )


def whole(version: int, fields: dict[str, Any], **overrides: Any) -> RecordChange:
    return a_change(
        fields=fields, version=version, complete=True, changed_at=NOW + timedelta(seconds=version), **overrides
    )


def delete(version: int) -> RecordChange:
    return part(version, operation=Operation.DELETE)


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ([part(1, {"A": 1}), part(2, {"B": 2})], {"A": 1, "B": 2}),  # a part leaves the rest alone
        ([part(2, {"A": 2}), part(1, {"A": 1, "B": 1})], {"A": 2, "B": 1}),  # field by field
        ([part(1, {"A": 1}), part(2, {}, "A")], {"A": None}),  # erased in the CRM
        ([part(2, {}, "A"), part(1, {"A": 1})], {"A": None}),  # and stays erased
        ([part(1, {"A": 1}), whole(2, {"B": 2})], {"B": 2}),  # a snapshot empties what it does not name
        ([whole(2, {"B": 2}), part(1, {"A": 1})], {"B": 2}),  # also what comes late
        ([whole(2, {"B": 2}), part(3, {"A": 3})], {"A": 3, "B": 2}),
        ([part(3, {"A": 3}), whole(2, {"A": 2, "B": 2})], {"A": 3, "B": 2}),
        ([whole(1, {"A": 1}), whole(1, {"A": 1})], {"A": 1}),
    ],
)
def test_an_older_event_changes_nothing_that_is_newer(changes: list[RecordChange], values: dict[str, Any]) -> None:
    """D4, field by field, with partial events."""
    assert told(*changes).values() == values


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        (part(1, {"A": 1}), part(1, {"A": 2}), {"A": 2}),  # the greater as JSON text
        (part(1, {"A": 1}), part(1, {}, "A"), {"A": 1}),  # a value wins against an emptied field
        (part(1, {"A": 1}), whole(1, {}), {"A": 1}),
    ],
)
def test_equal_versions_end_the_same_whichever_comes_first(
    first: RecordChange, second: RecordChange, values: dict[str, Any]
) -> None:
    assert told(first, second).values() == told(second, first).values() == values


@pytest.mark.parametrize(
    ("changes", "deleted"),
    [
        ([whole(1, {"A": 1}), delete(2)], True),
        ([delete(2), whole(1, {"A": 1})], True),  # the tombstone outlives late news
        ([whole(2, {"A": 1}), delete(2)], True),  # within one second: better not mailed
        ([delete(2), whole(2, {"A": 1})], True),
        ([delete(2), part(3, operation=Operation.UNDELETE)], False),
        ([part(3, operation=Operation.UNDELETE), delete(2)], False),
        ([delete(2), whole(3, {"A": 1})], False),
    ],
)
def test_a_delete_leaves_a_tombstone(changes: list[RecordChange], deleted: bool) -> None:
    assert told(*changes).deleted is deleted


def test_a_record_that_nothing_was_told_of_is_not_deleted() -> None:
    assert not EMPTY.deleted


def test_an_undeleted_record_has_its_values_again() -> None:
    record = told(whole(1, {"A": 1}), delete(2), part(3, operation=Operation.UNDELETE))
    assert record.values() == {"A": 1}


def test_a_record_is_partial_until_it_is_told_whole() -> None:
    assert told(part(1, {"A": 1})).partial
    assert not told(part(2, {"A": 1}), whole(1, {})).partial


def test_a_version_of_the_crm_decides_else_the_time() -> None:
    assert order_of(7, NOW) == 7
    assert order_of(None, NOW + timedelta(microseconds=1)) == order_of(None, NOW) + 1


@given(microseconds=st.integers(0, 4 * 10**15))  # until 2096
def test_a_microsecond_later_is_newer(microseconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert order_of(None, at + timedelta(microseconds=1)) == order_of(None, at) + 1


def test_what_is_stored_beside_the_crm_stays() -> None:
    """The revision and what was carried over belong to us, not to events."""
    record = a_record(revision=4)
    assert applied(record, whole(9, {})).revision == 4


VALUES = st.sampled_from([None, "", "x", "y", 1, True, ["a"]])
FIELDS = st.dictionaries(st.sampled_from("ABC"), VALUES, max_size=3)
CHANGES = st.lists(
    st.builds(
        a_change,
        operation=st.sampled_from(Operation),
        fields=FIELDS,
        cleared=st.frozensets(st.sampled_from("ABC"), max_size=2),
        complete=st.booleans(),
        version=st.integers(0, 4),
        changed_at=st.integers(0, 4).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(data=st.data(), changes=CHANGES)
def test_any_order_and_repetition_ends_in_the_same_record(data: st.DataObject, changes: list[RecordChange]) -> None:
    """D4: late, twice, in pieces and out of order, equal versions among them."""
    again = data.draw(st.lists(st.sampled_from(changes), max_size=4)) if changes else []
    shuffled = data.draw(st.permutations(changes + again))
    in_order = sorted(changes, key=lambda change: change.version)
    assert told(*shuffled) == told(*in_order)


@settings(deadline=None)
@given(changes=CHANGES)
def test_a_repeated_event_changes_nothing(changes: list[RecordChange]) -> None:
    record = told(*changes)
    assert all(applied(record, change) == record for change in changes)


def test_a_record_that_changed_since_it_was_carried_over_stands_behind_nobody_known() -> None:
    here, nowhere = Projected(1, "c"), Projected(1, None)
    assert a_record(projected=here).carried_to == "c"
    assert a_record(projected=here, version=2).carried_to is None
    assert a_record(projected=nowhere).carried_to is None
    assert a_record().carried_to is None
