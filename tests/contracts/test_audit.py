"""One suite over the audit log in memory and in MongoDB."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

from domain.audit import DONE, AuditEntry, AuditQuery, Ending
from repositories.audit import MongoAudit
from tests.builders import NOW, later
from tests.fakes.audit import MemoryAudit

Log: TypeAlias = MemoryAudit | MongoAudit


@pytest.fixture(params=["memory", "mongo"])
def log(request: pytest.FixtureRequest) -> Log:
    return MemoryAudit() if request.param == "memory" else MongoAudit(request.getfixturevalue("mongo_database"))


def an_entry(id_: str = "1", **overrides: Any) -> AuditEntry:
    defaults = {"at": NOW, "who": "ann", "via": "cli", "what": "campaign pause", "subject": "campaign:spring"}
    return AuditEntry(id_, **{**defaults, **overrides})


async def test_an_entry_is_read_back_and_ended_once(log: Log) -> None:
    await log.add(an_entry(before="sending"))
    assert await log.find(AuditQuery()) == [an_entry(before="sending")]
    await log.end("1", "paused", DONE)
    await log.end("1", "sending", "conflict")
    assert await log.find(AuditQuery()) == [an_entry(before="sending", after="paused", outcome=DONE)]


async def test_an_entry_that_comes_again_changes_nothing(log: Log) -> None:
    await log.add(an_entry(before="sending"))
    await log.end("1", "paused", DONE)
    await log.add(an_entry(before="paused", who="bob"))
    assert await log.find(AuditQuery()) == [an_entry(before="sending", after="paused", outcome=DONE)]


async def test_ending_what_was_never_begun_changes_nothing(log: Log) -> None:
    await log.end("1", None, DONE)
    assert await log.find(AuditQuery()) == []


async def test_entries_are_found_by_subject_name_and_time_the_newest_first(log: Log) -> None:
    entries = [an_entry("1"), an_entry("2", at=later(9), who="bob"), an_entry("3", at=later(5), subject="sync:leads")]
    for entry in entries:
        await log.add(entry)

    async def found(**query: Any) -> list[str]:
        return [each.id for each in await log.find(AuditQuery(**query))]

    assert await found() == ["2", "3", "1"]
    assert await found(subject="campaign:spring") == ["2", "1"]
    assert await found(who="bob") == ["2"]
    assert await found(since=later(5)) == ["2", "3"]
    assert await found(limit=1) == ["2"]
    assert await found(limit=0) == ["2", "3", "1"]


async def test_entries_are_found_by_what_was_asked_the_kind_of_subject_and_how_it_ended(log: Log) -> None:
    await log.add(an_entry("1", what="list edit", subject="list:news"))
    await log.add(an_entry("2", at=later(1)))
    await log.add(an_entry("3", at=later(2), subject="campaigns:autumn winter"))
    await log.end("1", None, DONE)
    await log.end("2", None, "conflict")

    async def found(**query: Any) -> list[str]:
        return [each.id for each in await log.find(AuditQuery(**query))]

    assert [await found(what=what) for what in ("list edit", "list", "lis")] == [["1"], ["1"], []]
    assert [await found(kind=kind) for kind in ("campaign", "list", "cam")] == [["3", "2"], ["1"], []]
    assert await found(kind="list", ending=Ending.REFUSED) == []
    assert [await found(ending=ending) for ending in Ending] == [["1"], ["2"], ["3"]]


async def test_a_page_goes_on_after_the_last_entry_of_the_one_before(log: Log) -> None:
    """Also among entries of the same moment, and where the one before is not among those that are looked for."""
    for id_, at in (("1", NOW), ("2", NOW), ("3", later(1))):
        await log.add(an_entry(id_, at=at, who=f"operator {id_}"))

    async def found(after: str, **query: Any) -> list[str]:
        return [each.id for each in await log.find(AuditQuery(after=after, **query))]

    assert [await found(after) for after in ("3", "1", "2", "gone")] == [["1", "2"], ["2"], [], []]
    assert await found("3", who="operator 2") == ["2"]
    assert await found("3", limit=1) == ["1"]


async def test_entries_are_found_by_the_way_they_came_with_readers_or_without(log: Log) -> None:
    for number, via in enumerate(("cli", "token:crm", "token:crm-two", "page")):
        await log.add(an_entry(f"{number}", via=via))

    async def found(**query: Any) -> list[str]:
        return [each.id for each in await log.find(AuditQuery(**query))]

    assert [await found(via=via) for via in ("token", "token:crm", "page", "c")] == [["1", "2"], ["1"], ["3"], []]
    assert await found(readers=False) == ["0", "1", "2"]
