"""Records on their way to contacts: what syncs, changed records and reviews share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.contact import Contact, OptOut
from domain.eligibility import SuppressionReason
from domain.errors import Conflict
from domain.module import BUILT_IN
from domain.passage import Carried, Change
from domain.projection import Rule, rule_of
from domain.record import Record
from domain.sync import SyncSkip
from tests.builders import NOW, a_contact, a_record, a_suppression, a_sync, an_id, later
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.handlers.audience import ANN, BEA, Audience

SYNC = rule_of(a_sync())


def a_lead(record_id: str = "1", text: str = ANN, version: int = 1, **fields: Any) -> Record:
    return a_record(record_id, {"Email": text, **fields}, version=version, changed_at=later(version))


def an_audience(*records: Record, **overrides: Any) -> Audience:
    return Audience(records=MemoryRecords(*records), **overrides)


async def carry(crm: Audience, rule: Rule = SYNC) -> dict[str, Carried]:
    records = list(crm.records.stored.values())
    return dict(await crm.carry_over(records, {"Leads": [rule]}, {"Leads": BUILT_IN["Leads"]}))


async def test_what_came_of_a_record_is_told() -> None:
    """D5: new, then unchanged, then updated."""
    crm = an_audience(a_lead(First_Name="Ann"))
    assert await carry(crm) == {"Leads:1": Carried(an_id(ANN), None, Change.NEW)}
    assert (await carry(crm))["Leads:1"].change is Change.UNCHANGED
    assert (await carry(crm, replace(SYNC, map_version=2)))["Leads:1"].change is Change.UPDATED


async def test_a_repeated_pass_changes_nothing() -> None:
    """R32."""
    crm = an_audience(a_lead("1"), a_lead("2"), a_lead("3", BEA))
    await carry(crm)
    before = crm.state()
    await carry(crm)
    assert crm.state() == before


@pytest.mark.parametrize(
    ("record", "skip"),
    [
        (replace(a_lead(), deleted_version=2), SyncSkip.DELETED),
        (a_lead(text=" "), SyncSkip.NO_EMAIL),
        (a_lead(text="ann at example"), SyncSkip.INVALID_EMAIL),
    ],
)
async def test_a_record_without_an_address_has_no_contact_and_a_reason(record: Record, skip: SyncSkip) -> None:
    """D5."""
    crm = an_audience(record)
    assert await carry(crm) == {"Leads:1": Carried(None, skip, Change.UNCHANGED)}
    assert crm.contacts.stored == {}


@pytest.mark.parametrize(
    ("reason", "skip"),
    [
        (SuppressionReason.HARD_BOUNCED, SyncSkip.SUPPRESSED),
        (SuppressionReason.COMPLAINED, SyncSkip.SUPPRESSED),
        (SuppressionReason.UNSUBSCRIBED, SyncSkip.OPTED_OUT),
        (SuppressionReason.MANUAL, SyncSkip.OPTED_OUT),
    ],
)
async def test_a_suppressed_person_has_a_contact_and_no_list(reason: SuppressionReason, skip: SyncSkip) -> None:
    """D5: a review finds them again and tells why they are not mailed."""
    crm = an_audience(a_lead(), suppressions=MemorySuppressions(a_suppression(reason=reason)))
    assert await carry(crm) == {"Leads:1": Carried(an_id(ANN), skip, Change.NEW)}
    assert crm.lists_of() == set()


async def test_an_opted_out_person_has_a_contact_and_no_list() -> None:
    crm = an_audience(a_lead(Email_Opt_Out=True))
    assert (await carry(crm))["Leads:1"].skip is SyncSkip.OPTED_OUT
    assert crm.lists_of() == set()


async def test_an_erased_person_is_not_stored_again() -> None:
    crm = an_audience(a_lead(), suppressions=MemorySuppressions(a_suppression(reason=SuppressionReason.ERASED)))
    assert await carry(crm) == {"Leads:1": Carried(None, SyncSkip.SUPPRESSED, Change.UNCHANGED)}
    assert crm.contacts.stored == {}


@pytest.mark.parametrize(("skip_roles", "lists"), [(False, {"news"}), (True, set())])
async def test_role_addresses_are_left_out_where_the_organisation_wants_it(skip_roles: bool, lists: set[str]) -> None:
    """D5."""
    crm = an_audience(a_lead(text="info@example.com"), skip_roles=skip_roles)
    await carry(crm)
    assert crm.lists_of("info@example.com") == lists


async def test_a_double_names_the_record_that_wins() -> None:
    """D2, D5."""
    crm = an_audience(a_lead("1", version=1), a_lead("2", version=2))
    found = await carry(crm)
    assert (found["Leads:1"].duplicate_of, found["Leads:2"].duplicate_of) == ("Leads:2", None)


async def test_the_address_is_written_as_the_winner_writes_it() -> None:
    crm = an_audience(a_lead("1", "Ann@example.com", 2), a_lead("2", "ANN@example.com", 1))
    await carry(crm)
    assert crm.of().address == "Ann@example.com"


async def test_lists_of_campaigns_move_along() -> None:
    """D3: a campaign put the record on a list; later the record has another address."""
    crm = an_audience(a_lead())
    await carry(crm, Rule(key="campaign:spring", field_map={}, lists=("spring",)))
    crm.records.stored["Leads:1"] = replace(crm.records.stored["Leads:1"], **_moved_to(BEA))
    await carry(crm)
    assert (crm.lists_of(ANN), crm.lists_of(BEA)) == (set(), {"spring", "news"})


async def test_who_stays_behind_an_address_is_called_by_their_own_name() -> None:
    """D2, D3."""
    crm = an_audience(a_lead("1", First_Name="Ann"), a_lead("2", version=2, First_Name="Bea"))
    await carry(crm)
    assert crm.of().values() == {"first_name": "Bea"}
    moved = replace(crm.records.stored["Leads:2"], **_moved_to(BEA))
    crm.records.stored["Leads:2"] = moved
    found = await crm.carry_over([moved], {"Leads": [SYNC]}, {"Leads": BUILT_IN["Leads"]})
    assert crm.of().values() == {"first_name": "Ann"}
    assert found.keys() == {"Leads:2"}


async def test_what_came_of_a_record_that_is_carried_over_twice_is_counted_as_a_change() -> None:
    """D5: it changed, and is looked at again because somebody else left its address; the second look finds nothing."""
    crm = an_audience(a_lead("1"), a_lead("2", version=2))
    await carry(crm)
    crm.records.stored["Leads:1"] = replace(crm.records.stored["Leads:1"], **_changed(a_lead(version=3, Last_Name="B")))
    crm.records.stored["Leads:2"] = replace(crm.records.stored["Leads:2"], **_moved_to(BEA))
    found = await carry(crm)
    assert (found["Leads:1"].change, found["Leads:2"].change) == (Change.UPDATED, Change.NEW)


async def test_a_record_in_no_sync_is_not_in_the_answer() -> None:
    crm = an_audience(a_lead())
    assert await crm.carry_over([*crm.records.stored.values()], {}, BUILT_IN) == {}


class Busy(MemoryContacts):
    """Somebody unsubscribes right before the first write."""

    def __init__(self, *contacts: Contact) -> None:
        super().__init__(*contacts)
        self.calls = 0

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        self.calls += 1
        if self.calls == 1:
            ann = self.stored[an_id(ANN)]
            self.stored[ann.id] = replace(ann, opt_out=OptOut(NOW, "unsubscribe:spring"), revision=ann.revision + 1)
        return await super().save(contacts)


async def test_an_unsubscribe_at_the_same_moment_is_taken_in() -> None:
    """D4: it neither gets lost nor is undone."""
    crm = an_audience(a_lead(), contacts=Busy(a_contact(ANN, sources={})))
    assert (await carry(crm))["Leads:1"].skip is SyncSkip.OPTED_OUT
    assert crm.of().opt_out
    assert crm.lists_of() == set()


class Locked(MemoryContacts):
    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        return frozenset(contact.id for contact in contacts)


async def test_contacts_that_others_never_stop_changing_are_tried_again_later() -> None:
    with pytest.raises(Conflict, match="1 contacts kept changing"):
        await carry(an_audience(a_lead(), contacts=Locked()))


def _moved_to(text: str) -> dict[str, Any]:
    return _changed(a_lead(text=text, version=9, First_Name="Bea"))


def _changed(after: Record) -> dict[str, Any]:
    return {name: getattr(after, name) for name in ("fields", "alive_version", "snapshot_version", "changed_at")}
