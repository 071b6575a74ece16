"""Reviews, R54-R67, on fakes."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from domain.campaign import CampaignStatus, LawfulBasis, Purpose, Selection, Sender, changed_since_review
from domain.contact import Membership, OptOut, SubscriptionType
from domain.eligibility import SuppressionReason
from domain.email import NO_SLICE, EmailState, SkipReason
from domain.erasure import erased_ref, record_key
from domain.errors import Conflict, IllegalTransition, InvalidMessage, NotReady, UnknownCampaign
from domain.lists import Suppression
from domain.record import Record
from domain.slices import Run
from handlers.campaign_moves import CampaignMoves
from messages.review_requested import ReviewRequested
from tests.builders import (
    ADDRESS_KEY,
    NOW,
    a_contact,
    a_member,
    a_record,
    a_suppression,
    a_sync,
    a_topic,
    an_id,
    later,
)
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.lists import MemoryLists
from tests.fakes.records import MemoryRecords
from tests.fakes.runs import MemoryRuns
from tests.fakes.slices import MemorySlices
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.reviewing import GREEN, House, a_draft, content


def leads(count: int) -> list[Record]:
    return [a_record(f"{n:03}") for n in range(count)]


def mixed() -> list[Record]:
    """Twelve leads of whom six can be mailed."""
    return [
        *leads(6),
        a_record("100", {"Email": ""}),
        a_record("101", {"Email": "no address"}),
        a_record("102", {"Email": "LEAD001@example.com"}, changed_at=later(60)),  # a newer record of lead 001's address
        a_record("103", {"Email": "out@example.com", "Email_Opt_Out": True}),
        a_record("104", {"Email": "dead@example.com"}),
        a_record("105", alive_version=0, deleted_version=1),
    ]


def a_house(records: list[Record], **draft: Any) -> House:
    return House(
        campaigns=MemoryCampaigns(a_draft(**draft)),
        records=MemoryRecords(*records),
        suppressions=MemorySuppressions(a_suppression("dead@example.com")),
    )


REQUEST = ReviewRequested(campaign_id="spring")


# ---- the whole way


async def test_everybody_picked_gets_one_row_and_the_books_agree_with_the_report() -> None:
    house = a_house(mixed())
    campaign = await house.reviewed()
    assert campaign.status is CampaignStatus.REVIEWED, campaign.status_reason
    assert campaign.report is not None
    assert campaign.report.to_send == 6
    assert campaign.report.skipped == {
        "no_email": 1, "invalid_email": 1, "duplicate": 1, "opted_out": 1, "hard_bounced": 1, "deleted": 1,
    }  # fmt: skip
    assert campaign.report.from_modules == {"Leads": 12}
    assert campaign.report.selected == len(house.emails.stored) == 12
    assert (await house.books(campaign)).balanced


async def test_the_most_recently_changed_record_of_an_address_is_mailed_and_the_other_names_it() -> None:
    house = a_house(mixed())
    await house.reviewed()
    assert house.skips()["Leads:001"] == SkipReason.DUPLICATE
    loser = next(row for row in house.emails.stored.values() if row.ref == "Leads:001")
    assert loser.detail == "same address as Leads:102"
    assert house.emails.stored[f"spring:{an_id('lead001@example.com')}:0"].ref == "Leads:102"


async def test_a_winner_that_was_not_picked_does_not_count() -> None:
    house = a_house(mixed(), recipients=Selection(refs=("Leads:001", "Leads:002")))
    await house.reviewed()
    assert house.emails.stored[f"spring:{an_id('lead001@example.com')}:0"].ref == "Leads:001"
    assert house.skips() == {}


async def test_recipients_are_put_on_the_list_but_for_those_who_left() -> None:
    house = a_house(mixed())
    await house.reviewed()
    members = {contact.address for contact in house.contacts.stored.values() if "news" in contact.memberships}
    assert len(members) == 6
    assert {"out@example.com", "dead@example.com"}.isdisjoint(members)
    assert a_contact("out@example.com").id in house.contacts.stored, "their values are known all the same"


async def test_merge_values_come_by_the_default_map_where_no_sync_is() -> None:
    house = a_house(leads(1))
    await house.reviewed()
    assert house.contacts.stored[an_id("lead000@example.com")].values() == {"first_name": "Ann"}


async def test_merge_values_come_by_the_map_of_the_modules_sync() -> None:
    house = a_house(leads(1), content=content(html=None, text="{{ nickname }} {{ organisation_name }} "))
    house.syncs = MemorySyncs(a_sync(lists=(), field_map={"First_Name": "nickname"}))
    await house.reviewed()
    assert house.contacts.stored[an_id("lead000@example.com")].values() == {"nickname": "Ann"}


async def test_a_chosen_record_that_never_came_is_skipped_by_name() -> None:
    house = a_house(leads(1), recipients=Selection(refs=("Leads:000", "Leads:nobody")))
    campaign = await house.reviewed()
    assert house.skips() == {"Leads:nobody": SkipReason.UNKNOWN_RECORD}
    assert campaign.report is not None
    assert campaign.report.selected == 2


async def test_a_record_chosen_twice_is_counted_once() -> None:
    house = a_house(leads(3), recipients=Selection(modules=("Leads", "Leads"), refs=("Leads:001",)))
    campaign = await house.reviewed()
    assert campaign.report is not None
    assert campaign.report.selected == 3


async def test_list_members_come_on_top_when_the_caller_says_so() -> None:
    house = a_house(leads(2))
    bob = a_member("bob@example.com", sources={})
    house.contacts = MemoryContacts(bob)
    campaign = await house.reviewed(include_existing_members=True)
    assert campaign.report is not None
    assert (campaign.report.from_modules, campaign.report.from_list) == ({"Leads": 2}, 1)
    assert "bob@example.com" in house.to_send()


async def test_list_members_stay_out_otherwise() -> None:
    house = a_house(leads(2))
    house.contacts = MemoryContacts(a_member("bob@example.com", sources={}))
    await house.reviewed()
    assert house.to_send() == ["lead000@example.com", "lead001@example.com"]


async def test_a_campaign_may_go_to_the_list_alone() -> None:
    house = a_house([], recipients=Selection())
    house.contacts = MemoryContacts(*(a_member(f"m{n}@example.com", sources={}) for n in range(5)))
    campaign = await house.reviewed(include_existing_members=True)
    assert campaign.status is CampaignStatus.REVIEWED
    assert len(house.to_send()) == 5


async def test_topic_conflicts_are_counted_by_the_topics_held() -> None:
    house = a_house(leads(2))
    both = frozenset({"events", "offers"})
    house.contacts = MemoryContacts(a_contact("lead000@example.com", topics=both, sources={}))
    campaign = await house.reviewed()
    assert campaign.report is not None
    assert campaign.report.topic_conflicts == {"events": 1, "offers": 1}
    assert campaign.report.skipped == {"topic_conflict": 1}


async def test_an_erased_person_is_counted_and_nothing_of_them_is_kept() -> None:
    house = a_house(leads(2))
    house.suppressions = MemorySuppressions(a_suppression("lead000@example.com", reason=SuppressionReason.ERASED))
    await house.reviewed()
    assert house.skips() == {erased_ref("Leads:000", ADDRESS_KEY): SkipReason.ERASED}
    row = next(row for row in house.emails.stored.values() if row.reason)
    assert row.address == ""


async def test_a_record_that_was_erased_and_is_chosen_is_counted_as_erased() -> None:
    """Its stand-in, too, which takes its place in campaigns that named it."""
    other = erased_ref("Leads:008", ADDRESS_KEY)
    house = a_house(leads(1), recipients=Selection(refs=("Leads:000", "Leads:007", other, "Leads:009")))
    stones = [record_key(ref, ADDRESS_KEY) for ref in ("Leads:007", "Leads:008")]
    await house.suppressions.add([Suppression(key, SuppressionReason.ERASED, NOW) for key in stones])
    campaign = await house.reviewed()
    erased = erased_ref("Leads:007", ADDRESS_KEY)
    assert house.skips() == {
        erased: SkipReason.ERASED, other: SkipReason.ERASED, "Leads:009": SkipReason.UNKNOWN_RECORD,
    }  # fmt: skip
    assert (await house.books(campaign)).balanced


async def test_rows_carry_lawful_basis_message_id_and_their_batch() -> None:
    house = a_house(leads(7), lawful_basis=LawfulBasis.CONTRACT)
    campaign = await house.reviewed()
    rows = sorted(house.emails.stored.values(), key=lambda row: row.ref or "")
    # ranges of 3 people own two batches of 2 rows each
    assert [row.slice for row in rows] == [0, 0, 1, 2, 2, 3, 4]
    assert {row.lawful_basis for row in rows} == {"contract"}
    assert rows[0].message_id == f"{rows[0].id.replace(':', '.')}@green.example"
    assert campaign.slices == 6


async def test_those_skipped_are_in_no_batch() -> None:
    """There may be hundreds of thousands; whoever sends a batch reads all of it."""
    house = a_house(leads(2))
    house.suppressions = MemorySuppressions(a_suppression("lead000@example.com", reason=SuppressionReason.COMPLAINED))
    await house.reviewed()
    assert {row.slice for row in house.emails.stored.values() if row.state is EmailState.SKIPPED} == {NO_SLICE}


async def test_a_record_that_comes_while_the_review_runs_is_not_in_it() -> None:
    house = a_house(leads(3))
    first = await house.step(REQUEST)
    house.records.stored["Leads:999"] = replace(
        a_record("999", {"Email": "lead000@example.com"}, changed_at=later(60)), revision=1
    )
    await house.run(first)
    assert house.to_send() == ["lead000@example.com", "lead001@example.com", "lead002@example.com"]


async def test_a_record_that_moves_between_the_phases_is_skipped_and_counted_once() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    [eligibility] = await house.step(recipients)
    house.records.stored["Leads:000"] = a_record("000", {"Email": "new@example.com"}, version=2, revision=1)
    await house.run([eligibility])
    campaign = house.campaigns.stored["spring"]
    assert house.skips() == {"Leads:000": SkipReason.CONTACT_CHANGED}
    assert campaign.report is not None
    assert campaign.report.selected == len(house.emails.stored) == 2


async def test_statuses_are_walked_through_in_order() -> None:
    house = a_house(leads(1))
    seen, waiting = [], [REQUEST]
    while waiting:
        waiting += await house.step(waiting.pop())  # type: ignore[arg-type]
        seen.append(house.campaigns.stored["spring"].status.value)
    assert seen == ["syncing_recipients", "in_review", "reviewed"]


async def test_what_was_reviewed_is_hashed() -> None:
    campaign = await a_house(leads(1)).reviewed()
    assert changed_since_review(campaign) == []
    renamed = replace(campaign, sender=Sender("Red Ltd", campaign.sender.address))
    assert changed_since_review(renamed) == ["sender"]


# ---- verdicts


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ({"sender": Sender("Green", "green@gmail.com")}, "public mail service"),
        ({"content": content(text="Hello", html=None)}, "no unsubscribe link"),
        ({"content": content(text="Hello {{ unsubscribe_url }}", html=None)}, "postal address"),
    ],
)
async def test_a_campaign_with_an_error_is_rejected_with_the_finding(draft: dict[str, Any], reason: str) -> None:
    house = a_house(leads(1), **draft)
    campaign = await house.reviewed()
    assert campaign.status is CampaignStatus.REJECTED
    assert reason in (campaign.status_reason or "")
    assert campaign.reviewed_hash is None


async def test_without_company_details_it_is_refused_before_anything_is_locked() -> None:
    """R38."""
    house = a_house(leads(1))
    house.organisation = replace(GREEN, name="", postal_address=" ")
    with pytest.raises(NotReady, match=r"CAMPAIGNS_ORGANISATION__NAME.*CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS"):
        await house.step(REQUEST)
    assert house.campaigns.stored["spring"].status is CampaignStatus.DRAFT


async def test_company_details_that_are_taken_away_meanwhile_reject_it() -> None:
    house = a_house(leads(1))
    slices = await house.step(REQUEST)
    house.organisation = replace(GREEN, name="", postal_address=" ")
    await house.run(slices)
    assert "CAMPAIGNS_ORGANISATION__NAME" in (house.campaigns.stored["spring"].status_reason or "")


async def test_a_campaign_that_nobody_would_get_is_rejected_in_words() -> None:
    campaign = await a_house([a_record("1", {"Email": "x"})]).reviewed()
    assert campaign.status is CampaignStatus.REJECTED
    assert campaign.status_reason == "none of the 1 people selected would be mailed: 1 invalid_email"


async def test_an_empty_module_is_rejected_in_words() -> None:
    campaign = await a_house([]).reviewed()
    assert (campaign.status_reason or "").startswith("nobody was selected")


async def test_people_who_did_not_consent_are_skipped_where_that_is_the_basis() -> None:
    house = a_house(leads(2), lawful_basis=LawfulBasis.CONSENT)
    consenting = a_contact("lead000@example.com", subscription=SubscriptionType.MARKETING, sources={})
    house.contacts = MemoryContacts(consenting)
    await house.reviewed()
    assert house.skips() == {"Leads:001": SkipReason.NO_CONSENT}


async def test_a_transactional_campaign_reaches_those_who_left_marketing() -> None:
    house = a_house(leads(1), purpose=Purpose.TRANSACTIONAL)
    house.contacts = MemoryContacts(a_contact("lead000@example.com", opt_out=OptOut(NOW, "operator"), sources={}))
    await house.reviewed()
    assert house.to_send() == ["lead000@example.com"]


# ---- refusals, before anything is locked


async def test_all_that_is_missing_is_told_at_once_and_nothing_is_locked() -> None:
    house = a_house([], recipients=Selection(), list_id=None, content=content(html=None, text=None, subject=" "))
    with pytest.raises(NotReady) as refusal:
        await house.step(REQUEST)
    for wanted in ("a subject", "recipients", "a mailing list", "content", "campaigns campaign edit spring --list"):
        assert wanted in str(refusal.value)
    assert house.campaigns.stored["spring"].status is CampaignStatus.DRAFT
    assert house.runs.stored == {}


async def test_an_unmapped_merge_field_is_refused_with_the_command_that_maps_it() -> None:
    house = a_house(leads(1), content=content(text="Dear {{ lead_source }}", html=None))
    with pytest.raises(NotReady, match=r"merge field lead_source.* --module Leads --map Lead_Source=lead_source"):
        await house.step(REQUEST)
    assert house.campaigns.stored["spring"].status is CampaignStatus.DRAFT


async def test_gdpr_makes_a_lawful_basis_mandatory() -> None:
    house = a_house(leads(1))
    house.organisation = replace(GREEN, gdpr=True)
    with pytest.raises(NotReady, match="lawful basis"):
        await house.step(REQUEST)


@pytest.mark.parametrize(
    ("draft", "wanted"),
    [
        ({"list_id": "gone"}, "campaigns list create gone"),
        ({"topic": "offers"}, "campaigns topic create offers"),
        ({"recipients": Selection(modules=("Planets",))}, "module Planets"),
        ({"content": content(text="{% if %}", html=None)}, "content that compiles"),
        ({"sender": Sender("Green", "nowhere")}, "a sender address"),
    ],
)
async def test_what_a_campaign_refers_to_must_be_there(draft: dict[str, Any], wanted: str) -> None:
    house = a_house(leads(1), **draft)
    with pytest.raises(NotReady, match=wanted):
        await house.step(REQUEST)


async def test_an_unknown_campaign_is_refused() -> None:
    with pytest.raises(UnknownCampaign, match="nowhere"):
        await House().step(ReviewRequested(campaign_id="nowhere"))


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (CampaignStatus.REVIEWED, "campaigns campaign reopen spring"),
        (CampaignStatus.REJECTED, "campaigns campaign reopen spring"),
        (CampaignStatus.SENDING, "campaigns campaign create"),
        (CampaignStatus.CANCELLED, "campaigns campaign create"),
    ],
)
async def test_only_drafts_are_reviewed(status: CampaignStatus, wanted: str) -> None:
    house = a_house(leads(1), status=status)
    with pytest.raises(IllegalTransition, match=wanted):
        await house.step(REQUEST)


# ---- again, at once, and after crashes


async def test_a_repeated_slice_changes_nothing() -> None:
    once, thrice = a_house(mixed()), a_house(mixed())
    await once.run([REQUEST])
    [*first] = await thrice.step(REQUEST)
    await thrice.run(first, times=3)
    assert thrice.emails.stored == once.emails.stored
    assert thrice.campaigns.stored["spring"].report == once.campaigns.stored["spring"].report


@pytest.mark.parametrize("seed", range(8))
async def test_slices_may_run_in_any_order_and_twice(seed: int) -> None:
    inorder, house = a_house(mixed()), a_house(mixed())
    await inorder.run([REQUEST])
    await house.run(await house.step(REQUEST), seed=seed, times=2)
    assert house.campaigns.stored["spring"].report == inorder.campaigns.stored["spring"].report
    assert house.emails.stored == inorder.emails.stored


async def test_two_reviews_at_once_are_one() -> None:
    house = a_house(mixed())
    first = await house.step(REQUEST)
    second = await house.step(REQUEST)
    assert second == first, "the slices of the review under way"
    await house.run([*first, *second])
    assert len(house.emails.stored) == 12
    assert len(house.runs.stored) == 1


ONE = ReviewRequested(campaign_id="spring", request_id="crm 1")


async def test_a_request_that_comes_again_after_its_end_changes_nothing_and_is_answered() -> None:
    """The broker delivers it again when its worker lost the connection before it could acknowledge."""
    house = a_house(mixed())
    await house.run([ONE])
    before = house.campaigns.stored["spring"]
    assert await house.step(ONE) == []
    assert house.campaigns.stored["spring"] == before
    with pytest.raises(IllegalTransition):
        await house.step(ONE.model_copy(update={"request_id": "crm 2"}))


async def test_a_request_that_comes_again_does_not_review_what_was_reopened() -> None:
    house = a_house(mixed())
    await house.run([ONE])
    await CampaignMoves(house.campaigns, house.emails, MemorySlices(), lambda: NOW).reopen("spring")
    assert await house.step(ONE) == []
    assert house.campaigns.stored["spring"].status is CampaignStatus.DRAFT
    assert len(await house.step(ONE.model_copy(update={"request_id": "crm 2"}))) == 4


async def test_whoever_asks_while_a_review_is_under_way_is_answered_by_it() -> None:
    house = a_house(mixed())
    two = ONE.model_copy(update={"request_id": "crm 2"})
    await house.run([*await house.step(ONE), *await house.step(two)])
    assert await house.step(two) == []


async def test_existing_members_are_not_forgotten_because_a_review_without_them_is_under_way() -> None:
    house = a_house(mixed())
    slices = await house.step(ONE)
    two = ONE.model_copy(update={"request_id": "crm 2", "include_existing_members": True})
    with pytest.raises(IllegalTransition, match=r"without the existing members.*--include-existing-members"):
        await house.step(two)
    await house.run(slices)
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED


async def test_whoever_asks_for_less_than_the_review_under_way_joins_it() -> None:
    house = a_house(mixed())
    slices = await house.step(ONE.model_copy(update={"include_existing_members": True}))
    await house.run([*slices, *await house.step(ONE.model_copy(update={"request_id": "crm 2"}))])
    assert house.campaigns.stored["spring"].include_existing_members


async def test_a_request_whose_worker_died_before_the_lock_begins_the_review_when_it_comes_again() -> None:
    house = a_house(leads(4))
    draft = house.campaigns.stored["spring"]
    await house.step(ONE)
    house.campaigns.stored["spring"] = replace(draft, name="Renamed", revision=draft.revision + 1)  # never locked
    await house.run([ONE])
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED
    assert await house.step(ONE) == []


async def test_repeats_do_not_offer_the_slices_of_the_next_phase_again_and_again() -> None:
    house = a_house(leads(30))
    first = await house.step(REQUEST)
    for message in first[:-1]:
        assert await house.step(message) == []
    assert len(await house.step(first[-1])) == 10
    assert [await house.step(message) for message in first[:-1]] == [[]] * 9


async def test_the_loser_of_two_locks_tries_again() -> None:
    house = a_house(leads(1))
    draft = house.campaigns.stored["spring"]
    await house.step(REQUEST)
    with pytest.raises(Conflict):
        await house.reviewer.start(draft, include_existing_members=False)


async def test_a_crash_before_the_first_slices_are_published_is_mended_by_the_repeat() -> None:
    house = a_house(leads(4))
    lost = await house.step(REQUEST)
    assert await house.step(REQUEST) == lost


async def test_a_crash_between_run_and_lock_is_mended_by_the_repeat() -> None:
    house = a_house(leads(4))
    draft = house.campaigns.stored["spring"]
    await house.step(REQUEST)
    house.campaigns.stored["spring"] = draft  # the lock was never stored
    await house.run([REQUEST])
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED
    assert len(house.runs.stored) == 1


async def test_a_crash_before_the_second_phase_is_published_is_mended_by_the_repeat_of_the_last_slice() -> None:
    house = a_house(leads(4))
    [one, two] = await house.step(REQUEST)
    assert await house.step(one) == []
    lost = await house.step(two)
    assert await house.step(two) == lost
    await house.run(lost)
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED


async def test_a_crash_between_the_phases_statuses_is_mended_by_the_repeat() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    await house.step(recipients)
    stored = house.campaigns.stored["spring"]
    house.campaigns.stored["spring"] = replace(stored, status=CampaignStatus.TO_BE_REVIEWED)
    await house.run(await house.step(recipients))
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED


async def test_a_crash_before_the_verdict_is_mended_by_the_repeat_of_the_last_slice() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    [eligibility] = await house.step(recipients)
    in_review = house.campaigns.stored["spring"]
    await house.step(eligibility)
    judged = house.campaigns.stored["spring"]
    house.campaigns.stored["spring"] = in_review  # the slice counted, the verdict was not stored
    await house.step(eligibility)
    assert house.campaigns.stored["spring"].report == judged.report
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED


async def test_a_crash_between_rows_and_count_makes_no_double_rows() -> None:
    house = a_house(mixed())
    eligibility = [m for message in await house.step(REQUEST) for m in await house.step(message)]
    campaign, run = house.campaigns.stored["spring"], next(iter(house.runs.stored.values()))
    for keys in run.ranges:
        await house.reviewer.eligibility(campaign, run.at(keys))  # the rows are stored, and the worker dies
    await house.run(eligibility)
    assert len(house.emails.stored) == 12


class Unread(MemoryRuns):
    """Runs that nobody may read as a whole."""

    async def get(self, run_id: str) -> Run | None:
        raise AssertionError(f"all of run {run_id} is read")


async def test_a_slice_reads_no_more_of_its_run_than_it_needs_until_it_is_the_last() -> None:
    """A run of 400,000 people is 200 kB, and each of its 800 slices would read it twice."""
    house = a_house(leads(7))
    first, second, last = await house.step(REQUEST)
    house.runs = Unread(*house.runs.stored.values())
    assert await house.step(first) == await house.step(second) == []
    with pytest.raises(AssertionError, match="all of run"):
        await house.step(last)


async def test_slices_of_a_cancelled_review_do_nothing() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    stored = house.campaigns.stored["spring"]
    house.campaigns.stored["spring"] = replace(stored, status=CampaignStatus.CANCELLED)
    assert await house.step(recipients) == []
    assert house.contacts.stored == {}


async def test_slices_of_an_earlier_review_do_nothing() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    old = recipients.model_copy(update={"run_id": "spring-r0"})
    assert await house.step(old) == []
    assert house.contacts.stored == {}


async def test_a_slice_that_cannot_be_is_refused() -> None:
    house = a_house(leads(2))
    [recipients] = await house.step(REQUEST)
    with pytest.raises(InvalidMessage, match="slices 0 to 0"):
        await house.step(recipients.model_copy(update={"slice": 7}))


async def test_members_of_other_lists_are_not_asked_for() -> None:
    house = a_house(leads(1))
    house.lists = MemoryLists(*house.lists.stored.values())
    other = Membership("other", frozenset({"import:1"}))
    house.contacts = MemoryContacts(a_contact("bob@example.com", memberships={"other": other}, sources={}))
    await house.reviewed(include_existing_members=True)
    assert house.to_send() == ["lead000@example.com"]


async def test_all_rows_of_a_review_are_planned_or_skipped() -> None:
    house = a_house(mixed())
    await house.reviewed()
    assert {row.state for row in house.emails.stored.values()} == {EmailState.PLANNED, EmailState.SKIPPED}


async def test_a_crash_after_any_step_is_mended_by_the_repeat() -> None:
    """The worker dies right after its n-th word with a store, for every n; its message comes again."""
    whole = a_house(mixed())
    await whole.run([REQUEST])
    for words in count(1):
        house = a_house(mixed())
        died = await house.run_and_die(REQUEST, words)
        assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED, words
        assert house.campaigns.stored["spring"].report == whole.campaigns.stored["spring"].report, words
        assert house.emails.stored == whole.emails.stored, words
        assert [run.ended_at for run in house.runs.stored.values()] == [NOW], words
        if not died:
            break
    assert words > 50


async def test_a_topic_that_is_renamed_meanwhile_is_the_same_topic() -> None:
    house = a_house(leads(4), topic="offers")
    await house.topics.add(a_topic("offers", name="Offers"))
    waiting = list(await house.step(REQUEST))
    house.topics.stored["offers"] = replace(house.topics.stored["offers"], name="Bargains")
    await house.run(waiting)
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED
