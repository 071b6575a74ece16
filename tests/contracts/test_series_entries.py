"""One suite over entries into series in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.series import Entry, EntryEnd, Passed, SeriesCounts
from repositories.series_entries import MongoEntries
from tests.builders import NOW, an_id, later
from tests.fakes.series_entries import MemoryEntries
from tests.series_builders import ANN, an_entry

AnyEntries: TypeAlias = MemoryEntries | MongoEntries
BEA, CAT = "bea@example.com", "cat@example.com"


@pytest.fixture(params=["memory", "mongo"])
def entries(request: pytest.FixtureRequest) -> AnyEntries:
    if request.param == "memory":
        return MemoryEntries()
    return MongoEntries(request.getfixturevalue("mongo_database"))


async def stored(entries: AnyEntries, text: str = ANN) -> list[Entry]:
    return list(await entries.of_contact(an_id(text)))


OVER = {"ended": EntryEnd.COMPLETED, "ended_at": later(9), "next_at": None}


async def test_an_entry_is_kept_with_all_it_has(entries: AnyEntries) -> None:
    whole = an_entry(
        number=3,
        done={"hello": NOW, "birthday@2026": later(5)},
        passed={"tips": Passed.NOT_MET, "birthday@2025": Passed.MISSED},
        waits=frozenset({"more"}),
    )
    ended = an_entry(BEA, **OVER)
    assert await entries.enter([whole, ended]) == 2
    assert await stored(entries) == [replace(whole, revision=1)]
    assert await stored(entries, BEA) == [replace(ended, revision=1)]


async def test_who_has_entered_stays_as_they_are(entries: AnyEntries) -> None:
    await entries.enter([an_entry()])
    assert await entries.enter([an_entry(done={"hello": NOW}), an_entry(BEA)]) == 1
    assert await entries.enter([]) == 0
    assert await stored(entries) == [an_entry(revision=1)]


async def test_those_who_wait_longest_are_due_first(entries: AnyEntries) -> None:
    await entries.enter(
        [
            an_entry(next_at=later(3)),
            an_entry(BEA, next_at=later(1)),
            an_entry(CAT, next_at=later(9)),
            an_entry(CAT, series_id="other"),
            an_entry("dan@example.com", **OVER),
        ]
    )
    assert [each.contact_id for each in await entries.due("welcome", later(3), 9)] == [an_id(BEA), an_id(ANN)]
    assert [each.contact_id for each in await entries.due("welcome", later(3), 1)] == [an_id(BEA)]
    assert await entries.due("welcome", NOW, 9) == []


async def test_what_somebody_else_has_changed_is_not_saved(entries: AnyEntries) -> None:
    await entries.enter([an_entry(), an_entry(BEA)])
    (ann,), (bea,) = await stored(entries), await stored(entries, BEA)
    assert await entries.save([replace(ann, next_at=later(5))]) == frozenset()
    assert await entries.save([replace(ann, **OVER), replace(bea, **OVER)]) == {ann.id}
    assert await stored(entries) == [replace(ann, next_at=later(5), revision=2)]
    assert await stored(entries, BEA) == [replace(bea, **OVER, revision=2)]
    assert await entries.save([]) == frozenset()


async def test_who_is_woken_is_looked_at_then_if_not_before(entries: AnyEntries) -> None:
    await entries.enter(
        [an_entry(next_at=later(9)), an_entry(BEA, next_at=later(1)), an_entry(CAT, **OVER), an_entry(series_id="o")]
    )
    assert await entries.wake("welcome", [an_id(text) for text in (ANN, BEA, CAT)], later(5)) == 2
    other, ann = await stored(entries)
    (bea,), (cat,) = await stored(entries, BEA), await stored(entries, CAT)
    assert (ann.next_at, bea.next_at, cat.next_at, other.next_at) == (later(5), later(1), None, NOW)


async def test_a_look_that_began_before_somebody_was_woken_is_not_stored(entries: AnyEntries) -> None:
    await entries.enter([an_entry()])
    (before,) = await stored(entries)
    await entries.wake("welcome", [an_id(ANN)], NOW)
    assert await entries.save([replace(before, next_at=later(99))]) == {before.id}
    assert [each.id for each in await entries.due("welcome", NOW, 9)] == [before.id]


async def test_who_waits_for_a_message_is_woken_when_it_sends(entries: AnyEntries) -> None:
    waits = frozenset({"hello", "tips"})
    await entries.enter([an_entry(waits=waits, next_at=later(9)), an_entry(BEA, next_at=later(9))])
    assert await entries.wake_waiting("welcome", "tips", later(1)) == 1
    assert await entries.wake_waiting("welcome", "more", later(1)) == 0
    assert [each.contact_id for each in await entries.due("welcome", later(1), 9)] == [an_id(ANN)]


async def test_everybody_who_is_under_way_can_be_woken(entries: AnyEntries) -> None:
    await entries.enter([an_entry(next_at=later(9)), an_entry(BEA, next_at=later(9)), an_entry(CAT, **OVER)])
    assert await entries.wake_all("welcome", later(1)) == 2
    assert len(await entries.due("welcome", later(1), 9)) == 2


async def test_the_latest_entry_of_each_person(entries: AnyEntries) -> None:
    await entries.enter([an_entry(number=number, **OVER) for number in (0, 1, 10)])
    await entries.enter([an_entry(BEA), an_entry(CAT, series_id="other")])
    found = await entries.latest("welcome", [an_id(text) for text in (ANN, BEA, CAT)])
    assert {key: entry.number for key, entry in found.items()} == {an_id(ANN): 10, an_id(BEA): 0}


async def test_a_series_that_is_stopped_ends_whatever_is_under_way(entries: AnyEntries) -> None:
    await entries.enter([an_entry(waits=frozenset({"hello"})), an_entry(BEA, **OVER), an_entry(CAT, series_id="o")])
    (before,) = await stored(entries)
    assert await entries.end_all("welcome", EntryEnd.STOPPED, later(5)) == 1
    assert await entries.end_all("welcome", EntryEnd.STOPPED, later(6)) == 0
    (ann,) = await stored(entries)
    assert (ann.ended, ann.ended_at, ann.next_at, ann.waits) == (EntryEnd.STOPPED, later(5), None, frozenset())
    assert await entries.save([before]) == {before.id}
    (bea,), (cat,) = await stored(entries, BEA), await stored(entries, CAT)
    assert (bea.ended, cat.ended) == (EntryEnd.COMPLETED, None)


async def test_who_had_come_to_the_end_is_looked_at_again(entries: AnyEntries) -> None:
    left = {**OVER, "ended": EntryEnd.LEFT_LIST}
    await entries.enter([an_entry(**OVER), an_entry(BEA, **left), an_entry(CAT, series_id="welcome-2", **OVER)])
    assert await entries.reopen("welcome", later(20)) == 1
    (ann,) = await stored(entries)
    assert (ann.ended, ann.ended_at, ann.next_at) == (None, None, later(20))


async def test_counts_say_people_and_entries_apart(entries: AnyEntries) -> None:
    await entries.enter(
        [
            an_entry(done={"hello": NOW, "birthday@2026": NOW, "birthday@2027": NOW}, **OVER),
            an_entry(number=1, done={"hello": NOW}, passed={"tips": Passed.NOT_MET}, waits=frozenset({"more"})),
            an_entry(BEA, done={"hello": NOW}, passed={"tips": Passed.NOT_MET, "birthday": Passed.NO_DATE}),
            an_entry(CAT, **{**OVER, "ended": EntryEnd.BOUNCED}),
            an_entry(CAT, series_id="welcome-2", done={"hello": NOW}),
        ]
    )
    assert await entries.counts("welcome") == SeriesCounts(
        people=3,
        entries=4,
        under_way=2,
        ended={EntryEnd.COMPLETED: 1, EntryEnd.BOUNCED: 1},
        planned={"hello": 3, "birthday": 2},
        passed={"tips": {Passed.NOT_MET: 2}, "birthday": {Passed.NO_DATE: 1}},
        waiting={"more": 1},
    )
    assert await entries.counts("none") == SeriesCounts()


async def test_the_entries_of_a_person_are_in_order(entries: AnyEntries) -> None:
    await entries.enter([an_entry(number=1), an_entry(), an_entry(series_id="a"), an_entry(BEA)])
    assert [(each.series_id, each.number) for each in await stored(entries)] == [
        ("a", 0), ("welcome", 0), ("welcome", 1)
    ]  # fmt: skip
