"""What becomes of emails in doubt: held, sent once more, or settled by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from domain.campaign import CampaignStatus
from domain.delivery import Wire
from domain.email import NOT_SENT, EmailState, ServiceStatus
from domain.smtp_reply import Reply
from handlers.abandoned import put_in_doubt
from handlers.in_doubt import SecondTries, Verdict, settle_by_hand
from handlers.scheduler_rounds import Rhythm
from tests.builders import a_suppression, an_email, an_event, emails, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers, person

HOUR_S = 3600.0
RESEND = Rhythm(resend_after_s=HOUR_S)


async def doubtful(relay: MemoryRelay | None = None) -> World:
    """Two people whose worker died; the two others were sent."""
    world = await World(count=4, per_slice=2, relay=relay or MemoryRelay()).planned()
    _, held = await world.slices.claim("spring", 0, "killed", 60)
    await world.slices.start(held, 60)
    await world.send(1)
    world.pass_time(61)
    await put_in_doubt(held, world.emails, world.slices, world.now)
    return world


def status(world: World) -> CampaignStatus:
    return world.campaigns.stored["spring"].status


async def test_held_doubts_are_never_resent_and_the_campaign_is_sent() -> None:
    world = await doubtful()
    world.pass_time(100 * HOUR_S)
    assert numbers(await world.scheduler().tick()) == []
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.SENT: 2}
    assert status(world) is CampaignStatus.SENT


async def test_doubts_are_sent_once_more_after_the_grace_and_the_campaign_is_sent_only_then() -> None:
    world = await doubtful()
    scheduler = world.scheduler(rhythm=RESEND)
    assert numbers(await scheduler.tick()) == []
    world.pass_time(HOUR_S - 1)
    assert numbers(await scheduler.tick()) == []
    assert status(world) is CampaignStatus.SENDING
    world.pass_time(1)
    (again,) = numbers(await scheduler.tick())
    assert await world.send(again or 0) == []
    assert world.states == {EmailState.SENT: 4}
    assert await world.emails.resent("spring") == 2
    world.pass_time(10)
    await scheduler.tick()
    assert status(world) is CampaignStatus.SENT


async def test_as_many_doubts_are_under_way_at_once_as_there_are_chains() -> None:
    """Else an outage's doubts would all be sent at once, past the throttle of what is under way."""
    world = await doubtful()
    world.pass_time(HOUR_S)
    tries = SecondTries(world.campaigns, world.emails, world.slices, lambda: world.now, HOUR_S, batch_size=1)
    campaign = replace(world.campaigns.stored["spring"], chains=1)
    (first,) = numbers(await tries(campaign))
    assert numbers(await tries(campaign)) == []
    assert world.states[EmailState.IN_DOUBT] == 1
    await world.send(first or 0)
    assert len(numbers(await tries(campaign))) == 1


async def test_a_second_mail_has_the_message_id_of_the_first() -> None:
    world = await doubtful()
    before = world.row(0).message_id
    world.pass_time(HOUR_S)
    await world.send_all(numbers(await world.scheduler(rhythm=RESEND).tick()))
    assert world.row(0).message_id == before


async def test_who_is_in_doubt_a_second_time_is_held() -> None:
    lost = MemoryRelay({person(number): [Wire.UNKNOWN, Wire.UNKNOWN] for number in (0, 1)})
    world = await doubtful(lost)
    scheduler = world.scheduler(rhythm=RESEND)
    world.pass_time(HOUR_S)
    await world.send_all(numbers(await scheduler.tick()))
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.SENT: 2}
    world.pass_time(HOUR_S)
    assert numbers(await scheduler.tick()) == []
    assert status(world) is CampaignStatus.SENT


async def test_evidence_within_the_grace_spares_the_second_mail() -> None:
    world = await doubtful()
    await world.emails.apply([an_event(world.row(0), service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    world.pass_time(HOUR_S)
    await world.send_all(numbers(await world.scheduler(rhythm=RESEND).tick()))
    assert world.row(0).resent_at is None
    assert world.row(1).resent_at is not None


async def test_a_persons_word_within_the_grace_spares_the_second_mail_too() -> None:
    relay = MemoryRelay()
    world = await doubtful(relay)
    tried = len(relay.tries)
    for number in (0, 1):
        await settle_by_hand(world.emails, "spring", [world.row(number).id], Verdict.SENT, by="ann", at=world.now)
    world.pass_time(HOUR_S)
    assert numbers(await world.scheduler(rhythm=RESEND).tick()) == []
    assert len(relay.tries) == tried


async def test_a_repeated_tick_sends_nobody_a_third_mail() -> None:
    world = await doubtful()
    scheduler = world.scheduler(rhythm=RESEND)
    world.pass_time(HOUR_S)
    first = numbers(await scheduler.tick())
    assert numbers(await scheduler.tick()) == []
    await world.send_all([*first, *first])
    assert world.states == {EmailState.SENT: 4}


async def test_nothing_of_a_paused_campaign_is_sent_once_more() -> None:
    world = await doubtful()
    world.status(CampaignStatus.PAUSED)
    world.pass_time(HOUR_S)
    assert numbers(await world.scheduler(rhythm=RESEND).tick()) == []


async def test_who_may_not_be_mailed_any_more_stays_in_doubt_for_the_first_mail() -> None:
    world = await doubtful()
    world.pass_time(HOUR_S)
    offered = numbers(await world.scheduler(rhythm=RESEND).tick())
    await world.suppressions.add([a_suppression(person(0))])
    await world.send_all(offered)
    row = world.row(0)
    assert (row.state, row.reason, row.detail) == (
        EmailState.IN_DOUBT,
        "worker_died",
        "not sent once more: hard_bounced",
    )
    assert world.row(1).state is EmailState.SENT


# ---- by hand


@pytest.mark.parametrize(
    ("verdict", "state", "reason"),
    [(Verdict.SENT, EmailState.SENT, None), (Verdict.NOT_SENT, EmailState.FAILED, NOT_SENT)],
)
async def test_a_person_settles_doubts_and_the_row_and_the_log_keep_who(
    verdict: Verdict, state: EmailState, reason: str | None
) -> None:
    ledger = MemoryEmails(*(emails(2, state=EmailState.IN_DOUBT)))
    one = emails(2)[0]
    with capture_logs() as logs:
        assert await settle_by_hand(ledger, "spring", [one.id], verdict, by="ann", at=later(5)) == 1
    settled = ledger.stored[one.id]
    assert (settled.state, settled.reason, settled.detail, settled.state_at) == (
        state,
        reason,
        "settled by ann",
        later(5),
    )
    assert logs == [
        {
            "event": "doubts_settled_by_hand",
            "log_level": "info",
            "campaign_id": "spring",
            "emails": 1,
            "verdict": str(verdict),
            "by": "ann",
        }
    ]


async def test_a_repeated_settlement_changes_nothing() -> None:
    ledger = MemoryEmails(an_email(state=EmailState.IN_DOUBT))
    assert await settle_by_hand(ledger, "spring", None, Verdict.SENT, by="ann", at=later(5)) == 1
    assert await settle_by_hand(ledger, "spring", None, Verdict.NOT_SENT, by="bob", at=later(6)) == 0
    assert ledger.stored[an_email().id].state is EmailState.SENT


async def test_whoever_may_not_be_mailed_once_more_after_a_deferral_is_in_doubt_as_before() -> None:
    """The first mail may have arrived: called skipped, it would be sent to the remainder."""
    full = Reply(452, "4.2.2 mailbox full")
    world = await doubtful(MemoryRelay({person(0): [full], person(1): [full]}))
    scheduler = world.scheduler(rhythm=RESEND)
    world.pass_time(HOUR_S)
    await world.send_all(numbers(await scheduler.tick()))
    assert world.states == {EmailState.DEFERRED: 2, EmailState.SENT: 2}
    await world.suppressions.add([a_suppression(person(0))])
    world.pass_time(HOUR_S)
    await world.send_all(numbers(await scheduler.tick()))
    assert world.row(0).state is EmailState.IN_DOUBT
