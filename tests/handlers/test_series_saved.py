"""Series are created and changed from documents (R78, R83-R85)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus, Origin
from domain.errors import Busy, EditionRequired, IllegalTransition, InvalidDefinition
from domain.faults import Faulty
from domain.organisation import Edition
from domain.series import Entry, EntryEnd, SeriesStatus, entry_id
from tests.builders import NOW, later
from tests.handlers.reviewing import GREEN
from tests.handlers.series_desk import HELLO, TIPS, SeriesDesk, document
from tests.handlers.test_campaign_saved import document as campaign_document

C = CampaignStatus
NEW_TEXT = {**TIPS, "content": {"subject": "Tips", "text": "Better tips"}}


def everything(desk: SeriesDesk) -> tuple[Any, ...]:
    return dict(desk.series.stored), dict(desk.campaigns.stored), dict(desk.entries.stored)


def an_entry(contact: str = "ann", **overrides: Any) -> Entry:
    blank = Entry(entry_id("welcome", contact, 0), "welcome", contact, 0, NOW, next_at=later(9999))
    return replace(blank, **overrides)


async def test_a_document_creates_a_series_and_a_draft_for_each_message() -> None:
    desk = SeriesDesk()
    assert await desk.save(document(saved_by="ann")) == []
    assert (desk.stored.status, desk.stored.created_at, desk.stored.author) == (SeriesStatus.DRAFT, NOW, "ann")
    assert [step.campaign_id for step in desk.stored.steps] == ["welcome-hello", "welcome-tips"]
    child = desk.child("tips")
    assert (child.series, child.status, child.list_id, child.author) == ("welcome", C.DRAFT, "news", "ann")
    assert (child.name, child.content.subject, child.recipients.empty) == ("Welcome: tips", "Tips", True)


async def test_a_repeated_series_saved_changes_nothing() -> None:
    desk = SeriesDesk()
    for message in (document(), document(source_version=7)):
        await desk.save(message)
        before = everything(desk)
        await desk.save(message)
        assert everything(desk) == before


async def test_a_repeat_changes_nothing_whatever_has_become_of_the_series() -> None:
    desk = SeriesDesk()
    await desk.started()
    await desk.moves.stop("welcome", "enough")
    before = everything(desk)
    await desk.save(document())
    assert everything(desk) == before


@pytest.mark.parametrize("version", [6, 7])
async def test_an_older_document_or_one_as_old_changes_nothing(version: int) -> None:
    desk = SeriesDesk()
    await desk.save(document(source_version=7))
    before = everything(desk)
    await desk.save(document(source_version=version, name="Old", messages=[NEW_TEXT | {"trigger": "joined"}]))
    assert everything(desk) == before


async def test_a_document_applied_by_hand_counts_and_forgets_no_version() -> None:
    desk = SeriesDesk()
    await desk.save(document(source_version=7))
    await desk.save(document(name="By hand"))
    assert (desk.stored.name, desk.stored.source_order) == ("By hand", document(source_version=7).order)


async def test_a_crash_between_messages_and_series_is_mended_by_the_repeat() -> None:
    desk = SeriesDesk()
    await desk.save(document(source_version=1))
    newer = document(source_version=2, messages=[HELLO])
    await desk.save.children.end(desk.child("tips"), "as far as it came")
    await desk.save(newer)
    assert [step.key for step in desk.stored.steps] == ["hello"]
    assert desk.child("tips").status is C.CANCELLED


async def test_a_crash_before_a_message_that_was_taken_out_is_ended_is_mended_by_the_repeat() -> None:
    desk = SeriesDesk()
    await desk.started()
    shorter = document(messages=[HELLO])
    await desk.save(shorter)
    desk.becomes("tips", C.SENDING)
    with pytest.raises(InvalidDefinition, match="message tips: key: its message was taken out"):
        await desk.save(document())
    await desk.save(shorter)
    assert (desk.child("tips").status, desk.stored.taken_out) == (C.STOPPED, ("tips",))


async def test_all_that_is_wrong_is_told_at_once_with_message_and_field_and_nothing_is_stored() -> None:
    desk = SeriesDesk(replace(GREEN, gdpr=True))
    lost = {**TIPS, "content": {"subject": "Tips", "template": "lost"}, "member_status": "Zapped"}
    with pytest.raises(Faulty) as caught:
        await desk.save(document(messages=[HELLO, lost]))
    told = caught.value.faults
    assert [fault.partition(": ")[0] for fault in told] == ["message hello", *["message tips"] * 3]
    assert told[0].startswith("message hello: lawful_basis: ")
    assert told[1].startswith("message tips: content.template: ")
    assert everything(desk) == ({}, {}, {})


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([HELLO, HELLO], "message hello: key: 2 messages have it"),
        (
            [{**HELLO, "trigger": {"opened": "gone", "within_days": 1}}],
            "message hello: trigger.opened: there is no mess",
        ),
        ([{**HELLO, "trigger": {"opened": "hello", "within_days": 1}}], "message hello: trigger.opened: "),
    ],
)
async def test_rules_of_a_series_are_told_before_anything_is_stored(messages: list[Any], told: str) -> None:
    desk = SeriesDesk()
    with pytest.raises(InvalidDefinition) as caught:
        await desk.save(document(messages=messages))
    assert str(caught.value).startswith(told)
    assert everything(desk) == ({}, {}, {})


async def test_a_key_whose_campaign_would_have_too_long_an_id_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="longer than 40 characters"):
        await SeriesDesk().save(document(series="s" * 39))


async def test_from_the_crm_it_needs_the_edition() -> None:
    desk = SeriesDesk(replace(GREEN, edition=Edition.STANDARD))
    with pytest.raises(EditionRequired, match="series welcome comes from the CRM"):
        await desk.save(document())
    await desk.save(document(origin=Origin.CAMPAIGNS))
    assert desk.child("hello").origin is Origin.CAMPAIGNS


@pytest.mark.parametrize("status", [C.REVIEWED, C.REJECTED, C.SENDING, C.PAUSED])
async def test_a_changed_message_is_a_draft_again_and_the_others_go_on(status: CampaignStatus) -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", status)
    await desk.save(document(messages=[HELLO, NEW_TEXT], saved_by="bob"))
    tips = desk.child("tips")
    assert (tips.status, tips.reviewed_hash, tips.author) == (C.DRAFT, None, "bob")
    assert "Better tips" in (tips.content.text or "")
    assert desk.child("hello").status is C.SENDING


async def test_another_name_for_ourselves_needs_no_review() -> None:
    desk = SeriesDesk()
    await desk.started()
    await desk.save(document(messages=[{**HELLO, "name": "Day one"}, TIPS]))
    assert (desk.child("hello").name, desk.child("hello").status) == ("Day one", C.SENDING)


async def test_a_message_under_review_is_not_changed_and_the_change_comes_again() -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", C.IN_REVIEW)
    before = everything(desk)
    with pytest.raises(Busy, match="welcome-tips is in_review"):
        await desk.save(document(messages=[HELLO, NEW_TEXT]))
    assert everything(desk) == before


@pytest.mark.parametrize(("status", "ended"), [(C.DRAFT, C.CANCELLED), (C.SENDING, C.STOPPED), (C.PAUSED, C.STOPPED)])
async def test_a_message_that_is_taken_out_is_ended(status: CampaignStatus, ended: CampaignStatus) -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", status)
    await desk.save(document(messages=[HELLO]))
    assert (desk.child("tips").status, desk.child("hello").status) == (ended, C.SENDING)
    assert desk.child("tips").status_reason == "taken out of series welcome"


async def test_a_message_that_was_taken_out_does_not_come_back_under_its_key() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    await desk.save(document(messages=[HELLO]))
    with pytest.raises(InvalidDefinition, match="message tips: key: campaign welcome-tips is cancelled"):
        await desk.save(document())


async def test_a_message_that_a_breaker_cancelled_keeps_no_other_from_being_changed() -> None:
    desk = SeriesDesk()
    await desk.started()
    desk.becomes("tips", C.CANCELLED)
    before = everything(desk)
    await desk.save(document())
    assert everything(desk) == before
    await desk.save(document(messages=[{**HELLO, "name": "Day one"}, TIPS]))
    assert desk.child("hello").name == "Day one"
    with pytest.raises(InvalidDefinition, match="message tips: key: campaign welcome-tips is cancelled"):
        await desk.save(document(messages=[HELLO, NEW_TEXT]))


async def test_another_campaign_is_not_taken_over() -> None:
    desk = SeriesDesk()
    await desk.edit_one(campaign_document(campaign_id="welcome-tips"))
    with pytest.raises(InvalidDefinition, match="message tips: key: there is a campaign welcome-tips already"):
        await desk.save(document())
    assert desk.campaigns.stored["welcome-tips"].series is None


async def test_a_message_added_to_a_running_series_says_since_when_and_everybody_is_looked_at() -> None:
    desk = SeriesDesk()
    await desk.started()
    await desk.entries.enter([an_entry(), an_entry("bea", next_at=None, ended=EntryEnd.COMPLETED, ended_at=NOW)])
    more = {**HELLO, "key": "more", "delay": "9 days"}
    await desk.save(document(messages=[HELLO, TIPS, more]))
    assert [step.since for step in desk.stored.steps] == [None, None, NOW]
    assert [(each.next_at, each.ended) for each in desk.entries.stored.values()] == [(NOW, None)] * 2


async def test_changed_times_hold_for_whoever_is_not_there_yet() -> None:
    desk = SeriesDesk()
    await desk.started()
    await desk.entries.enter([an_entry()])
    await desk.save(document(messages=[HELLO, {**TIPS, "delay": "5 days"}]))
    assert desk.stored.step("tips").delay.amount == 5  # type: ignore[union-attr]
    assert (desk.child("tips").status, desk.entries.stored["welcome:ann:0"].next_at) == (C.SENDING, NOW)


async def test_a_series_that_was_started_keeps_its_list() -> None:
    desk = SeriesDesk()
    await desk.save(document(list="other"))
    await desk.save(document())
    await desk.started()
    with pytest.raises(InvalidDefinition, match="list: it was started with news"):
        await desk.save(document(list="other"))


async def test_a_series_that_has_ended_is_not_changed() -> None:
    desk = SeriesDesk()
    await desk.started()
    await desk.moves.stop("welcome", "enough")
    with pytest.raises(IllegalTransition, match="series welcome is stopped and never goes on"):
        await desk.save(document(name="Other"))


async def test_the_ids_of_a_series_that_was_cancelled_stay_taken() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    await desk.moves.cancel("welcome", "not needed")
    before = everything(desk)
    await desk.save(document())
    assert everything(desk) == before
    with pytest.raises(IllegalTransition, match="series welcome is cancelled and never goes on"):
        await desk.save(document(name="Other"))


async def test_a_message_is_changed_in_its_series_alone() -> None:
    desk = SeriesDesk()
    await desk.save(document())
    with pytest.raises(IllegalTransition, match="campaigns series export welcome"):
        await desk.edit_one(campaign_document(campaign_id="welcome-tips"))


async def test_who_saves_it_first_is_not_who_repeats_it() -> None:
    desk = SeriesDesk()
    await desk.save(document(saved_by="ann"))
    await desk.save(document(saved_by="bob"))
    assert (desk.stored.author, desk.child("hello").author) == ("ann", "ann")


@pytest.mark.parametrize("version", [None, 7])
async def test_who_was_not_looked_at_for_a_crash_after_the_write_is_with_the_repeat(version: int | None) -> None:
    desk = SeriesDesk()
    await desk.started()
    changed = document(messages=[HELLO, {**TIPS, "delay": "5 days"}], source_version=version)
    await desk.save(changed)
    await desk.entries.enter([an_entry()])
    await desk.save(changed)
    assert desk.entries.stored["welcome:ann:0"].next_at == NOW
