"""Batches of emails: who gets one, what is kept of the answers, and what happens when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus
from domain.consent import Consent, ConsentTo
from domain.contact import ContactField, OptOut
from domain.delivery import Wire
from domain.eligibility import SuppressionReason
from domain.email import EmailState
from domain.errors import NotReady, RelayUnavailable, StoreUnavailable, UnknownCampaign
from domain.slices import Claim, Slice, SliceState
from domain.smtp_reply import Reply
from handlers.abandoned import put_in_doubt
from messages.send_batch import SendBatch
from tests.builders import NOW, a_campaign, a_contact, a_stamp, a_suppression, an_id, an_outcome, later
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, person

FULL = Reply(452, "4.2.2 mailbox full")
UNKNOWN_USER = Reply(550, "5.1.1 no such user")
BLOCKED = Reply(550, "5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org")


async def test_a_slice_is_sent_and_the_next_of_its_chain_follows() -> None:
    world = await World(count=6, per_slice=2, chains=2).planned()
    assert await world.send(0) == [2]
    assert world.states == {EmailState.SENT: 2, EmailState.PLANNED: 4}
    assert world.slices.stored["spring:0"].state is SliceState.DONE
    assert await world.send(2) == []  # 2 + 2 is beyond the last slice


async def test_everybody_gets_exactly_one_email() -> None:
    relay = MemoryRelay()
    world = await World(count=50, per_slice=7, chains=3, relay=relay).planned()
    await world.send_all([0, 1, 2])
    assert sorted(mail.recipient for mail in relay.taken) == sorted(person(n) for n in range(50))
    assert world.states == {EmailState.SENT: 50}


async def test_only_who_agreed_gets_counted_links_and_a_pixel() -> None:
    """D12: by default with consent."""
    relay = MemoryRelay()
    world = await World(count=2, per_slice=2, relay=relay).planned()
    agreed = Consent(ConsentTo.TRACKING, True, NOW, "form")
    contact = world.contacts.stored[an_id(person(0))]
    world.contacts.stored[contact.id] = replace(contact, consents=(agreed,))
    await world.send(0)
    assert {mail.recipient: b"mail.green.example/o/" in mail.raw for mail in relay.taken} == {
        person(0): True,
        person(1): False,
    }


async def test_a_repeated_message_changes_nothing() -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    await world.send(0)
    before = dict(world.emails.stored)
    assert await world.send(0) == [2]  # goes on with the chain: the first follow-up may have been lost
    assert world.emails.stored == before
    assert len(relay.taken) == 2


async def test_a_campaign_that_is_cancelled_while_its_batch_is_claimed_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the first look and the claim: nobody held the batch, so its people were skipped."""
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    claim = world.slices.claim

    async def claim_late(*wanted: Any) -> tuple[Claim, Slice]:
        world.status(CampaignStatus.CANCELLED)
        return await claim(*wanted)

    monkeypatch.setattr(world.slices, "claim", claim_late)
    assert await world.send(0) == []
    assert relay.taken == []
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED


async def test_a_second_message_for_a_slice_that_a_live_worker_holds_dies_out() -> None:
    world = await World().planned()
    await world.slices.claim("spring", 0, "worker-2", 60)
    assert await world.send(0) == []
    assert world.states == {EmailState.PLANNED: 6}


async def test_the_email_carries_the_persons_values_and_the_ledgers_message_id() -> None:
    relay = MemoryRelay()
    world = await World(count=1, relay=relay).planned()
    await world.send(0)
    raw = relay.taken[0].raw
    assert b"Subject: Hello Ann\r\n" in raw
    assert f"<{world.row(0).message_id}>".encode() in raw
    assert world.row(0).reply == Reply(250, "2.0.0 Ok: queued")


# ---- who is not sent after all


async def test_who_unsubscribed_after_the_review_is_skipped_and_the_others_are_sent() -> None:
    world = await World(count=4, per_slice=4).planned()
    world.contacts.stored[an_id(person(1))] = a_contact(person(1), opt_out=OptOut(NOW, "unsubscribe:x"))
    await world.suppressions.add([a_suppression(person(2), reason=SuppressionReason.COMPLAINED)])
    del world.contacts.stored[an_id(person(3))]
    await world.send(0)
    assert [(world.row(n).state, world.row(n).reason) for n in range(4)] == [
        (EmailState.SENT, None),
        (EmailState.SKIPPED, "opted_out"),
        (EmailState.SKIPPED, "complained"),
        (EmailState.SKIPPED, "erased"),
    ]


async def test_a_record_that_left_the_address_after_the_review_is_skipped() -> None:
    world = await World(count=1).planned()
    known = a_contact(person(0))
    gone = replace(known.sources["Leads:1"], gone=True)
    world.contacts.stored[known.id] = replace(known, sources={"Leads:1": gone})
    await world.send(0)
    assert (world.row(0).state, world.row(0).reason) == (EmailState.SKIPPED, "contact_changed")


async def test_one_person_whose_template_fails_holds_up_nobody_else() -> None:
    world = await World(count=2, per_slice=2).planned()
    html = "<p>{{ [1, 2][amount] + amount }}</p><a href='{{ unsubscribe_url }}'>x</a>"
    content = replace(world.campaign.content, html=html)
    world.campaigns.stored["spring"] = replace(world.campaign, content=content)
    for number, amount in ((0, "no number"), (1, 1)):
        fields = {"amount": ContactField(amount, a_stamp())}
        world.contacts.stored[an_id(person(number))] = a_contact(person(number), fields=fields)
    await world.send(0)
    assert (world.row(0).state, world.row(0).reason) == (EmailState.FAILED, "content_error")
    assert world.row(0).attempts == 0
    assert world.row(1).state is EmailState.SENT


# ---- what the relay says


async def test_a_passing_refusal_is_put_off_and_a_final_one_ends_and_suppresses() -> None:
    relay = MemoryRelay({person(0): [FULL], person(1): [UNKNOWN_USER], person(2): [BLOCKED]})
    world = await World(count=4, per_slice=4, relay=relay).planned()
    await world.send(0)
    states = [world.row(n).state for n in range(4)]
    assert states == [EmailState.DEFERRED, EmailState.HARD_BOUNCED, EmailState.HARD_BOUNCED, EmailState.SENT]
    assert world.row(0).next_at == later(900)
    assert world.row(0).attempts == 1
    # only the dead address is suppressed; who blocks us is not dead (D13)
    assert list(world.suppressions.stored) == [(an_id(person(1)), SuppressionReason.HARD_BOUNCED)]
    assert "example.com" not in next(iter(world.suppressions.stored.values())).evidence


async def test_an_answer_lost_after_the_final_dot_is_in_doubt_and_never_sent_again() -> None:
    relay = MemoryRelay({person(0): [Wire.UNKNOWN]})
    world = await World(count=1, relay=relay).planned()
    await world.send(0)
    await world.send(0)
    assert (world.row(0).state, world.row(0).reason) == (EmailState.IN_DOUBT, "reply_lost")
    assert relay.tries == [person(0)]


async def test_a_mail_that_breaks_connections_is_put_off_while_the_relay_takes_others() -> None:
    relay = MemoryRelay({person(0): [Wire.NOT_SENT]})
    world = await World(count=2, relay=relay).planned()
    await world.send(0)
    assert (world.row(0).state, world.row(0).reason) == (EmailState.DEFERRED, "network_error")
    assert world.row(1).state is EmailState.SENT


# ---- what breaks


async def test_a_relay_that_goes_away_loses_nothing_and_uses_up_nobodys_tries() -> None:
    world = World(count=8, per_slice=8)
    first = min(world.emails.stored.values(), key=lambda row: row.id).address
    world.relay = relay = MemoryRelay({first: [Wire.NOT_SENT, Reply(250, "ok")]}, down_after=4)
    await world.planned()
    with pytest.raises(RelayUnavailable):
        await world.send(0)
    assert world.states == {EmailState.SENT: 3, EmailState.PLANNED: 5}
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED
    assert sum(row.attempts for row in world.emails.stored.values()) == 3
    relay.down_after = None
    await world.send(0, owner="worker-2")
    assert world.states == {EmailState.SENT: 8}
    assert len(relay.taken) == 8


async def test_a_lost_lease_sends_nothing() -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    sender = world.sender()

    async def lost(*_: object, **__: object) -> bool:
        return False

    world.slices.start = lost  # type: ignore[assignment, method-assign]
    assert await sender(SendBatch(campaign_id="spring", slice=0)) == []
    assert relay.tries == []
    assert world.states == {EmailState.PLANNED: 6}


async def test_what_a_silent_worker_had_begun_is_left_to_the_scheduler() -> None:
    """It may only have been kept from MongoDB, and come back with answers."""
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    _, held = await world.slices.claim("spring", 0, "silent", 60)
    await world.slices.start(held, 60)
    world.pass_time(61)
    assert await world.send(0) == []
    assert world.states == {EmailState.PLANNED: 6}
    assert relay.tries == []
    assert world.slices.stored["spring:0"].state is SliceState.STARTED


async def test_a_batch_whose_begin_was_stored_but_not_confirmed_is_given_back() -> None:
    """A repeat would find it begun, and leave everybody in it in doubt."""
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    start = world.slices.start

    async def unconfirmed(*wanted: Any, **how: Any) -> bool:
        await start(*wanted, **how)
        raise StoreUnavailable("no majority confirmed it")

    world.slices.start = unconfirmed  # type: ignore[assignment, method-assign]
    with pytest.raises(StoreUnavailable):
        await world.send(0)
    assert relay.tries == []
    world.slices.start = start  # type: ignore[method-assign]
    assert await world.send(0) == [2]
    assert world.states == {EmailState.SENT: 2, EmailState.PLANNED: 4}


async def test_a_worker_whose_clock_is_behind_sends_what_the_scheduler_found_due() -> None:
    relay = MemoryRelay({person(0): [FULL, Reply(250, "2.0.0 ok")]})
    world = await World(count=2, relay=relay).planned()
    await world.send(0)
    world.pass_time(900)
    (retry,) = await world.scheduler().tick()
    assert isinstance(retry, SendBatch)
    world.pass_time(-1)
    await world.sender()(retry)
    assert world.states == {EmailState.SENT: 2}


async def test_what_a_killed_worker_had_only_claimed_is_sent() -> None:
    world = await World().planned()
    await world.slices.claim("spring", 0, "killed", 60)
    world.pass_time(61)
    await world.send(0)
    assert world.states == {EmailState.SENT: 2, EmailState.PLANNED: 4}


class Interrupting(MemoryRelay):
    """Calls `then` after the second try, and lets the holder look around after every try."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    async def deliver(self, mails, keep_going):  # type: ignore[no-untyped-def]
        async for attempt in super().deliver(mails, keep_going):
            if len(self.tries) == 2:
                self.then()
            await asyncio.sleep(0)
            yield attempt
            await asyncio.sleep(0)


async def test_a_pause_in_the_middle_leaves_the_rest_planned_and_nothing_in_doubt() -> None:
    world = World(count=8, per_slice=8)
    world.relay = relay = Interrupting(lambda: world.status(CampaignStatus.PAUSED))
    await world.planned()
    assert await world.send(0) == []
    assert 2 <= len(relay.taken) < 8
    assert world.states == {EmailState.SENT: len(relay.taken), EmailState.PLANNED: 8 - len(relay.taken)}
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED
    assert await world.send(0) == []  # paused: not even claimed
    world.status(CampaignStatus.SENDING)
    await world.send(0)
    assert world.states == {EmailState.SENT: 8}
    assert len(relay.taken) == 8


async def test_a_process_that_is_to_end_gives_the_rest_to_another() -> None:
    world = World(count=8, per_slice=8)

    def stop() -> None:
        world.stops = True

    world.relay = Interrupting(stop)
    await world.planned()
    assert await world.send(0) == [0]
    assert world.states[EmailState.PLANNED] > 0
    world.stops = False
    await world.send(0, owner="worker-2")
    assert world.states == {EmailState.SENT: 8}


async def test_a_lease_lost_in_the_middle_stops_sending_and_what_was_not_tried_is_given_back() -> None:
    world = World(count=8, per_slice=8, look_s=30)
    world.relay = relay = Interrupting(lambda: world.slices.pass_time(100))
    await world.planned()
    assert await world.send(0) == [0]
    assert len(relay.taken) < 8
    assert world.states == {EmailState.SENT: len(relay.taken), EmailState.PLANNED: 8 - len(relay.taken)}
    await world.send(0, owner="worker-2")
    assert len(relay.taken) == 8


async def test_the_word_of_an_owner_who_was_given_up_still_counts() -> None:
    world = World(count=8, per_slice=8, look_s=30)

    async def give_up() -> None:
        world.slices.pass_time(100)
        (lost,) = await world.slices.abandoned("spring")
        await put_in_doubt(lost, world.emails, world.slices, world.now)

    background: list[asyncio.Task[None]] = []
    world.relay = relay = Interrupting(lambda: background.append(asyncio.ensure_future(give_up())))
    await world.planned()
    await world.send(0)
    assert 2 <= len(relay.taken) < 8
    assert world.states == {EmailState.SENT: len(relay.taken), EmailState.IN_DOUBT: 8 - len(relay.taken)}
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED


async def test_a_renewed_lease_goes_on() -> None:
    world = World(count=8, per_slice=8, look_s=30)
    world.relay = Interrupting(lambda: None)
    await world.planned()
    await world.send(0)
    assert world.states == {EmailState.SENT: 8}


async def test_answers_are_stored_again_and_again_until_they_are_durable() -> None:
    failures = iter([True, True, False])

    async def stubborn(store: Callable[[], Awaitable[None]]) -> None:
        while next(failures, False):
            pass
        await store()
        await store()  # it may have been written although nobody said so

    relay = MemoryRelay({person(1): [FULL]})
    world = await World(count=2, relay=relay, until_stored=stubborn).planned()
    await world.send(0)
    assert world.states == {EmailState.SENT: 1, EmailState.DEFERRED: 1}
    assert world.row(1).attempts == 1


async def test_a_store_that_cannot_be_read_sends_nothing() -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()

    async def away(*_: object) -> Sequence[object]:
        raise StoreUnavailable("no primary")

    world.emails.due_in_slice = away  # type: ignore[assignment, method-assign]
    with pytest.raises(StoreUnavailable):
        await world.send(0)
    assert relay.tries == []


# ---- messages that make no sense, or come from outside


async def test_an_unknown_campaign_is_named() -> None:
    with pytest.raises(UnknownCampaign, match="winter"):
        await World().sender()(SendBatch(campaign_id="winter", slice=0))


@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.REVIEWED, CampaignStatus.CANCELLED])
async def test_nothing_is_sent_of_a_campaign_that_is_not_being_sent(status: CampaignStatus) -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    world.campaigns.stored["spring"] = a_campaign(status=status)
    assert await world.send(0) == []
    with pytest.raises(NotReady, match=status):
        await world.sender()(SendBatch(campaign_id="spring", addresses=[person(0)]))
    assert relay.tries == []


async def test_addresses_from_outside_get_a_batch_of_their_own_and_nobody_is_sent_twice() -> None:
    relay = MemoryRelay()
    world = await World(count=6, per_slice=2, chains=1, relay=relay).planned()
    wanted = SendBatch(
        campaign_id="spring", addresses=[person(5), person(3).upper(), "stranger@x.example", "no address"]
    )
    (message,) = await world.sender()(wanted)
    assert isinstance(message, SendBatch)
    assert message.slice == 3
    assert await world.send(3) == []
    assert sorted(relay.tries) == [person(3), person(5)]
    assert await world.sender()(wanted) == []
    await world.send_all([0])
    assert sorted(relay.tries) == [person(n) for n in range(6)]


async def test_addresses_whose_slice_is_being_sent_at_this_moment_stay_there() -> None:
    world = await World().planned()
    await world.slices.claim("spring", 0, "worker-2", 60)
    (message,) = await world.sender()(SendBatch(campaign_id="spring", addresses=[person(0), person(2)]))
    assert isinstance(message, SendBatch)
    assert (world.row(0).slice, world.row(2).slice) == (0, message.slice)


async def test_people_are_not_moved_out_of_a_batch_that_this_process_sends_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    put = world.emails.put_in_slice

    async def put_late(*wanted: Any, **more: Any) -> None:
        assert await world.send(0) == []  # the other lane finds it held
        await put(*wanted, **more)

    monkeypatch.setattr(world.emails, "put_in_slice", put_late)
    await world.sender()(SendBatch(campaign_id="spring", addresses=[person(0)]))
    assert relay.tries == []


async def test_a_mover_that_was_frozen_for_longer_than_its_lease_moves_nobody_that_others_send(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    put = world.emails.put_in_slice

    async def put_very_late(*wanted: Any, **more: Any) -> None:
        world.pass_time(100)
        (silent,) = await world.slices.abandoned("spring")
        assert await world.send(0, "worker-2") == []  # begun, as far as anybody knows
        assert await put_in_doubt(silent, world.emails, world.slices, world.now) == 2
        await put(*wanted, **more)

    monkeypatch.setattr(world.emails, "put_in_slice", put_very_late)
    (message,) = await world.sender()(SendBatch(campaign_id="spring", addresses=[person(0)]))
    assert isinstance(message, SendBatch)
    await world.send_all([message.slice])
    assert (world.row(0).state, world.row(0).slice) == (EmailState.IN_DOUBT, 0)
    assert relay.tries == []


async def test_a_mover_whose_lease_ran_out_before_it_began_moves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    start = world.slices.start

    async def start_late(*wanted: Any, **how: Any) -> bool:
        world.pass_time(100)
        return await start(*wanted, **how)

    monkeypatch.setattr(world.slices, "start", start_late)
    await world.sender()(SendBatch(campaign_id="spring", addresses=[person(0)]))
    assert world.row(0).slice == 0


async def test_an_owner_that_wakes_up_between_the_two_writes_of_giving_up_cannot_give_its_batch_back() -> None:
    """It would be offered again with its rows in doubt."""
    world = await World(count=2).planned()
    _, held = await world.slices.claim("spring", 0, "frozen", 60)
    await world.slices.start(held, 60)
    world.pass_time(100)
    doubt = world.emails.doubt

    async def woken(*wanted: Any, **how: Any) -> int:
        await world.slices.release(held)
        await world.emails.store([an_outcome(world.row(0))])
        return await doubt(*wanted, **how)

    world.emails.doubt = woken  # type: ignore[method-assign]
    assert await put_in_doubt(held, world.emails, world.slices, world.now) == 1
    assert world.states == {EmailState.SENT: 1, EmailState.IN_DOUBT: 1}
    assert world.slices.stored["spring:0"].state is SliceState.DONE


async def test_a_worker_that_was_frozen_while_it_was_told_to_begin_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found with SIGSTOP: the lease runs from the question, the answer had been waiting for longer than it lasts."""
    relay = MemoryRelay()
    world = await World(relay=relay).planned()
    start = world.slices.start

    async def answered_late(*wanted: Any, **how: Any) -> bool:
        begun = await start(*wanted, **how)
        world.looked_s += 100
        world.slices.pass_time(100)
        return begun

    monkeypatch.setattr(world.slices, "start", answered_late)
    await world.send(0)
    assert relay.tries == []
    assert world.states == {EmailState.PLANNED: 6}
