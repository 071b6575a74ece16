"""A sync that is run again reads only what changed since: what its marks call settled, a whole pass leaves as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Contact, OptOut, left
from domain.eligibility import SuppressionReason
from domain.module import BUILT_IN, Module
from domain.passage import Carried, Change
from domain.projection import Rule, rule_of
from domain.sync import SyncSkip
from tests.builders import NOW, a_suppression, a_sync, an_id
from tests.fakes.contacts import MemoryContacts
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, a_delete, an_update

LEADS = BUILT_IN["Leads"]
SYNC = rule_of(a_sync(topics=("offers",)))


class Unread(MemoryContacts):
    """Contacts that nobody may read as a whole any more."""

    closed = False

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        assert not (self.closed and ids), f"{len(ids)} contacts are read"
        return await super().load(ids)


async def carry(crm: Audience, rule: Rule = SYNC, module: Module = LEADS) -> Mapping[str, Carried]:
    return await crm.carry_over([*crm.records.stored.values()], {"Leads": [rule]}, {"Leads": module})


async def settled(**overrides: Any) -> tuple[Audience, Unread]:
    """Two people who were carried over, and whose contacts cannot be read any more."""
    contacts = Unread()
    crm = Audience(syncs=MemorySyncs(a_sync(topics=("offers",))), contacts=contacts, **overrides)
    await crm.tell(an_update(), an_update("2", {"Email": BEA}))
    contacts.closed = True
    return crm, contacts


async def test_an_unchanged_record_is_told_unchanged_without_reading_its_contact() -> None:
    """R32."""
    crm, _ = await settled()
    before = crm.state()
    assert await carry(crm) == {
        "Leads:1": Carried(an_id(ANN), None, Change.UNCHANGED),
        "Leads:2": Carried(an_id(BEA), None, Change.UNCHANGED),
    }
    assert crm.state() == before


async def test_a_run_settles_what_it_carried_over() -> None:
    crm, contacts = await settled()
    contacts.closed = False
    crm.contacts.stored.clear()
    await carry(crm)
    contacts.closed = True
    assert {each.change for each in (await carry(crm)).values()} == {Change.UNCHANGED}


@pytest.mark.parametrize(
    "rule",
    [
        replace(SYNC, map_version=2),
        replace(SYNC, field_map={}),
        replace(SYNC, lists=("more",)),
        replace(SYNC, topics=()),
        replace(SYNC, update_empty_values=True),
        replace(SYNC, subscription=None),
        replace(SYNC, key="sync:other"),
        replace(SYNC, key="campaign:spring"),
        replace(SYNC, backfills={}),
    ],
)
async def test_another_rule_looks_at_everybody(rule: Rule) -> None:
    crm, _ = await settled()
    with pytest.raises(AssertionError, match="2 contacts are read"):
        await carry(crm, rule)


async def test_another_email_field_looks_at_everybody() -> None:
    crm, _ = await settled()
    with pytest.raises(AssertionError, match="2 contacts are read"):
        await carry(crm, module=replace(LEADS, email_field="Other_Email"))


async def test_another_wish_for_role_addresses_looks_at_everybody() -> None:
    crm, _ = await settled()
    crm.skip_roles = True
    with pytest.raises(AssertionError, match="2 contacts are read"):
        await carry(crm)


async def test_who_was_taken_off_a_list_is_looked_at_again() -> None:
    crm, _ = await settled()
    await crm.contacts.save([left(crm.of(), "news", "sync:leads|Leads:1")])
    with pytest.raises(AssertionError, match="1 contacts are read"):
        await carry(crm)


async def test_who_was_suppressed_is_looked_at_again() -> None:
    crm, contacts = await settled()
    await crm.suppressions.add([a_suppression()])
    contacts.closed = False
    assert (await carry(crm))["Leads:1"].skip is SyncSkip.SUPPRESSED
    assert crm.lists_of() == set()


async def test_who_is_on_no_list_is_never_settled() -> None:
    """A suppression may be lifted, and nothing of the contact changes then."""
    crm = Audience(syncs=MemorySyncs(a_sync()))
    await crm.suppressions.add([a_suppression()])
    await crm.tell(an_update())
    mark = crm.records.stored["Leads:1"].projected
    assert mark is not None
    assert mark.settled is None


async def test_a_campaigns_pass_leaves_the_marks_of_syncs() -> None:
    crm, contacts = await settled()
    before = crm.records.stored["Leads:1"].projected
    contacts.closed = False
    await carry(crm, Rule(key="campaign:spring", field_map=SYNC.field_map, lists=()))
    assert crm.records.stored["Leads:1"].projected == before


def _told(record_id: str, text: str, version: int) -> Any:
    return an_update(record_id, {"Email": text, "First_Name": f"{version}"}, version=version)


IDS, ADDRESSES = st.sampled_from(["1", "2", "3"]), st.sampled_from([ANN, BEA, "cyd@example.com", ""])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("told"), st.builds(_told, IDS, ADDRESSES, st.integers(1, 6))),
        st.tuples(st.just("told"), st.builds(a_delete, IDS, st.integers(1, 6))),
        st.tuples(st.sampled_from(["run", "other run", "leaves", "refuses", "bounces", "lifted"]), ADDRESSES),
    ),
    max_size=10,
)


@settings(deadline=None)
@given(STEPS)
def test_what_is_settled_a_whole_pass_leaves_as_it_is(steps: list[tuple[str, Any]]) -> None:
    """Whatever happened before: the same people on the same lists, and nothing to write for a pass without marks."""
    asyncio.run(_the_same(steps))


async def _the_same(steps: list[tuple[str, Any]]) -> None:
    crm = Audience(syncs=MemorySyncs(a_sync(topics=("offers",))))
    for kind, what in steps:
        await _step(crm, kind, what)
    await carry(crm)
    contacts = dict(crm.contacts.stored)
    for ref, record in crm.records.stored.items():
        mark = record.projected
        crm.records.stored[ref] = replace(record, projected=replace(mark, settled=None) if mark else None)
    await carry(crm)
    assert crm.contacts.stored == contacts


async def _step(crm: Audience, kind: str, what: Any) -> None:
    contact = crm.contacts.stored.get(an_id(what)) if isinstance(what, str) and what else None
    if kind == "told":
        await crm.tell(what)
    elif kind in {"run", "other run"}:
        await carry(crm, SYNC if kind == "run" else replace(SYNC, key="sync:other", lists=("more",)))
    elif contact and kind == "leaves":
        await crm.contacts.save([left(contact, "news", "sync:leads|Leads:1")])
    elif contact and kind == "refuses":
        await crm.contacts.save([replace(contact, opt_out=OptOut(NOW, "operator"))])
    elif contact and kind == "bounces":
        await crm.suppressions.add([a_suppression(contact.address)])
    elif contact and kind == "lifted":
        await crm.suppressions.lift(
            a_suppression(contact.address, reason=SuppressionReason.HARD_BOUNCED), at=NOW, because="mended"
        )
