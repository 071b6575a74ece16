"""D11 in action: harm stops a campaign, with the reason; a day later it goes on, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.breakers import Rule
from domain.campaign import Campaign, CampaignStatus, Report
from domain.email import Email, EmailState, Mark
from handlers.campaign_moves import CampaignMoves
from messages.send_batch import SendBatch
from tests.builders import NOW, a_hash, an_email, later
from tests.fakes.emails import MemoryEmails
from tests.handlers.sending import World

_S, _C = EmailState, CampaignStatus
DAY_S = 86_400


def ledger(sent: int = 0, left: int = 40, **harmed: int) -> list[Email]:
    """So many sent, so many left, and so many `hard`, `later` bounced, `complained`, `faulty`."""
    kinds: dict[str, tuple[EmailState, dict[str, object]]] = {
        "sent": (_S.SENT, {}),
        "left": (_S.PLANNED, {}),
        "hard": (_S.HARD_BOUNCED, {"reason": "user_unknown"}),
        "later": (_S.SENT, {"bounced": _S.HARD_BOUNCED, "times": {Mark.BOUNCED: NOW}}),
        "complained": (_S.SENT, {"times": {Mark.COMPLAINED: NOW}}),
        "faulty": (_S.FAILED, {"reason": "auth_failure"}),
        "too_big": (_S.SOFT_BOUNCED, {"reason": "mailbox_full"}),
    }
    pattern, rows = an_email(), list[Email]()
    for kind, count in {"sent": sent, "left": left, **harmed}.items():
        state, fields = kinds[kind]
        ids = [f"spring:{a_hash(f'{kind}{place}')}:0" for place in range(count)]
        rows += [replace(pattern, id=each, contact_id=each.split(":")[1], state=state, **fields) for each in ids]  # type: ignore[arg-type]
    return rows


class Sending:
    """A campaign of 20 batches in two chains, with these rows."""

    def __init__(self, rows: list[Email]) -> None:
        self.world = World(count=40)
        self.world.emails = MemoryEmails(*rows)
        stored = self.world.campaigns.stored["spring"]
        self.world.campaigns.stored["spring"] = replace(stored, report=Report(to_send=len(rows)))
        self.scheduler = self.world.scheduler()

    @property
    def campaign(self) -> Campaign:
        return self.world.campaigns.stored["spring"]

    async def tick(self, after_s: float = 5) -> list[SendBatch]:
        self.world.pass_time(after_s)
        await self.world.slices.plan("spring", range(20))
        return [each for each in await self.scheduler.tick() if isinstance(each, SendBatch)]

    def add(self, rows: list[Email], prefix: str) -> None:
        """More of the same kinds, other people."""
        for row in rows:
            key = row.id.replace("spring:", f"spring:{prefix}")
            self.world.emails.stored[key] = replace(row, id=key)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (ledger(sent=474, hard=26), Rule.HARD_BOUNCES),  # more than 5 % of 500
        (ledger(sent=474, later=26), Rule.HARD_BOUNCES),  # a smart host takes everything, and sends bounces later
        (ledger(sent=900, complained=3), Rule.COMPLAINTS),  # 0.33 %
        (ledger(sent=400, faulty=25), Rule.SENDER_FAULTS),  # 5.9 %, and before the first 500
    ],
)
async def test_each_rule_pauses_with_the_reason_and_what_it_counted(rows: list[Email], rule: Rule) -> None:
    sending = Sending(rows)
    await sending.tick()
    found = sending.campaign
    assert found.status is _C.PAUSED
    assert found.trip is not None
    assert (found.trip.number, found.trip.rule, found.trip.at) == (1, rule, found.status_at)
    assert found.trip.counts.tried == len(rows) - 40
    assert "the limit is" in (found.status_reason or "")


@pytest.mark.parametrize(
    "rows",
    [
        ledger(sent=475, hard=25),  # exactly 5 %
        ledger(sent=400, hard=90),  # not 500 yet
        ledger(sent=9_000, complained=20),  # a warning
        ledger(sent=480, faulty=25),  # 4.95 %
        ledger(sent=100, too_big=400),  # soft bounces trip nothing
    ],
)
async def test_below_its_limit_a_campaign_goes_on(rows: list[Email]) -> None:
    sending = Sending(rows)
    await sending.tick()
    assert (sending.campaign.status, sending.campaign.trip) == (_C.SENDING, None)


async def test_a_campaign_that_has_nothing_left_to_send_is_sent_and_not_paused() -> None:
    sending = Sending(ledger(sent=400, left=0, hard=200))
    await sending.scheduler.tick()
    assert sending.campaign.status is _C.SENT


async def test_a_repeated_look_changes_nothing() -> None:
    sending = Sending(ledger(sent=474, hard=26))
    await sending.tick()
    before = sending.campaign
    await sending.tick()
    assert sending.campaign == before


async def test_all_are_counted_only_where_the_harm_could_be_enough() -> None:
    """Of 400,000 rows that takes long; the few that came to harm are always counted."""
    sending = Sending(ledger(sent=2000, hard=60))
    counted: list[str] = []
    tried = sending.world.emails.tried

    async def counting(campaign_id: str) -> int:
        counted.append(campaign_id)
        return await tried(campaign_id)

    sending.world.emails.tried = counting  # type: ignore[method-assign]
    for _ in range(5):
        await sending.tick()
    assert len(counted) == 1  # 60 could be 5 % of 1,200, and are not of 2,060
    sending.add(ledger(left=0, hard=50), "more")
    await sending.tick()
    assert (len(counted), sending.campaign.status) == (2, _C.PAUSED)


async def test_it_is_looked_at_every_five_seconds() -> None:
    sending = Sending(ledger(sent=500))
    await sending.tick()
    sending.add(ledger(left=0, hard=100), "more")
    await sending.tick(1)
    assert sending.campaign.status is _C.SENDING
    await sending.tick(4)
    assert sending.campaign.status is _C.PAUSED


async def test_a_day_later_it_goes_on_by_itself_where_its_chains_stood() -> None:
    sending = Sending(ledger(sent=474, hard=26))
    await sending.tick()
    assert await sending.tick(DAY_S - 10) == []
    assert sending.campaign.status is _C.PAUSED
    assert [message.slice for message in await sending.tick(10)] == [0, 1]
    assert sending.campaign.status is _C.SENDING
    assert sending.campaign.trip is not None


async def test_a_senders_fault_is_mended_by_people() -> None:
    sending = Sending(ledger(sent=400, faulty=25))
    await sending.tick()
    assert await sending.tick(2 * DAY_S) == []
    assert sending.campaign.status is _C.PAUSED


async def test_what_people_paused_after_that_stays_paused() -> None:
    sending = Sending(ledger(sent=474, hard=26))
    await sending.tick()
    moves = CampaignMoves(sending.world.campaigns, sending.world.emails, sending.world.slices, lambda: later(100))
    await moves.resume("spring")
    await moves.pause("spring", "wait for the lawyers")
    assert await sending.tick(2 * DAY_S) == []
    assert sending.campaign.status_reason == "wait for the lawyers"


async def test_the_second_time_it_is_cancelled_and_the_rest_is_skipped() -> None:
    sending = Sending(ledger(sent=474, hard=26))
    await sending.tick()
    await sending.tick(DAY_S)
    sending.add(ledger(sent=400, left=0, hard=100), "more")
    await sending.tick()
    assert sending.campaign.status is _C.CANCELLED
    assert sending.campaign.trip is not None
    assert sending.campaign.trip.number == 2
    assert "second time" in (sending.campaign.status_reason or "")
    await sending.tick(60)
    books = await sending.world.emails.books("spring", 0)
    assert (books.open, books.skips) == (0, {"cancelled": 40})


async def test_harm_of_before_the_first_trip_does_not_count_again() -> None:
    sending = Sending(ledger(sent=474, hard=26))
    await sending.tick()
    await sending.tick(DAY_S)
    for _ in range(3):
        await sending.tick()
    assert sending.campaign.status is _C.SENDING
