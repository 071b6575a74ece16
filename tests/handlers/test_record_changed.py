"""Changed records are kept, and the people behind them follow (D1-D5)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Contact, OptOut, left_topic
from domain.eligibility import SuppressionReason
from domain.errors import Conflict, StoreUnavailable, UnknownModule
from domain.record import Record, applied
from domain.sync import SyncStatus
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted
from tests.builders import NOW, a_contact, a_suppression, a_sync, an_id
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, a_delete, an_update


def synced(besides: str | None = None, **overrides: Any) -> Audience:
    """Everything empty, and an active sync of all leads (and of the module `besides`) into "news"."""
    syncs = [a_sync(topics=("offers",)), *([a_sync("besides", module=besides)] if besides else [])]
    return Audience(syncs=MemorySyncs(*syncs), **overrides)


async def test_a_changed_record_reaches_the_lists_of_active_syncs() -> None:
    """R9, R18."""
    crm = synced()
    assert await crm.tell(an_update()) == []
    assert crm.records.stored["Leads:1"].values() == {"Email": ANN, "First_Name": "Ann"}
    assert crm.of().values() == {"first_name": "Ann"}
    assert (crm.lists_of(), set(crm.of().topics)) == ({"news"}, {"offers"})


async def test_a_repeated_event_changes_nothing() -> None:
    crm = synced()
    await crm.tell(an_update(), an_update("2", {"Email": BEA}), an_update(version=2, fields={"Email": BEA}))
    before = crm.state()
    await crm.tell(an_update(version=2, fields={"Email": BEA}), an_update("2", {"Email": BEA}))
    assert crm.state() == before


async def test_a_crash_between_record_and_contact_is_mended_by_the_repeat() -> None:
    """contracts.md: an event of equal version re-projects."""
    crm = synced()
    await crm.records.save([Record("Leads", "1")])
    await crm.tell(an_update())
    crm.contacts.stored.clear()
    await crm.tell(an_update())
    assert crm.lists_of() == {"news"}


class Dying(MemoryContacts):
    """The worker dies with the n-th write of contacts from now on."""

    left = 0

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        self.left -= 1
        if not self.left:
            raise StoreUnavailable("the worker died")
        return await super().save(contacts)


@pytest.mark.parametrize("write", [1, 2, 3])
async def test_who_stays_behind_gets_their_values_back_even_when_the_worker_dies_meanwhile(write: int) -> None:
    """D2, D3: arrival, departure, then those who stay behind; only when all is done nobody looks there again."""
    crm = synced(contacts=(contacts := Dying()))
    await crm.tell(an_update("1", version=1))
    await crm.tell(an_update("2", {"Email": ANN, "First_Name": "Bea"}, version=2))
    moved = an_update("2", {"Email": BEA, "First_Name": "Bea"}, version=3)
    contacts.left = write
    with pytest.raises(StoreUnavailable):
        await crm.tell(moved)
    await crm.tell(moved)
    assert (crm.of(ANN).values(), crm.of(BEA).values()) == ({"first_name": "Ann"}, {"first_name": "Bea"})


@pytest.mark.parametrize("status", [SyncStatus.DRAFT, SyncStatus.PAUSED])
async def test_without_an_active_sync_a_record_is_only_stored(status: SyncStatus) -> None:
    """R16."""
    crm = Audience(syncs=MemorySyncs(a_sync(status=status)))
    await crm.tell(an_update())
    assert crm.records.stored["Leads:1"].projected is None
    assert crm.contacts.stored == {}


async def test_an_opt_out_and_a_delete_reach_people_even_when_the_sync_is_paused() -> None:
    """D1, D4: what is refused counts at once."""
    crm = synced()
    await crm.tell(an_update(), an_update("2", {"Email": BEA}))
    crm.syncs.stored.clear()
    await crm.tell(an_update(version=2, fields={"Email": ANN, "Email_Opt_Out": True}), a_delete("2"))
    assert crm.of().opted_out
    assert (crm.lists_of(), crm.lists_of(BEA)) == (set(), set())


async def test_what_a_record_was_told_while_nobody_carried_it_over_reaches_people_later() -> None:
    """An event of the version that was carried over already: the mark of then must not hide it from the next run."""
    crm = synced()
    await crm.tell(an_update())
    crm.syncs.stored["leads"] = replace(crm.syncs.stored["leads"], status=SyncStatus.PAUSED)
    crm.contacts.stored.pop(an_id(ANN))
    await crm.tell(an_update(fields={"Last_Name": "Lee"}, complete=False))
    mark = crm.records.stored["Leads:1"].projected
    assert mark is not None
    assert mark.settled is None


async def test_a_person_who_is_converted_stays_one_contact() -> None:
    """D2, D3: the lead becomes a contact in the CRM, under another id in another module; what they said stays."""
    created = an_update("9", {"Email": ANN, "Last_Name": "Lee"}, module="Contacts", version=3)
    for order in permutations([a_delete(version=2), created]):
        crm = synced(besides="Contacts")
        await crm.tell(an_update())
        crm.contacts.stored[an_id(ANN)] = left_topic(crm.of(), "offers")
        for event in order:
            await crm.tell(event)
        assert list(crm.contacts.stored) == [an_id(ANN)]
        assert [source.ref for source in crm.of().present()] == ["Contacts:9"]
        assert (crm.lists_of(), crm.of().left_topics) == ({"news"}, {"offers"})
        assert crm.of().values()["last_name"] == "Lee"


async def test_a_converted_lead_that_left_is_not_subscribed_by_the_conversion() -> None:
    """D4."""
    created = an_update("9", {"Email": ANN, "Last_Name": "Lee"}, module="Contacts", version=3)
    for order in permutations([a_delete(version=2), created]):
        crm = synced(besides="Contacts")
        await crm.tell(an_update(fields={"Email": ANN, "Email_Opt_Out": True}))
        for event in order:
            await crm.tell(event)
        assert crm.of().opted_out
        assert crm.lists_of() == set()


async def test_however_many_events_tell_of_one_record_it_is_no_larger() -> None:
    """Tombstones, versions and marks are counters, not histories."""
    crm = synced()
    sizes = set()
    for version in range(1, 1_001, 50):
        window = [
            an_update(fields={"Email": ANN, "First_Name": f"{n:05}"}, version=n) for n in range(version, version + 50)
        ]
        await crm.tell(*window, a_delete(version=version), an_update(operation="undelete", version=version + 49))
        record, contact = crm.records.stored["Leads:1"], crm.of()
        sizes.add((len(record.fields), len(contact.sources), len(contact.fields), len(contact.memberships)))
    assert sizes == {(2, 1, 1, 1)}


async def test_an_unknown_module_is_named() -> None:
    with pytest.raises(UnknownModule, match="module: Pets is not known; describe it"):
        await synced().tell(an_update(module="Pets"))


async def test_an_event_that_only_names_a_record_asks_for_it() -> None:
    crm = synced()
    assert await crm.tell(_ids_only()) == [_wanted("1")]
    assert crm.records.stored == {}


async def test_a_part_of_a_record_never_told_whole_is_kept_and_asked_for_until_it_is() -> None:
    """Also by the repeat: a crash before the question was published does not lose it."""
    crm = synced()
    part = an_update(complete=False, version=2)
    assert await crm.tell(part) == [_wanted("1")]
    assert await crm.tell(part) == [_wanted("1")]
    assert crm.lists_of() == {"news"}
    assert await crm.tell(an_update(version=1)) == []
    assert await crm.tell(part) == []


async def test_a_deleted_record_is_not_asked_for() -> None:
    crm = synced()
    await crm.tell(an_update(fields={"First_Name": "Ann"}, complete=False))
    assert await crm.tell(a_delete()) == []


async def test_a_create_tells_a_record_whole() -> None:
    assert await synced().tell(an_update(operation="create", complete=False)) == []


async def test_a_deleted_record_leaves_the_list_and_a_late_event_does_not_bring_it_back() -> None:
    """D1, D4."""
    crm = synced()
    await crm.tell(an_update())
    await crm.tell(a_delete(version=3))
    await crm.tell(an_update(version=2))
    assert crm.lists_of() == set()
    assert crm.records.stored["Leads:1"].deleted


async def test_an_opt_out_that_comes_after_the_delete_of_its_record_counts() -> None:
    """D1, D4: a double of the deleted record is not mailed either."""
    crm = synced()
    await crm.tell(a_delete("2", version=2), an_update("1"))
    await crm.tell(an_update("2", {"Email": ANN, "Email_Opt_Out": True}, version=1))
    assert crm.of().opted_out
    assert crm.lists_of() == set()


@pytest.mark.parametrize("word", [{}, {"Email_Opt_Out": False}])
@pytest.mark.parametrize("late", [False, True])
async def test_an_opt_out_is_taken_back_by_its_name_only(word: dict[str, Any], late: bool) -> None:
    """D4: whole records that leave it out, such as the rows of an import without that column, bring nobody back."""
    crm = synced()
    told = [
        an_update(fields={"Email": ANN, "Email_Opt_Out": True}),
        an_update(version=2, fields={"Email": ANN, **word}),
    ]
    for event in reversed(told) if late else told:
        await crm.tell(event)
    assert crm.of().opted_out is not bool(word)
    assert crm.lists_of() == ({"news"} if word else set())


async def test_an_undeleted_record_is_on_the_list_again() -> None:
    crm = synced()
    await crm.tell(an_update(), a_delete(version=2))
    await crm.tell(an_update(fields={}, operation="undelete", complete=False, version=3))
    assert crm.lists_of() == {"news"}


async def test_an_undelete_that_only_names_a_record_brings_it_back_and_asks_for_it() -> None:
    """As CRMs post a restored record: nobody waits for the answer, nor for whoever should give it."""
    crm = synced()
    await crm.tell(an_update(), a_delete(version=2))
    back = an_update(operation="undelete", complete=False, version=3).model_copy(update={"fields": None})
    assert await crm.tell(back) == [_wanted("1")]
    assert crm.lists_of() == {"news"}
    assert crm.of(ANN).values() == {"first_name": "Ann"}
    assert await crm.tell(back) == [_wanted("1")]
    assert await synced().tell(back) == [_wanted("1")]


async def test_a_record_moves_to_its_new_address_with_lists_and_consents() -> None:
    """D3."""
    crm = synced()
    await crm.tell(an_update())
    await crm.tell(an_update(version=2, fields={"Email": BEA}))
    assert (crm.lists_of(ANN), crm.lists_of(BEA)) == (set(), {"news"})
    assert crm.of(BEA).topics == {"offers"}
    assert crm.of(ANN).values() == {"first_name": "Ann"}


async def test_an_address_that_changes_back_and_forth_ends_where_the_record_says() -> None:
    """D3, D4."""
    crm = synced()
    for version, text in enumerate((ANN, BEA, ANN, BEA, ANN), start=1):
        await crm.tell(an_update(version=version, fields={"Email": text}))
    assert (crm.lists_of(ANN), crm.lists_of(BEA)) == ({"news"}, set())


async def test_two_records_that_swap_their_addresses_swap_their_places() -> None:
    """D3: within one window."""
    crm = synced()
    await crm.tell(an_update("1", {"Email": ANN}), an_update("2", {"Email": BEA}))
    await crm.tell(an_update("1", {"Email": BEA}, version=2), an_update("2", {"Email": ANN}, version=2))
    assert [source.ref for source in crm.of(ANN).present()] == ["Leads:2"]
    assert [source.ref for source in crm.of(BEA).present()] == ["Leads:1"]


@pytest.mark.parametrize("fields", [{"Email": None}, {}, {"Email": "no address"}])
async def test_a_record_that_lost_its_address_leaves_the_list(fields: dict[str, Any]) -> None:
    """D3, D5."""
    crm = synced()
    await crm.tell(an_update())
    await crm.tell(an_update(version=2, fields=fields))
    assert crm.lists_of() == set()


async def test_several_records_of_one_address_are_one_contact() -> None:
    """D2."""
    crm = synced()
    await crm.tell(an_update("1"), an_update("2", {"Email": " ANN@Example.com", "First_Name": "Anna"}, version=2))
    assert list(crm.contacts.stored) == [an_id(ANN)]
    assert crm.of().values() == {"first_name": "Anna"}
    assert crm.of().sources.keys() == {"Leads:1", "Leads:2"}


async def test_who_stays_behind_an_address_keeps_their_values_whatever_their_module() -> None:
    """D2: a lead that became a contact and was deleted takes its own values along, not those it hid."""
    crm = synced(besides="Contacts")
    await crm.tell(an_update(module="Contacts", fields={"Email": ANN, "First_Name": "Bea"}, version=1))
    await crm.tell(an_update(fields={"Email": ANN, "First_Name": "Ann"}, version=2))
    assert crm.of().values() == {"first_name": "Ann"}
    await crm.tell(a_delete())
    assert crm.of().values() == {"first_name": "Bea"}


@pytest.mark.parametrize("reason", [each for each in SuppressionReason if each is not SuppressionReason.ERASED])
async def test_somebody_suppressed_gets_values_but_no_list(reason: SuppressionReason) -> None:
    """D4."""
    crm = synced(suppressions=MemorySuppressions(a_suppression(reason=reason)))
    await crm.tell(an_update())
    assert crm.of().values() == {"first_name": "Ann"}
    assert not crm.of().memberships
    assert not crm.of().topics


async def test_nothing_is_stored_of_an_erased_person_again() -> None:
    crm = synced(suppressions=MemorySuppressions(a_suppression(reason=SuppressionReason.ERASED)))
    await crm.tell(an_update())
    assert crm.contacts.stored == {}


async def test_somebody_who_left_is_not_brought_back_by_a_new_record() -> None:
    """D4."""
    left = a_contact(ANN, opt_out=OptOut(NOW, "unsubscribe:spring"), left_topics=frozenset({"offers"}), sources={})
    crm = synced(contacts=MemoryContacts(left))
    await crm.tell(an_update(), an_update("2", version=2))
    assert not crm.of().memberships
    assert not crm.of().topics


async def test_an_opt_out_of_one_record_takes_its_double_off_the_list() -> None:
    """D2, D4."""
    crm = synced()
    await crm.tell(an_update("1"), an_update("2"))
    await crm.tell(an_update("2", {"Email": ANN, "Email_Opt_Out": "true"}, version=2))
    assert crm.lists_of() == set()


@pytest.mark.parametrize(
    ("reason", "opted_out"),
    [
        (SuppressionReason.COMPLAINED, True),
        (SuppressionReason.UNSUBSCRIBED, True),
        (SuppressionReason.HARD_BOUNCED, False),
    ],
)
async def test_a_new_address_undoes_no_refusal_but_replaces_a_dead_mailbox(
    reason: SuppressionReason, opted_out: bool
) -> None:
    """D3, D4: whoever complained is not mailed elsewhere; a dead mailbox is why people change their address."""
    crm = synced()
    await crm.tell(an_update())
    await crm.suppressions.add([a_suppression(reason=reason)])
    await crm.tell(an_update(version=2, fields={"Email": BEA}))
    assert crm.of(BEA).opted_out is opted_out
    assert crm.lists_of(BEA) == (set() if opted_out else {"news"})


@pytest.mark.parametrize(
    "windows",
    [
        [[an_update(version=1), an_update(version=2, fields={"Email": BEA})]],
        [[an_update(version=2, fields={"Email": BEA})], [an_update(version=1)]],
    ],
)
@pytest.mark.parametrize("reason", [None, SuppressionReason.UNSUBSCRIBED])
async def test_a_refusal_follows_a_record_from_an_address_that_it_never_came_to(
    windows: list[list[RecordChanged]], reason: SuppressionReason | None
) -> None:
    """D3, D4: both events in one window, or the older one late: as if each had come alone and in time."""
    refused = a_contact(sources={}, opt_out=OptOut(NOW, "preferences"))
    crm = synced(contacts=MemoryContacts(*([] if reason else [refused])))
    await crm.suppressions.add([a_suppression(reason=reason)] if reason else [])
    for window in windows:
        await crm.tell(*window)
    assert crm.of(BEA).opted_out
    assert crm.lists_of(BEA) == set()


class Meanwhile(MemoryRecords):
    """Somebody else gets in between, once: after records are loaded, or before they are saved or marked."""

    def __init__(self, *, others: Sequence[RecordChanged], at: str) -> None:
        super().__init__()
        self.others, self.at, self.crm = list(others), at, Audience()

    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        found = await super().load(refs)
        await self._somebody_else("load")
        return found

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        await self._somebody_else("save")
        return await super().save(records)

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        await self._somebody_else("mark")
        return await super().mark_projected(records)

    async def _somebody_else(self, at: str) -> None:
        if self.others and at == self.at:
            others, self.others = self.others, []
            await self.crm.tell(*others)


@pytest.mark.parametrize(("at", "stored"), [("load", False), ("save", False), ("load", True), ("mark", True)])
@pytest.mark.parametrize(
    ("other", "place"),
    [(an_update(version=2, fields={"Email": BEA}), BEA), (a_delete(version=2), None)],
)
async def test_a_worker_that_is_overtaken_leaves_nobody_where_the_record_no_longer_is(
    at: str, stored: bool, other: RecordChanged, place: str | None
) -> None:
    """D3, D4: two workers with the same record at the same time; it is new, or came before there was a sync."""
    records = Meanwhile(others=[other], at=at)
    crm = synced(records=records)
    records.crm = crm
    if stored:
        records.stored["Leads:1"] = replace(applied(Record("Leads", "1"), an_update(version=1).to_change()), revision=1)
    await crm.tell(an_update(version=1))
    on_lists = {each.address for each in crm.contacts.stored.values() if each.memberships}
    assert on_lists == ({place} if place else set())
    assert not records.others


async def test_a_dead_workers_leftover_is_found_by_the_repeat_of_its_event() -> None:
    """The worker had carried version 1 over to ann after others moved the record on, and died before it noticed."""
    crm = synced()
    await crm.tell(an_update(version=1))
    leftover = crm.of(ANN)
    crm.contacts.stored.clear()
    crm.records.stored.clear()
    await crm.tell(an_update(version=2, fields={"Email": BEA}))
    crm.contacts.stored[leftover.id] = leftover
    await crm.tell(an_update(version=1))
    assert (crm.lists_of(ANN), crm.lists_of(BEA)) == (set(), {"news"})


class NeverMine(MemoryRecords):
    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        return frozenset(record.ref for record in records)


async def test_a_record_that_others_never_stop_changing_is_tried_again_later() -> None:
    with pytest.raises(Conflict, match="1 records kept changing"):
        await synced(records=NeverMine()).tell(an_update())


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("between", [an_update(version=2, fields={"Email": ""}), a_delete(version=2)])
async def test_a_refusal_follows_a_record_that_had_no_address_in_between(between: RecordChanged, late: bool) -> None:
    """D3, D4: whoever left, also after the address was gone, is not subscribed by the next one."""
    crm = synced()
    await crm.tell(*([between] if late else [an_update()]))
    await crm.tell(*([an_update()] if late else [between]))
    await crm.suppressions.add([a_suppression(reason=SuppressionReason.UNSUBSCRIBED)])
    back = an_update(version=3, fields={"Email": BEA}, operation="undelete")
    await crm.tell(back)
    assert crm.of(BEA).opted_out
    assert crm.lists_of(BEA) == set()
    before = crm.state()
    await crm.tell(back)
    assert crm.state() == before


async def test_a_record_that_stands_behind_somebody_remembers_nobody_else() -> None:
    """What was refused later where it once was is no word about where it is now."""
    crm = synced()
    for event in (an_update(), an_update(version=2, fields={}), an_update(version=3, fields={"Email": BEA})):
        await crm.tell(event)
    await crm.suppressions.add([a_suppression(reason=SuppressionReason.UNSUBSCRIBED)])
    await crm.tell(an_update(version=4, fields={"Email": BEA, "First_Name": "Bea"}))
    assert crm.lists_of(BEA) == {"news"}


class Editing(MemoryContacts):
    """The sync gets another list while a window is being stored."""

    def __init__(self, syncs: MemorySyncs) -> None:
        super().__init__()
        self.syncs = syncs

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        known = self.syncs.stored["leads"]
        if known.lists == ("news",):
            await self.syncs.save(replace(known, lists=("other",)))
        return await super().save(contacts)


async def test_a_sync_that_changes_while_its_records_do_is_followed_as_it_is_then() -> None:
    """Else they would stay where a run of the change does not look any more."""
    syncs = MemorySyncs(a_sync())
    crm = Audience(syncs=syncs, contacts=Editing(syncs))
    await crm.tell(an_update())
    assert crm.lists_of() == {"other"}


def _ids_only() -> RecordChanged:
    return an_update().model_copy(update={"fields": None})


def _wanted(record_id: str) -> RecordWanted:
    return RecordWanted(module="Leads", record_id=record_id)


# Names are never taken away again: with "update empty field value" off (R15), what is kept depends on what once came.
# Moves and opt-outs have a test each: an old address keeps the opt-out that it once had (D3).
NAMES = st.dictionaries(st.sampled_from(["First_Name", "Last_Name"]), st.sampled_from(["x", "y", "z"]), max_size=2)


def events(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[RecordChanged]]:
    """Versions of three records of two modules; each version once, as a CRM counts them."""
    told = st.builds(
        lambda names, more, key, operation: an_update(
            key[0][1], names | more, module=key[0][0], operation=operation, complete=False, version=key[1]
        ),
        NAMES,
        st.fixed_dictionaries(fields),
        st.tuples(st.sampled_from([("Leads", "1"), ("Leads", "2"), ("Contacts", "1")]), st.integers(1, 5)),
        st.sampled_from(["update", "update", "delete", "undelete"]),
    )
    return st.lists(told, max_size=8, unique_by=lambda event: (event.module, event.record_id, event.source_version))


ADDRESSES = st.sampled_from([ANN, BEA, "cyd@example.com", "", "no address"])


@settings(deadline=None)
@given(data=st.data(), told=events(Email=ADDRESSES))
def test_any_order_and_repetition_ends_with_the_same_people_on_the_lists(
    data: st.DataObject, told: list[RecordChanged]
) -> None:
    """D1-D4, with addresses that change back and forth, and windows of any size."""
    asyncio.run(_compare(data, told))


@settings(deadline=None)
@given(data=st.data(), told=events(Email=st.just(ANN), Email_Opt_Out=st.booleans()))
def test_any_order_and_repetition_ends_with_the_same_opt_outs(data: st.DataObject, told: list[RecordChanged]) -> None:
    """D2, D4: three records of one person."""
    asyncio.run(_compare(data, told))


@settings(deadline=None)
@given(data=st.data(), told=events(Email=ADDRESSES))
def test_any_order_ends_with_the_same_refusal_at_the_last_address(
    data: st.DataObject, told: list[RecordChanged]
) -> None:
    """D3, D4: somebody left at the first of the addresses that one record had."""
    one = [event for event in told if (event.module, event.record_id) == ("Leads", "1")]
    asyncio.run(_compare(data, one, SuppressionReason.UNSUBSCRIBED))


async def _compare(data: st.DataObject, told: list[RecordChanged], refused: SuppressionReason | None = None) -> None:
    in_order, shuffled = synced(besides="Contacts"), synced(besides="Contacts")
    for crm in (in_order, shuffled):
        await crm.suppressions.add([a_suppression(reason=refused)] if refused else [])
    for event in sorted(told, key=lambda event: (event.changed_at, event.module, event.record_id)):
        await in_order.tell(event)
    again = data.draw(st.lists(st.sampled_from(told), max_size=4)) if told else []
    arrivals = data.draw(st.permutations(told + again))
    window = data.draw(st.integers(1, 5))
    for start in range(0, len(arrivals), window):
        await shuffled.tell(*arrivals[start : start + window])
    assert _without_bookkeeping(shuffled) == _without_bookkeeping(in_order)
    suppressed = {an_id(ANN)} if refused else set()  # whether it is opted out besides says nothing more of it
    assert _seen(shuffled, suppressed) == _seen(in_order, suppressed)


def _seen(crm: Audience, without: set[str]) -> dict[str, Any]:
    return {key: seen for key, seen in crm.seen().items() if key not in without}


def _without_bookkeeping(crm: Audience) -> dict[str, Any]:
    return {ref: (each.values(), each.deleted, each.version) for ref, each in crm.records.stored.items()}


@settings(deadline=None)
@given(told=events(Email=ADDRESSES, Email_Opt_Out=st.booleans()), refused=st.sampled_from([ANN, BEA]))
def test_nothing_ever_puts_somebody_back_who_left_or_is_suppressed(told: list[RecordChanged], refused: str) -> None:
    """D4: whatever comes in whatever order."""
    asyncio.run(_nobody_comes_back(told, refused))


async def _nobody_comes_back(told: list[RecordChanged], refused: str) -> None:
    opted_out = a_contact(refused, sources={}, opt_out=OptOut(NOW, "crm"), left_topics=frozenset({"offers"}))
    dead = a_suppression("cyd@example.com")
    crm = synced(contacts=MemoryContacts(opted_out), suppressions=MemorySuppressions(dead))
    for event in told:
        await crm.tell(event)
        for contact in crm.contacts.stored.values():
            assert not (contact.memberships and contact.opted_out)
        assert crm.of(refused).opt_out
        assert not crm.of(refused).memberships
        assert not crm.of(refused).topics
        if cyd := crm.contacts.stored.get(dead.contact_id):
            assert not cyd.memberships
            assert not cyd.topics
