"""Filters on the records of a module, R45."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidDefinition
from domain.filter_tokens import MOST_CHARACTERS, FilterInvalid
from domain.filters import DEEPEST, checked, read, selected
from domain.module import BUILT_IN
from tests.builders import a_record

LEAD: dict[str, Any] = {
    "City": "Rome",
    "Score": 50,
    "Rate": 0.1,
    "Points": " 12 ",
    "Active": True,
    "Optin": "true",
    "Born": "1990-02-28",
    "Seen": "2026-01-31T23:30:00+02:00",
    "Tags": ["Warm", "News letter"],
    "Account": {"id": "7", "name": "Green Ltd"},
    "Notes": "  ",
    "None": None,
    "Nobody": [],
    "Straße": "Höhe",
    "Whole": 12.0,
    "Accent": "Rene\u0301",  # e and its accent apart
    "Nameless": {"id": "7", "name": None},
}


def picks(text: str, **fields: Any) -> bool:
    return selected(read(text))(a_record(fields={**LEAD, **fields}))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('City = "rome"', True),  # without regard to case
        ('City = " Rome "', True),  # nor to blanks around it
        ('City = "Rom"', False),
        ('City != "Rome"', False),
        ('City != "Oslo"', True),
        ('None != "Oslo"', True),  # what is empty is not Oslo
        ('City < "Siena"', True),
        ('City contains "OM"', True),
        ('City starts with "ro"', True),
        ('City starts with "om"', False),
        ('City in ("Oslo", "Rome")', True),
        ('City not in ("Oslo", "Rome")', False),
        ('None not in ("Oslo")', True),
        ("Score = 50", True),
        ("Score = 50.0", True),
        ("Score >= 50", True),
        ("Score > 50", False),
        ("Score <= -1", False),
        ("Rate = 0.1", True),  # as written, not as a float
        ("Points = 12", True),  # a file has nothing but text
        ("Points < 100", True),  # as numbers: as texts, "12" is not less than "100"
        ("City < 5", False),  # no number is neither less
        ("City >= 5", False),  # nor more
        ("None < 5", False),
        ("Active = true", True),
        ("Active = 1", False),
        ("Optin = TRUE", True),
        ("Active != false", True),
        ("Born < 1990-03-01", True),
        ("Born = 1990-02-28", True),
        ("Seen = 2026-01-31", True),  # the day as it is written there
        ("Seen < 2026-01-31T22:00:00Z", True),  # 21:30 in UTC
        ("Seen > 2026-01-31T21:00:00", True),  # without a zone: UTC
        ("Born < 1990-02-28T00:00:01Z", True),  # a day is its beginning
        ('Tags = "warm"', True),
        ('Tags contains "letter"', True),
        ('Tags != "warm"', False),
        ('Account = "green ltd"', True),
        ("Notes is empty", True),
        ("None is empty", True),
        ("Nobody is empty", True),
        ("Missing is empty", True),
        ("Score is empty", False),
        ("City is not empty", True),
        ("Active is not empty", True),
        ('Straße = "HÖHE"', True),
        ('Whole = "12"', True),  # as it is shown
        ('Whole = "12.0"', True),
        ('Whole starts with "12"', True),
        ('Rate = "0.1"', True),
        ('Accent = "REN\u00c9"', True),  # one character
        ('City = "Ro\u0301me"', False),
        ("Nameless is empty", True),
        ("Account is empty", False),
        ("City = 'it\\'s'", False),
    ],
)
def test_a_comparison(text: str, wanted: bool) -> None:
    assert picks(text) is wanted


@pytest.mark.parametrize("zero", [0, 0.0, False])
def test_zero_and_false_are_not_empty(zero: Any) -> None:
    assert not picks("Zero is empty", Zero=zero)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Score = 1 and Score = 50 or Score = 50", True),  # and binds closer than or
        ("Score = 1 and (Score = 50 or Score = 50)", False),
        ("not Score = 1 and Score = 50", True),  # not binds closest
        ("not (Score = 1 and Score = 50)", True),
        ("not not Score = 50", True),
        ("NOT Score = 1 AND (City Starts With 'R')", True),
    ],
)
def test_how_words_bind(text: str, wanted: bool) -> None:
    assert picks(text) is wanted


def test_a_deleted_record_is_never_picked() -> None:
    assert not selected(read("None is empty"))(a_record(deleted_version=2))


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "a field is expected"),
        ("City", 5, "=, !=, <"),
        ("City =", 7, "a text in quotes, a number, a date"),
        ("City = Rome", 8, "a text in quotes"),
        ('City = "Rome', 8, "closing quote is missing"),
        ("City = 'a' Score = 5", 12, "`and`, `or` or the end"),
        ("City in 'a'", 9, "`(`"),
        ("City in ()", 10, "a text in quotes"),
        ("(City = 'a'", 12, "`)`"),
        ("City = 'a')", 11, "the end"),
        ("City contains 5", 15, "a text in quotes is expected"),
        ("City ~ 5", 6, "'~' is not understood"),
        ("Born = 2026-02-30", 8, "a date such as"),
        ("Born = 2026-1-5", 8, "'2' is not understood"),
        ("Score = 5x", 9, "'5' is not understood"),
        ("City is 5", 6, "=, !=, <"),
        ("a.b = 1", 2, "'.' is not understood"),
        ("__import__('os')", 11, "=, !=, <"),
    ],
)
def test_an_error_names_the_place_and_what_is_expected(text: str, place: int, expected: str) -> None:
    with pytest.raises(FilterInvalid) as raised:
        read(text)
    assert raised.value.at + 1 == place
    assert expected in raised.value.reason


def test_the_caret_stands_below_the_place() -> None:
    with pytest.raises(InvalidDefinition) as raised:
        read("City = 'a' and\nScore == 5")
    *_, line, caret = str(raised.value).splitlines()
    assert line == "  City = 'a' and Score == 5"
    assert line[caret.index("^") :] == "= 5"
    assert raised.value.code == "invalid_definition"


def test_a_long_line_is_shown_around_the_place() -> None:
    with pytest.raises(FilterInvalid) as raised:
        read("City = 'a' and " * 50 + "?")
    *_, line, caret = str(raised.value).splitlines()
    assert line[caret.index("^")] == "?"
    assert len(line) < 90


def test_a_filter_has_an_end() -> None:
    read("A = '" + "x" * (MOST_CHARACTERS - 6) + "'")
    with pytest.raises(FilterInvalid, match="at most 2,000 characters"):
        read("A = '" + "x" * (MOST_CHARACTERS - 5) + "'")


@pytest.mark.parametrize("opening", ["(", "not "])
def test_brackets_and_nots_go_only_so_deep(opening: str) -> None:
    closing = ")" if opening == "(" else ""
    deep = DEEPEST - 1
    assert read(opening * deep + "A = 1" + closing * deep)
    with pytest.raises(FilterInvalid, match="at most 20 deep"):
        read(opening * (deep + 1) + "A = 1" + closing * (deep + 1))


def test_fields_that_the_module_has_not_are_named_with_the_one_that_is_close() -> None:
    assert checked('Lead_Status = "Hot"', BUILT_IN["Leads"]).text == 'Lead_Status = "Hot"'
    with pytest.raises(FilterInvalid, match="Leads has no field Lead_Statu; did you mean Lead_Status"):
        checked('City = "a" and Lead_Statu = "Hot"', BUILT_IN["Leads"])
    with pytest.raises(FilterInvalid, match="has no field Xyzzy; it has First_Name"):
        checked("Xyzzy is empty", BUILT_IN["Leads"])


@given(st.text(max_size=60) | st.text(alphabet="AB ='\"()<>!,not andrisempty0123-T:.", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    refused: FilterInvalid | None = None
    try:
        assert picks(text) in {True, False}
    except FilterInvalid as error:
        refused = error
    assert refused is None or 0 <= refused.at <= len(text)


def test_reading_takes_no_longer_than_its_length() -> None:
    with pytest.raises(FilterInvalid):
        read("'" + "\\" * (MOST_CHARACTERS - 1))
    assert not picks("A in (" + ",".join(["1"] * 900) + ")")
