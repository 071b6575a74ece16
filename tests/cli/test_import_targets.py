"""What an import into records says at its end."""

from __future__ import annotations

from datetime import datetime

from cli.import_targets import whole
from domain.record import Operation, Record, applied
from messages.record_changed import RecordChanged
from tests.builders import NOW, later


def a_row(record_id: str, changed_at: datetime = NOW) -> RecordChanged:
    return RecordChanged(
        module="Leads",
        record_id=record_id,
        operation=Operation.UPDATE,
        fields={"Email": f"{record_id}@crm.example"},
        complete=True,
        changed_at=changed_at,
    )


def test_a_record_that_stands_in_several_rows_is_counted_once() -> None:
    """R9: else records would be waited for that never come, because they are there already."""
    told = whole([a_row(str(number % 300)) for number in range(1_000)], "Leads", NOW)
    assert (told.module, told.count) == ("Leads", 300)


def test_it_is_said_as_of_the_newest_row() -> None:
    """A record that was deleted between the export and its import does not miss."""
    rows = [a_row("1", later(-500)), a_row("2", later(-100)), a_row("3", later(-300))]
    assert whole(rows, "Leads", NOW).taken_at == later(-100)
    assert whole([*rows, a_row("4", later(50))], "Leads", NOW).taken_at == NOW


def test_a_file_without_rows_says_that_there_are_none() -> None:
    assert (whole([], "Leads", NOW).count, whole([], "Leads", NOW).taken_at) == (0, NOW)


def test_a_row_brings_a_deleted_record_back_only_when_it_is_newer() -> None:
    """D4: a row is as new as its time, and without one as the import itself."""
    deleted = applied(Record("Leads", "1"), a_row("1", later(-200)).to_change())
    deleted = applied(deleted, RecordChanged(
        module="Leads", record_id="1", operation=Operation.DELETE, changed_at=later(-100)
    ).to_change())  # fmt: skip
    assert applied(deleted, a_row("1", later(-150)).to_change()).deleted
    assert not applied(deleted, a_row("1", NOW).to_change()).deleted
