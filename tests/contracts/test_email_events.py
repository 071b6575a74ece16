"""One suite over the ledger in memory and in MongoDB: what comes back, and the numbers made of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TypeAlias

import pytest

from domain.activity import Wanted
from domain.email import Email, EmailEvent, EmailState, Mark, ServiceStatus
from domain.member_status import MemberStatus, member_status
from domain.reclassification import Proved, Rejudged
from domain.response import response
from domain.summary import NUMBERS, Summary, summary
from repositories.connection import Database, collection
from repositories.emails import MongoEmails
from repositories.event_updates import MOST_ALIKE, event_updates
from repositories.kept_summaries import KeptSummaries
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
    answers = [
        [], [DELIVERED], [OPENED], [CLICKED], [CLICKED, OPENED], [BOUNCED], [BOUNCED, OPENED], [SOFT], [OPENED, SOFT],
        [SOFT, DELIVERED], [SOFT, replace(DELIVERED, at=later(5))], [replace(BOUNCED, proves=None)],
    ]  # fmt: skip
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
        sent=20,
        delivered=14,
        hard_bounced=3,
        soft_bounced=5,
        opened=6,
        not_opened=9,
        clicked=2,
        replied=1,
        complaints=1,
        unsubscribed=1,
        autoreplied=1,
        machine_opened=1,
        machine_clicked=1,
        failed=1,
        in_doubt=1,
        skipped=1,
        deferred=1,
        planned=1,
    )


@pytest.mark.parametrize("number", NUMBERS)
async def test_behind_each_number_there_are_as_many_people(ledger: Ledger, number: str) -> None:
    await a_mixed_campaign(ledger)
    people = [email async for email in ledger.activity("spring", number)]
    assert len(people) == getattr(await ledger.summary("spring"), number)
    leads = [email async for email in ledger.activity("spring", number, module="Leads")]
    assert leads == [email for email in people if (email.ref or "").startswith("Leads:")]
    assert [email async for email in ledger.activity("spring", number, limit=1)] == people[:1]


@pytest.mark.parametrize("chosen", ["Invited", "Opened", "VIP guest"])
async def test_each_person_has_the_member_status_that_finds_it(ledger: Ledger, chosen: str) -> None:
    await a_mixed_campaign(ledger)
    everybody = {email.id: email async for email in ledger.people("spring", Wanted(), chosen=chosen)}
    found = {}
    for status in [*MemberStatus, "VIP guest"]:
        wanted = Wanted(statuses=frozenset({status}))
        found |= {email.id: status async for email in ledger.people("spring", wanted, chosen=chosen)}
    assert found == {key: member_status(response(email), chosen) for key, email in everybody.items()}


async def test_those_are_listed_who_fit_every_part_and_one_value_of_each(ledger: Ledger) -> None:
    await a_mixed_campaign(ledger)
    await ledger.plan([an_email("x@example.com", "springtime", ref="Leads:x"), an_email("x@example.com", "other")])
    wanted = Wanted(
        "opened", frozenset({"clicked", "replied"}), frozenset({"Responded", "Opened"}), frozenset({"Leads", "Deals"})
    )
    everybody = [email async for email in ledger.people("spring", Wanted(), chosen="Planned")]
    found = [email async for email in ledger.people("spring", wanted, chosen="Planned")]
    assert len(everybody) == len({email.id for email in everybody}) > 20
    assert found == [email for email in everybody if wanted.includes(email, "Planned")] != []
    rest = [email async for email in ledger.people("spring", Wanted(), chosen="", after=everybody[4].id, limit=3)]
    assert rest == everybody[5:8]
    assert not [email async for email in ledger.people("spring", Wanted(statuses=frozenset({"Nope"})), chosen="")]


async def test_all_that_was_sent_to_one_person_is_found(ledger: Ledger) -> None:
    rows = [an_email(campaign_id="autumn"), an_email(), an_email(occurrence=1)]
    await ledger.plan([*rows, an_email("bob@example.com")])
    assert await ledger.of_people([an_email().contact_id]) == rows


async def test_many_summaries_come_in_one_answer(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.SENT), an_email(campaign_id="other", state=EmailState.FAILED)])
    found = await ledger.summaries(["spring", "other", "nothing"])
    assert (found["spring"].sent, found["other"].failed, found["nothing"]) == (1, 1, Summary())


SENT = an_email(state=EmailState.SENT)
FAILED = an_email("bob@example.com", state=EmailState.FAILED, reason="spam_content")
CHANGES: Mapping[str, Callable[[Ledger], Awaitable[object]]] = {
    "an event": lambda ledger: ledger.apply([OPENED]),
    "another verdict": lambda ledger: ledger.rejudge(
        [Rejudged(FAILED, NOW, state=EmailState.SOFT_BOUNCED, reason="mailbox_full")]
    ),
    "more people": lambda ledger: ledger.plan([an_email("cleo@example.com")]),
    "the remainder": lambda ledger: ledger.replan([FAILED], "ann", NOW),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_numbers_follow_every_change_of_what_had_ended(ledger: Ledger, change: str) -> None:
    await ledger.plan([SENT, FAILED])
    before = await ledger.summary("spring")
    assert (before.sent, before.failed, before.is_final) == (1, 1, True)
    assert await ledger.summary("spring") == before
    await CHANGES[change](ledger)
    after = await ledger.summary("spring")
    assert after != before
    fresh = [response(row) for row in (await ledger.load([SENT.id, FAILED.id, an_email("cleo@example.com").id]))]
    assert after == summary(Counter(fresh))


async def test_what_has_ended_is_counted_once_and_what_goes_on_every_time(mongo_database: Database) -> None:
    """Somebody changes rows behind our back, who does not say so."""
    ledger, rows = MongoEmails(mongo_database), collection(mongo_database, "emails")
    await ledger.plan([SENT, an_email("bob@example.com", "autumn")])
    before = await ledger.summaries(["spring", "autumn", "nothing"])
    await rows.update_many({}, {"$set": {"state": EmailState.FAILED}})
    after = await ledger.summaries(["spring", "autumn", "nothing"])
    assert after["spring"] == before["spring"], "it was not counted again"
    assert (before["autumn"].planned, after["autumn"].failed) == (1, 1)
    await ledger.apply([OPENED])
    assert (await ledger.summary("spring")).failed == 1


async def test_numbers_are_not_kept_where_anything_changed_while_they_were_counted(mongo_database: Database) -> None:
    kept = KeptSummaries(mongo_database)
    mark = (await kept.of(["spring"]))["spring"]
    assert isinstance(mark, str)
    await kept.changed(["spring"])
    await kept.keep("spring", mark, Summary(sent=1))
    assert isinstance((await kept.of(["spring"]))["spring"], str)


def test_every_number_of_the_summary_has_its_rule() -> None:
    assert [field.name for field in fields(Summary)] == list(NUMBERS)


PROVED = Proved(EmailState.SOFT_BOUNCED, EmailState.SOFT_BOUNCED, {EmailState.SOFT_BOUNCED: "mailbox_full"})


@pytest.mark.parametrize("was", [EmailState.SENT, EmailState.IN_DOUBT])
async def test_what_events_prove_can_be_judged_again_and_only_a_row_that_rests_on_it_follows(
    ledger: Ledger, was: EmailState
) -> None:
    await ledger.plan([an_email(state=was)])
    await ledger.apply([replace(BOUNCED, reason="user_unknown")])
    read = await row(ledger)
    held_back = [await ledger.rejudge([Rejudged(read, later(99), PROVED)]) for _ in range(2)]
    assert held_back == [set(), {read.id}]  # the second time it is no longer as it was read
    now = await row(ledger)
    assert (now.proof, now.bounced, now.times) == (EmailState.SOFT_BOUNCED, EmailState.SOFT_BOUNCED, read.times)
    settled = (EmailState.SOFT_BOUNCED, "mailbox_full")
    assert (now.state, now.reason) == (settled if was is EmailState.IN_DOUBT else (EmailState.SENT, None))
    await ledger.apply([BOUNCED])  # evidence that comes later still outweighs it
    assert (await row(ledger)).bounced is EmailState.HARD_BOUNCED
    assert (await row(ledger)).state is (EmailState.HARD_BOUNCED if was is EmailState.IN_DOUBT else EmailState.SENT)


async def test_a_row_that_a_person_settled_keeps_its_state_when_verdicts_flip(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.IN_DOUBT)])
    await ledger.settle("spring", None, EmailState.SENT, reason=None, by="ann", at=later(1))
    await ledger.apply([replace(BOUNCED, reason="user_unknown")])
    await ledger.rejudge([Rejudged(await row(ledger), later(99), PROVED)])
    assert ((await row(ledger)).state, (await row(ledger)).bounced) == (EmailState.SENT, EmailState.SOFT_BOUNCED)


async def test_a_final_state_is_exchanged_only_where_it_is_as_it_was_read(ledger: Ledger) -> None:
    rows = [an_email(f"p{n}@example.com", state=EmailState.HARD_BOUNCED, reason="moved") for n in range(2)]
    await ledger.plan([*rows, an_email(state=EmailState.SENT), an_email(campaign_id="springtime", state=rows[0].state)])
    read = [email async for email in ledger.judged("spring")]
    assert read == sorted(rows, key=lambda each: each.id)
    assert [email async for email in ledger.judged("spring", later(1))] == []
    stale = replace(read[1], reason="user_unknown")
    held_back = await ledger.rejudge(
        [Rejudged(each, later(9), None, EmailState.FAILED, "policy", "x") for each in (read[0], stale)]
    )
    assert held_back == {stale.id}
    loaded = await ledger.load([each.id for each in read])
    assert [(each.state, each.reason) for each in loaded] == [(EmailState.FAILED, "policy"), (rows[0].state, "moved")]


async def test_when_somebody_last_read_at_an_address(ledger: Ledger) -> None:
    """D10; machines are nobody."""
    rows = [an_email(), an_email(campaign_id="autumn"), an_email("bob@example.com")]
    await ledger.plan(rows)
    by_machine = an_event(rows[2], mark=Mark.MACHINE_OPENED, at=later(50))
    await ledger.apply([OPENED, replace(CLICKED, email_id=rows[1].id, at=later(30)), BOUNCED, by_machine])
    assert await ledger.last_alive([row.contact_id for row in rows]) == {rows[0].contact_id: later(30)}


def test_rows_of_a_sharded_ledger_are_found_by_the_shard_key() -> None:
    opened = an_event(an_email())
    [alone], [routed] = (event_updates([opened], sharded=sharded) for sharded in (False, True))
    assert alone._filter == {"_id": opened.email_id}
    assert routed._filter == {**alone._filter, "campaign_id": "spring", "contact_id": opened.email_id.split(":")[1]}
    both = [opened, replace(opened, email_id=an_email("b@example.com").id)]
    [alone], [routed] = (event_updates(both, sharded=sharded) for sharded in (False, True))
    assert alone._filter == {"_id": {"$in": [each.email_id for each in both]}}
    assert routed._filter == {**alone._filter, "campaign_id": "spring"}


async def test_what_is_told_of_many_at_once_is_each_rows_own(ledger: Ledger) -> None:
    """More than one update holds, of two campaigns, some with several events and some in doubt."""
    rows = [
        an_email(
            f"p{n}@example.com",
            "spring" if n % 3 else "autumn",
            state=EmailState.IN_DOUBT if n % 5 else EmailState.SENT,
        )
        for n in range(2 * MOST_ALIKE + 50)
    ]
    await ledger.plan(rows)
    told = [replace(OPENED, email_id=each.id, at=later(n)) for n, each in enumerate(rows)]
    clicked = [replace(CLICKED, email_id=each.id, at=later(1000 + n)) for n, each in enumerate(rows) if n % 2]
    soft = [replace(SOFT, email_id=each.id, reason=f"r{n}") for n, each in enumerate(rows) if n % 7 == 0]
    stranger = replace(OPENED, email_id="spring:nobody:0")
    assert await ledger.apply([*told, *clicked, stranger, *soft]) == {"spring:nobody:0"}
    for n, each in enumerate(rows):
        stored = await row(ledger, each)
        assert (stored.state, stored.reason) == (EmailState.SENT, None)
        assert stored.service is (ServiceStatus.CLICKED if n % 2 else ServiceStatus.OPENED)
        bounced = {"bounced": SOFT.at} if n % 7 == 0 else {}
        assert stored.times == {"opened": later(n), **({"clicked": later(1000 + n)} if n % 2 else {}), **bounced}
