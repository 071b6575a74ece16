"""CSV files as people have them: encodings, delimiters, spreadsheets, broken ones."""

from pathlib import Path

import pytest

from cli.csv_file import CsvFile, inspected
from domain.errors import InvalidDefinition

SWEDES = "id,Name,City,Email\n1,Åsa Öberg,Malmö,a@b.example\n2,Jörg Müller,Köln,c@d.example\n"


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "people.csv"
    file.write_bytes(text.encode(encoding))
    return file


def rows(file: CsvFile) -> list[tuple[int, list[str]]]:
    with file.rows() as reader:
        return list(reader.rows)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SWEDES, "utf-8"),
        (SWEDES, "utf-8-sig"),
        (SWEDES, "utf-16"),
        (SWEDES, "latin-1"),
        (SWEDES, "cp1252"),
        ("id,Имя,Email\n1,Анна Петрова,a@b.example\n2,Борис Иванов,c@d.example\n", "cp1251"),
        ("id,名前,Email\n1,山田太郎,a@b.example\n2,鈴木花子,c@d.example\n", "shift_jis"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_the_encoding_is_found(tmp_path: Path, text: str, encoding: str) -> None:
    found = rows(inspected(written(tmp_path, text, encoding)))
    assert [cells for _, cells in found] == [line.split(",") for line in text.splitlines()]


def test_an_encoding_that_is_said_is_taken(tmp_path: Path) -> None:
    found = inspected(written(tmp_path, "id,Name\n1,Łukasz\n", "cp1250"), encoding="cp1250")
    assert rows(found)[1] == (2, ["1", "Łukasz"])


def test_an_encoding_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="--encoding: 'martian' is none that Python knows"):
        inspected(written(tmp_path, SWEDES), encoding="martian")


def test_a_file_in_two_encodings_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("id,City\n1,Malmö\n".encode() + b"2,K\xf6ln\n")
    with pytest.raises(InvalidDefinition, match="is UTF-8 up to byte 20, where another encoding begins"):
        inspected(file)


def test_a_wrong_encoding_that_was_said_is_told_with_the_row(tmp_path: Path) -> None:
    found = inspected(written(tmp_path, SWEDES, "latin-1"), encoding="utf-8")
    with pytest.raises(InvalidDefinition, match="the file is not UTF-8; save it as CSV UTF-8, or say --encoding"):
        rows(found)


@pytest.mark.parametrize("beginning", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_spreadsheet_is_refused(tmp_path: Path, beginning: bytes) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(beginning + b"\x00" * 100)
    with pytest.raises(InvalidDefinition, match="is a spreadsheet; save it as CSV UTF-8"):
        inspected(file)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "Name", "Note"], ["1", "Ann", "a"], ["2", "Bob", "b"]]
    file = inspected(written(tmp_path, "\n".join(delimiter.join(cells) for cells in lines)))
    assert (file.delimiter, [cells for _, cells in rows(file)]) == (delimiter, lines)


def test_a_delimiter_in_texts_does_not_mislead(tmp_path: Path) -> None:
    file = inspected(written(tmp_path, "id;Note\n1;one, two, three\n2;four, five\n"))
    assert file.delimiter == ";"


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    """A cell may hold line ends, and an empty row counts."""
    found = rows(inspected(written(tmp_path, 'id,Note\n1,"two\nlines"\n\n3,x\n')))
    assert [number for number, _ in found] == [1, 2, 4]


def test_a_quotation_mark_that_is_never_closed_ends_somewhere(tmp_path: Path) -> None:
    file = inspected(written(tmp_path, 'id,Note\n1,"' + "x\n" * 2_200_000))
    with pytest.raises(InvalidDefinition, match=r"is not CSV: field larger than field limit.*up to row 1;"):
        rows(file)


def test_equal_bytes_have_the_same_name_whatever_the_file_is_called(tmp_path: Path) -> None:
    first = inspected(written(tmp_path, SWEDES))
    again = tmp_path / "other.csv"
    again.write_text(SWEDES)
    assert (first.sha256, first.size_bytes) == (inspected(again).sha256, len(SWEDES.encode()))


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert rows(inspected(written(tmp_path, ""))) == []
