"""What was announced is compared with what is here (R9)."""

from __future__ import annotations

import pytest

from domain.erasure import Erasure, erased_ref
from domain.errors import Incomplete, Transient, UnknownModule
from domain.record import Record
from handlers.snapshot_finished import SnapshotChecker
from messages.snapshot_finished import SnapshotFinished
from tests.builders import ADDRESS_KEY, NOW, a_record, later
from tests.fakes.erasures import MemoryErasures
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords


def a_checker(*records: Record) -> SnapshotChecker:
    return SnapshotChecker(MemoryRecords(*records), MemoryModules(), MemoryErasures())


def announced(count: int, module: str = "Leads") -> SnapshotFinished:
    return SnapshotFinished(module=module, count=count, taken_at=NOW)


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_as_many_records_as_announced_or_more_are_fine(count: int) -> None:
    assert await a_checker(a_record("1"), a_record("2"))(announced(count)) == []


async def test_a_repeated_announcement_changes_nothing() -> None:
    checker = a_checker(a_record("1"))
    assert await checker(announced(1)) == await checker(announced(1)) == []


async def test_missing_records_are_waited_for_and_counted() -> None:
    """R9: it comes back through the wait queue, and is parked with this text if they never come."""
    checker = a_checker(a_record("1"), a_record("1", module="Contacts"))
    with pytest.raises(Incomplete, match=r"Leads: waiting for 2 more records of the snapshot of .*; 1 of 3 are here"):
        await checker(announced(3))
    assert issubclass(Incomplete, Transient)


async def test_records_deleted_since_the_snapshot_do_not_miss() -> None:
    """D1: the tombstone is proof that they came."""
    since = a_record("1", deleted_version=2, changed_at=later(1))
    before = a_record("2", deleted_version=2, changed_at=NOW)
    assert await a_checker(since)(announced(1)) == []
    with pytest.raises(Incomplete):
        await a_checker(before)(announced(1))


async def test_an_unknown_module_is_named() -> None:
    with pytest.raises(UnknownModule, match="module: Pets is not known"):
        await a_checker()(announced(1, "Pets"))


async def test_records_of_erased_people_do_not_miss() -> None:
    """The CRM has them as long as nobody deletes them there."""
    erasures = MemoryErasures()
    await erasures.begin(Erasure("ann", NOW, records=frozenset({erased_ref("Leads:2", ADDRESS_KEY)})))
    checker = SnapshotChecker(MemoryRecords(a_record("1")), MemoryModules(), erasures)
    assert await checker(announced(2)) == []
    with pytest.raises(Incomplete):
        await checker(announced(3))
