"""What the CRM goes on telling of erased people: it is not stored, under whatever id it comes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from domain.eligibility import SuppressionReason
from domain.erasure import Erasure, erased_ref, record_key
from domain.lists import Suppression
from tests.builders import ADDRESS_KEY, NOW, a_record, a_suppression, a_sync, an_id
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, a_delete, an_update
from tests.handlers.reviewing import Died, Fuse, Mortal

ERASED = SuppressionReason.ERASED
KEY = record_key("Leads:1", ADDRESS_KEY)


async def an_audience(*keys: str) -> Audience:
    """Ann's address, and records by their keys, are erased."""
    stones = [Suppression(key, ERASED, NOW) for key in keys]
    crm = Audience(
        suppressions=MemorySuppressions(a_suppression(ANN, reason=ERASED), *stones), syncs=MemorySyncs(a_sync())
    )
    await crm.erasures.begin(Erasure(an_id(ANN), NOW))
    return crm


def known(crm: Audience) -> set[str]:
    """Records of which it is known that they were erased, by key."""
    return {key for key, reason in crm.suppressions.stored if reason is ERASED} - {an_id(ANN)}


async def test_a_record_with_the_address_is_not_stored_and_is_known_from_then_on() -> None:
    crm = await an_audience()
    await crm.tell(an_update(), an_update("2", {"Email": BEA}))
    assert crm.records.stored.keys() == {"Leads:2"}
    assert known(crm) == {KEY}
    assert crm.erasures.stored[an_id(ANN)].records == {erased_ref("Leads:1", ADDRESS_KEY)}


@pytest.mark.parametrize("fields", [{"Last_Name": "Smith"}, {"Email": BEA}, {"Email": None}])
async def test_a_record_that_was_erased_is_not_stored_whatever_it_says_now(fields: dict[str, str | None]) -> None:
    crm = await an_audience(KEY)
    wanted = await crm.tell(an_update("1", fields, complete=False), a_delete("1"))
    assert (crm.records.stored, crm.contacts.stored, wanted) == ({}, {}, [])


async def test_a_record_that_comes_to_have_the_address_leaves_whom_it_stood_for_and_goes() -> None:
    crm = await an_audience()
    await crm.tell(an_update("1", {"Email": BEA, "First_Name": "Bea"}))
    await crm.tell(an_update("1", {"Email": ANN, "First_Name": "Ann"}, version=2))
    assert crm.records.stored == {}
    assert crm.of(BEA).present() == []
    assert not crm.of(BEA).memberships
    assert known(crm) == {KEY}


@pytest.mark.parametrize("step", range(1, 5))
@pytest.mark.parametrize("store", ["records", "contacts"])
async def test_killed_while_a_record_leaves_somebody_the_repeat_does_it(store: str, step: int) -> None:
    crm = await an_audience()
    await crm.tell(an_update("1", {"Email": BEA, "First_Name": "Bea"}))
    mortal, carry_over = Mortal(getattr(crm, store), Fuse(step)), crm.keeper.carry_over
    dying = replace(crm.keeper, carry_over=replace(carry_over, **{store: mortal}))
    with suppress(Died):
        await dying([an_update("1", {"Email": ANN}, version=2)])
    await crm.tell(an_update("1", {"Email": ANN}, version=2))
    assert crm.records.stored == {}
    assert crm.of(BEA).present() == []
    assert known(crm) == {KEY}


async def test_older_news_with_the_address_erase_nobody_else() -> None:
    """The record had the address once, and has another one since."""
    crm = await an_audience()
    await crm.tell(an_update("1", {"Email": BEA}, version=5))
    await crm.tell(an_update("1", {"Email": ANN}, version=2))
    assert crm.records.stored["Leads:1"].value("Email") == BEA
    assert known(crm) == set()


async def test_a_repeated_message_changes_nothing() -> None:
    crm = await an_audience()
    await crm.tell(an_update())
    before = crm.state(), dict(crm.suppressions.stored), dict(crm.erasures.stored)
    await crm.tell(an_update())
    assert (crm.state(), dict(crm.suppressions.stored), dict(crm.erasures.stored)) == before


class ErasedMeanwhile(MemoryRecords):
    """Somebody is erased after the worker has looked, and before it stores."""

    crm: Audience

    async def save(self, records):  # type: ignore[no-untyped-def]
        await self.crm.suppressions.add([a_suppression(ANN, reason=ERASED)])
        return await super().save(records)


async def test_what_is_stored_while_somebody_is_erased_is_taken_back() -> None:
    records = ErasedMeanwhile()
    crm = Audience(records=records, syncs=MemorySyncs(a_sync()))
    records.crm = crm
    await crm.tell(an_update(), an_update("2", {"Email": BEA}))
    assert crm.records.stored.keys() == {"Leads:2"}
    assert known(crm) == {KEY}


async def test_what_a_killed_worker_left_is_taken_back_by_the_repeat() -> None:
    crm = await an_audience()
    crm.records.stored["Leads:1"] = replace(a_record("1", {"Email": ANN}), revision=1)
    await crm.tell(an_update(version=1))
    assert crm.records.stored == {}
