"""Any events, lost and told again after any faults, in any order: the end is that of the in-order run (D1-D4)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Contact, OptOut
from messages.record_changed import RecordChanged
from tests.builders import NOW, a_contact, a_suppression, a_sync
from tests.fakes.contacts import MemoryContacts
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, an_update
from tests.handlers.faults.faulty import Died, Fault, Life, Way, mortal, played
from tests.handlers.faults.test_audience_under_fault import AudiencePlay

CYD = "cyd@example.com"
FAULTS = st.lists(st.builds(Fault, st.integers(0, 40), st.sampled_from(Way)), max_size=4)
PEOPLE = st.sampled_from([("Leads", "1"), ("Leads", "2"), ("Contacts", "1")])
FIELDS = st.fixed_dictionaries(
    {"Email": st.sampled_from([ANN, BEA, CYD, "", "no address"]), "First_Name": st.sampled_from(["x", "y"])}
)
#: Versions of three records of two modules, conversions among them: a lead is deleted, a contact has its address.
EVENTS = st.lists(
    st.builds(
        lambda key, fields, version, operation: an_update(
            key[1], fields, module=key[0], operation=operation, complete=False, version=version
        ),
        PEOPLE,
        FIELDS,
        st.integers(1, 5),
        st.sampled_from(["update", "update", "delete", "undelete"]),
    ),
    max_size=7,
    unique_by=lambda event: (event.module, event.record_id, event.source_version),
)


class Told(AudiencePlay):
    """Windows of events about people in two modules; one has a dead mailbox, and some may have left for good."""

    def __init__(self, windows: Sequence[Sequence[RecordChanged]], *left: Contact) -> None:
        syncs = MemorySyncs(a_sync(topics=("offers",)), a_sync("people", module="Contacts"))
        dead = MemorySuppressions(a_suppression(CYD))
        super().__init__(Audience(syncs=syncs, contacts=MemoryContacts(*left), suppressions=dead))
        self.windows, self.left = windows, left

    def messages(self) -> Sequence[Sequence[RecordChanged]]:
        return self.windows

    async def handle(self, message: Sequence[RecordChanged], life: Life) -> Sequence[Any]:
        try:
            await mortal(self.crm, life).tell(*message)
        finally:
            self.check()
        return []  # what is asked for goes to the CRM

    def check(self) -> None:
        """Also right after a death: nobody is subscribed again, and no mark is ahead of its contact."""
        for contact in self.crm.contacts.stored.values():
            refused = contact.opted_out or contact.address == CYD
            assert not (refused and contact.memberships)
        for each in self.left:
            assert not self.crm.contacts.stored[each.id].memberships
            assert not self.crm.contacts.stored[each.id].topics
        for record in self.crm.records.stored.values():
            if record.projected and record.projected.contact_id:
                assert record.ref in self.crm.contacts.stored[record.projected.contact_id].sources

    def state(self) -> Any:
        """Without what is asked for: a part of a record is asked for as long as it is one."""
        records = self.crm.records.stored.values()
        return self.crm.seen(), {each.ref: (each.values(), each.deleted, each.version) for each in records}


@settings(deadline=None)
@given(told=EVENTS, size=st.integers(1, 4), faults=FAULTS, seed=st.integers(0, 1000), times=st.integers(1, 2))
def test_loss_repetition_and_disorder_end_as_the_run_in_order(
    told: list[RecordChanged], size: int, faults: list[Fault], seed: int, times: int
) -> None:
    """What a dead worker had not acknowledged comes again, later than what was published after it.

    Refusals have a test of their own: an old address keeps the opt-out that it once had (D3).
    """
    in_order = [[event] for event in sorted(told, key=lambda event: (event.changed_at, event.module, event.record_id))]
    windows = [told[start : start + size] for start in range(0, len(told), size)]
    assert asyncio.run(_end(Told(windows), faults, seed, times)) == asyncio.run(_end(Told(in_order), [], None, 1))


async def _end(play: Told, faults: list[Fault], seed: int | None, times: int) -> Any:
    await played(play, *faults, times=times, order=None if seed is None else random.Random(seed))
    return play.state()


@settings(deadline=None)
@given(told=EVENTS, size=st.integers(1, 4), faults=FAULTS, seed=st.integers(0, 1000), times=st.integers(1, 2))
def test_nobody_who_left_comes_back_whatever_is_lost_or_told_again(
    told: list[RecordChanged], size: int, faults: list[Fault], seed: int, times: int
) -> None:
    """D4, looked at after every delivery; topics and opt-out stay as the person left them."""
    left = a_contact(BEA, sources={}, opt_out=OptOut(NOW, "preferences"), left_topics=frozenset({"offers"}))
    play = Told([told[start : start + size] for start in range(0, len(told), size)], left)
    asyncio.run(_end(play, faults, seed, times))
    now = play.crm.of(BEA)
    assert now.opt_out == left.opt_out
    assert now.left_topics >= left.left_topics


@settings(deadline=None)
@given(told=EVENTS.filter(bool), at=st.integers(0, 12), way=st.sampled_from([Way.DIES_BEFORE, Way.DIES_AFTER]))
def test_a_worker_that_dies_and_never_comes_back_left_no_record_ahead_of_its_contact(
    told: list[RecordChanged], at: int, way: Way
) -> None:
    """contracts.md: contact, then record with its mark; the other way round nothing would ever look there again."""
    asyncio.run(_died(Told([told]), Fault(at, way)))


async def _died(play: Told, fault: Fault) -> None:
    life = Life([fault])
    try:
        await play.handle(play.windows[0], life)
    except Died:
        assert life.dead
