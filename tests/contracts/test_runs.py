"""One suite over the runs in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from domain.errors import InvalidMessage
from domain.slices import KeyRange
from repositories.indexes import ensure_indexes
from repositories.runs import MongoRuns
from tests.builders import NOW, a_run, later
from tests.fakes.runs import MemoryRuns

AnyRuns: TypeAlias = MemoryRuns | MongoRuns
NEXT_RANGES = (KeyRange(0, "", "news:1", "news"),)


@pytest.fixture(params=["memory", "mongo"])
def runs(request: pytest.FixtureRequest) -> AnyRuns:
    if request.param == "memory":
        return MemoryRuns()
    return MongoRuns(request.getfixturevalue("mongo_database"), "sync_runs")


@pytest.fixture
async def indexed(request: pytest.FixtureRequest, runs: AnyRuns) -> AnyRuns:
    """With the index that keeps two runs apart."""
    if isinstance(runs, MongoRuns):
        await ensure_indexes(request.getfixturevalue("mongo_database"))
    return runs


async def test_a_run_that_is_stored_stays_as_it_is(runs: AnyRuns) -> None:
    run = a_run(mode="initiate", options={"a.b": True, "c": "$d"})
    await runs.create(run)
    await runs.create(a_run(mode="backfill"))
    assert await runs.get(run.id) == run
    assert await runs.get("nothing") is None


async def test_a_slice_told_twice_counts_once(runs: AnyRuns) -> None:
    await runs.create(a_run())
    counts = {"new": 3, "skipped.no_email": 1, "conflict.$x": 1}
    await runs.finish_slice("leads-r1", "records", 0, {"new": 1})
    finished, run = await runs.finish_slice("leads-r1", "records", 0, counts), await runs.get("leads-r1")
    assert run is not None
    assert (run.done, run.counts, run.complete) == (frozenset({0}), counts, False)
    assert finished == run.slice(0)


async def test_the_last_slice_completes_the_phase_whatever_the_order(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.finish_slice("leads-r1", "records", 1, {"new": 1})
    finished = await runs.finish_slice("leads-r1", "records", 0, {"new": 2, "updated": 1})
    assert finished is not None
    assert finished.completes
    run = await runs.get("leads-r1")
    assert run is not None
    assert run.complete
    assert run.counts == {"new": 3, "updated": 1}


async def test_a_slice_is_told_without_the_others(runs: AnyRuns) -> None:
    labels = ("module:Contacts", "module:Leads", "module:Leads", "list:a.b$c")
    ranges = tuple(KeyRange(number, f"k{number}", f"k{number + 1}", label) for number, label in enumerate(labels))
    run = a_run(ranges=ranges, mode="backfill", options={"fields": "[]"})
    await runs.create(run)
    await runs.finish_slice(run.id, "records", 1, {"new": 1})
    for number in range(len(ranges)):
        part = await runs.slice(run.id, number)
        assert part is not None
        assert (part.keys, part.is_done, part.slices_left) == (ranges[number], number == 1, 3)
        assert part.last_keys == {"module:Contacts": "k1", "module:Leads": "k3", "list:a.b$c": "k4"}
        assert (part.run_id, part.subject, part.phase) == (run.id, run.subject, run.phase)
        assert (part.mode, part.options, part.ended_at, part.ended_because) == ("backfill", {"fields": "[]"}, None, "")


async def test_a_slice_of_a_run_that_ended_says_why(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.end("leads-r1", NOW, "paused")
    part = await runs.slice("leads-r1", 1)
    assert part is not None
    assert (part.ended_at, part.ended_because) == (NOW, "paused")


@pytest.mark.parametrize("number", [-1, 2, 2**31])
async def test_a_slice_that_the_run_does_not_have_is_refused(runs: AnyRuns, number: int) -> None:
    await runs.create(a_run())
    with pytest.raises(InvalidMessage, match="has slices 0 to 1"):
        await runs.slice("leads-r1", number)


async def test_no_run_has_no_slices(runs: AnyRuns) -> None:
    assert await runs.slice("nothing", 0) is None
    await runs.create(a_run(ranges=()))
    with pytest.raises(InvalidMessage):
        await runs.slice("leads-r1", 0)


async def test_counts_go_on_in_the_next_phase_and_slices_begin_anew(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.finish_slice("leads-r1", "records", 0, {"new": 1})
    run = await runs.advance(a_run(), "members", NEXT_RANGES)
    assert (run.phase, run.ranges, run.done, run.counts) == ("members", NEXT_RANGES, frozenset(), {"new": 1})
    await runs.finish_slice("leads-r1", "members", 0, {"new": 1})
    finished = await runs.get("leads-r1")
    assert finished is not None
    assert finished.counts == {"new": 2}


async def test_only_one_advances_and_the_others_get_the_run_as_it_is(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.advance(a_run(), "members", NEXT_RANGES)
    await runs.finish_slice("leads-r1", "members", 0, {})
    again = await runs.advance(a_run(), "members", NEXT_RANGES)
    assert again.complete


async def test_a_slice_of_a_phase_that_is_over_is_not_counted(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.advance(a_run(), "members", NEXT_RANGES)
    assert await runs.finish_slice("leads-r1", "records", 0, {"new": 1}) is None
    stored = await runs.get("leads-r1")
    assert stored is not None
    assert stored.counts == {}


async def test_a_run_ends_once(runs: AnyRuns) -> None:
    await runs.create(a_run())
    assert await runs.end("leads-r1", later(1))
    assert not await runs.end("leads-r1", later(2))
    stored = await runs.get("leads-r1")
    assert stored is not None
    assert stored.ended_at == later(1)


async def test_a_redelivered_last_slice_is_told_the_run_after_its_end(runs: AnyRuns) -> None:
    await runs.create(a_run())
    await runs.end("leads-r1", NOW)
    assert await runs.finish_slice("leads-r1", "records", 0, {}) is not None


async def test_the_latest_run_of_a_subject_is_the_one_started_last(runs: AnyRuns) -> None:
    await runs.create(a_run("r2", started_at=later(5)))
    await runs.create(a_run("r1"))
    await runs.create(a_run("r3", subject="other", started_at=later(9)))
    latest = await runs.latest("leads")
    assert latest is not None
    assert latest.id == "r2"
    assert await runs.latest("nothing") is None


async def test_the_history_of_a_subject_is_told_newest_first(runs: AnyRuns) -> None:
    for number in range(4):
        await runs.create(a_run(f"r{number}", started_at=later(number)))
    await runs.create(a_run("other", subject="other"))
    assert [run.id for run in await runs.history("leads", 3)] == ["r3", "r2", "r1"]
    assert await runs.history("nothing", 3) == []


async def test_a_run_is_found_by_each_request_that_it_answers(runs: AnyRuns) -> None:
    await runs.create(a_run(requests=frozenset({"crm 1"})))
    await runs.join("leads-r1", "crm 2")
    await runs.join("leads-r1", "crm 2")
    await runs.end("leads-r1", NOW)
    for request in ("crm 1", "crm 2"):
        found = await runs.asked("leads", request)
        assert found is not None
        assert (found.id, found.requests) == ("leads-r1", {"crm 1", "crm 2"})
    assert await runs.asked("leads", "crm 3") is None
    assert await runs.asked("other", "crm 1") is None


async def test_no_two_open_runs_hold_the_same(indexed: AnyRuns) -> None:
    await indexed.create(a_run("r1", holds=frozenset({"sync:a", "Leads>news"})))
    await indexed.create(a_run("r2", holds=frozenset({"sync:b", "Leads>news"})))
    await indexed.create(a_run("r3", holds=frozenset({"sync:c", "Leads>more"})))
    await indexed.create(a_run("r4"))
    await indexed.create(a_run("r5"))
    stored = [await indexed.get(f"r{number}") for number in range(1, 6)]
    assert [run is not None for run in stored] == [True, False, True, True, True]
    holder = await indexed.holder({"Leads>news", "Leads>else"})
    assert holder is not None
    assert holder.id == "r1"
    assert await indexed.holder({"Leads>else"}) is None
    assert await indexed.holder(frozenset()) is None


async def test_a_run_that_ended_holds_nothing_and_keeps_why(indexed: AnyRuns) -> None:
    held = frozenset({"sync:a", "Leads>news"})
    await indexed.create(a_run("r1", holds=held))
    await indexed.end("r1", NOW, "paused")
    await indexed.create(a_run("r2", holds=held))
    ended, begun = await indexed.get("r1"), await indexed.get("r2")
    assert ended is not None
    assert begun is not None
    assert (ended.ended_because, ended.holds, begun.holds) == ("paused", frozenset(), held)
