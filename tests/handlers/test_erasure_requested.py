"""Somebody is erased: who is meant, in which order, killed half-way, twice, by two at once; and who comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.contact import Source
from domain.eligibility import SuppressionReason
from domain.email import DoubtReason, Email, EmailState, SkipReason
from domain.erasure import Erasure, erased_ref, record_key
from domain.errors import Conflict, InvalidMessage
from domain.record import Projected
from domain.slices import SliceState
from handlers.erasure_requested import AGAIN_S, Eraser, Whereabouts
from handlers.homecoming import Homecoming
from handlers.person_export import PersonExport
from messages.erasure_requested import ErasureRequested
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_record, a_stamp, an_email, an_id
from tests.fakes.audit import MemoryAudit
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.erasures import MemoryErasures
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.slices import MemorySlices
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.traces import MemoryContactTraces, MemoryRecordTraces, MemoryTraces
from tests.handlers.reviewing import Died, Fuse, Mortal

ANN = "Ann@example.com"
ID = an_id(ANN)
KEY = record_key("Leads:1", ADDRESS_KEY)


@dataclass
class Office:
    """Ann, with a record, a contact and three mails; things of hers in a store `letters`."""

    records: MemoryRecords = field(default_factory=lambda: MemoryRecords(a_record("1", {"Email": ANN})))
    contacts: MemoryContacts = field(
        default_factory=lambda: MemoryContacts(a_contact(ANN, sources={"Leads:1": Source("Leads:1", a_stamp())}))
    )
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    emails: MemoryEmails = field(default_factory=MemoryEmails)
    slices: MemorySlices = field(default_factory=MemorySlices)
    erasures: MemoryErasures = field(default_factory=MemoryErasures)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    letters: MemoryTraces = field(
        default_factory=lambda: MemoryTraces("letters", {ID: [{"_id": "l1", "saved_by": "x"}], KEY: [{"_id": "l2"}]})
    )
    now: datetime = NOW

    def eraser(self, fuse: Fuse | None = None) -> Eraser:
        def mortal(store: Any) -> Any:
            return Mortal(store, fuse) if fuse else store

        return Eraser(
            whereabouts=self.whereabouts,
            suppressions=mortal(self.suppressions),
            emails=mortal(self.emails),
            slices=mortal(self.slices),
            traces=[mortal(self.letters), mortal(MemoryContactTraces(self.contacts))],
            erasures=mortal(self.erasures),
            audit=mortal(self.audit),
            now=lambda: self.now,
        )

    @property
    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.records, self.records, self.contacts, MemoryModules(), ADDRESS_KEY)

    async def erase(self, address: str | None = ANN, record: str | None = None) -> Erasure:
        return await self.eraser().erase(asked(address, record), source="cli")

    @property
    def erased(self) -> set[str]:
        return {key for key, reason in self.suppressions.stored if reason is SuppressionReason.ERASED}


def asked(address: str | None = ANN, record: str | None = None) -> ErasureRequested:
    return ErasureRequested(address=address, record=record, reason=f"{ANN} wrote", confirmed_by="dpo")


async def test_what_stays_are_keys_of_the_address_and_of_the_record_and_a_receipt_without_names() -> None:
    office = Office()
    receipt = await office.erase()
    assert office.erased == {ID, KEY}
    assert receipt.counts == {"letters": 2, "contacts": 1}
    assert (receipt.by, receipt.source, receipt.records) == ("dpo", "cli", {erased_ref("Leads:1", ADDRESS_KEY)})
    assert (receipt.asked_at, receipt.done_at, receipt.again_at) == (NOW, NOW, NOW + timedelta(seconds=AGAIN_S))
    [entry] = office.audit.stored.values()
    assert (entry.what, entry.subject, entry.who, entry.outcome) == ("erasure", f"contact:{ID}", "dpo", "done")
    assert "ann@" not in repr((entry, receipt)).lower()


async def test_a_repeated_message_changes_nothing() -> None:
    office = Office()
    assert [await office.eraser()(asked()), await office.eraser()(asked())] == [[], []]
    assert office.erasures.stored[ID].counts == {"letters": 2, "contacts": 1}
    assert len(office.audit.stored) == 1


async def test_two_at_once_erase_each_thing_once() -> None:
    office = Office()
    await asyncio.gather(office.erase(), office.erase())
    assert office.erasures.stored[ID].counts == {"letters": 2, "contacts": 1}


@pytest.mark.parametrize("step", range(1, 11))
async def test_killed_after_any_step_it_is_done_by_a_repeat(step: int) -> None:
    """And from the first step on nobody else stores or mails anything of the person."""
    office = Office()
    with pytest.raises(Died):
        await office.eraser(Fuse(step)).erase(asked(), source="message")
    assert office.erased == ({ID} if step < 3 else {ID, KEY}), "the contact before records are looked for"
    await office.erase()
    assert office.erased == {ID, KEY}
    assert (office.letters.stored, office.contacts.stored) == ({}, {})
    assert office.erasures.stored[ID].records == {erased_ref("Leads:1", ADDRESS_KEY)}


@pytest.mark.parametrize("repeated", [(ANN, None), (None, "Leads:1")])
@pytest.mark.parametrize("trace", range(1, 4))
async def test_killed_after_any_store_it_is_done_by_a_repeat_by_address_or_by_record(
    trace: int, repeated: tuple[str | None, str | None]
) -> None:
    office, fuse = Office(), Fuse(trace)
    stores: list[Any] = [office.letters, MemoryContactTraces(office.contacts), MemoryRecordTraces(office.records)]
    dying = replace(office.eraser(), traces=[Mortal(each, fuse) for each in stores])
    with pytest.raises(Died):
        await dying.erase(asked(None, "Leads:1"), source="message")
    await replace(office.eraser(), traces=stores).erase(asked(*repeated), source="message")
    assert (office.letters.stored, office.contacts.stored, office.records.stored) == ({}, {}, {})
    assert office.erased == {ID, KEY}


class Troubled(MemoryEmails):
    """Of Ann no mails can be read."""

    async def of_people(self, contact_ids: Collection[str]) -> Sequence[Email]:
        if ID in contact_ids:
            raise Conflict("busy")
        return await super().of_people(contact_ids)


async def test_an_erasure_that_fails_does_not_hold_up_those_behind_it() -> None:
    office = Office(emails=Troubled(), now=NOW + timedelta(seconds=AGAIN_S))
    bea = an_id("bea@example.com")
    await office.erasures.begin(Erasure(ID, NOW, again_at=NOW))
    await office.erasures.begin(Erasure(bea, NOW, again_at=NOW + timedelta(seconds=1)))
    await office.eraser().look_again()
    assert [each.id for each in await office.erasures.due(office.now, 9)] == [ID]


async def test_who_is_let_back_while_somebody_looks_again_stays() -> None:
    office = Office()
    receipt = await office.erase()
    office.now = NOW + timedelta(seconds=AGAIN_S)
    eraser = office.eraser()
    await Homecoming(office.suppressions, office.erasures, office.contacts, lambda: NOW)(ID, "form 12")
    stale = MemoryErasures()
    stale.stored[ID] = receipt
    office.erasures.due = stale.due  # type: ignore[method-assign]
    await eraser.look_again()
    assert office.erased == set()


async def test_late_news_of_a_record_without_an_address_count_for_its_own_erasure() -> None:
    office = Office(now=NOW + timedelta(seconds=AGAIN_S))
    key = record_key("Leads:7", ADDRESS_KEY)
    others = [erased_ref(f"Leads:{each}", ADDRESS_KEY) for each in range(20)]
    await office.erasures.begin(Erasure(key, NOW, records=frozenset(others), again_at=NOW))
    await office.eraser().look_again()
    assert office.erasures.stored.keys() == {key}
    assert office.erasures.stored[key].counts == {"letters": 1}


async def test_by_its_record_a_person_is_found_with_the_address() -> None:
    office = Office()
    await office.erase(None, "Leads:1")
    assert office.erased == {ID, KEY}


async def test_a_record_that_never_came_is_kept_out_all_the_same() -> None:
    office = Office()
    receipt = await office.erase(None, "Leads:7")
    assert office.erased == {record_key("Leads:7", ADDRESS_KEY)} == {receipt.id}
    assert office.contacts.stored.keys() == {ID}


async def test_a_record_that_has_moved_to_another_address_is_not_erased_with_the_old_one() -> None:
    """D3: it stands for another address now."""
    moved = a_record("1", {"Email": "new@example.com"}, projected=Projected(1, an_id("new@example.com")))
    office = Office(records=MemoryRecords(moved))
    source = replace(office.contacts.stored[ID].sources["Leads:1"], gone=True)
    office.contacts.stored[ID] = replace(office.contacts.stored[ID], sources={"Leads:1": source})
    await office.erase()
    assert office.erased == {ID}


async def test_a_record_of_a_module_that_nobody_syncs_is_found_by_its_address() -> None:
    office = Office(records=MemoryRecords(a_record("1", {"Email": ANN}), a_record("9", {"Email": " ANN@example.com"})))
    await office.erase()
    assert office.erased == {ID, KEY, record_key("Leads:9", ADDRESS_KEY)}


async def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidMessage) as refused:
        await Office().erase("ann at home")
    assert "ann" not in str(refused.value)


async def test_mails_that_wait_are_skipped_and_those_of_a_batch_in_hand_are_left_to_whoever_holds_it() -> None:
    waiting, deferred = an_email(ANN, "a", slice=0), an_email(ANN, "b", slice=-1, state=EmailState.DEFERRED)
    held, started, ended = (an_email(ANN, each, slice=0) for each in ("c", "d", "e"))
    doubtful = replace(an_email(ANN, "f"), resent_at=NOW, reason=DoubtReason.WORKER_DIED)
    office = Office()
    await office.emails.plan([waiting, deferred, held, started, replace(ended, state=EmailState.SENT), doubtful])
    for campaign in "acd":
        await office.slices.plan(campaign, [0])
    await office.slices.claim("c", 0, "worker", 60)
    _, mine = await office.slices.claim("d", 0, "worker", 60)
    await office.slices.start(mine, 60)
    await office.erase()
    states = {row.campaign_id: (row.state, row.reason) for row in office.emails.stored.values()}
    skipped = (EmailState.SKIPPED, SkipReason.ERASED)
    assert states["a"] == states["b"] == skipped
    assert [states[name][0] for name in "cdef"] == [
        EmailState.PLANNED, EmailState.PLANNED, EmailState.SENT, EmailState.PLANNED,
    ]  # fmt: skip
    found = await office.slices.holding("d", 0)
    assert found is not None
    assert found.state is SliceState.STARTED


async def test_what_late_workers_wrote_is_looked_for_once() -> None:
    office = Office()
    await office.erase()
    office.letters.stored[ID] = [{"_id": "late"}]
    late = a_record("5", {"Email": ANN}, projected=Projected(1, ID))
    office.records.stored[late.ref] = replace(late, revision=1)
    await office.eraser().look_again()
    assert office.letters.stored.keys() == {ID}
    office.now = NOW + timedelta(seconds=AGAIN_S)
    await office.eraser().look_again()
    assert office.letters.stored == {}
    assert office.erased == {ID, KEY, record_key("Leads:5", ADDRESS_KEY)}
    assert office.erasures.stored[ID].counts == {"letters": 3, "contacts": 1}
    office.letters.stored[ID] = [{"_id": "somebody else's"}]
    await office.eraser().look_again()
    assert office.letters.stored.keys() == {ID}


async def test_a_survey_tells_what_would_go_and_an_export_what_there_is() -> None:
    office = Office()
    assert await office.eraser().survey(asked()) == {"letters": 2, "contacts": 1}
    export = await PersonExport(office.whereabouts, [office.letters], lambda: NOW)(ANN, None)
    assert export["records"] == ["Leads:1"]
    assert export["data"] == {"letters": [{"_id": "l1"}, {"_id": "l2"}]} or export["data"] == {
        "letters": [{"_id": "l2"}, {"_id": "l1"}]
    }
    assert office.erased == set()


async def test_who_comes_back_by_own_wish_is_free_with_the_records() -> None:
    office = Office()
    await office.erase()
    home = Homecoming(office.suppressions, office.erasures, office.contacts, lambda: NOW)
    assert [await home(ID, "form 12"), await home(ID, "form 12")] == [True, False]
    assert (office.erased, office.contacts.erased) == (set(), set())
    assert office.erasures.stored[ID].lifted_at == NOW
    office.now = NOW + timedelta(seconds=AGAIN_S)
    await office.eraser().look_again()
    assert office.erased == set()


async def test_nobody_who_was_not_erased_comes_back() -> None:
    office = Office()
    home = Homecoming(office.suppressions, office.erasures, office.contacts, lambda: NOW)
    assert await home(ID, "form 12") is False
