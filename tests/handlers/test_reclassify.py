"""Verdicts given again after the rules changed (X6): what flips, what follows, and what stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from domain.eligibility import SuppressionReason
from domain.email import NOT_SENT, EmailEvent, EmailState, Mark
from domain.erasure import GONE
from domain.events import StoredEvent
from domain.lists import Suppression
from domain.reclassification import Flip, Rejudged, refused_dead, reported_dead
from domain.ruling import Ruling, ruling_on
from domain.strikes import StrikeRecord
from handlers.reclassify import Page, Reclassifier
from handlers.strike_book import StrikeBook
from tests.builders import NOW, a_reply, a_stored_event, a_suppression, an_email, an_event, an_id, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.events import MemoryEvents
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions

S = EmailState
ANN = an_email().contact_id
DEAD: dict[str, str | int] = {"code": 550, "enhanced": "5.1.1", "text": "no such user"}
FULL: dict[str, str | int] = {"code": 552, "enhanced": "5.2.2", "text": "mailbox full"}
WAS_HARD = Ruling(S.HARD_BOUNCED, "user_unknown", "text:too-wide", dead=True)
WAS_SOFT = Ruling(S.SOFT_BOUNCED, "mailbox_full", "text:too-wide")
SENT = an_email(state=S.SENT)


@dataclass
class World:
    emails: MemoryEmails = field(default_factory=MemoryEmails)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    strikes: MemoryStrikes = field(default_factory=MemoryStrikes)

    def judge(self) -> Reclassifier:
        book = StrikeBook(self.strikes, self.emails)
        return Reclassifier(self.emails, self.events, self.suppressions, book, lambda: later(99), page_size=2)

    async def run(self, *, dry_run: bool = False) -> list[Page]:
        return [page async for page in self.judge()("spring", dry_run=dry_run)]

    async def flips(self, *, dry_run: bool = False) -> list[Flip]:
        return [flip for page in await self.run(dry_run=dry_run) for flip in page.flips]

    @property
    def state(self) -> object:
        stored = dict(self.emails.stored), dict(self.events.stored), dict(self.suppressions.stored)
        return (*stored, dict(self.strikes.stored), list(self.emails.rejudged), list(self.events.overruled))


async def bounced(was: Ruling | None, evidence: dict[str, str | int], *, more: Sequence[StoredEvent] = ()) -> World:
    """Ann's email was taken and bounced later, which was ruled on by other rules than those of now."""
    world = World(MemoryEmails(SENT))
    event = a_stored_event("b1", event="bounced", at=later(5), evidence=evidence, ruling=was)
    told = was or ruling_on(evidence)
    proving = an_event(SENT, mark=Mark.BOUNCED, proves=told.state, reason=told.reason, at=later(5))
    await world.emails.apply([proving])
    await world.events.add([event, *more])
    if told.dead:
        why = "campaign spring: bounced 550 5.1.1 dsn"
        await world.suppressions.add([Suppression(ANN, SuppressionReason.HARD_BOUNCED, later(5), why)])
    return world


async def test_a_bounce_that_was_taken_for_hard_is_soft_now_and_its_address_is_free() -> None:
    world = await bounced(WAS_HARD, FULL)
    await world.strikes.save([StrikeRecord(ANN)])
    [page] = await world.run()
    assert (page.emails, page.suppressed, page.lifted, page.held, page.moving) == (1, 0, 1, 0, 0)
    row = world.emails.stored[SENT.id]
    assert (row.state, row.bounced, row.proof) == (S.SENT, S.SOFT_BOUNCED, S.SOFT_BOUNCED)
    assert world.suppressions.stored == {}
    assert world.suppressions.taken_back[0].because == f"reclassified: {ruling_on(FULL).rule}"
    assert world.strikes.stored[ANN].strikes == {SENT.id: later(5)}


async def test_a_bounce_that_was_taken_for_soft_is_hard_now_and_suppresses_and_is_no_strike_any_more() -> None:
    world = await bounced(WAS_SOFT, DEAD)
    await world.strikes.save([StrikeRecord(ANN, {SENT.id: later(5)})])
    [page] = await world.run()
    assert (page.suppressed, page.lifted) == (1, 0)
    assert world.emails.stored[SENT.id].bounced is S.HARD_BOUNCED
    [suppression] = world.suppressions.stored.values()
    assert (suppression.at, suppression.reason) == (later(5), SuppressionReason.HARD_BOUNCED)
    assert suppression.evidence == f"campaign spring: 550 {ruling_on(DEAD).rule} (reclassified)"
    assert world.strikes.stored[ANN].strikes == {}


async def test_the_event_keeps_what_was_ruled_before() -> None:
    world = await bounced(WAS_HARD, FULL)
    await world.run()
    assert world.events.stored["b1"].ruling == ruling_on(FULL)
    assert [(each.was, each.now, each.at) for each in world.events.overruled] == [
        (WAS_HARD, ruling_on(FULL), later(99))
    ]


@pytest.mark.parametrize(("was", "evidence"), [(WAS_HARD, FULL), (WAS_SOFT, DEAD), (None, DEAD)])
async def test_a_repeated_run_changes_nothing(was: Ruling | None, evidence: dict[str, str | int]) -> None:
    world = await bounced(was, evidence)
    assert len(await world.flips()) == 1
    before = world.state
    assert await world.flips() == []
    assert world.state == before


async def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    world = await bounced(WAS_HARD, FULL)
    before = world.state
    told = await world.flips(dry_run=True)
    assert world.state == before
    assert told == await world.flips() == [Flip(SENT.id, WAS_HARD, ruling_on(FULL), later(5), 552, "b1")]


async def test_a_dry_run_tells_who_would_be_freed_and_who_suppressed() -> None:
    """Ann's bounce is soft now; bob's and cleo's are hard, and bob is suppressed already."""
    world = await bounced(WAS_HARD, FULL)
    bob, cleo = an_email("bob@example.com", state=S.SENT), an_email("cleo@example.com", state=S.SENT)
    await world.emails.plan([bob, cleo])
    await world.suppressions.add([a_suppression("bob@example.com", evidence="entered by hand")])
    for number, row in enumerate([bob, cleo]):
        told = a_stored_event(f"c{number}", email_id=row.id, event="bounced", evidence=DEAD, ruling=WAS_SOFT)
        await world.events.add([told])
        await world.emails.apply([an_event(row, mark=Mark.BOUNCED, proves=WAS_SOFT.state, reason=WAS_SOFT.reason)])
    before = world.state
    dry = await world.run(dry_run=True)
    assert world.state == before
    assert await world.run() == dry
    assert {each.contact_id for page in dry for each in page.freed} == {ANN}
    assert {each.contact_id for page in dry for each in page.condemned} == {cleo.contact_id}
    assert sum(page.held for page in dry) == 0


async def test_what_would_come_of_one_campaign_counts_in_the_next() -> None:
    """Seven strikes in as many campaigns by the rules of now: the last one would suppress."""
    world = await bounced(WAS_HARD, FULL)
    world.suppressions = MemorySuppressions()
    weekly = {f"c{week}:{ANN}:0": NOW - timedelta(weeks=week) for week in range(1, 6)}
    await world.strikes.save([StrikeRecord(ANN, weekly)])
    autumn = an_email(campaign_id="autumn", state=S.SENT)
    await world.emails.plan([autumn])
    told = a_stored_event(
        "a1", email_id=autumn.id, event="bounced", at=later(6), evidence=FULL, ruling=replace(WAS_HARD, dead=False)
    )
    await world.events.add([told])
    await world.emails.apply([an_event(autumn, mark=Mark.BOUNCED, proves=S.HARD_BOUNCED, reason="user_unknown")])
    judge = world.judge().dry()
    pages = [page for campaign in ("spring", "autumn") for page in [each async for each in judge(campaign)]]
    assert [page.suppressed for page in pages] == [0, 1]
    assert (world.suppressions.stored, set(world.strikes.stored[ANN].strikes)) == ({}, set(weekly))


async def test_a_run_that_was_killed_before_it_noted_the_event_is_done_by_the_next() -> None:
    world = await bounced(WAS_HARD, FULL)
    await world.run()
    world.events.stored["b1"] = replace(world.events.stored["b1"], ruling=WAS_HARD)
    row = world.emails.stored[SENT.id]
    [page] = await world.run()
    assert (len(page.flips), page.moving) == (1, 0)
    assert (world.emails.stored[SENT.id], world.events.stored["b1"].ruling) == (row, ruling_on(FULL))


async def test_an_email_of_which_an_event_is_just_being_recorded_waits_for_the_next_run() -> None:
    world = await bounced(WAS_HARD, FULL)
    await world.emails.apply([an_event(SENT, proves=S.SENT)])
    before = world.state
    [page] = await world.run()
    assert (page.flips, page.moving, world.state) == ([], 1, before)


async def test_a_bounce_of_before_verdicts_were_kept_is_ruled_on_whatever_the_row_says() -> None:
    world = await bounced(None, DEAD)
    world.emails.stored[SENT.id] = replace(world.emails.stored[SENT.id], proof=S.SOFT_BOUNCED, bounced=S.SOFT_BOUNCED)
    [flip] = await world.flips()
    assert (flip.was, flip.now) == (None, ruling_on(DEAD))
    assert world.emails.stored[SENT.id].bounced is S.HARD_BOUNCED
    assert world.events.stored["b1"].ruling == ruling_on(DEAD)


class Moving(MemoryEmails):
    """An event is recorded after the row was read, and before it is changed."""

    arriving: EmailEvent | None = None

    async def rejudge(self, rejudged: Sequence[Rejudged]) -> frozenset[str]:
        if self.arriving is not None:
            await self.apply([self.arriving])
            self.arriving = None
        return await super().rejudge(rejudged)


async def test_the_events_of_a_row_that_changed_under_way_keep_their_verdict_and_the_next_run_does_it() -> None:
    world = await bounced(WAS_SOFT, DEAD)
    world.emails = moving = Moving(*world.emails.stored.values())
    moving.arriving = an_event(SENT, mark=Mark.BOUNCED, proves=S.HARD_BOUNCED)
    [page] = await world.run()
    assert (page.flips, page.moving) == ([], 1)
    assert (world.events.stored["b1"].ruling, world.events.overruled) == (WAS_SOFT, [])
    await world.events.add([a_stored_event("b2", event="bounced", evidence=DEAD, ruling=ruling_on(DEAD))])
    [page] = await world.run()
    assert ([flip.event_id for flip in page.flips], page.moving) == (["b1"], 0)
    assert world.events.stored["b1"].ruling == ruling_on(DEAD)


# ---- what holds a suppression


class Racing(MemorySuppressions):
    """A dead address is told of right before its suppression is lifted, as handlers/delivery_event.py does it."""

    def __init__(self, known: MemorySuppressions, events: MemoryEvents) -> None:
        super().__init__(*known.stored.values())
        self.events = events

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        await self.events.add([a_stored_event("b2", event="bounced", evidence=DEAD, ruling=ruling_on(DEAD))])
        await self.add([a_suppression(at=later(7))])
        return await super().lift(suppression, at=at, because=because)


async def test_who_is_found_dead_while_a_suppression_is_lifted_is_suppressed_again() -> None:
    world = await bounced(WAS_HARD, FULL)
    world.suppressions = Racing(world.suppressions, world.events)
    [page] = await world.run()
    assert (page.lifted, page.held) == (0, 1)
    assert list(world.suppressions.stored) == [(ANN, SuppressionReason.HARD_BOUNCED)]


async def test_a_suppression_by_hand_stays() -> None:
    world = await bounced(WAS_HARD, FULL)
    by_hand = a_suppression(at=later(5), evidence="asked on the phone")
    world.suppressions = MemorySuppressions(by_hand, a_suppression(reason=SuppressionReason.COMPLAINED))
    await world.run()
    assert len(world.suppressions.stored) == 2


@pytest.mark.parametrize("other", ["another bounce", "another campaign", "the relay's own answer", "strikes"])
async def test_a_suppression_that_something_else_holds_stays(other: str) -> None:
    world = await bounced(WAS_HARD, FULL)
    elsewhere = an_email(campaign_id="autumn", state=S.SENT)
    if other == "another bounce":
        await world.events.add([a_stored_event("b2", event="bounced", evidence=DEAD, ruling=ruling_on(DEAD))])
        await world.emails.apply([an_event(SENT, mark=Mark.BOUNCED, proves=S.HARD_BOUNCED)])
    elif other == "another campaign":
        await world.emails.plan([elsewhere])
        await world.events.add([a_stored_event("b3", email_id=elsewhere.id, event="bounced", evidence=DEAD)])
    elif other == "the relay's own answer":
        refused = replace(
            elsewhere, state=S.HARD_BOUNCED, reason="user_unknown", reply=a_reply(550, "5.1.1 no such user")
        )
        await world.emails.plan([refused])
    else:
        weekly = {f"c{week}:{ANN}:0": NOW - timedelta(weeks=week) for week in range(1, 9)}
        await world.strikes.save([StrikeRecord(ANN, weekly)])
    [page] = await world.run()
    assert (page.lifted, page.held) == (0, 1)
    assert len(world.suppressions.stored) == 1


async def test_what_strikes_came_to_is_lifted_when_one_of_them_is_none() -> None:
    world = await bounced(WAS_SOFT, {"code": 554, "enhanced": "5.7.1", "text": "message refused as spam"})
    weekly = {f"c{week}:{ANN}:0": NOW - timedelta(weeks=week) for week in range(1, 7)}
    await world.strikes.save([StrikeRecord(ANN, {**weekly, SENT.id: later(5)})])
    await world.suppressions.add([a_suppression(evidence="D10: 7 sends in a row failed for good in 42 days")])
    [page] = await world.run()
    assert (page.lifted, page.held, world.suppressions.stored) == (1, 0, {})
    assert set(world.strikes.stored[ANN].strikes) == set(weekly)


async def test_who_was_freed_by_hand_since_stays_free_where_the_address_was_dead_before() -> None:
    world = await bounced(replace(WAS_HARD, reason="moved"), DEAD)
    world.suppressions = MemorySuppressions()
    assert len(await world.flips()) == 1
    assert world.suppressions.stored == {}


# ---- the relay's own answers, and rows in doubt


async def test_an_answer_of_the_relay_is_counted_by_the_rules_of_now() -> None:
    reply = a_reply(552, "5.2.2 mailbox full")
    row = an_email(state=S.HARD_BOUNCED, reason="user_unknown", reply=reply, state_at=later(3))
    world = World(
        MemoryEmails(row),
        suppressions=MemorySuppressions(a_suppression(at=later(3), evidence="campaign spring: 552 text:x")),
    )
    [flip] = await world.flips()
    assert (flip.event_id, flip.now.state, flip.now.reason) == (None, S.SOFT_BOUNCED, "mailbox_full")
    after = world.emails.stored[row.id]
    assert (after.state, after.reason, after.state_at) == (S.SOFT_BOUNCED, "mailbox_full", later(3))
    assert world.suppressions.stored == {}
    assert await world.flips() == []


@pytest.mark.parametrize(
    "row",
    [
        an_email(state=S.SENT, reply=a_reply()),
        an_email(state=S.DEFERRED, reason="expired", reply=a_reply(451, "4.2.2 mailbox full")),
        an_email(state=S.FAILED, reason=NOT_SENT, reply=a_reply(451, "4.2.2 mailbox full")),
        an_email(state=S.HARD_BOUNCED, proof=S.HARD_BOUNCED, reason="moved", reply=a_reply(451, "4.2.2 mailbox full")),
        an_email(state=S.IN_DOUBT, reason="reply_lost"),
        an_email(state=S.SKIPPED, reason="opted_out"),
    ],
)  # fmt: skip
async def test_what_no_answer_of_the_relay_ended_is_not_judged_by_it(row: object) -> None:
    world = World(MemoryEmails(row))  # type: ignore[arg-type]
    assert await world.flips() == []


async def test_a_row_that_was_in_doubt_follows_what_its_bounce_proves_now() -> None:
    world = World(MemoryEmails(an_email(state=S.IN_DOUBT)))
    await world.emails.apply([an_event(SENT, mark=Mark.BOUNCED, proves=S.HARD_BOUNCED, reason="user_unknown")])
    await world.events.add([a_stored_event("b1", event="bounced", evidence=FULL, ruling=WAS_HARD)])
    assert world.emails.stored[SENT.id].state is S.HARD_BOUNCED
    assert len(await world.flips()) == 1
    row = world.emails.stored[SENT.id]
    assert (row.state, row.reason) == (S.SOFT_BOUNCED, "mailbox_full")


async def test_other_campaigns_and_other_events_are_left_alone() -> None:
    world = await bounced(WAS_HARD, FULL, more=[a_stored_event("o1", event="deferred", evidence=DEAD)])
    assert [flip.event_id for flip in await world.flips(dry_run=True)] == ["b1"]
    elsewhere = replace(world.events.stored["b1"], email_id=f"autumn:{an_id('ann@example.com')}:0")
    world.events.stored["b1"] = elsewhere
    assert await world.flips() == []


async def test_where_the_words_are_not_kept_any_more_the_verdict_that_was_given_holds() -> None:
    """Erased, or too old: nothing is left to judge by."""
    silent = {**FULL, "text": GONE}
    world = await bounced(WAS_HARD, silent)
    row = an_email("eve@example.com", state=S.HARD_BOUNCED, reason="user_unknown", reply=a_reply(552, GONE))
    await world.emails.plan([replace(row, state_at=NOW)])
    assert await world.flips() == []
    assert reported_dead(a_stored_event(event="bounced", evidence=silent, ruling=WAS_HARD))
    assert not reported_dead(a_stored_event(event="bounced", evidence=silent, ruling=WAS_SOFT))
    assert refused_dead(replace(row, state_at=NOW))
