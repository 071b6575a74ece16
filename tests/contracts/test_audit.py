"""One suite over the audit log in memory and in MongoDB."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

from domain.audit import DONE, AuditEntry, AuditQuery
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
