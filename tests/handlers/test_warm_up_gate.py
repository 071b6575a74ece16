"""Warm-up holds batches, not people: who has no turn today stays planned, in a batch that nobody takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.assembly import OutgoingMail, Recipient
from domain.dkim_key import RELAY_SIGNS
from domain.email import NO_SLICE, EmailState
from domain.errors import RelayUnavailable
from domain.mailer import mailer_of
from domain.pacing import Pacing
from domain.slices import SliceState
from gateways.relays import Member, Relays
from handlers.pace import Pace
from handlers.paced_relay import PacedRelay
from handlers.permit_desk import PermitDesk
from handlers.warm_up_gate import WarmUpGate
from messages.send_batch import SendBatch
from tests.builders import NOW, a_campaign, an_email
from tests.fakes.relay import MemoryRelay
from tests.fakes.throttles import MemoryThrottles
from tests.handlers.sending import GREEN, KEYS, World, numbers, person

CAPS = (3, 100)
DOMAIN = "green.example"
DAY_S = 86_400


async def warming(count: int = 12) -> World:
    """Three a day at first; batches of two in two chains."""
    return await warming_through(MemoryRelay(), MemoryThrottles(), count)


async def warming_through(relay: MemoryRelay, throttles: MemoryThrottles, count: int = 12) -> World:
    world = await World(count=count, caps=CAPS).planned()
    world.throttles = throttles
    desk = PermitDesk(world.throttles, "worker", Pacing(warm_up_caps=CAPS), lambda: 0.5, lambda: world.looked_s)
    world.relay = PacedRelay(relay, Pace(desk, world.sleep))
    return world


async def never() -> None:
    raise AssertionError("asked")


def a_few(count: int) -> list[OutgoingMail]:
    return [
        OutgoingMail(f"c:p{place}:0", f"b@{DOMAIN}", person(place), b"", needs_smtputf8=False) for place in range(count)
    ]


async def test_a_batch_that_was_begun_is_given_back_with_those_who_have_no_turn_today() -> None:
    world = await warming()
    assert await world.send(0) == [2]
    assert await world.send(2) == [2]
    assert world.states == {EmailState.SENT: 3, EmailState.PLANNED: 9}
    assert world.slices.stored["spring:2"].state is SliceState.PLANNED


async def test_then_no_batch_is_claimed_and_the_chain_ends() -> None:
    world = await warming()
    await world.send_all([0, 1])
    held = dict(world.slices.stored)
    assert await world.send(1) == []
    assert await world.sender()(SendBatch(campaign_id="spring", slice=4)) == []
    assert world.slices.stored == held
    assert world.states == {EmailState.SENT: 3, EmailState.PLANNED: 9}


async def test_the_scheduler_offers_nothing_until_the_next_day_and_then_where_the_chains_stood() -> None:
    world = await warming()
    await world.send_all([0, 1])
    scheduler = world.scheduler()
    wait_s = await world.gate.waits_s(DOMAIN)
    assert 0 < wait_s <= DAY_S
    for _ in range(20):
        assert await scheduler.tick() == []
        world.pass_time((wait_s - 1) / 20)
    offered: list[int | None] = []
    for _ in range(10):
        world.pass_time(15)
        offered += numbers(await scheduler.tick())
    assert offered[:2] == [1, 2]
    world.looked_s += DAY_S
    await world.send_all(offered[:2])
    assert world.states == {EmailState.SENT: 12}


async def test_a_relay_that_is_away_uses_up_nothing_of_the_day() -> None:
    world = await warming()
    for _ in range(3):
        away = await warming_through(MemoryRelay(down_after=0), world.throttles)
        with pytest.raises(RelayUnavailable):
            await away.send(0)
    await world.send_all([0, 1])
    assert world.states == {EmailState.SENT: 3, EmailState.PLANNED: 9}


async def test_what_one_relay_did_not_take_today_another_one_may() -> None:
    throttles = MemoryThrottles()
    desk = PermitDesk(throttles, "worker", Pacing(warm_up_caps=CAPS), lambda: 0.5)
    one, other = (PacedRelay(MemoryRelay(down_after=most), Pace(desk)) for most in (1, None))
    relays = Relays([Member("one", one, never, weight=1000), Member("other", other, never, backup=True)])
    told = [attempt.email_id async for attempt in relays.deliver(a_few(3), lambda: True)]
    assert len(told) == 3
    assert throttles.warming["green.example"].used == 3


async def test_deferred_people_wait_for_their_turn_too() -> None:
    world = await warming()
    await world.send_all([0, 1])
    row = replace(world.row(5), state=EmailState.DEFERRED, slice=NO_SLICE, next_at=world.now)
    world.emails.stored[row.id] = row
    assert await world.scheduler().tick() == []
    assert world.row(5) == row


async def test_without_a_warm_up_nobody_is_asked() -> None:
    class Asked(MemoryThrottles):
        async def day_over(self, *_: object) -> float:
            raise AssertionError("asked")

    assert await WarmUpGate(Asked()).waits_s(DOMAIN) == 0


async def test_the_curve_is_that_of_the_domain_that_people_see_whatever_domain_takes_the_bounces() -> None:
    campaign, organisation = a_campaign(), replace(GREEN, bounce_domain="bounces.example.net")
    mail = mailer_of(campaign, organisation, KEYS, RELAY_SIGNS).mail(
        Recipient(an_email(person(0)).id, "m@x", person(0)), now=NOW
    )
    throttles = MemoryThrottles()
    desk = PermitDesk(throttles, "worker", Pacing(warm_up_caps=CAPS), lambda: 0.5)
    parts = [part async for part in Pace(desk).portions([mail], lambda: True)]
    assert [len(part.ready) for part in parts] == [1]
    assert list(throttles.warming) == [campaign.sender.domain]
