"""The outgoing feed: without gaps, in order, nothing lost, and once numbered the same for ever."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState, ServiceStatus
from domain.erasure import erased_ref
from domain.errors import BrokerUnavailable, Conflict, StoreUnavailable
from domain.feed import CampaignMove, Entry, MarkedCampaign, MarkedEmail, Replay
from handlers.feed import FeedRelay
from handlers.feed_news import CampaignNews, ContactsNews, EmailNews, News, Numbering, SyncNews
from handlers.feed_replay_requested import ReplayDesk
from handlers.timers import Timers
from messages.feed_replay_requested import FeedReplayRequested
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, a_run, a_suppression, an_email, emails, later
from tests.fakes.announcer import MemoryAnnouncer, Told
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.feed_marks import MemoryFeedMarks
from tests.fakes.leases import MemoryLeases
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.replays import MemoryReplays

ANN = replace(an_email(), state=EmailState.SENT, state_at=NOW)
OPENED = replace(ANN, service=ServiceStatus.OPENED, times={"opened": later(60)})
REPLIED = replace(OPENED, service=ServiceStatus.REPLIED, times={"opened": later(60), "replied": later(90)})


class CrashingMarks(MemoryFeedMarks):
    """Dies right after what it was asked to mark as told was numbered."""

    crashes = False

    async def emails_told(self, told: Sequence[MarkedEmail]) -> None:
        if self.crashes and told:
            self.crashes = False
            raise StoreUnavailable("killed")
        await super().emails_told(told)

    async def campaigns_told(self, told: Sequence[MarkedCampaign]) -> None:
        if self.crashes and told:
            self.crashes = False
            raise StoreUnavailable("killed")
        await super().campaigns_told(told)


class World:
    def __init__(self, **overrides: Any) -> None:
        self.marks, self.outbox, self.replays = CrashingMarks(), MemoryOutbox(), MemoryReplays()
        self.announcer, self.leases, self.now = MemoryAnnouncer("crm"), MemoryLeases(), NOW
        self.contacts = MemoryContacts(a_contact())
        self.campaigns = MemoryCampaigns(a_campaign(member_status="Invited"))
        self.relay = self.another("a", **overrides)

    def another(self, owner: str, **overrides: Any) -> FeedRelay:
        return FeedRelay(
            news=self._news(),
            outbox=self.outbox,
            replays=self.replays,
            announcer=self.announcer,
            leases=self.leases,
            timers=Timers(lambda: self.now),
            owner=owner,
            keep=timedelta(days=30),
            **overrides,
        )

    def _news(self) -> Sequence[News]:
        numbering = Numbering(self.outbox, lambda: self.now)
        return [
            CampaignNews(self.marks, numbering),
            SyncNews(self.marks, numbering),
            ContactsNews(self.marks, self.contacts, numbering),
            EmailNews(self.marks, self.campaigns, self.contacts, numbering),
        ]

    async def told(self, *written: Email) -> list[tuple[int, str]]:
        """Numbers and statuses that are published once these emails were written."""
        for email in written:
            self.marks.written(email)
        before = len(self.announcer.announced)
        await self.relay.tick()
        return statuses(self.announcer.announced[before:])


def statuses(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    return [(entry.number, entry.data["status"]) for entry in entries if "status" in entry.data]


async def test_a_member_status_is_told_when_it_changes_and_numbered_in_its_campaigns_stream() -> None:
    world = World()
    assert await world.told(ANN) == [(1, "Sent")]
    assert await world.told(OPENED) == [(2, "Opened")]
    first = world.announcer.announced[0]
    assert (first.stream, first.type, first.at) == ("campaign:spring", "member-status-changed", NOW)
    assert first.data["record"] == ANN.ref


async def test_a_repeated_write_that_changes_no_status_tells_nothing() -> None:
    world = World()
    await world.told(OPENED)
    assert await world.told(OPENED) == []
    assert await world.told(an_email("bob@example.com", state=EmailState.DEFERRED)) == []


async def test_who_goes_back_to_the_status_given_is_told_as_well() -> None:
    """A verdict that was given again: no bounce after all."""
    world = World()
    await world.told(replace(ANN, state=EmailState.HARD_BOUNCED))
    assert await world.told(replace(ANN, state=EmailState.FAILED)) == [(2, "Invited")]
    assert await world.told(replace(ANN, state=EmailState.HARD_BOUNCED)) == [(3, "Bounced")]


async def test_an_answer_is_told_once_in_the_stream_of_contacts() -> None:
    world = World()
    await world.told(REPLIED)
    await world.told(REPLIED)
    [answer] = world.outbox.of("contacts")
    assert (answer.type, answer.number, answer.at) == ("contact-replied", 1, later(90))
    assert answer.data["campaign_id"] == "spring"


@pytest.mark.parametrize(
    ("then", "more"), [(ANN, []), (OPENED, [(2, "Opened")]), (REPLIED, [(2, "Responded")])]
)  # fmt: skip
async def test_a_crash_between_numbering_and_marking_loses_nothing_and_tells_nothing_twice(
    then: Email, more: list[tuple[int, str]]
) -> None:
    world = World()
    world.marks.written(ANN)
    world.marks.crashes = True
    with pytest.raises(StoreUnavailable):
        await world.relay.tick()
    assert await world.told(then) == [(1, "Sent"), *more]


async def test_what_went_back_during_a_crash_is_told_too() -> None:
    world = World()
    world.marks.written(replace(ANN, state=EmailState.SOFT_BOUNCED))
    world.marks.crashes = True
    with pytest.raises(StoreUnavailable):
        await world.relay.tick()
    assert await world.told(replace(ANN, state=EmailState.FAILED)) == [(1, "Bounced"), (2, "Invited")]


async def test_what_was_not_confirmed_is_published_again_under_the_same_ids_and_numbers() -> None:
    world = World()
    for email in emails(3, state=EmailState.SENT, state_at=NOW):
        world.marks.written(email)
    world.announcer.breaks_after = 2
    with pytest.raises(BrokerUnavailable):
        await world.relay.tick()
    await world.relay.tick()
    assert [entry.number for entry in world.announcer.announced] == [1, 2, 1, 2, 3]
    assert world.announcer.announced[:2] == world.announcer.announced[2:4]


async def test_every_move_of_a_campaign_is_told_however_quickly_they_followed() -> None:
    world = World()
    for revision, (status, at) in enumerate(
        [("draft", 0), ("draft", 0), ("sending", 1), ("paused", 2), ("sending", 3)]
    ):
        world.marks.moved(CampaignMove("spring", revision, status, later(at), "a person" if at == 2 else None))
    world.marks.crashes = True
    with pytest.raises(StoreUnavailable):
        await world.relay.tick()
    await world.relay.tick()
    world.marks.moved(CampaignMove("spring", 5, "sending", later(3)))  # another write, not a move
    await world.relay.tick()
    assert statuses(world.announcer.announced) == [(1, "draft"), (2, "sending"), (3, "paused"), (4, "sending")]
    assert world.announcer.announced[2].data["reason"] == "a person"


@pytest.mark.parametrize(
    ("reason", "type_"),
    [
        (SuppressionReason.UNSUBSCRIBED, "contact-unsubscribed"),
        (SuppressionReason.COMPLAINED, "contact-complained"),
        (SuppressionReason.HARD_BOUNCED, "contact-bounced"),
    ],
)
async def test_who_is_not_mailed_any_more_is_told_with_every_record(reason: SuppressionReason, type_: str) -> None:
    world = World()
    for _ in range(2):  # a repeat
        world.marks.suppressed(a_suppression(reason=reason))
        await world.relay.tick()
    [told] = world.announcer.announced
    assert (told.stream, told.type, told.contact_id) == ("contacts", type_, a_contact().id)
    assert told.data["address"] == "ann@example.com"


async def test_a_person_of_whom_nothing_is_left_is_told_without_address() -> None:
    world = World()
    world.marks.suppressed(a_suppression("gone@example.com"))
    await world.relay.tick()
    assert "address" not in world.announcer.announced[0].data


async def test_a_sync_that_has_ended_is_told_once() -> None:
    world = World()
    for _ in range(2):
        world.marks.ended(a_run(ended_at=later(9), mode="initiate", counts={"new": 2}))
        await world.relay.tick()
    [told] = world.announcer.announced
    assert (told.stream, told.data["sync_id"], told.data["counts"]) == ("syncs", "leads", {"new": 2})


async def test_only_who_has_the_lease_tells() -> None:
    world = World()
    world.marks.written(ANN)
    await world.leases.take("feed", "somebody else", 30)
    await world.relay.tick()
    assert world.announcer.announced == []
    world.leases.pass_time(31)
    await world.relay.tick()
    assert len(world.announcer.announced) == 1


class SlowAnnouncer(MemoryAnnouncer):
    """What it publishes takes longer than the lease, and another process takes that."""

    def __init__(self, leases: MemoryLeases) -> None:
        super().__init__()
        self.leases = leases

    async def announce(self, entries: Sequence[Entry], reached: Told, refused: Told) -> None:
        await super().announce(entries, reached, refused)
        if entries:
            await self._too_late()

    async def repeat(self, entries: Sequence[Entry], replay: Replay, reached: Told) -> int:
        taken = await super().repeat(entries, replay, reached)
        await self._too_late()
        return taken

    async def _too_late(self) -> None:
        self.leases.pass_time(31)
        assert await self.leases.take("feed", "b", 30)


@pytest.mark.parametrize("slow", ["publishing", "repeating"])
async def test_who_lost_the_lease_under_way_does_nothing_more(slow: str) -> None:
    """Two that publish the same streams would mix up their order."""
    world = World()
    if slow == "repeating":
        await world.told(ANN)
    else:
        world.marks.written(ANN)
        world.announcer.breaks_after = 0
        with pytest.raises(BrokerUnavailable):
            await world.relay.tick()  # numbered, not published
    world.marks.written(OPENED)
    await world.replays.add(Replay("r1", "campaign:spring", 1))
    world.announcer = SlowAnnouncer(world.leases)
    await world.another("a").tick()
    [numbered] = world.outbox.of("campaign:spring")
    assert world.announcer.announced == ([numbered] if slow == "publishing" else [])
    assert world.announcer.repeated == ([(None, numbered)] if slow == "repeating" else [])


class OneByOne(MemoryAnnouncer):
    """Each is confirmed alone, until `at` of them were; then `then` happens."""

    def __init__(self, at: int, then: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.at, self.then = at, then

    async def announce(self, entries: Sequence[Entry], reached: Told, refused: Told) -> None:
        for entry in entries:
            if len(self.announced) == self.at:
                await self.then()
            await super().announce([entry], reached, refused)


async def test_what_a_slow_follower_has_taken_does_not_come_again() -> None:
    """A tick that ends in the middle of a stream is as far as the stream was confirmed."""
    world = World()

    async def breaks() -> None:
        raise BrokerUnavailable("full")

    world.relay = replace(world.relay, announcer=OneByOne(2, breaks))
    with pytest.raises(BrokerUnavailable):
        await world.told(*emails(3, state=EmailState.SENT, state_at=NOW))
    world.relay = replace(world.relay, announcer=world.announcer)
    await world.relay.tick()
    assert [entry.number for entry in world.announcer.announced] == [3]


async def test_the_lease_is_renewed_while_publishing_and_who_lost_it_stops() -> None:
    world = World()

    async def long_after() -> None:
        world.now = later(31)
        world.leases.pass_time(31)
        assert await world.leases.take("feed", "b", 30)

    announcer = OneByOne(1, long_after)
    world.relay = replace(world.relay, announcer=announcer)
    with pytest.raises(Conflict):
        await world.told(*emails(3, state=EmailState.SENT, state_at=NOW))
    assert [entry.number for entry in announcer.announced] == [1, 2]


async def test_of_several_replays_the_oldest_goes_first() -> None:
    """One a round: what is published under one lease does not grow with what was asked for."""
    world = World(at_once=1)
    await world.told(*emails(2, state=EmailState.SENT, state_at=NOW))
    await world.replays.add(Replay("r1", "campaign:spring", 1, asked_at=later(2)))
    await world.replays.add(Replay("r2", "campaign:spring", 1, queue="crm", asked_at=later(1)))
    await world.relay.tick()
    assert [(queue, entry.number) for queue, entry in world.announcer.repeated] == [
        ("crm", 1), ("crm", 2), (None, 1), (None, 2),
    ]  # fmt: skip


async def test_a_replay_has_the_same_ids_and_goes_where_it_is_wanted() -> None:
    world = World(at_once=2)
    await world.told(*emails(5, state=EmailState.SENT, state_at=NOW))
    desk = ReplayDesk(world.replays)
    asked = FeedReplayRequested(request_id="r1", stream="campaign:spring", from_number=2, to_number=4, to_queue="crm")
    await desk(asked)
    await world.relay.tick()
    assert world.announcer.repeated == [("crm", entry) for entry in world.outbox.of("campaign:spring")[1:4]]
    assert world.replays.stored["r1"].ended_at == NOW


async def test_a_repeated_request_for_a_replay_changes_nothing() -> None:
    world = World()
    await world.told(ANN)
    asked = FeedReplayRequested(request_id="r1", stream="campaign:spring", from_number=1)
    for _ in range(2):
        await ReplayDesk(world.replays)(asked)
        await world.relay.tick()
    assert len(world.announcer.repeated) == 1


async def test_a_replay_for_a_queue_that_is_not_there_ends_and_says_why() -> None:
    world = World()
    await world.told(ANN)
    await world.replays.add(Replay("r1", "campaign:spring", 1, queue="nobody"))
    await world.relay.tick()
    assert "nobody" in world.replays.stored["r1"].ended_because
    assert await world.told(OPENED) == [(2, "Opened")]


# ---- a follower whose queue is full


async def test_a_full_queue_holds_nobody_up_and_is_brought_what_it_lacks_once_there_is_room() -> None:
    world = World()
    world.announcer.full_from = 2
    assert await world.told(*emails(3, state=EmailState.SENT, state_at=NOW)) == [(1, "Sent"), (2, "Sent"), (3, "Sent")]
    assert await world.told(ANN) == [(4, "Sent")]
    [waits] = await world.replays.open()
    assert (waits.stream, waits.first, waits.queue, waits.next_at) == ("campaign:spring", 2, None, later(1))
    world.announcer.full_from = None
    world.now = later(1)
    await world.relay.tick()
    assert [entry.number for _, entry in world.announcer.repeated] == [2, 3, 4]
    assert await world.replays.open() == []


async def test_a_queue_that_stays_full_is_tried_ever_more_seldom() -> None:
    world = World()
    world.announcer.full_from = 1
    await world.told(ANN)
    pauses = list[timedelta]()
    for _ in range(8):
        [waits] = await world.replays.open()
        assert waits.next_at is not None
        pauses.append(waits.next_at - world.now)
        world.now = waits.next_at
        await world.relay.tick()
    assert [pause.total_seconds() for pause in pauses] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_replay_whose_queue_is_full_waits_and_those_behind_it_go_on() -> None:
    world = World()
    await world.told(*emails(3, state=EmailState.SENT, state_at=NOW))
    await world.replays.add(Replay("r1", "campaign:spring", 1, queue="crm", asked_at=later(1)))
    world.announcer.full_from = 2
    await world.relay.tick()
    await world.replays.add(Replay("r2", "campaign:spring", 1, last=1, asked_at=later(2)))
    await world.relay.tick()
    assert [(queue, entry.number) for queue, entry in world.announcer.repeated] == [("crm", 1), (None, 1)]
    world.announcer.full_from = None
    world.now = later(1)
    await world.relay.tick()
    assert [entry.number for queue, entry in world.announcer.repeated if queue] == [1, 2, 3]


async def test_numbers_go_on_after_what_is_forgotten() -> None:
    world = World()
    await world.told(ANN)
    world.now = NOW + timedelta(days=31)
    await world.relay.tick()
    assert world.outbox.stored == {}
    assert await world.told(OPENED) == [(2, "Opened")]


# ---- campaigns that are offline (R102)


async def test_no_status_is_told_that_is_later_than_its_campaign_went_offline() -> None:
    """The mark is taken back all the same."""
    world = World()
    assert await world.told(ANN) == [(1, "Sent")]
    await world.campaigns.take_offline("left", later(60))
    assert await world.told(OPENED) == []
    assert await world.marks.emails(10) == []


async def test_what_happened_before_a_campaign_went_offline_is_told_however_late() -> None:
    world = World()
    await world.campaigns.take_offline("left", later(61))
    assert await world.told(OPENED) == [(1, "Opened")]


async def test_an_answer_is_told_though_its_campaign_is_offline_and_its_status_is_not() -> None:
    world = World()
    await world.campaigns.take_offline("left", later(60))
    for _ in range(2):  # a repeat
        assert await world.told(REPLIED) == []
    assert [entry.type for entry in world.outbox.of("contacts")] == ["contact-replied"]


async def test_after_an_erasure_neither_what_waits_nor_a_replay_names_anybody_and_no_number_lacks() -> None:
    """Published, numbered, marked: in each of these states there was news of Ann when she was erased."""
    world, bob = World(), an_email("bob@example.com", state=EmailState.SENT, state_at=NOW)
    await world.told(ANN, bob)
    world.marks.written(REPLIED)
    world.announcer.breaks_after = 0
    await _until_numbered(world)
    await world.outbox.anonymise([ANN.contact_id])
    world.contacts.stored.clear()
    erased = replace(REPLIED, address="", ref=erased_ref(ANN.ref or "", ADDRESS_KEY))
    published = len(world.announcer.announced)
    assert await world.told(replace(erased, state=EmailState.HARD_BOUNCED, times={"bounced": later(99)}))
    world.marks.suppressed(a_suppression(reason=SuppressionReason.HARD_BOUNCED, evidence=""))
    await world.relay.tick()
    for stream in ("campaign:spring", "contacts"):
        await world.replays.add(Replay(stream, stream, 1))
    await world.relay.tick()
    later_on = [*world.announcer.announced[published:], *(entry for _, entry in world.announcer.repeated)]
    told = [entry for entry in later_on if entry.contact_id == ANN.contact_id]
    assert {entry.type for entry in told} == {"member-status-changed", "contact-replied", "contact-bounced"}
    assert not [entry for entry in told if re.search("ann@|Leads|~", repr(entry.data))]
    for stream in ("campaign:spring", "contacts"):
        numbers = [entry.number for _, entry in world.announcer.repeated if entry.stream == stream]
        assert numbers == list(range(1, len(numbers) + 1))
    assert [entry.data["address"] for entry in later_on if entry.contact_id == bob.contact_id] == [bob.address]


async def _until_numbered(world: World) -> None:
    """The relay numbers what is marked, and finds the broker away."""
    with pytest.raises(BrokerUnavailable):
        await world.relay.tick()
