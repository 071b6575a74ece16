"""Campaigns from draft to send and everything people do with them, hit at each call of each port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus, hash_of
from domain.email import EmailState
from domain.errors import IllegalTransition
from domain.slices import Slice, SliceState
from handlers.campaign_moves import CampaignMoves
from handlers.campaign_saved import CampaignKeeper
from handlers.selection import Selector
from handlers.send_requested import SendStarter
from messages.base import Message
from messages.campaign_saved import CampaignSaved
from messages.review_requested import ReviewRequested
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.test_requested import TestRequested
from tests.builders import NOW, a_campaign, a_record, a_sync, emails, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.selections import MemorySelections
from tests.fakes.slices import MemorySlices
from tests.fakes.syncs import MemorySyncs
from tests.fakes.templates import MemoryTemplates
from tests.handlers import test_send_requested, test_test_requested
from tests.handlers.faults.faulty import Fault, Life, Port, Way, differences, mortal, played
from tests.handlers.reviewing import GREEN, House, a_draft

DOCUMENT = CampaignSaved.model_validate(
    {
        "campaign_id": "spring",
        "name": "Spring news",
        "sender": {"name": "Green Ltd", "address": "news@green.example"},
        "content": {"subject": "Hello", "text": "Hello {{ first_name }}"},
        "recipients": {"modules": ["Leads"]},
        "list": "news",
    }
)


class CampaignPlay:
    """Without a clock, and with one store of campaigns."""

    ordered = False
    campaigns: MemoryCampaigns

    def time_passes(self) -> None:
        """Nothing here looks at a clock."""

    async def settle(self, life: Life) -> Sequence[Any]:
        return []

    def state(self) -> Any:
        return {key: replace(each, revision=0, review_run=None) for key, each in self.campaigns.stored.items()}


class Saving(CampaignPlay):
    """Created, told again, changed. Documents without a version: whichever comes last is the one that holds."""

    ordered = True

    def __init__(self) -> None:
        self.campaigns, self.templates = MemoryCampaigns(), MemoryTemplates()
        self.records, self.selections = MemoryRecords(), MemorySelections()

    def messages(self) -> Sequence[CampaignSaved]:
        return [DOCUMENT, DOCUMENT, DOCUMENT.model_copy(update={"name": "Spring, at last"})]

    async def handle(self, message: CampaignSaved, life: Life) -> Sequence[Message]:
        here = mortal(self, life)
        selector = Selector(here.records, here.selections)
        keep = CampaignKeeper(here.campaigns, here.templates, GREEN, lambda: NOW, MemoryModules(), selector)
        return await keep(message)


class Reviewing(CampaignPlay):
    """Seven people of two modules in slices of three, some of them twice or without an address."""

    def __init__(self) -> None:
        leads = [a_record(f"{number}", {"Email": f"p{number}@example.com"}) for number in range(5)]
        others = [a_record("9", {"Email": "P0@example.com"}, module="Contacts"), a_record("8", {}, module="Contacts")]
        self.house = House(records=MemoryRecords(*leads, *others), syncs=MemorySyncs(a_sync()))
        chosen = replace(a_draft().recipients, modules=frozenset({"Leads", "Contacts"}))
        self.house.campaigns.stored["spring"] = replace(a_draft(recipients=chosen), revision=1)
        self.campaigns = self.house.campaigns

    def messages(self) -> Sequence[Message]:
        return [ReviewRequested(campaign_id="spring", request_id="crm 1")]

    async def handle(self, message: Message, life: Life) -> Sequence[Message]:
        """A request that comes again when its review is over changes nothing, and is no error either."""
        return await mortal(self.house, life).step(message)

    def state(self) -> Any:
        contacts = {key: (each.address, each.values()) for key, each in self.house.contacts.stored.items()}
        rows = {(row.address, row.ref, row.state, row.reason, row.slice) for row in self.house.emails.stored.values()}
        return super().state(), contacts, rows


class SendingStarts(CampaignPlay):
    """Asked for now, after it was asked for at a later time that has come."""

    def __init__(self) -> None:
        self.desk = test_send_requested.Desk()
        self.campaigns = self.desk.campaigns
        self.offered: set[int | None] = set()

    def messages(self) -> Sequence[Message]:
        return [SendRequested(campaign_id="spring", at=later(60)), SendRequested(campaign_id="spring")]

    async def handle(self, message: Message, life: Life) -> Sequence[Message]:
        assert isinstance(message, SendRequested)
        here = mortal(self.desk, life)
        ports = {"campaigns": here.campaigns, "emails": here.emails, "slices": here.slices}
        send: SendStarter = replace(self.desk.send, **ports)
        follow_ups = await send(message)
        self.offered |= {each.slice for each in follow_ups if isinstance(each, SendBatch)}
        return []

    def state(self) -> Any:
        return super().state(), self.offered, dict(self.desk.slices.stored)


class SendingLocally(SendingStarts):
    """Asked for at a time that is past for some of its people: the others wait, each on a row of their own."""

    def __init__(self) -> None:
        super().__init__()
        homes = ("Asia/Tokyo", "America/New_York", None)
        rows = [replace(row, slice=number, time_zone=homes[number]) for number, row in enumerate(emails(3))]
        self.desk.emails.stored = {row.id: row for row in rows}

    def messages(self) -> Sequence[Message]:
        return [SendRequested(campaign_id="spring", local_at=NOW.replace(tzinfo=None))]

    def state(self) -> Any:
        return super().state(), dict(self.desk.emails.stored)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("play", [Saving, Reviewing, SendingStarts, SendingLocally])
async def test_a_fault_at_any_call_changes_nothing_in_the_end(play: Any, way: Way) -> None:
    assert await differences(play, way) == []


# ---- what people do


class Moving(CampaignPlay):
    """A campaign of three batches: one is done, one is held by a worker that died in the middle, one waits."""

    ordered = True

    def __init__(self, status: CampaignStatus, *moves: Callable[[CampaignMoves], Awaitable[Any]]) -> None:
        campaign = a_campaign(status=status, slices=3, chains=2, send_at=later(60))
        self.campaigns = MemoryCampaigns(replace(campaign, reviewed_hash=hash_of(campaign)))
        state = EmailState.SENT if status in {CampaignStatus.SENDING, CampaignStatus.PAUSED} else EmailState.PLANNED
        rows = [replace(row, slice=number) for number, row in enumerate(emails(3))]
        self.emails = MemoryEmails(replace(rows[0], state=state), *rows[1:])
        done = Slice("spring", 0, SliceState.DONE)
        held = Slice("spring", 1, SliceState.STARTED, owner="dead", epoch=1)
        self.slices = MemorySlices(done, held, Slice("spring", 2))
        self.moves = moves

    def messages(self) -> Sequence[Any]:
        return self.moves

    async def handle(self, message: Callable[[CampaignMoves], Awaitable[Any]], life: Life) -> Sequence[Any]:
        here = mortal(self, life)
        try:
            await message(CampaignMoves(here.campaigns, here.emails, here.slices, lambda: NOW))
        except IllegalTransition:
            raise AssertionError("what was told again is refused") from None
        return []

    def state(self) -> Any:
        return super().state(), dict(self.emails.stored), {key: each.state for key, each in self.slices.stored.items()}


_S = CampaignStatus
MOVES: dict[str, Callable[[], Moving]] = {
    "pause and resume": lambda: Moving(
        _S.SENDING, lambda moves: moves.pause("spring", "wrong price"), lambda moves: moves.resume("spring")
    ),
    "cancel": lambda: Moving(_S.SENDING, lambda moves: moves.cancel("spring", "wrong price")),
    "stop, and settle again": lambda: Moving(
        _S.SENDING, lambda moves: moves.stop("spring", "enough"), lambda moves: moves.settle("spring")
    ),
    "cancel when paused": lambda: Moving(_S.PAUSED, lambda moves: moves.cancel("spring", "wrong price")),
    "reopen": lambda: Moving(_S.REVIEWED, lambda moves: moves.reopen("spring")),
    "unschedule": lambda: Moving(_S.SCHEDULED, lambda moves: moves.unschedule("spring")),
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("move", MOVES)
async def test_a_move_that_is_told_again_after_any_fault_ends_the_same(move: str, way: Way) -> None:
    assert await differences(MOVES[move], way) == []


# ---- test mails


class Testing(CampaignPlay):
    __test__ = False

    def __init__(self) -> None:
        self.desk = test_test_requested.Desk()
        self.campaigns = self.desk.campaigns

    def messages(self) -> Sequence[Message]:
        return [TestRequested(campaign_id="spring", addresses=["a@green.example", "b@green.example"], request_id="t1")]

    async def handle(self, message: Message, life: Life) -> Sequence[Message]:
        assert isinstance(message, TestRequested)
        here, send = mortal(self.desk, life), self.desk.send
        leases = Port("leases", send.leases, life)
        ports = {"campaigns": here.campaigns, "relay": here.relay, "outcomes": here.outcomes, "leases": leases}
        return await replace(send, **ports)(message)

    @property
    def taken(self) -> Counter[str]:
        return Counter(mail.recipient for mail in self.desk.relay.taken)


@pytest.mark.parametrize("way", Way)
async def test_a_test_mail_is_sent_at_most_once_whatever_is_hit(way: Way) -> None:
    """A test mail that a killed worker may have sent is not sent again; somebody waits for it and asks anew."""
    calls = (await played(Testing())).calls
    for at in range(len(calls)):
        play = Testing()
        await played(play, Fault(at, way))
        assert all(count == 1 for count in play.taken.values()), (way, calls[at])
