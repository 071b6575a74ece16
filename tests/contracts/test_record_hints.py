"""What MongoDB sifts for a filter: nobody whom the filter itself picks is missing (R45)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.filters import read, selected
from domain.slices import KeyRange
from repositories.connection import Database
from repositories.records import MongoRecords
from tests.builders import a_record

ALL = KeyRange(0, "", "Leads:9999", "Leads")
#: Every kind of value that a record may hold, and those that lie just beside what the filters below name.
VALUES: list[Any] = [
    None, "", " ", "Rome", " rome ", "ROME", "Romea", "Oslo", "Straße", "STRASSE", "strasse", "\u212aiew", "Kiew",
    "Rene\u0301", "René", "\ufb01sh", "fish", "a.b", "aXb", "12", " 12 ", "12.0", "1e1", "\u0661\u0662", "NaN",
    0, 10, 12, -12, 12.0, 0.1, 0.1 + 0.2, 1e300, 2**53, 2**53 + 1, 2**62 + 1, 10**30, float("inf"), True, False,
    "true", [], ["Rome", "Oslo"], ["warm"], [12], {"id": "7", "name": "Rome"}, {"name": 12}, {"name": None}, "x\ny",
]  # fmt: skip
LITERALS = [
    '"Rome"', '"rom"', '"STRASSE"', '"straße"', '"kiew"', '"rené"', '"fi"', '"a.b"', '"12"', '"12.0"', '"true"', '" "',
    '"x\ny"', "12", "10", "0.1", "0.3", "9007199254740993", "4611686018427387905", "1" + "0" * 30, "-12", "true",
    "2026-01-31",
]  # fmt: skip

comparison = st.tuples(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(LITERALS)).map(
    lambda pair: f"Field {pair[0]} {pair[1]}"
)
of_texts = st.tuples(
    st.sampled_from(["contains", "starts with"]), st.sampled_from([each for each in LITERALS if each[0] == '"'])
).map(lambda pair: f"Field {pair[0]} {pair[1]}")
among = st.lists(st.sampled_from(LITERALS), min_size=1, max_size=3).map(lambda some: f"Field in ({', '.join(some)})")
leaves = comparison | of_texts | among | st.sampled_from(["Field is empty", "Field is not empty", 'Other = "Rome"'])
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} and {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=4,
)


@pytest.fixture
async def records(mongo_database: Database) -> MongoRecords:
    found = MongoRecords(mongo_database)
    others = [a_record("0900"), a_record("0901", {"Other": "Rome"})]
    values = [a_record(f"{number:04}", {"Field": value, "Other": "Oslo"}) for number, value in enumerate(VALUES)]
    await found.save([*values, *others])
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(filters)
async def test_whoever_fits_a_filter_is_among_those_sifted_for_it(records: MongoRecords, text: str) -> None:
    wanted = read(text)
    if wanted.hint is None:
        return
    picked = {each.ref for each in await records.within(ALL) if selected(wanted)(each)}
    assert picked <= {each.ref for each in await records.sifted(ALL, wanted.hint)}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('Other = "rome"', {"Leads:0901"}),
        ('Other in ("Rome", "Milan")', {"Leads:0901"}),
        ('Other = "Rome" or Other starts with "mil"', {"Leads:0901"}),
        ('Other = "Rome" and Field = 12', set()),
        ('Other = "Rome" and not (Field = 12)', {"Leads:0901"}),
        ("Other >= 12", set()),
    ],
)
async def test_who_cannot_fit_is_left_out(records: MongoRecords, text: str, left: set[str]) -> None:
    wanted = read(text)
    assert wanted.hint is not None
    assert {each.ref for each in await records.sifted(ALL, wanted.hint)} == left


@pytest.mark.parametrize(
    "text", ['City != "Rome"', "City is empty", "not (City = 1)", 'City = "a" or Born < 2026-01-31']
)
def test_of_what_a_store_could_not_tell_there_is_no_hint(text: str) -> None:
    assert read(text).hint is None
