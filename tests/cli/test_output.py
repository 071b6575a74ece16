"""What commands print."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from cli import output
from cli.output import counted, plain, print_csv, print_json, shown, table


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    colour: Colour
    seen: datetime | None = None
    parts: tuple[object, ...] = ()


def drawn(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(what)
    console.file.close()
    return console.export_text()


def test_values_become_what_json_knows() -> None:
    noon = datetime(2026, 11, 23, 13, tzinfo=timezone(timedelta(hours=1)))
    inner = Thing("inner", Colour.RED)
    found = plain({Colour.RED: Thing("outer", Colour.RED, noon, (inner, Path("a/b"), frozenset({"b", "a"})))})
    assert found == {
        "red": {
            "name": "outer",
            "colour": "red",
            "seen": "2026-11-23T12:00:00Z",
            "parts": [{"name": "inner", "colour": "red", "seen": None, "parts": []}, "a/b", ["a", "b"]],
        }
    }
    assert json.loads(json.dumps(found)) == found


def test_json_is_the_only_thing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Zoë"})
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == ({"name": "Zoë"}, "")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_reckons_nothing_that_somebody_else_wrote(cell: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(("evidence", "count"), [(cell, -1)])
    assert capsys.readouterr().out.splitlines()[1] == f"'{cell},-1"


def test_an_address_in_csv_is_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(("address",), [("+ann@example.com",)])
    assert capsys.readouterr().out.splitlines() == ["address", "+ann@example.com"]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "yes"),
        (1234567, "1,234,567"),
        (datetime(2026, 11, 23, 9, 30, 5, 999, tzinfo=UTC), "2026-11-23 09:30:05"),
        (Colour.RED, "red"),
        ("two\nlines\tand שלום 😀", "two\nlines\tand שלום 😀"),
        (
            "\x1b]0;mine\x07Ann\x00",
            "\N{REPLACEMENT CHARACTER}]0;mine\N{REPLACEMENT CHARACTER}Ann\N{REPLACEMENT CHARACTER}",
        ),
    ],
)
def test_cells_are_written_for_people(value: object, cell: str) -> None:
    assert shown(value) == cell


def test_numbers_stand_right_and_totals_below_a_line() -> None:
    lines = drawn(table("People", ("reason", "people"), [("sent", 12), ("late", 1200)], [("all", 1212)])).splitlines()
    assert [line.rstrip() for line in lines if line.strip()] == [
        "People",
        "reason  people",
        "──────────────",
        "sent        12",
        "late     1,200",
        "──────────────",
        "all      1,212",
    ]


def test_markup_of_others_is_printed_as_it_came() -> None:
    assert "[bold]Anna[/]" in drawn(table("", ("name",), [("[bold]Anna[/]",)]))


@pytest.mark.parametrize(("width", "there"), [(80, False), (120, True)])
def test_a_narrow_terminal_is_spared_columns(monkeypatch: pytest.MonkeyPatch, width: int, there: bool) -> None:
    monkeypatch.setattr(output, "out", Console(width=width))
    assert ("since" in drawn(table("", ("name", "since"), [("a", "b")], spare=("since",)), width)) is there


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (1200, "1,200 rows"), (2, "2 rows")])
def test_things_are_counted_in_words(number: int, said: str) -> None:
    assert counted(number, "row") == said
    assert counted(2, "person", "people") == "2 people"
