"""Leaving the CRM and coming back (R96-R102): whatever is repeated, killed half way or done by two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from domain.campaign import UNDER_REVIEW, Campaign, CampaignStatus, Layout, Origin
from domain.email import EmailState
from domain.errors import Busy, Conflict, NotConfirmed, NotReady, StoreUnavailable
from domain.integration import IntegrationChange, IntegrationState
from domain.series import Entry, EntryEnd, Series, SeriesStatus, Step, Trigger, TriggerKind, entry_id
from domain.slices import Slice
from domain.sync import Sync, SyncStatus
from handlers.campaign_moves import CampaignMoves
from handlers.crm_gate import CrmGate
from handlers.detachment import Detachment
from handlers.integration_changed import IntegrationChanger
from handlers.timers import Timers
from messages.base import Message
from messages.integration_changed import IntegrationChanged
from messages.sync_requested import SyncMode, SyncRequested
from tests.builders import NOW, a_campaign, a_record, a_sync, an_outcome, emails
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.integrations import MemoryIntegrations
from tests.fakes.leases import MemoryLeases
from tests.fakes.records import MemoryRecords
from tests.fakes.series import MemorySeries
from tests.fakes.series_entries import MemoryEntries
from tests.fakes.slices import MemorySlices
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, Audience, an_update

C, Is, S = IntegrationChange, IntegrationState, CampaignStatus
NAME = "Green Ltd"


def the_campaigns() -> list[Campaign]:
    """One in each status, of which only "sending" has people."""
    live = [a_campaign(str(status), status=status) for status in S if status is not S.OFFLINE]
    return [replace(each, slices=3, chains=1) if each.id == "sending" else each for each in live]


def a_series(series_id: str) -> Series:
    step = Step("hi", f"{series_id}-hi", Trigger(TriggerKind.JOINED))
    return Series(series_id, series_id, "news", steps=(step,))


@dataclass
class Company:
    """A deployment with a campaign in each status, two syncs and a series."""

    campaigns: MemoryCampaigns = field(default_factory=lambda: MemoryCampaigns(*the_campaigns()))
    integrations: MemoryIntegrations = field(default_factory=MemoryIntegrations)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    entries: MemoryEntries = field(default_factory=MemoryEntries)
    now: datetime = NOW

    def __post_init__(self) -> None:
        rows = [replace(row, slice=number) for number, row in enumerate(emails(3, campaign_id="sending"))]
        self.emails = MemoryEmails(*rows)
        self.slices = MemorySlices(*(Slice("sending", number) for number in range(3)))
        self.series = MemorySeries(Series("hello", "Hello", "news", SeriesStatus.RUNNING))
        syncs = MemorySyncs(a_sync(), a_sync("draft", status=SyncStatus.DRAFT))
        self.crm = Audience(
            records=MemoryRecords(a_record("1", {"Email": ANN})),
            syncs=syncs,
            integrations=self.integrations,
            leases=self.leases,
        )
        self.detach = self.another("first")

    def another(self, owner: str) -> Detachment:
        """What another process has."""
        return Detachment(
            integrations=self.integrations,
            campaigns=CampaignMoves(self.campaigns, self.emails, self.slices, lambda: self.now),
            offline=self.campaigns,
            series=self.series,
            entries=self.entries,
            syncs=self.crm.moves,
            remove=self.crm.remover,
            leases=self.leases,
            traffic=self.crm.traffic,
            timers=Timers(lambda: self.now),
            owner=owner,
        )

    async def asked(self, change: C, request: str = "r1", confirmation: str = NAME) -> None:
        told = IntegrationChanged(change=change, confirmed_by="Ann", confirmation=confirmation, request_id=request)
        assert await IntegrationChanger(self.integrations, NAME, lambda: self.now)(told) == []

    async def tick(self, seconds: float = 1) -> Sequence[Message]:
        self.now += timedelta(seconds=seconds)
        self.slices.pass_time(seconds)
        self.leases.pass_time(seconds)
        return await self.detach.tick()

    async def over(self, change: C, request: str = "r1") -> None:
        """All of it, the slices of syncs as well."""
        await self.asked(change, request)
        for message in [*await self.tick(), *await self.tick()]:
            assert isinstance(message, SyncRequested)
            await self.crm.runner(message)
        await self.tick()
        assert self.integrations.stored.finished

    @property
    def state(self) -> Is:
        return self.integrations.stored.state

    def statuses(self) -> dict[str, str]:
        return {id_: str(each.status) for id_, each in self.campaigns.stored.items()}

    def picture(self) -> tuple[object, ...]:
        return (
            self.integrations.stored, dict(self.campaigns.stored), dict(self.emails.stored),
            dict(self.crm.syncs.stored), dict(self.series.stored), dict(self.crm.contacts.stored),
        )  # fmt: skip


async def test_deactivated_every_campaign_is_offline_in_the_standard_layout() -> None:
    """R96. What each was before is kept, for whoever takes it up again."""
    here = Company()
    await here.over(C.DEACTIVATE)
    assert set(here.statuses().values()) == {S.OFFLINE}
    assert {each.layout for each in here.campaigns.stored.values()} == {Layout.STANDARD}
    assert all(str(each.left_as) == id_ for id_, each in here.campaigns.stored.items())
    assert here.campaigns.stored["draft"].status_reason == "the integration was deactivated"


async def test_deactivated_syncs_rest_and_records_are_kept_all_the_same() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    assert {each.status for each in here.crm.syncs.stored.values()} == {SyncStatus.PAUSED, SyncStatus.DRAFT}
    await here.crm.tell(an_update("7", {"Email": "new@example.com"}))
    assert "Leads:7" in here.crm.records.stored
    assert not here.crm.contacts.stored, "nobody comes on a list by a sync that rests"


async def test_disabled_syncs_are_deleted_for_good_and_their_people_leave_the_lists() -> None:
    """R101."""
    here = Company()
    await here.crm.tell(an_update("1", {"Email": ANN}))
    assert here.crm.of().memberships
    await here.over(C.DISABLE)
    assert not here.crm.syncs.stored
    assert not here.crm.of().memberships
    assert set(here.statuses().values()) == {S.OFFLINE}


async def test_a_series_goes_offline_with_its_people() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    assert here.series.stored["hello"].status is SeriesStatus.OFFLINE


async def test_nothing_is_detached_while_a_living_worker_holds_a_batch() -> None:
    """Whoever waits for `detached_at` knows that nothing more is sent."""
    here = Company()
    _, held = await here.slices.claim("sending", 1, "worker", 60)
    assert await here.slices.start(held, 60)
    await here.asked(C.DEACTIVATE)
    await here.tick()
    assert here.statuses()["sending"] == S.OFFLINE, "workers see it, and stop"
    assert here.integrations.stored.detaching
    [row] = await here.emails.due_in_slice("sending", 1)
    await here.emails.store([an_outcome(row)])
    await here.slices.release(held)
    await here.tick()
    assert here.integrations.stored.finished
    assert sorted(str(row.state) for row in here.emails.stored.values()) == ["sent", "skipped", "skipped"]
    assert {row.reason for row in here.emails.stored.values() if row.state is EmailState.SKIPPED} == {"offline"}


async def test_what_a_dead_worker_had_begun_is_in_doubt_and_the_books_close() -> None:
    here = Company()
    _, held = await here.slices.claim("sending", 1, "worker", 60)
    assert await here.slices.start(held, 60)
    await here.asked(C.DISABLE)
    await here.tick()
    assert here.integrations.stored.detaching
    await here.tick(61)
    assert not here.integrations.stored.detaching
    assert sorted(str(row.state) for row in here.emails.stored.values()) == ["in_doubt", "skipped", "skipped"]


@pytest.mark.parametrize("change", [C.DEACTIVATE, C.DISABLE])
async def test_a_repeated_message_changes_nothing(change: C) -> None:
    here = Company()
    await here.over(change)
    before = here.picture()
    await here.asked(change)
    assert await here.tick() == []
    assert here.picture() == before


async def test_a_request_of_before_that_comes_again_after_the_next_one_changes_nothing() -> None:
    here = Company()
    await here.over(C.DEACTIVATE, "r1")
    await here.asked(C.ACTIVATE, "r2")
    await here.campaigns.add(a_campaign("new"))
    await here.asked(C.DEACTIVATE, "r1")
    await here.tick()
    assert (here.state, here.statuses()["new"]) == (Is.ACTIVE, S.DRAFT)


async def test_two_at_once_do_it_once() -> None:
    here = Company()
    await here.asked(C.DISABLE)
    other = here.another("second")
    await here.tick()
    first, second = await here.tick(), await other.tick()
    assert (len(first), second) == (2, [])


async def test_a_process_that_takes_over_finishes_what_another_began() -> None:
    here = Company()
    await here.asked(C.DISABLE)
    await here.tick()  # its messages are lost with it
    here.leases.pass_time(11)
    for message in await here.another("second").tick():
        assert isinstance(message, SyncRequested)
        await here.crm.runner(message)
    await here.another("second").tick()
    assert here.integrations.stored.finished
    assert not here.crm.syncs.stored


async def test_slices_of_a_removal_are_offered_again_only_after_a_minute() -> None:
    here = Company()
    await here.asked(C.DISABLE)
    assert await here.tick() == []
    assert len(await here.tick()) == 2
    assert await here.tick() == []
    assert len(await here.tick(61)) == 2


async def test_killed_at_any_step_the_next_tick_goes_on() -> None:
    class Dying(MemoryCampaigns):
        """MongoDB goes away at the so-manieth call."""

        left_calls = 0

        async def get(self, campaign_id: str) -> Campaign | None:
            self.left_calls -= 1
            if self.left_calls == 0:
                raise StoreUnavailable("gone")
            return await super().get(campaign_id)

    for dies_at in range(1, 11):
        here = Company(campaigns=Dying(*the_campaigns()))
        here.campaigns.left_calls = dies_at  # type: ignore[attr-defined]
        await here.asked(C.DEACTIVATE)
        with pytest.raises(StoreUnavailable):
            await here.tick()
        await here.tick()
        assert here.integrations.stored.finished
        assert set(here.statuses().values()) == {S.OFFLINE}


async def test_the_wrong_text_is_refused_with_what_to_type_and_changes_nothing() -> None:
    here = Company()
    before = here.picture()
    with pytest.raises(NotConfirmed, match="type the organisation's name: Green Ltd"):
        await here.asked(C.DISABLE, confirmation="yes")
    assert await here.tick() == []
    assert here.picture() == before


async def test_coming_back_starts_clean() -> None:
    """Old campaigns stay offline, syncs rest until somebody resumes them; what is new is as ever."""
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.asked(C.ACTIVATE, "r2", confirmation="")
    assert await here.tick() == []
    assert here.state is Is.ACTIVE
    assert set(here.statuses().values()) == {S.OFFLINE}
    assert here.crm.syncs.stored["leads"].status is SyncStatus.PAUSED
    await CrmGate(here.integrations).check_campaign("new", Origin.CRM)


async def test_nobody_comes_back_while_syncs_are_being_deleted() -> None:
    here = Company()
    await here.asked(C.DISABLE)
    await here.tick()
    with pytest.raises(Busy, match="still being disabled"):
        await here.asked(C.ACTIVATE, "r2")


async def test_disabling_what_was_deactivated_leaves_alone_what_was_made_here_since() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.campaigns.add(a_campaign("new", status=S.SENDING))
    await here.over(C.DISABLE, "r2")
    assert here.statuses()["new"] == S.SENDING
    assert not here.crm.syncs.stored


async def test_left_again_everything_that_was_made_since_goes_offline_too() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.asked(C.ACTIVATE, "r2")
    await here.campaigns.add(a_campaign("new"))
    await here.over(C.DEACTIVATE, "r3")
    assert here.statuses()["new"] == S.OFFLINE


# ---- what workers had in hand when it was left


async def test_a_tick_that_takes_a_campaign_offline_does_not_say_that_nothing_is_sent() -> None:
    """Another may have been added behind its back; only a search that finds none has seen all."""
    here = Company()
    await here.asked(C.DEACTIVATE)
    await here.tick()
    assert here.integrations.stored.detaching
    await here.campaigns.add(a_campaign("late"))
    await here.tick()
    assert (here.statuses()["late"], here.integrations.stored.detaching) == (S.OFFLINE, True)
    await here.tick()
    assert here.integrations.stored.finished


@pytest.mark.parametrize("change", [C.DEACTIVATE, C.DISABLE])
async def test_a_campaign_of_the_crm_that_was_stored_once_it_was_left_goes_offline(change: C) -> None:
    here = Company()
    await here.over(change)
    await here.campaigns.add(a_campaign("late", origin=Origin.CRM))
    await here.campaigns.add(a_campaign("ours", origin=Origin.CAMPAIGNS))
    await here.tick()
    assert not here.integrations.stored.finished
    await here.tick()
    assert (here.statuses()["late"], here.statuses()["ours"]) == (S.OFFLINE, S.DRAFT)
    assert here.integrations.stored.finished


@pytest.mark.parametrize("change", [C.DEACTIVATE, C.DISABLE])
async def test_a_series_of_the_crm_that_was_stored_once_it_was_left_goes_offline_with_its_messages(change: C) -> None:
    here = Company()
    await here.over(change)
    late = a_series("late")
    await here.campaigns.add(a_campaign("late-hi", origin=Origin.CRM))
    await here.tick()
    await here.tick()
    assert here.integrations.stored.finished, "its messages are gone before it is there"
    await here.series.add(late)
    await here.campaigns.add(a_campaign("ours-hi", origin=Origin.CAMPAIGNS))
    await here.series.add(a_series("ours"))
    await here.tick()
    assert {one.id: one.status for one in here.series.stored.values()} == {
        "hello": SeriesStatus.OFFLINE, "late": SeriesStatus.OFFLINE, "ours": SeriesStatus.DRAFT
    }  # fmt: skip
    assert here.integrations.stored.finished


async def test_who_enters_a_series_while_it_goes_offline_is_let_go_of() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.entries.enter([Entry(entry_id("hello", "c1", 0), "hello", "c1", 0, NOW, next_at=NOW)])
    await here.tick(61)
    [entry] = await here.entries.of_contact("c1")
    assert (entry.ended, entry.next_at) == (EntryEnd.STOPPED, None)


async def test_leaving_waits_for_a_sync_that_began_when_it_was_linked() -> None:
    """It saw that it may, and stores once nobody looks for it: nothing of it comes after leaving is over."""
    here = Company()
    async with here.crm.traffic.passing():
        await here.asked(C.DEACTIVATE)
        await here.tick()
        await here.tick()
        assert here.integrations.stored.detaching
        await here.crm.syncs.save(a_sync("late"))
    await here.tick()
    assert not here.integrations.stored.detaching
    assert here.crm.syncs.stored["late"].status is SyncStatus.PAUSED
    await here.tick()
    assert here.integrations.stored.finished


async def test_of_a_sync_that_was_killed_leaving_waits_for_the_lease_alone() -> None:
    here = Company()
    await here.leases.take("crm-traffic:dead", "dead", 60)
    await here.asked(C.DEACTIVATE)
    await here.tick()
    await here.tick()
    assert here.integrations.stored.detaching
    await here.tick(60)
    assert here.integrations.stored.finished


async def test_a_sync_that_is_asked_for_once_it_is_being_left_writes_nothing() -> None:
    here = Company()
    await here.asked(C.DEACTIVATE)
    before = here.picture()
    with pytest.raises(NotReady, match="sync leads rests"):
        await here.crm.run(SyncRequested(sync_id="leads", mode=SyncMode.INITIATE))
    assert (here.picture(), here.leases.held) == (before, {})


@pytest.mark.parametrize("change", [C.DEACTIVATE, C.DISABLE])
async def test_slices_that_wait_when_it_is_left_end_cleanly(change: C) -> None:
    here = Company()
    slices = await here.crm.runner(SyncRequested(sync_id="leads", mode=SyncMode.INITIATE))
    assert slices
    await here.over(change)
    before = here.picture()
    for message in slices:
        assert isinstance(message, SyncRequested)
        await here.crm.runner(message)
    assert here.picture() == before
    run = await here.crm.runs.get(str(slices[0].run_id))
    assert run is not None
    assert run.ended_at is not None


async def test_a_sync_that_began_once_it_was_left_rests() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.crm.syncs.save(a_sync("late"))
    await here.tick()
    assert here.crm.syncs.stored["late"].status is SyncStatus.PAUSED
    assert here.integrations.stored.finished


async def test_a_sync_that_began_once_all_were_deleted_is_deleted_too_also_under_an_old_name() -> None:
    here = Company()
    await here.over(C.DISABLE)
    await here.crm.syncs.save(a_sync())
    for message in await here.tick():
        assert isinstance(message, SyncRequested)
        await here.crm.runner(message)
    await here.tick()
    assert not here.crm.syncs.stored
    assert here.integrations.stored.finished


async def test_rows_that_a_remainder_had_planned_of_a_sent_campaign_are_skipped() -> None:
    here = Company()
    here.emails.stored.update({row.id: row for row in emails(1, campaign_id="sent")})
    await here.over(C.DEACTIVATE)
    assert {row.state for row in here.emails.stored.values()} == {EmailState.SKIPPED}


async def test_rows_that_a_review_stores_after_the_campaign_went_offline_are_skipped_at_a_later_tick() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    await here.tick()
    [row] = emails(1, campaign_id=str(next(iter(UNDER_REVIEW))))
    here.emails.stored[row.id] = row
    await here.tick(61)
    assert here.emails.stored[row.id].state is EmailState.SKIPPED


async def test_a_campaign_whose_books_are_closed_is_not_looked_at_every_second() -> None:
    class Counting(MemoryCampaigns):
        got = 0

        async def get(self, campaign_id: str) -> Campaign | None:
            self.got += 1
            return await super().get(campaign_id)

    campaigns = Counting(*the_campaigns())
    here = Company(campaigns=campaigns)
    _, held = await here.slices.claim("sending", 1, "worker", 60)
    assert await here.slices.start(held, 60)
    await here.asked(C.DEACTIVATE)
    await here.tick()
    before = campaigns.got
    await here.tick()
    assert campaigns.got - before == 1, "the one that is held"


async def test_a_sync_that_others_are_at_keeps_no_other_from_being_deleted() -> None:
    here = Company()
    await here.asked(C.DISABLE)
    await here.tick()
    remove, told = here.crm.remover.syncs.save, []

    async def busy(sync: Sync) -> Sync:
        if sync.id == "draft" and not told:
            told.append(sync.id)
            raise Conflict("somebody else has changed it")
        return await remove(sync)

    here.crm.syncs.save = busy  # type: ignore[method-assign]
    assert [message.sync_id for message in await here.tick() if isinstance(message, SyncRequested)] == ["leads"]
    assert [message.sync_id for message in await here.tick() if isinstance(message, SyncRequested)] == ["draft"]


async def test_a_lost_race_changes_nothing() -> None:
    here = Company()
    known = await here.integrations.get()
    await here.asked(C.DEACTIVATE)
    with pytest.raises(Conflict):
        await here.integrations.save(known)


# ---- what the CRM may no longer ask for


@pytest.mark.parametrize("change", [C.DEACTIVATE, C.DISABLE])
async def test_once_left_campaigns_are_sent_from_the_campaigns_side_only(change: C) -> None:
    """R98."""
    here, way = Company(), "campaigns campaign send spring"
    await here.over(change)
    gate = CrmGate(here.integrations)
    await gate.check_campaign("spring", Origin.CAMPAIGNS)
    with pytest.raises(NotReady, match=f"asked for in the CRM, and the integration is {here.state}: .*{way}"):
        await gate.check_campaign("spring", Origin.CRM)


async def test_while_campaigns_go_offline_nobody_makes_a_new_one() -> None:
    here = Company()
    await here.asked(C.DEACTIVATE)
    with pytest.raises(Busy, match="being taken offline"):
        await CrmGate(here.integrations).check_campaign("new", Origin.CAMPAIGNS)


async def test_once_left_no_sync_runs_and_deleting_one_is_possible() -> None:
    here = Company()
    await here.over(C.DEACTIVATE)
    with pytest.raises(NotReady, match="sync leads rests: the integration is deactivated"):
        await CrmGate(here.integrations).check_sync("leads")
