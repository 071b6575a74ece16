"""What a row becomes, and what is wrong with the others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.csv_file import inspected
from cli.import_columns import of_contacts, of_module
from cli.import_rows import MOST_CHARACTERS, BadRow, Made, people, records
from cli.import_run import ReadWindow, windows
from domain.imports import Person, RowReason
from domain.module import BUILT_IN
from messages.envelope import MAX_BODY_BYTES, envelope, pack
from messages.record_changed import RecordChanged
from tests.builders import ADDRESS_KEY, an_id

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def read(tmp_path: Path, text: str, *, to_list: bool = False) -> list[ReadWindow]:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    file = inspected(path)
    names = text.partition("\n")[0].split(file.delimiter)
    if to_list:
        columns = of_contacts(names, {})
        return list(windows(file, columns, people(columns)))
    columns = of_module(names, BUILT_IN["Leads"], {})
    return list(windows(file, columns, records(columns, "Leads", NOW, ADDRESS_KEY)))


def made(tmp_path: Path, text: str, *, to_list: bool = False) -> list[Made]:
    return [each for window in read(tmp_path, text, to_list=to_list) for _, each in window.made]


def record(tmp_path: Path, text: str) -> RecordChanged:
    [found] = made(tmp_path, text)
    assert isinstance(found, RecordChanged), found
    return found


def refusal(tmp_path: Path, text: str, *, to_list: bool = False) -> BadRow:
    [found] = made(tmp_path, text, to_list=to_list)
    assert isinstance(found, BadRow), found
    return found


def test_a_row_becomes_a_complete_record(tmp_path: Path) -> None:
    event = record(tmp_path, "record_id,First_Name,Email,Modified_Time\n7,Zoë,zoe@a.example,2026-03-01T09:00:00+02:00")
    assert (event.module, event.record_id, event.complete) == ("Leads", "7", True)
    assert event.changed_at == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert event.fields is not None
    assert event.fields["First_Name"] == "Zoë"
    assert "record_id" not in event.fields


def test_a_row_without_a_time_changed_when_the_import_began(tmp_path: Path) -> None:
    assert record(tmp_path, "id,Email\n7,a@b.example").changed_at == NOW


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    event = record(tmp_path, "id,changed_at\n7,2026-03-01 09:00:00")
    assert event.changed_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_without_ids_equal_addresses_are_the_same_record(tmp_path: Path) -> None:
    first, again, other = made(tmp_path, "Email,City\nAnn@A.example,Malmö\nann@a.example,Lund\nbob@a.example,Lund")
    assert isinstance(first, RecordChanged)
    assert isinstance(again, RecordChanged)
    assert isinstance(other, RecordChanged)
    assert first.record_id == again.record_id == f"import-{an_id('ann@a.example')}" != other.record_id


def test_the_prefix_of_ids_in_an_export_of_zoho_is_taken_off(tmp_path: Path) -> None:
    assert record(tmp_path, "Record Id,Email\nzcrm_6756839000000575405,a@b.example").record_id == "6756839000000575405"


def test_a_row_becomes_a_person_with_the_address_as_given(tmp_path: Path) -> None:
    [person] = made(tmp_path, "Email,First name\n Ann.Lee@BÜCHER.example ,Ann", to_list=True)
    assert isinstance(person, Person)
    assert person.address.sendable == "Ann.Lee@xn--bcher-kva.example"
    assert person.address.identity == "ann.lee@xn--bcher-kva.example"
    assert person.values == {"first_name": "Ann"}


@pytest.mark.parametrize(
    ("row", "column", "kind", "reason"),
    [
        (" ,a@b.example,", "record_id", RowReason.NO_ID, "is empty"),
        ("7,a@b.example,yesterday", "Modified_Time", RowReason.WRONG_TIME, "'yesterday' is not a time such as"),
        ("7,a@b.example,31/12/2025", "Modified_Time", RowReason.WRONG_TIME, "'31/12/2025' is not a time such as"),
        ("7,a@b.example,2036-01-01", "Modified_Time", RowReason.WRONG_TIME, "lies more than a day in the future"),
        ("7,a@b.example", "Modified_Time", RowReason.WRONG_SHAPE, "the row ends before this column"),
        ("7,a@b.example,,x,y", "(after the last)", RowReason.WRONG_SHAPE, "2 more cells than the header has columns"),
        ("6.75684E+18,a@b.example,", "record_id", RowReason.ROUNDED_ID, "was rounded by a spreadsheet"),
        (f"7,{'x' * 70_000},", "Email", RowReason.TOO_LONG, "70,000 characters, at most 65,536 are taken"),
        ("a|b,a@b.example,", "record_id", RowReason.REFUSED, "record_id: String should match pattern"),
    ],
)
def test_a_bad_row_is_told_and_the_others_go_on(
    tmp_path: Path, row: str, column: str, kind: RowReason, reason: str
) -> None:
    good = "8,c@d.example,"
    first, bad, last = made(tmp_path, "\n".join(["record_id,Email,Modified_Time", good, row, good]))
    assert isinstance(bad, BadRow)
    assert (bad.row, bad.column, bad.kind) == (3, column, kind)
    assert reason in bad.reason
    assert isinstance(first, RecordChanged)
    assert isinstance(last, RecordChanged)


@pytest.mark.parametrize(
    ("cell", "kind"), [("", RowReason.NO_EMAIL), ("nobody", RowReason.INVALID_EMAIL), ("a@b", RowReason.INVALID_EMAIL)]
)
def test_a_person_without_an_address_is_refused(tmp_path: Path, cell: str, kind: RowReason) -> None:
    bad = refusal(tmp_path, f"Email,Name\n{cell},Ann", to_list=True)
    assert (bad.row, bad.column, bad.kind) == (2, "Email", kind)


def test_a_record_without_an_address_is_a_record_and_is_noted(tmp_path: Path) -> None:
    [window] = read(tmp_path, "id,Email\n7,\n8,nobody\n9,a@b.example")
    assert all(isinstance(each, RecordChanged) for _, each in window.made)
    assert window.notes == {"without_address": 2}


def test_the_longest_row_that_is_taken_is_a_message_that_is_read(tmp_path: Path) -> None:
    cells = ["😀" * MOST_CHARACTERS] * 3
    event = record(tmp_path, f"id,A,B,C\n7,{','.join(cells)}")
    assert len(pack(envelope(event, id="x", time=NOW))) < MAX_BODY_BYTES
    bad = refusal(tmp_path, f"id,A,B,C,D\n7,{','.join([*cells, cells[0]])}")
    assert (bad.column, bad.kind) == ("(the whole row)", RowReason.TOO_LONG)


def test_control_characters_are_taken_out_and_noted(tmp_path: Path) -> None:
    [window] = read(tmp_path, 'id,Name,Email\n7,"A\x00n\x07n\tx",a@b.example\n8,Bob,b@b.example')
    [(_, first), _] = window.made
    assert isinstance(first, RecordChanged)
    assert first.fields is not None
    assert (first.fields["Name"], window.notes) == ("Ann\tx", {"cleaned": 1})


@pytest.mark.parametrize("name", ["<b>Ann</b>", "👩‍🚀 Ann", "\u202eنسرين", "=cmd()", "山田"], ids=ascii)
def test_names_of_any_kind_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    event = record(tmp_path, f"id,First_Name\n7,{name}")
    assert event.fields == {"First_Name": name}


def test_a_slip_in_a_domain_is_suggested_and_never_corrected(tmp_path: Path) -> None:
    [window] = read(tmp_path, "Email,Name\nann@gnail.com,Ann\nbob@gmail.com,Bob", to_list=True)
    [(number, first), _] = window.made
    assert isinstance(first, Person)
    assert first.address.sendable == "ann@gnail.com"
    [slip] = window.suggestions
    assert (slip.row, slip.address, slip.suggested) == (number, "ann@gnail.com", "ann@gmail.com")
    assert window.notes == {"suggestions": 1}


@pytest.mark.parametrize(("cell", "fields"), [("TRUE", {"Email_Opt_Out": "TRUE"}), ("false", {}), ("", {})])
def test_a_row_opts_out_and_takes_no_opt_out_back(tmp_path: Path, cell: str, fields: dict[str, str]) -> None:
    """D4: an import never brings anybody back."""
    assert record(tmp_path, f"id,First_Name,Email Opt Out\n7,Ann,{cell}").fields == {"First_Name": "Ann", **fields}
