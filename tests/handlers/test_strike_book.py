"""D10 on its way: from outcomes and events to an address that is never mailed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.delivery import Wire
from domain.eligibility import SuppressionReason
from domain.email import EmailState
from domain.smtp_reply import Reply
from domain.strikes import Sign, SignKind
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent
from tests.builders import NOW, an_email, an_id, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.relay import MemoryRelay
from tests.fakes.strikes import MemoryStrikes
from tests.handlers.sending import World, person
from tests.handlers.test_delivery_event import World as Events

FULL = Reply(552, "5.2.2 mailbox full")
OURS = Reply(550, "5.7.26 unauthenticated mail is not accepted")
ANN = an_id(person(0))
WEEK_S = 7 * 86_400


def weekly(count: int) -> list[Sign]:
    return [Sign(ANN, f"c{n}:{ANN}:0", SignKind.STRUCK, later(n * WEEK_S)) for n in range(count)]


async def sent_to(world: World, after_weeks: float) -> World:
    world.pass_time(after_weeks * WEEK_S)
    await world.planned()
    await world.send(0)
    return world


async def test_the_seventh_strike_suppresses_with_the_rule_in_the_evidence() -> None:
    book = StrikeBook(MemoryStrikes(), MemoryEmails())
    assert await book.told(weekly(6)) == []
    [found] = await book.told(weekly(7)[6:])
    assert (found.contact_id, found.reason, found.at) == (ANN, SuppressionReason.HARD_BOUNCED, later(6 * WEEK_S))
    assert found.evidence.startswith("D10: 7 sends in a row")


async def test_telling_it_again_changes_nothing_and_finds_the_same() -> None:
    """A crash after the strike was kept, and before the address was suppressed, is mended by the repeat."""
    strikes = MemoryStrikes()
    found = await StrikeBook(strikes, MemoryEmails()).told(weekly(7))
    before = dict(strikes.stored)
    assert await StrikeBook(strikes, MemoryEmails()).told(weekly(7)) == found
    assert strikes.stored == before


@pytest.mark.parametrize(("reply", "suppressed"), [(FULL, True), (OURS, False)])
async def test_an_outcome_is_a_strike_where_the_address_is_to_blame(reply: Reply, suppressed: bool) -> None:
    world = World(count=2, relay=MemoryRelay({person(0): [reply]}))
    await StrikeBook(world.strikes, world.emails).told(weekly(6))
    await sent_to(world, 6)
    assert (ANN in await world.suppressions.of([ANN])) is suppressed
    assert world.row(0).state in {EmailState.SOFT_BOUNCED, EmailState.FAILED}


async def test_a_deferral_is_no_strike_yet() -> None:
    world = World(count=2, relay=MemoryRelay({person(0): [Reply(452, "4.2.2 mailbox full")]}))
    await StrikeBook(world.strikes, world.emails).told(weekly(6))
    await sent_to(world, 6)
    assert len(world.strikes.stored[ANN].strikes) == 6


async def test_a_mail_that_is_taken_resets_what_stood_against_an_address_and_leaves_the_others_alone() -> None:
    world = World(count=2)
    await StrikeBook(world.strikes, world.emails).told(weekly(6))
    await sent_to(world, 6)
    assert world.strikes.stored[ANN].in_a_row() == []
    assert set(world.strikes.stored) == {ANN}


async def test_a_bounce_that_comes_later_takes_a_delivery_back_and_may_strike_itself() -> None:
    events = Events()
    contact = an_email().contact_id
    book = StrikeBook(events.strikes, events.emails)
    await book.told([Sign(contact, f"c{n}:{contact}:0", SignKind.STRUCK, later((n - 6) * WEEK_S)) for n in range(6)])
    await book.told([Sign(contact, an_email().id, SignKind.TAKEN, NOW)])
    assert events.strikes.stored[contact].in_a_row() == []
    bounced = {"code": 552, "enhanced": "5.2.2", "text": "mailbox full"}
    await events.told(told("bounced", 3600, evidence=bounced))
    assert SuppressionReason.HARD_BOUNCED in events.suppressed


@pytest.mark.parametrize("kind", ["opened", "clicked", "replied"])
async def test_a_sign_of_life_resets_it(kind: str) -> None:
    events = Events()
    contact = an_email().contact_id
    signs = [Sign(contact, f"c{n}:{contact}:0", SignKind.STRUCK, later((n - 7) * WEEK_S)) for n in range(6)]
    await StrikeBook(events.strikes, events.emails).told(signs)
    await events.told(told(kind, 0))
    assert events.strikes.stored[contact].in_a_row() == []


async def test_who_reads_and_was_never_struck_is_no_record_and_is_found_engaged_when_struck() -> None:
    events = Events()
    contact = an_email().contact_id
    book = StrikeBook(events.strikes, events.emails)
    await events.told(told("opened", 0))
    assert events.strikes.stored == {}
    signs = [Sign(contact, f"c{n}:{contact}:0", SignKind.STRUCK, later((n + 1) * WEEK_S)) for n in range(15)]
    assert await book.told(signs[:14]) == []
    assert await book.told(signs[14:])


async def test_a_delay_that_is_reported_says_nothing() -> None:
    events = Events()
    await events.told(told("deferred", 0), told("delivered", 1))
    assert events.strikes.stored == {}


def told(kind: str, at_s: float, **more: object) -> DeliveryEvent:
    at = NOW + timedelta(seconds=at_s)
    fields = {"event_id": f"{kind}{at_s}", "event": kind, "occurred_at": at, "email_id": an_email().id, **more}
    return DeliveryEvent.model_validate(fields)


async def test_a_mail_that_no_server_answered_is_no_strike() -> None:
    """Its connection to our own relay broke for three days: that says nothing of the address."""
    world = World(count=1, relay=MemoryRelay({person(0): [Wire.NOT_SENT]}))
    row = world.row(0)
    world.emails.stored[row.id] = replace(row, first_tried_at=world.now)
    await sent_to(world, 1)
    assert world.row(0).state is EmailState.SOFT_BOUNCED
    assert ANN not in world.strikes.stored
