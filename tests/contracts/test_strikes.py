"""One suite over the strikes in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest

from domain.strikes import Sign, SignKind, StrikeRecord
from handlers.strike_book import StrikeBook
from repositories.strikes import MongoStrikes
from tests.builders import NOW, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.strikes import MemoryStrikes

AnyStrikes: TypeAlias = MemoryStrikes | MongoStrikes

FULL = StrikeRecord(
    "ann", {"spring:ann:0": later(1) + timedelta(microseconds=7)}, {"may:ann:0": later(2)}, later(3), later(4)
)


@pytest.fixture(params=["memory", "mongo"])
def strikes(request: pytest.FixtureRequest) -> AnyStrikes:
    if request.param == "memory":
        return MemoryStrikes()
    return MongoStrikes(request.getfixturevalue("mongo_database"))


async def test_what_is_saved_is_read_back(strikes: AnyStrikes) -> None:
    assert await strikes.save([FULL, StrikeRecord("bob")]) == frozenset()
    assert await strikes.load(["ann", "bob", "eve"]) == {
        "ann": replace(FULL, revision=1),
        "bob": StrikeRecord("bob", revision=1),
    }


async def test_only_those_with_strikes_are_struck(strikes: AnyStrikes) -> None:
    await strikes.save([FULL, StrikeRecord("bob", alive_at=NOW)])
    assert set(await strikes.struck(["ann", "bob", "eve"])) == {"ann"}


async def test_who_changed_a_record_since_is_not_overwritten(strikes: AnyStrikes) -> None:
    await strikes.save([FULL])
    assert await strikes.save([FULL, StrikeRecord("bob")]) == {"ann"}
    assert await strikes.save([replace(FULL, revision=1, alive_at=None)]) == frozenset()
    assert (await strikes.load(["ann"]))["ann"].alive_at is None


async def test_signs_that_come_at_the_same_time_are_all_kept(strikes: AnyStrikes) -> None:
    signs = [Sign("ann", f"c{n}:ann:0", SignKind.STRUCK, later(n)) for n in range(10)]
    await asyncio.gather(*(StrikeBook(strikes, MemoryEmails()).told([sign]) for sign in signs))
    assert (await strikes.load(["ann"]))["ann"].strikes == {f"c{n}:ann:0": later(n) for n in range(10)}
