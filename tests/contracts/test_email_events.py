"""One suite over the ledger in memory and in MongoDB: what comes back, and the numbers made of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeAlias

import pytest

from domain.books import NUMBERS, Summary
from domain.email import Email, EmailEvent, EmailState, Mark, ServiceStatus
from repositories.emails import MongoEmails
from tests.builders import NOW, an_email, an_event, an_outcome, emails, later
from tests.fakes.emails import MemoryEmails

Ledger: TypeAlias = MemoryEmails | MongoEmails
DELIVERED = an_event(an_email(), service=ServiceStatus.DELIVERED, proves=EmailState.SENT, at=later(1))
OPENED = an_event(an_email(), service=ServiceStatus.OPENED, proves=EmailState.SENT, at=later(9))
CLICKED = an_event(an_email(), service=ServiceStatus.CLICKED, proves=EmailState.SENT, at=later(10))
BOUNCED = an_event(an_email(), mark=Mark.BOUNCED, proves=EmailState.HARD_BOUNCED, at=later(5))
SOFT = an_event(an_email(), mark=Mark.BOUNCED, proves=EmailState.SOFT_BOUNCED, at=later(4))


@pytest.fixture(params=["memory", "mongo"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryEmails()
    return MongoEmails(request.getfixturevalue("mongo_database"))


async def row(ledger: Ledger, email: Email | None = None) -> Email:
    found = await ledger.get((email or an_email()).id)
    assert found is not None
    return found


async def test_events_raise_the_service_status_and_keep_first_times(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.SENT)])
    assert await ledger.apply([OPENED, DELIVERED, replace(OPENED, at=later(7))]) == frozenset()
    await ledger.apply([an_event(an_email(), mark=Mark.UNSUBSCRIBED, at=later(20))])
    stored = await row(ledger)
    assert stored.service is ServiceStatus.OPENED
    assert stored.times == {"delivered": later(1), "opened": later(7), "unsubscribed": later(20)}


async def test_ids_that_are_in_no_ledger_are_named(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    strange = [an_event("spring:nobody:0"), an_event("not an id"), an_event("a:b:c:d")]
    named = await ledger.apply([OPENED, DELIVERED, *strange])
    assert named == {"spring:nobody:0", "not an id", "a:b:c:d"}
    assert (await row(ledger)).service is ServiceStatus.OPENED
    assert await ledger.apply([]) == frozenset()


async def test_the_order_and_number_of_events_makes_no_difference(ledger: Ledger) -> None:
    events = [DELIVERED, OPENED, BOUNCED, SOFT]
    orders = list(itertools.permutations(events))
    rows = [an_email(f"p{n}@example.com", state=EmailState.IN_DOUBT) for n in range(len(orders))]
    await ledger.plan(rows)
    for email, order in zip(rows, orders, strict=True):
        own = [replace(event, email_id=email.id) for event in order]
        await apply_in_windows(ledger, own)
    ends = {(e.state, e.service, *sorted(e.times.items())) for e in [await row(ledger, each) for each in rows]}
    assert len(ends) == 1


async def apply_in_windows(ledger: Ledger, events: Sequence[EmailEvent]) -> None:
    """One by one, then two together, then all of them again."""
    await ledger.apply(events[:1])
    await ledger.apply(events[1:3])
    await ledger.apply(events[3:])
    await ledger.apply(events)


async def test_an_open_settles_a_row_in_doubt(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.IN_DOUBT, reason="reply_lost")])
    await ledger.apply([OPENED])
    assert ((await row(ledger)).state, (await row(ledger)).reason) == (EmailState.SENT, None)


@pytest.mark.parametrize(
    ("proves", "reason"),
    [
        (EmailState.FAILED, "spam_content"),
        (EmailState.SOFT_BOUNCED, "mailbox_full"),
        (EmailState.HARD_BOUNCED, "user_unknown"),
    ],
)
async def test_a_bounce_settles_a_row_in_doubt_with_its_reason(ledger: Ledger, proves: EmailState, reason: str) -> None:
    await ledger.plan([an_email(state=EmailState.IN_DOUBT, reason="worker_died")])
    bounced = replace(BOUNCED, proves=proves, reason=reason)
    await ledger.apply([bounced])
    await ledger.apply([replace(bounced, reason="zzz"), bounced])
    assert ((await row(ledger)).state, (await row(ledger)).reason) == (proves, reason)
    assert (await row(ledger)).proof is proves


async def test_an_open_outweighs_a_bounce_that_settled_first(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.IN_DOUBT)])
    await ledger.apply([BOUNCED])
    assert (await row(ledger)).state is EmailState.HARD_BOUNCED
    await ledger.apply([OPENED])
    assert (await row(ledger)).state is EmailState.SENT


async def test_a_bounce_after_the_250_marks_the_row_and_leaves_its_state(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.store([an_outcome(an_email())])
    await ledger.apply([BOUNCED])
    stored = await row(ledger)
    assert (stored.state, stored.bounced) == (EmailState.SENT, EmailState.HARD_BOUNCED)


async def test_a_refusal_by_the_relay_is_not_undone_by_an_open(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.store([an_outcome(an_email(), EmailState.HARD_BOUNCED)])
    await ledger.apply([OPENED])
    assert (await row(ledger)).state is EmailState.HARD_BOUNCED


@pytest.mark.parametrize("doubtful", ["its worker died", "its reply was lost"])
async def test_what_events_proved_before_settles_a_doubt_at_once(ledger: Ledger, doubtful: str) -> None:
    await ledger.plan([an_email()])
    await ledger.apply([OPENED])
    if doubtful == "its worker died":
        await ledger.doubt("spring", 0, NOW)
    else:
        await ledger.store([an_outcome(an_email(), EmailState.IN_DOUBT, reply=None, reason="reply_lost")])
    stored = await row(ledger)
    assert (stored.state, stored.reason) == (EmailState.SENT, None)


async def a_mixed_campaign(ledger: Ledger) -> None:
    """Every state, and each kind of answer to what was sent; half of them contacts."""
    states = sorted(set(EmailState) - {EmailState.CLAIMED})
    answers = [[], [DELIVERED], [OPENED], [CLICKED], [BOUNCED], [SOFT], [OPENED, SOFT], [replace(BOUNCED, proves=None)]]
    marks = [[an_event("", mark=mark)] for mark in Mark]
    replied = [an_event("", service=ServiceStatus.REPLIED)]
    kinds = [(EmailState.SENT, events) for events in [*answers, *marks, replied]] + [(state, []) for state in states]
    rows = [replace(each, state=kind[0]) for each, kind in zip(emails(len(kinds)), kinds, strict=True)]
    await ledger.plan([replace(each, ref=f"{('Leads', 'Contacts')[n % 2]}:{n}") for n, each in enumerate(rows)])
    for email, (_, events) in zip(rows, kinds, strict=True):
        await ledger.apply([replace(event, email_id=email.id) for event in events])


async def test_the_summary_counts_people_once_per_number(ledger: Ledger) -> None:
    await a_mixed_campaign(ledger)
    assert await ledger.summary("spring") == Summary(
        sent=14,
        delivered=9,
        hard_bounced=2,
        soft_bounced=5,
        opened=4,
        not_opened=6,
        clicked=1,
        replied=1,
        complaints=1,
        unsubscribed=1,
        failed=1,
        in_doubt=1,
        skipped=1,
    )


@pytest.mark.parametrize("number", NUMBERS)
async def test_behind_each_number_there_are_as_many_people(ledger: Ledger, number: str) -> None:
    await a_mixed_campaign(ledger)
    people = [email async for email in ledger.activity("spring", number)]
    assert len(people) == getattr(await ledger.summary("spring"), number)
    leads = [email async for email in ledger.activity("spring", number, module="Leads")]
    assert leads == [email for email in people if (email.ref or "").startswith("Leads:")]
    assert [email async for email in ledger.activity("spring", number, limit=1)] == people[:1]


async def test_many_summaries_come_in_one_answer(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.SENT), an_email(campaign_id="other", state=EmailState.FAILED)])
    found = await ledger.summaries(["spring", "other", "nothing"])
    assert (found["spring"].sent, found["other"].failed, found["nothing"]) == (1, 1, Summary())


def test_every_number_of_the_summary_has_its_rule() -> None:
    assert [field.name for field in fields(Summary)] == list(NUMBERS)
