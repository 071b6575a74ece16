"""Send to the remainder (X2): who was not reached is planned once more, and nobody gets a mail twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.breakers import Counts, Rule, Trip
from domain.campaign import CampaignStatus
from domain.email import NO_SLICE, NOT_SENT, Email, EmailState, ServiceStatus, SkipReason
from domain.errors import IllegalTransition, StoreUnavailable, UnknownCampaign, UnknownEmail
from domain.remainder import Stays, Wish
from domain.smtp_reply import Reason, Reply
from handlers.in_doubt import Verdict, settle_by_hand
from handlers.remainder import Remainder, RemainderSender
from tests.builders import a_reply, a_suppression, an_event, later
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers, person

_S = EmailState
PLAIN = Wish()


class Sent(World):
    """Four people: sent, refused for a fault of ours, skipped as suppressed, and in doubt."""

    def sender_of_remainder(self) -> RemainderSender:
        return RemainderSender(
            self.campaigns, self.contacts, self.suppressions, self.emails, self.slices, lambda: self.now, window=2
        )

    async def remainder(self, wish: Wish = PLAIN, *, dry_run: bool = False) -> Remainder:
        return await self.sender_of_remainder()("spring", wish, by="ann", dry_run=dry_run)

    def change(self, number: int, **changes: object) -> Email:
        row = replace(self.row(number), **changes)  # type: ignore[arg-type]
        self.emails.stored[row.id] = row
        return row

    @property
    def status_now(self) -> CampaignStatus:
        return self.campaigns.stored["spring"].status

    @property
    def balanced(self) -> bool:
        return sum(self.states.values()) == self.count


async def sent(relay: MemoryRelay | None = None) -> Sent:
    world = Sent(count=4, per_slice=4, chains=1, relay=relay or MemoryRelay())
    await world.planned()
    _, held = await world.slices.claim("spring", 0, "worker-1", 60)
    await world.slices.finish(held)
    world.change(0, state=_S.SENT)
    world.change(1, state=_S.FAILED, reason=Reason.AUTH_FAILURE, attempts=1, first_tried_at=later(-300_000),
                 reply=a_reply(550, "5.7.1 no"))  # fmt: skip
    world.change(2, state=_S.SKIPPED, reason=SkipReason.OPTED_OUT, slice=NO_SLICE)
    world.change(3, state=_S.IN_DOUBT, reason="reply_lost")
    world.status(CampaignStatus.SENT)
    return world


async def ticked(world: Sent) -> None:
    """What the scheduler and the workers make of it."""
    await world.send_all(numbers(await world.scheduler().tick()))
    world.pass_time(10)
    await world.scheduler().tick()


async def test_who_failed_and_whose_skip_holds_no_longer_gets_it_and_the_others_stay() -> None:
    world = await sent()
    found = await world.remainder()
    assert found.reached == {"failed: auth_failure": 1, "skipped: opted_out": 1}
    assert found.stay == {("in doubt: reply_lost", Stays.IN_DOUBT): 1}
    assert world.status_now is CampaignStatus.SENDING
    await ticked(world)
    assert world.states == {_S.SENT: 3, _S.IN_DOUBT: 1}
    assert world.status_now is CampaignStatus.SENT


async def test_nobody_who_has_it_is_sent_another() -> None:
    relay = MemoryRelay()
    world = await sent(relay)
    await world.remainder()
    await ticked(world)
    await world.remainder()
    await ticked(world)
    assert sorted(relay.tries) == [person(1), person(2)]


async def test_a_repeated_command_changes_nothing() -> None:
    world = await sent()
    await world.remainder()
    before = dict(world.emails.stored)
    found = await world.remainder()
    assert (found.reached, found.waiting) == ({}, True)
    assert world.emails.stored == before


async def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    world = await sent()
    before, campaign = dict(world.emails.stored), world.campaigns.stored["spring"]
    found = await world.remainder(dry_run=True)
    assert (world.emails.stored, world.campaigns.stored["spring"]) == (before, campaign)
    assert found == await world.remainder()


async def test_a_skip_that_still_holds_is_decided_again_and_stays() -> None:
    world = await sent()
    await world.suppressions.add([a_suppression(person(2))])
    found = await world.remainder()
    assert found.stay[("skipped: opted_out", SkipReason.HARD_BOUNCED)] == 1
    assert world.row(2).state is _S.SKIPPED


async def test_who_failed_and_left_since_is_not_planned() -> None:
    world = await sent()
    await world.suppressions.add([a_suppression(person(1))])
    assert "failed: auth_failure" not in (await world.remainder()).reached


async def test_a_record_that_leads_to_nobody_stays_skipped() -> None:
    world = await sent()
    world.change(2, reason=SkipReason.DUPLICATE)
    del world.contacts.stored[world.row(2).contact_id]
    assert (await world.remainder()).stay[("skipped: duplicate", SkipReason.ERASED)] == 1


async def test_the_books_balance_all_the_way() -> None:
    world = await sent()
    await world.remainder()
    assert world.balanced
    await ticked(world)
    assert (await world.emails.books("spring", 4)).closed


async def test_a_row_keeps_how_it_had_ended_and_has_its_whole_schedule_of_tries_again() -> None:
    world = await sent(MemoryRelay({person(1): [Reply(451, "4.2.2 later")]}))
    await world.remainder()
    row = world.row(1)
    assert (row.attempts, row.first_tried_at, row.reason, row.reply) == (0, None, None, None)
    (end,) = row.earlier
    assert (end.by, end.state, end.reason, end.attempts, end.at) == ("ann", _S.FAILED, "auth_failure", 1, world.now)
    await ticked(world)
    assert world.row(1).state is _S.DEFERRED


async def test_who_is_in_doubt_gets_it_only_when_named() -> None:
    relay = MemoryRelay()
    world = await sent(relay)
    doubts = await world.sender_of_remainder().doubts("spring", [person(3)])
    found = await world.remainder(Wish(even_in_doubt=doubts))
    assert found.reached["in doubt: reply_lost"] == 1
    assert world.row(3).resent_at == world.now
    await ticked(world)
    assert world.states == {_S.SENT: 4}


async def test_somebody_named_who_is_not_in_doubt_is_refused() -> None:
    world = await sent()
    with pytest.raises(UnknownEmail, match="in-doubt spring"):
        await world.sender_of_remainder().doubts("spring", [person(3), person(0)])


async def test_who_was_killed_while_making_it_names_the_same_people_again() -> None:
    world = await sent()
    sender = world.sender_of_remainder()
    named = [person(3), person(3).upper()]
    await world.remainder(Wish(even_in_doubt=await sender.doubts("spring", named)))
    before = dict(world.emails.stored)
    found = await world.remainder(Wish(even_in_doubt=await sender.doubts("spring", named)))
    assert (found.reached, world.emails.stored) == ({}, before)


async def test_soft_bounced_ones_are_reached_only_on_request() -> None:
    world = await sent()
    world.change(0, state=_S.SOFT_BOUNCED, reason=Reason.MAILBOX_FULL)
    assert (await world.remainder(dry_run=True)).stay[("soft bounced: mailbox_full", Stays.SOFT_BOUNCED)] == 1
    found = await world.remainder(Wish(soft_bounced=True))
    assert found.reached["soft bounced: mailbox_full"] == 1


async def test_hard_bounces_are_never_reached() -> None:
    world = await sent()
    world.change(0, state=_S.HARD_BOUNCED, reason=Reason.USER_UNKNOWN)
    await world.remainder(Wish(soft_bounced=True))
    assert world.row(0).state is _S.HARD_BOUNCED


async def test_a_mail_of_which_events_told_something_went_out() -> None:
    world = await sent()
    await world.emails.apply([an_event(world.row(1), service=ServiceStatus.OPENED, proves=_S.SENT)])
    assert (await world.remainder()).stay[("failed: auth_failure", Stays.REPORTED)] == 1


async def test_evidence_that_comes_after_a_hand_said_not_sent_keeps_the_second_mail_back() -> None:
    relay = MemoryRelay()
    world = await sent(relay)
    await settle_by_hand(world.emails, "spring", [world.row(3).id], Verdict.NOT_SENT, by="ann", at=world.now)
    assert (await world.remainder()).reached[f"failed: {NOT_SENT}"] == 1
    await world.emails.apply([an_event(world.row(3), service=ServiceStatus.OPENED, proves=_S.SENT)])
    await ticked(world)
    assert world.row(3).state is _S.SENT
    assert person(3) not in relay.tries


async def test_a_batch_that_a_worker_holds_is_left_alone() -> None:
    world = await sent()
    await world.slices.plan("spring", [7])
    await world.slices.claim("spring", 7, "worker-2", 60)
    world.change(1, slice=7)
    assert (await world.remainder()).stay[("failed: auth_failure", Stays.UNDER_WAY)] == 1


async def test_killed_before_the_campaign_moved_it_goes_on_when_it_is_told_again() -> None:
    world = await sent()

    async def killed(*_: object, **__: object) -> None:
        raise StoreUnavailable("killed here")

    save, world.campaigns.save = world.campaigns.save, killed  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreUnavailable):
        await world.remainder()
    world.campaigns.save = save  # type: ignore[method-assign]
    assert world.status_now is CampaignStatus.SENT
    found = await world.remainder()
    assert (found.reached, found.waiting) == ({}, True)
    await ticked(world)
    assert world.states == {_S.SENT: 3, _S.IN_DOUBT: 1}


async def test_a_campaign_that_is_about_to_end_is_written_so_that_nobody_ends_it_over_the_remainder() -> None:
    world = await sent()
    world.status(CampaignStatus.SENDING)
    counted = world.campaigns.stored["spring"]
    await world.remainder()
    assert world.campaigns.stored["spring"].revision > counted.revision


async def test_nobody_left_leaves_the_campaign_sent() -> None:
    world = await sent()
    for number in (1, 2, 3):
        world.change(number, state=_S.SENT, reason=None)
    found = await world.remainder()
    assert (found.reached, found.stay, found.waiting) == ({}, {}, False)
    assert world.status_now is CampaignStatus.SENT


async def test_breakers_look_at_what_happens_from_now_on() -> None:
    world = await sent()
    stored = world.campaigns.stored["spring"]
    trip = Trip(1, Rule.SENDER_FAULTS, later(-60), Counts(tried=9, sender_faults=5))
    world.campaigns.stored["spring"] = replace(stored, trip=trip)
    await world.remainder()
    assert world.campaigns.stored["spring"].trip == replace(trip, counts=Counts(tried=1))


@pytest.mark.parametrize("status", [CampaignStatus.STOPPED, CampaignStatus.CANCELLED, CampaignStatus.REVIEWED])
async def test_there_is_a_remainder_only_of_what_was_sent(status: CampaignStatus) -> None:
    world = await sent()
    world.campaigns.stored["spring"] = replace(world.campaigns.stored["spring"], status=status)
    with pytest.raises(IllegalTransition, match=status):
        await world.remainder()


async def test_an_unknown_campaign_is_said() -> None:
    world = await sent()
    with pytest.raises(UnknownCampaign, match="campaign show"):
        await world.sender_of_remainder()("autumn", PLAIN, by="ann")
