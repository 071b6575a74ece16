"""`campaigns import`: rows of a CSV file as events, and what is wrong with the others."""

import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.records import MOST_KEPT, WINDOW, BadRow, Refused, _windows
from domain.errors import InvalidDefinition
from messages.record_changed import RecordChanged

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def read(file: Path) -> tuple[list[RecordChanged], Refused]:
    refused = Refused()
    return [event for window, _ in _windows(file, "Leads", NOW, refused) for event in window], refused


def csv(tmp_path: Path, lines: Iterable[str], encoding: str = "utf-8") -> Path:
    file = tmp_path / "leads.csv"
    file.write_text("\n".join(lines), encoding=encoding)
    return file


def test_a_row_becomes_a_complete_record(tmp_path: Path) -> None:
    lines = ["record_id,First_Name,Email,Modified_Time", "7,Zoë,zoe@a.example,2026-03-01T09:00:00+02:00"]
    [event], refused = read(csv(tmp_path, lines, "utf-8-sig"))
    assert (event.module, event.record_id, event.complete) == ("Leads", "7", True)
    assert event.changed_at == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert event.fields is not None
    assert event.fields["First_Name"] == "Zoë"
    assert "record_id" not in event.fields
    assert refused.count == 0


def test_a_row_without_a_time_changed_when_the_import_began(tmp_path: Path) -> None:
    [event], _ = read(csv(tmp_path, ["id,Email", "7,a@b.example"]))
    assert event.changed_at == NOW


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    [event], _ = read(csv(tmp_path, ["id,changed_at", "7,2026-03-01 09:00:00"]))
    assert event.changed_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (" ,a@b.example,", "record_id", "is empty"),
        ("7,a@b.example,yesterday", "Modified_Time", "'yesterday' is not a time such as 2026-11-23T09:30:00Z"),
        ("7,a@b.example", "Modified_Time", "the row ends before this column"),
        ("7,a@b.example,,x,y", "(after the last)", "2 more cells than the header has columns"),
    ],
)
def test_a_bad_row_is_told_and_the_others_go_on(tmp_path: Path, row: str, column: str, reason: str) -> None:
    good = "8,c@d.example,"
    events, refused = read(csv(tmp_path, ["record_id,Email,Modified_Time", good, row, good]))
    assert (len(events), refused.count, refused.rows) == (2, 1, [BadRow(3, column, reason)])


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    """A cell may hold line ends, and an empty row counts."""
    _, refused = read(csv(tmp_path, ["id,Note", '1,"two', 'lines"', "", ",nobody"]))
    assert [row.row for row in refused.rows] == [4]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Name,Email", "row 1: no column record_id or id or Id; there are: Name, Email"),
        ("id;Email", "Columns are separated by commas"),
        ("id,Email,Email", "row 1: column Email stands there twice"),
    ],
)
def test_a_header_that_cannot_be_read_stops_it(tmp_path: Path, header: str, said: str) -> None:
    with pytest.raises(InvalidDefinition, match="row 1") as caught:
        read(csv(tmp_path, [header, "1,2,3"]))
    assert said in str(caught.value)


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="there are: none"):
        read(csv(tmp_path, []))


def test_another_encoding_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="the file is not UTF-8; save it as CSV UTF-8"):
        read(csv(tmp_path, ["id,City", "1,Malmö"], "latin-1"))


def test_memory_is_flat_and_refused_rows_are_counted_beyond_those_kept(tmp_path: Path) -> None:
    file = csv(tmp_path, ["id,Email", *(f"{number},a@b.example" for number in range(20_000)), *[",x"] * 2_000])
    refused, most, rows = Refused(), 0, 0
    tracemalloc.start()
    for window, _ in _windows(file, "Leads", NOW, refused):
        most, rows = max(most, len(window)), rows + len(window)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (most, rows, refused.count, len(refused.rows)) == (WINDOW, 20_000, 2_000, MOST_KEPT)
    assert peak_bytes < 8_000_000


def test_progress_reaches_the_end_of_the_file(tmp_path: Path) -> None:
    file = csv(tmp_path, ["id,Email", *(f"{number},a@b.example" for number in range(1_200))])
    reached = [read_bytes for _, read_bytes in _windows(file, "Leads", NOW, Refused())]
    assert reached == sorted(reached)
    assert reached[-1] == file.stat().st_size
