"""One suite over the ledger in memory and in MongoDB: the sender's side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from domain.breakers import Counts
from domain.email import NEXT, NO_SLICE, NOT_SENT, OPEN_STATES, Email, EmailState, Mark, ServiceStatus, SkipReason
from domain.remainder import planned_again
from domain.send_times import NO_ZONE, SendTimes
from repositories.emails import MongoEmails
from tests.builders import NOW, a_reply, an_email, an_event, an_id, an_outcome, emails, later
from tests.fakes.emails import MemoryEmails

Ledger: TypeAlias = MemoryEmails | MongoEmails
STORED_STATES = sorted(set(EmailState) - {EmailState.CLAIMED})


@pytest.fixture(params=["memory", "mongo"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryEmails()
    return MongoEmails(request.getfixturevalue("mongo_database"))


async def row(ledger: Ledger, email: Email) -> Email:
    found = await ledger.get(email.id)
    assert found is not None
    return found


async def test_what_is_planned_is_read_back(ledger: Ledger) -> None:
    email = an_email(
        ref=None,
        state=EmailState.DEFERRED,
        slice=3,
        reason="mailbox_full",
        detail="$x",
        attempts=2,
        first_tried_at=NOW,
        next_at=later(5),
        reply=a_reply(451, "4.2.2 Full"),
        lawful_basis="consent",
        service=ServiceStatus.OPENED,
        times={"opened": later(1), "bounced": later(2)},
        bounced=EmailState.HARD_BOUNCED,
        proof=EmailState.SOFT_BOUNCED,
    )
    await ledger.plan([email, an_email("bob@example.com")])
    assert await row(ledger, email) == email
    assert await row(ledger, an_email("bob@example.com")) == an_email("bob@example.com")
    assert await ledger.get("not an id") is None


async def test_planning_again_changes_nothing(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.store([an_outcome(an_email())])
    await ledger.plan([an_email(), an_email("bob@example.com")])
    assert (await row(ledger, an_email())).state is EmailState.SENT
    assert await ledger.get(an_email("bob@example.com").id)


async def test_only_a_campaign_of_which_nothing_was_sent_is_dropped(ledger: Ledger) -> None:
    skipped = an_email("bob@example.com", state=EmailState.SKIPPED)
    await ledger.plan([an_email(), skipped, an_email(campaign_id="other", state=EmailState.SENT)])
    assert await ledger.drop("other") == 0
    assert await ledger.drop("spring") == 2
    assert await ledger.get(an_email().id) is None


async def test_open_slices_are_those_that_hold_open_rows(ledger: Ledger) -> None:
    people = emails(6)
    rows = [replace(people[0], slice=5), replace(people[1], slice=2), replace(people[2], slice=2)]
    waiting = replace(people[4], slice=NO_SLICE, state=EmailState.DEFERRED)
    again = replace(people[5], slice=9, state=EmailState.DEFERRED)
    await ledger.plan([*rows, replace(people[3], slice=7, state=EmailState.SKIPPED), waiting, again])
    assert await ledger.open_slices("spring") == [2, 5, 9]


async def test_due_in_a_slice_is_what_is_planned_or_was_put_there_again_whatever_a_clock_says(ledger: Ledger) -> None:
    planned, due, early, elsewhere, skipped = emails(5)
    deferred: dict[str, Any] = {"state": EmailState.DEFERRED}
    await ledger.plan(
        [
            planned,
            replace(due, **deferred, next_at=NOW),
            replace(early, **deferred, next_at=later(1)),
            replace(elsewhere, slice=1),
            replace(skipped, state=EmailState.SKIPPED),
        ]
    )
    assert {each.id for each in await ledger.due_in_slice("spring", 0)} == {planned.id, due.id, early.id}


async def test_an_outcome_is_written_with_its_reply_and_counted(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.store([an_outcome(an_email())])
    stored = await row(ledger, an_email())
    assert stored == replace(
        an_email(), state=EmailState.SENT, attempts=1, first_tried_at=NOW, state_at=NOW, reply=a_reply()
    )


async def test_outcomes_of_many_that_were_taken_at_once_are_each_persons_own(ledger: Ledger) -> None:
    """They are one update: each keeps its own reply, its own number of tries and its first time."""
    tried, doubted, ended, *planned = emails(40)
    before = [
        replace(tried, state=EmailState.DEFERRED, attempts=2, first_tried_at=later(-900), reason="mailbox_full",
                detail="why", next_at=NOW, reply=a_reply(451, "4.2.2 Full")),
        replace(doubted, state=EmailState.IN_DOUBT, reason="worker_died"),
        replace(ended, state=EmailState.SKIPPED, reason="opted_out"),
        *planned,
    ]  # fmt: skip
    await ledger.plan(before)
    replies = {row.id: a_reply(250, f"2.0.0 $ok.{place}") for place, row in enumerate(before)}
    outcomes = [an_outcome(row, reply=replies[row.id]) for row in before]
    for _ in range(2):
        await ledger.store([*outcomes, an_outcome(an_email("nobody@example.com"))])
    sent = {"state": EmailState.SENT, "state_at": NOW, "reason": None, "detail": None, "next_at": None}
    for row_before in before:
        expected = replace(
            row_before, **sent, reply=replies[row_before.id], attempts=row_before.attempts + 1,
            first_tried_at=row_before.first_tried_at or NOW,
        )  # fmt: skip
        assert await row(ledger, row_before) == (row_before if row_before.id == ended.id else expected)


async def test_outcomes_that_are_not_alike_are_stored_together(ledger: Ledger) -> None:
    rows = [*emails(4), *[replace(an_email(f"q{n}@example.com", "other")) for n in range(3)]]
    await ledger.plan(rows)
    outcomes = [
        an_outcome(rows[0]),
        an_outcome(rows[1], reply=a_reply(251, "2.1.5 will forward")),
        an_outcome(rows[2], EmailState.HARD_BOUNCED, reply=a_reply(550, "5.1.1 unknown"), reason="user_unknown"),
        an_outcome(rows[3], EmailState.DEFERRED, reason="mailbox_full"),
        *[an_outcome(each, at=later(1)) for each in rows[4:]],
    ]
    await ledger.store(outcomes)
    stored = [await row(ledger, each) for each in rows]
    assert [each.state for each in stored] == [each.state for each in outcomes]
    assert [each.reply for each in stored] == [each.reply for each in outcomes]


async def test_a_skip_at_claim_is_no_try(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    skip = an_outcome(an_email(), EmailState.SKIPPED, reply=None, reason="opted_out", detail="why", tried=False)
    await ledger.store([skip])
    stored = await row(ledger, an_email())
    assert (stored.state, stored.reason, stored.detail) == (EmailState.SKIPPED, "opted_out", "why")
    assert (stored.attempts, stored.first_tried_at) == (0, None)


async def test_a_server_that_asks_to_come_later_is_no_try_but_time_runs_from_it(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    told = an_outcome(an_email(), EmailState.DEFERRED, reply=a_reply(421, "4.7.0 busy"), next_at=later(30), tried=False)
    await ledger.store([told])
    found = await row(ledger, an_email())
    assert (found.attempts, found.first_tried_at) == (0, told.at)


async def test_a_row_that_is_put_off_at_claim_leaves_its_batch_without_a_try_and_is_due_then(ledger: Ledger) -> None:
    await ledger.plan([an_email(slice=3)])
    wait = an_outcome(an_email(), EmailState.DEFERRED, reply=None, detail="why", next_at=later(900), tried=False)
    for _ in range(2):
        await ledger.store([wait])
    found = await row(ledger, an_email())
    assert (found.state, found.slice, found.attempts) == (EmailState.DEFERRED, NO_SLICE, 0)
    assert (found.first_tried_at, found.reason, found.detail) == (None, None, "why")
    assert await ledger.due("spring", later(899), 10) == []
    assert await ledger.due("spring", later(900), 10) == [found.id]


async def test_the_same_outcome_counts_once_however_often_it_is_stored(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    deferral = an_outcome(an_email(), EmailState.DEFERRED, reason="mailbox_full")
    for _ in range(3):
        await ledger.store([deferral])
    assert (await row(ledger, an_email())).attempts == 1
    for _ in range(3):
        await ledger.store([an_outcome(an_email(), at=later(900))])
    stored = await row(ledger, an_email())
    assert (stored.attempts, stored.first_tried_at) == (2, NOW)
    assert (stored.reason, stored.next_at) == (None, None)


async def test_a_later_deferral_follows_an_earlier_one_never_the_other_way(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    first = an_outcome(an_email(), EmailState.DEFERRED)
    second = an_outcome(an_email(), EmailState.DEFERRED, at=later(900), next_at=later(3000))
    for outcome in (first, second, first):
        await ledger.store([outcome])
    stored = await row(ledger, an_email())
    assert (stored.attempts, stored.next_at, stored.state_at) == (2, later(3000), later(900))


async def test_a_deferred_row_leaves_its_slice_until_it_is_put_in_another(ledger: Ledger) -> None:
    await ledger.plan([an_email(slice=4)])
    await ledger.store([an_outcome(an_email(), EmailState.DEFERRED, next_at=later(5))])
    assert (await row(ledger, an_email())).slice == NO_SLICE
    assert await ledger.due("spring", later(4), 10) == []
    assert await ledger.due("spring", later(5), 10) == [an_email().id]
    await ledger.put_in_slice([an_email().id], 9, out_of=NO_SLICE)
    assert await ledger.due("spring", later(5), 10) == []
    assert [each.id for each in await ledger.due_in_slice("spring", 9)] == [an_email().id]


async def test_a_row_that_somebody_else_moved_stays_where_it_is(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.DEFERRED, slice=NO_SLICE)])
    await ledger.put_in_slice([an_email().id], 9, out_of=NO_SLICE)
    await ledger.put_in_slice([an_email().id], 10, out_of=NO_SLICE)
    assert (await row(ledger, an_email())).slice == 9


async def test_the_longest_due_come_first(ledger: Ledger) -> None:
    rows = [replace(each, state=EmailState.DEFERRED, slice=NO_SLICE) for each in emails(3)]
    await ledger.plan([replace(each, next_at=later(9 - n)) for n, each in enumerate(rows)])
    assert await ledger.due("spring", later(60), 2) == [rows[2].id, rows[1].id]


async def test_planned_rows_wait_for_the_time_of_their_zone(ledger: Ledger) -> None:
    homes = ("Asia/Tokyo", "Europe/Berlin", None, "Asia/Seoul", "Asia/Tokyo", "Asia/Tokyo")
    rows = [
        replace(row, slice=n // 2, time_zone=home) for n, (row, home) in enumerate(zip(emails(6), homes, strict=True))
    ]
    await ledger.plan(
        [*rows[:5], replace(rows[5], state=EmailState.SKIPPED, slice=NO_SLICE), an_email(campaign_id="other")]
    )
    assert await ledger.time_zones("spring") == {"Asia/Tokyo": 2, "Asia/Seoul": 1, "Europe/Berlin": 1, NO_ZONE: 1}
    found = SendTimes(later(90), {"Asia/Tokyo": later(10), "Asia/Seoul": later(10), "Europe/Berlin": later(80)})
    await ledger.wait_for("spring", NO_SLICE, 1, found)
    assert [(await row(ledger, each)).slice for each in rows] == [-1, -1, 1, 1, 2, -1]
    for _ in range(2):
        await ledger.wait_for("spring", NO_SLICE, 3, found)
    assert await ledger.due("spring", later(9), 10) == []
    assert set(await ledger.due("spring", later(10), 10)) == {rows[n].id for n in (0, 3, 4)}
    assert (await ledger.due("spring", later(90), 10))[3:] == [rows[1].id, rows[2].id]
    assert (await row(ledger, rows[5])).next_at is None
    assert (await row(ledger, rows[2])).next_at == later(90)


async def test_those_who_wait_can_be_due_earlier_and_not_later(ledger: Ledger) -> None:
    rows = [replace(each, slice=NO_SLICE, next_at=later(60 * n)) for n, each in enumerate(emails(3))]
    deferred = an_email("d@example.com", state=EmailState.DEFERRED, slice=NO_SLICE, next_at=later(900))
    await ledger.plan([*rows, deferred])
    await ledger.hasten("spring", later(30))
    assert [(await row(ledger, each)).next_at for each in rows] == [NOW, later(30), later(30)]
    assert (await row(ledger, deferred)).next_at == later(900)


async def test_a_campaign_without_known_zones_waits_for_one_time(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.wait_for("spring", NO_SLICE, 1, SendTimes(later(5)))
    assert (await row(ledger, an_email())).next_at == later(5)


async def test_rows_that_have_ended_are_put_in_no_slice(ledger: Ledger) -> None:
    await ledger.plan([an_email(state=EmailState.SENT)])
    await ledger.put_in_slice([an_email().id], 9, out_of=0)
    await ledger.put_in_slice([], 9, out_of=0)
    assert (await row(ledger, an_email())).slice == 0


@pytest.mark.parametrize("before", STORED_STATES)
@pytest.mark.parametrize("after", STORED_STATES)
async def test_states_move_only_as_the_table_says(ledger: Ledger, before: EmailState, after: EmailState) -> None:
    await ledger.plan([an_email(state=before)])
    await ledger.store([an_outcome(an_email(), after, at=later(1))])
    allowed = after in NEXT[before]
    stored = await row(ledger, an_email())
    assert stored.state is (after if allowed else before)
    assert stored.attempts == allowed


async def test_outcomes_of_unknown_rows_are_left(ledger: Ledger) -> None:
    await ledger.store([an_outcome(an_email())])
    await ledger.store([])
    assert await ledger.get(an_email().id) is None


async def test_an_abandoned_slice_leaves_its_open_rows_in_doubt(ledger: Ledger) -> None:
    planned, due_again, deferred, sent, elsewhere = emails(5)
    await ledger.plan(
        [
            planned,
            replace(due_again, state=EmailState.DEFERRED, next_at=NOW),
            deferred,
            replace(sent, state=EmailState.SENT),
            replace(elsewhere, slice=1),
        ]
    )
    await ledger.store([an_outcome(deferred, EmailState.DEFERRED)])
    assert await ledger.doubt("spring", 0, later(60)) == 2
    doubted = await row(ledger, planned)
    assert (doubted.state, doubted.reason, doubted.state_at) == (EmailState.IN_DOUBT, "worker_died", later(60))
    assert (await row(ledger, due_again)).state is EmailState.IN_DOUBT
    assert (await row(ledger, deferred)).state is EmailState.DEFERRED
    assert (await row(ledger, elsewhere)).state is EmailState.PLANNED
    assert await ledger.doubt("spring", 0, later(60)) == 0


async def test_of_a_slice_begun_in_part_only_rows_that_were_begun_are_in_doubt(ledger: Ledger) -> None:
    rows = sorted(emails(4), key=lambda each: each.id)
    await ledger.plan(rows)
    await ledger.store([an_outcome(rows[0])])
    assert await ledger.doubt("spring", 0, later(60), through=rows[2].id, detail="held by a") == 2
    found = [await row(ledger, each) for each in rows]
    assert [each.state for each in found] == [
        EmailState.SENT, EmailState.IN_DOUBT, EmailState.IN_DOUBT, EmailState.PLANNED
    ]  # fmt: skip
    assert [each.detail for each in found] == [None, "held by a", "held by a", None]


async def test_a_late_owners_outcome_settles_a_row_in_doubt(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.doubt("spring", 0, later(60))
    await ledger.store([an_outcome(an_email(), at=later(-1))])
    assert (await row(ledger, an_email())).state is EmailState.SENT


async def test_a_late_owners_deferral_settles_nothing(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.doubt("spring", 0, later(60))
    await ledger.store([an_outcome(an_email(), EmailState.DEFERRED)])
    assert (await row(ledger, an_email())).state is EmailState.IN_DOUBT


async def test_doubts_are_found_the_oldest_first_without_those_that_were_sent_once_more(ledger: Ledger) -> None:
    new, old, again, proved, sent = emails(5)
    doubt: dict[str, Any] = {"state": EmailState.IN_DOUBT, "state_at": later(9)}
    await ledger.plan(
        [
            replace(new, **doubt),
            replace(old, **{**doubt, "state_at": later(5)}),
            replace(again, **doubt, resent_at=later(3)),
            replace(proved, **doubt, proof=EmailState.SENT),
            replace(sent, state=EmailState.SENT),
        ]
    )
    assert await ledger.doubtful("spring", later(9), 10) == [old.id, new.id]
    assert await ledger.doubtful("spring", later(8), 10) == [old.id]
    assert await ledger.doubtful("spring", later(9), 1) == [old.id]
    assert await ledger.doubtful("autumn", later(9), 10) == []


async def test_a_row_in_doubt_is_planned_once_more_and_only_once(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT, reason="reply_lost", detail="lost")
    await ledger.plan([ann, *emails(1)])
    assert await ledger.resend([ann.id, emails(1)[0].id], 7, later(60)) == 1
    again = await row(ledger, ann)
    assert (again.state, again.slice, again.reason, again.detail) == (EmailState.PLANNED, 7, "reply_lost", "lost")
    assert again.resent_at == later(60)
    assert again.message_id == ann.message_id
    assert await ledger.doubt("spring", 7, later(90)) == 1
    assert await ledger.resend([ann.id], 8, later(99)) == 0
    assert (await row(ledger, ann)).state is EmailState.IN_DOUBT
    assert await ledger.resent("spring") == 1


async def test_a_second_mail_that_is_not_sent_after_all_leaves_the_doubt_as_it_was(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT, reason="reply_lost")
    await ledger.plan([ann, *emails(1)])
    await ledger.resend([ann.id], 7, later(60))
    assert await ledger.skip_open("spring", SkipReason.CANCELLED, later(90)) == 1
    assert ((await row(ledger, ann)).state, (await row(ledger, ann)).reason) == (EmailState.IN_DOUBT, "reply_lost")
    assert (await ledger.books("spring", 2)).closed


async def test_evidence_of_the_first_mail_keeps_the_second_from_being_sent(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT)
    await ledger.plan([ann])
    await ledger.resend([ann.id], 7, later(60))
    await ledger.apply([an_event(ann, service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert (await row(ledger, ann)).state is EmailState.SENT
    assert await ledger.due_in_slice("spring", 7) == []


async def test_evidence_of_the_first_mail_ends_the_deferral_of_the_second(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT)
    await ledger.plan([ann])
    await ledger.resend([ann.id], 7, later(60))
    await ledger.store([an_outcome(ann, EmailState.DEFERRED, at=later(70), next_at=later(80))])
    await ledger.apply([an_event(ann, service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert (await row(ledger, ann)).state is EmailState.SENT
    assert await ledger.due("spring", later(99), 10) == []


async def test_a_second_mail_that_was_deferred_when_it_is_cancelled_is_in_doubt_again(ledger: Ledger) -> None:
    """As skipped it would be in the remainder, and the person would get what the first mail may have brought."""
    ann = an_email(state=EmailState.IN_DOUBT)
    await ledger.plan([ann])
    await ledger.resend([ann.id], 7, later(60))
    await ledger.store([an_outcome(ann, EmailState.DEFERRED, at=later(70), next_at=later(80))])
    assert await ledger.skip_open("spring", SkipReason.CANCELLED, later(90)) == 0
    assert ((await row(ledger, ann)).state, (await row(ledger, ann)).next_at) == (EmailState.IN_DOUBT, None)
    assert (await ledger.books("spring", 1)).closed


@pytest.mark.parametrize(("state", "reason"), [(EmailState.SENT, None), (EmailState.FAILED, NOT_SENT)])
async def test_doubts_are_settled_by_hand_and_nothing_else_is(
    ledger: Ledger, state: EmailState, reason: str | None
) -> None:
    one, two, planned = emails(3)
    await ledger.plan([replace(each, state=EmailState.IN_DOUBT, reason="worker_died") for each in (one, two)])
    await ledger.plan([planned, an_email(campaign_id="autumn", state=EmailState.IN_DOUBT)])
    assert await ledger.settle("spring", [one.id, planned.id], state, reason=reason, by="ann", at=later(9)) == 1
    settled = await row(ledger, one)
    assert (settled.state, settled.reason, settled.detail, settled.state_at) == (
        state, reason, "settled by ann", later(9),
    )  # fmt: skip
    assert await ledger.settle("spring", None, state, reason=reason, by="ann", at=later(9)) == 1
    assert await ledger.settle("spring", None, state, reason=reason, by="ann", at=later(9)) == 0
    assert (await row(ledger, planned)).state is EmailState.PLANNED
    assert (await ledger.books("spring", 3)).balanced


async def test_evidence_outweighs_a_hand_that_said_it_was_never_sent(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT)
    await ledger.plan([ann])
    await ledger.settle("spring", None, EmailState.FAILED, reason=NOT_SENT, by="ann", at=later(9))
    await ledger.apply([an_event(ann, service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert ((await row(ledger, ann)).state, (await row(ledger, ann)).reason) == (EmailState.SENT, None)


async def test_a_bounce_after_a_hand_that_said_it_was_sent_marks_the_row(ledger: Ledger) -> None:
    ann = an_email(state=EmailState.IN_DOUBT)
    await ledger.plan([ann])
    await ledger.settle("spring", None, EmailState.SENT, reason=None, by="ann", at=later(9))
    await ledger.apply([an_event(ann, mark=Mark.BOUNCED, proves=EmailState.HARD_BOUNCED)])
    stored = await row(ledger, ann)
    assert (stored.state, stored.bounced) == (EmailState.SENT, EmailState.HARD_BOUNCED)


async def test_open_rows_are_skipped_when_a_campaign_is_cancelled(ledger: Ledger) -> None:
    rows = [replace(each, state=state) for each, state in zip(emails(8), STORED_STATES, strict=True)]
    await ledger.plan(rows)
    assert await ledger.skip_open("spring", SkipReason.CANCELLED, later(1)) == len(OPEN_STATES - {EmailState.CLAIMED})
    books = await ledger.books("spring", 8)
    assert books.open == 0
    assert books.skips[SkipReason.CANCELLED] == 2


async def test_rows_are_found_by_address_whatever_its_case(ledger: Ledger) -> None:
    ann = an_email("Ann@Example.com")
    await ledger.plan([ann, an_email("bob@example.com"), an_email(campaign_id="other")])
    assert await ledger.of_addresses("spring", ["ANN@example.COM", "eve@example.com"]) == [ann]


async def test_rows_of_one_person_are_all_occurrences_of_one_campaign(ledger: Ledger) -> None:
    rows = [an_email(occurrence=0), an_email(occurrence=1)]
    await ledger.plan([*rows, an_email(campaign_id="other"), an_email("bob@example.com")])
    assert await ledger.of_contact("spring", an_id("ann@example.com")) == rows


async def test_the_books_count_every_row_once_by_state_and_reason(ledger: Ledger) -> None:
    skip: dict[str, Any] = {"state": EmailState.SKIPPED}
    people = emails(8)
    conflict = {**skip, "reason": SkipReason.TOPIC_CONFLICT}
    await ledger.plan(
        [
            people[0],
            replace(people[1], state=EmailState.SENT),
            replace(people[2], **skip, reason=SkipReason.OPTED_OUT),
            replace(people[3], **conflict, detail="holds a.b"),
            replace(people[4], **conflict, detail="holds a.b"),
            replace(people[5], state=EmailState.FAILED, reason="policy"),
            replace(people[6], state=EmailState.HARD_BOUNCED, reason="user_unknown"),
            replace(people[7], state=EmailState.IN_DOUBT, reason="reply_lost"),
            an_email(campaign_id="other"),
        ]
    )
    books = await ledger.books("spring", 8)
    assert books.balanced
    assert not books.closed
    assert books.states == {
        EmailState.PLANNED: 1,
        EmailState.SENT: 1,
        EmailState.SKIPPED: 3,
        EmailState.FAILED: 1,
        EmailState.HARD_BOUNCED: 1,
        EmailState.IN_DOUBT: 1,
    }
    assert books.skips == {SkipReason.OPTED_OUT: 1, SkipReason.TOPIC_CONFLICT: 2}
    assert books.failures == {"policy": 1, "user_unknown": 1}
    assert books.conflicts == {"holds a.b": 2}


async def test_the_books_of_nobody_are_empty(ledger: Ledger) -> None:
    assert (await ledger.books("nothing", 0)).closed


async def test_an_event_before_the_outcome_does_not_block_it(ledger: Ledger) -> None:
    await ledger.plan([an_email()])
    await ledger.apply([an_event(an_email(), service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert (await row(ledger, an_email())).state is EmailState.PLANNED
    await ledger.store([an_outcome(an_email())])
    stored = await row(ledger, an_email())
    assert (stored.state, stored.service) == (EmailState.SENT, ServiceStatus.OPENED)


async def test_harm_counts_each_email_once(ledger: Ledger) -> None:
    """D11: bounces at once and later ones, complaints, faults of ours; and apart from them all who were tried."""
    marks = {"complained": NOW}
    states: list[dict[str, Any]] = [
        {"state": EmailState.HARD_BOUNCED, "bounced": EmailState.HARD_BOUNCED},  # it was in doubt, and proved
        {"state": EmailState.HARD_BOUNCED, "reason": "user_unknown"},
        {"state": EmailState.SENT, "bounced": EmailState.HARD_BOUNCED, "times": {"bounced": NOW}},
        {"state": EmailState.SENT, "bounced": EmailState.SOFT_BOUNCED, "times": {"bounced": NOW}},
        {"state": EmailState.SENT, "times": marks},
        {"state": EmailState.SOFT_BOUNCED, "reason": "mailbox_full"},
        {"state": EmailState.FAILED, "reason": "auth_failure"},
        {"state": EmailState.FAILED, "reason": "tls_failure"},
        {"state": EmailState.DEFERRED}, {"state": EmailState.IN_DOUBT}, {"state": EmailState.SKIPPED}, {},
    ]  # fmt: skip
    rows = [an_email(f"p{place}@example.com", **fields) for place, fields in enumerate(states)]
    await ledger.plan([*rows, an_email(campaign_id="other", state=EmailState.HARD_BOUNCED)])
    assert await ledger.harm("spring") == Counts(hard_bounced=3, complaints=1, sender_faults=1)
    assert await ledger.tried("spring") == 8


# ---- planned once more: the remainder


async def test_ended_rows_are_found_by_state_in_the_order_of_their_ids(ledger: Ledger) -> None:
    one, two, three = emails(3)
    await ledger.plan([replace(one, state=EmailState.FAILED), replace(two, state=EmailState.SKIPPED), three])
    await ledger.plan([an_email(campaign_id="autumn", state=EmailState.FAILED)])
    found = [each.id async for each in ledger.ended("spring", {EmailState.FAILED, EmailState.SKIPPED})]
    assert found == sorted([one.id, two.id])


async def test_a_row_that_has_ended_is_planned_once_more_and_keeps_how_it_had_ended(ledger: Ledger) -> None:
    failed = an_email(
        state=EmailState.FAILED, reason="auth_failure", detail="$x", attempts=2, first_tried_at=NOW, slice=3,
        reply=a_reply(550, "5.7.1 $no"), state_at=NOW,
    )  # fmt: skip
    skipped = an_email("bob@example.com", state=EmailState.SKIPPED, reason="opted_out", slice=NO_SLICE, state_at=NOW)
    await ledger.plan([failed, skipped])
    assert await ledger.replan([failed, skipped], "$ann", later(60)) == 2
    assert await row(ledger, failed) == planned_again(failed, "$ann", later(60))
    assert await row(ledger, skipped) == planned_again(skipped, "$ann", later(60))
    assert await ledger.due("spring", later(60), 9) == sorted([failed.id, skipped.id])
    assert (await ledger.books("spring", 2)).open == 2


async def test_planning_the_same_row_again_changes_nothing(ledger: Ledger) -> None:
    failed = an_email(state=EmailState.FAILED, reason="policy", state_at=NOW)
    await ledger.plan([failed])
    await ledger.replan([failed], "ann", later(60))
    assert await ledger.replan([failed], "ann", later(90)) == 0
    assert (await row(ledger, failed)).state_at == later(60)


async def test_a_second_end_is_kept_beside_the_first(ledger: Ledger) -> None:
    failed = an_email(state=EmailState.FAILED, reason="policy", state_at=NOW)
    await ledger.plan([failed])
    await ledger.replan([failed], "ann", later(60))
    await ledger.store([an_outcome(failed, EmailState.FAILED, at=later(70), reason="spam_content")])
    await ledger.replan([await row(ledger, failed)], "bob", later(80))
    ends = [(each.by, each.reason) for each in (await row(ledger, failed)).earlier]
    assert ends == [("ann", "policy"), ("bob", "spam_content")]


async def test_a_row_of_which_an_event_told_is_not_planned_once_more(ledger: Ledger) -> None:
    failed = an_email(state=EmailState.FAILED, reason="policy", state_at=NOW)
    await ledger.plan([failed])
    await ledger.apply([an_event(failed, service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert await ledger.replan([failed, await row(ledger, failed)], "ann", later(60)) == 0
    assert (await row(ledger, failed)).state is EmailState.FAILED


@pytest.mark.parametrize("reason", ["reply_lost", NOT_SENT])
async def test_evidence_settles_a_doubt_that_was_planned_once_more_by_hand(ledger: Ledger, reason: str) -> None:
    ann = an_email(state=EmailState.IN_DOUBT, reason="reply_lost", state_at=NOW)
    await ledger.plan([ann])
    if reason == NOT_SENT:
        await ledger.settle("spring", [ann.id], EmailState.FAILED, reason=NOT_SENT, by="ann", at=later(5))
    assert await ledger.replan([await row(ledger, ann)], "ann", later(60)) == 1
    assert ((await row(ledger, ann)).reason, (await row(ledger, ann)).resent_at) == (reason, later(60))
    await ledger.apply([an_event(ann, service=ServiceStatus.OPENED, proves=EmailState.SENT)])
    assert (await row(ledger, ann)).state is EmailState.SENT
    assert await ledger.due("spring", later(99), 9) == []
