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
from domain.email import DoubtReason, EmailState, SkipReason
from domain.erasure import Erasure, erased_ref, record_key
from domain.errors import InvalidMessage
from domain.lists import Suppression
from domain.record import Projected, Record
from domain.slices import SliceState
from handlers.erasure_requested import AGAIN_S, PATIENCE_S, Eraser, Whereabouts
from handlers.homecoming import Homecoming
from handlers.person_export import PersonExport
from messages.erasure_requested import ErasureRequested
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_record, a_stamp, a_sync, an_email, an_id, an_outcome
from tests.fakes.audit import MemoryAudit
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.erasures import MemoryErasures
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.slices import MemorySlices
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.fakes.traces import MemoryContactTraces, MemoryRecordTraces, MemoryTraces
from tests.handlers.audience import Audience, an_update
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
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def look_again(self) -> None:
        """At everybody who is due."""
        eraser = self.eraser()
        for each in await eraser.due():
            await eraser.look_again(each)

    @property
    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.records, self.records, self.contacts, MemoryModules(), ADDRESS_KEY)

    async def erase(self, address: str | None = ANN, record: str | None = None) -> Erasure:
        return await self.eraser().erase(asked(address, record), source="cli")

    @property
    def home(self) -> Homecoming:
        return Homecoming(self.suppressions, self.erasures, self.contacts, lambda: self.now)

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


@pytest.mark.parametrize("step", range(1, 12))
async def test_killed_after_any_step_it_is_done_by_a_repeat(step: int) -> None:
    """And from the second step on nobody else stores or mails anything of the person."""
    office = Office()
    with pytest.raises(Died):
        await office.eraser(Fuse(step)).erase(asked(), source="message")
    suppressed = set() if step == 1 else {ID} if step < 4 else {ID, KEY}
    assert office.erased == suppressed, "the contact before records are looked for"
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


@dataclass
class TellingAbout:
    """While somebody's records are searched, the CRM tells of one more, under a new id."""

    records: MemoryRecords
    crm: Audience

    async def about(self, contact_id: str, identity: str) -> Sequence[Record]:
        await self.crm.tell(an_update("77", {"Email": ANN}))
        return await self.records.about(contact_id, identity)

    async def forget(self, refs: Collection[str]) -> int:
        return await self.records.forget(refs)


async def test_a_record_that_comes_while_an_erasure_searches_is_let_back_with_its_person() -> None:
    """It is found suppressed, and has to be remembered with the erasure, or nothing would ever free it."""
    office = Office()
    crm = Audience(suppressions=office.suppressions, syncs=MemorySyncs(a_sync()), erasures=office.erasures)
    searching = replace(office.whereabouts, of_people=TellingAbout(office.records, crm))
    await replace(office.eraser(), whereabouts=searching).erase(asked(), source="cli")
    other = record_key("Leads:77", ADDRESS_KEY)
    assert office.erased == {ID, KEY, other}
    assert erased_ref("Leads:77", ADDRESS_KEY) in office.erasures.stored[ID].records
    assert await office.home(ID, "form 12")
    assert office.erased == set()


async def test_a_record_that_comes_while_its_person_is_let_back_is_let_back_too() -> None:
    office = Office()
    await office.erase()
    late = record_key("Leads:77", ADDRESS_KEY)

    class Late(MemoryErasures):
        async def lift(self, erasure_id: str, at: datetime) -> None:
            await super().lift(erasure_id, at)
            await office.suppressions.add([Suppression(late, SuppressionReason.ERASED, NOW)])
            await self.with_records(erasure_id, [erased_ref("Leads:77", ADDRESS_KEY)])

    erasures = Late()
    erasures.stored = office.erasures.stored
    office.erasures = erasures
    assert await office.home(ID, "form 12")
    assert office.erased == set()


async def test_an_erasure_by_a_record_alone_is_lifted_by_its_key() -> None:
    office = Office()
    receipt = await office.erase(None, "Leads:7")
    assert await office.home(receipt.id, "form 12")
    assert (office.erased, office.erasures.stored[receipt.id].lifted_at) == (set(), office.now)
    assert not await office.home(receipt.id, "form 12")


async def test_two_that_look_again_at_once_do_no_harm() -> None:
    """The lease may run out while one of them works."""
    office = Office()
    await office.erase()
    office.letters.stored[ID] = [{"_id": "late"}]
    office.now = NOW + timedelta(seconds=AGAIN_S)
    [due] = await office.eraser().due()
    await asyncio.gather(office.eraser().look_again(due), office.eraser().look_again(due))
    assert office.erasures.stored[ID].counts == {"letters": 3, "contacts": 1}
    assert await office.eraser().due() == []


async def test_who_is_let_back_while_somebody_looks_again_stays() -> None:
    office = Office()
    receipt = await office.erase()
    office.now = NOW + timedelta(seconds=AGAIN_S)
    await office.home(ID, "form 12")
    await office.eraser().look_again(receipt)
    assert office.erased == set()


async def test_late_news_of_a_record_without_an_address_count_for_its_own_erasure() -> None:
    office = Office(now=NOW + timedelta(seconds=AGAIN_S))
    key = record_key("Leads:7", ADDRESS_KEY)
    others = [erased_ref(f"Leads:{each}", ADDRESS_KEY) for each in range(20)]
    await office.erasures.begin(Erasure(key, NOW, records=frozenset(others), again_at=NOW))
    await office.look_again()
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
    assert office.now == NOW + timedelta(seconds=PATIENCE_S), "their end was waited for"
    assert office.erasures.stored[ID].receipt()["mails_under_way"] == 2


async def test_the_receipt_comes_when_no_mail_is_under_way_any_more() -> None:
    office = Office()
    row = an_email(ANN, slice=0)
    await office.emails.plan([row])
    await office.slices.plan(row.campaign_id, [0])
    _, held = await office.slices.claim(row.campaign_id, 0, "worker", 60)
    await office.slices.start(held, 60)

    async def sent(_: float) -> None:
        await office.emails.store([an_outcome(row)])

    receipt = await replace(office.eraser(), sleep=sent).erase(asked(), source="cli")
    assert receipt.under_way == 0
    assert office.emails.stored[row.id].state is EmailState.SENT


async def test_what_late_workers_wrote_is_looked_for_once() -> None:
    office = Office()
    await office.erase()
    office.letters.stored[ID] = [{"_id": "late"}]
    late = a_record("5", {"Email": ANN}, projected=Projected(1, ID))
    office.records.stored[late.ref] = replace(late, revision=1)
    await office.look_again()
    assert office.letters.stored.keys() == {ID}
    office.now = NOW + timedelta(seconds=AGAIN_S)
    await office.look_again()
    assert office.letters.stored == {}
    assert office.erased == {ID, KEY, record_key("Leads:5", ADDRESS_KEY)}
    assert office.erasures.stored[ID].counts == {"letters": 3, "contacts": 1}
    office.letters.stored[ID] = [{"_id": "somebody else's"}]
    await office.look_again()
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
    assert [await office.home(ID, "form 12"), await office.home(ID, "form 12")] == [True, False]
    assert (office.erased, office.contacts.erased) == (set(), set())
    assert office.erasures.stored[ID].lifted_at == NOW
    office.now = NOW + timedelta(seconds=AGAIN_S)
    await office.look_again()
    assert office.erased == set()


async def test_nobody_who_was_not_erased_comes_back() -> None:
    office = Office()
    assert await office.home(ID, "form 12") is False
