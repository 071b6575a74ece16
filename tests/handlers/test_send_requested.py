"""Sending begins, R38, R70, D7, D9."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from domain.assets import Fetched, Trouble, assets_of, hashes_of_assets
from domain.campaign import Approval, CampaignStatus, Content, Origin, Report, Selection, hash_of
from domain.errors import Changed, EditionRequired, IllegalTransition, InvalidDefinition, NotReady, UnknownCampaign
from domain.findings import Finding, Severity
from domain.organisation import Edition, Organisation
from domain.send_asks import MOST, asked_before
from handlers.asset_check import AssetCheck
from handlers.campaign_moves import CampaignMoves
from handlers.send_requested import SendStarter
from messages.base import Message
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from tests.builders import NOW, later
from tests.fakes.assets import MemoryAssets
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.slices import MemorySlices
from tests.handlers.reviewing import GREEN, a_draft, content

NOW_PLEASE = SendRequested(campaign_id="spring")


class Desk:
    def __init__(self, *, organisation: Organisation = GREEN, chains: int = 3, **campaign: Any) -> None:
        draft = a_draft(**{"status": CampaignStatus.REVIEWED, "slices": 7, **campaign})
        self.campaigns = MemoryCampaigns(replace(draft, reviewed_hash=campaign.get("reviewed_hash", hash_of(draft))))
        self.slices = MemorySlices()
        self.assets = MemoryAssets()
        look = AssetCheck(self.assets)
        self.emails = MemoryEmails()
        self.now = NOW
        self.send = SendStarter(self.campaigns, self.emails, self.slices, organisation, lambda: self.now, chains, look)

    @property
    def stored(self) -> Any:
        return self.campaigns.stored["spring"]


def numbers(messages: Any) -> list[int]:
    assert all(isinstance(message, SendBatch) for message in messages)
    return [message.slice for message in messages]


async def test_every_batch_is_planned_and_the_first_of_each_chain_offered() -> None:
    desk = Desk()
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]
    assert [each.number for each in await desk.slices.unfinished("spring")] == list(range(7))
    assert (desk.stored.status, desk.stored.chains, desk.stored.status_at) == (CampaignStatus.SENDING, 3, NOW)


@pytest.mark.parametrize("edition", [Edition.STANDARD, Edition.PROFESSIONAL])
@pytest.mark.parametrize("at", [None, later(3600)])
async def test_the_crm_sends_with_enterprise_only(edition: Edition, at: datetime | None) -> None:
    """R6; a send asked for later is refused as well."""
    desk = Desk(organisation=replace(GREEN, edition=edition))
    before = desk.stored
    with pytest.raises(EditionRequired, match=f"yours is {edition}. Send it here .*: campaigns campaign send spring"):
        await desk.send(SendRequested(campaign_id="spring", at=at, origin=Origin.CRM))
    assert desk.stored == before


async def test_a_message_is_sent_by_its_series_whatever_else_keeps_it_from_being_sent() -> None:
    """Nobody is told to send it here, which would be refused as well."""
    desk = Desk(organisation=replace(GREEN, edition=Edition.STANDARD), series="welcome")
    with pytest.raises(IllegalTransition, match="campaigns series show welcome"):
        await desk.send(SendRequested(campaign_id="spring", origin=Origin.CRM))


@pytest.mark.parametrize("edition", list(Edition))
@pytest.mark.parametrize("created", list(Origin))
async def test_every_edition_sends_from_here_whatever_side_it_was_created_on(edition: Edition, created: Origin) -> None:
    """R5."""
    desk = Desk(organisation=replace(GREEN, edition=edition), origin=created)
    await desk.send(NOW_PLEASE)
    assert desk.stored.status is CampaignStatus.SENDING


async def test_the_crm_sends_with_enterprise() -> None:
    desk = Desk(organisation=replace(GREEN, edition=Edition.ENTERPRISE))
    await desk.send(SendRequested(campaign_id="spring", origin=Origin.CRM))
    assert desk.stored.status is CampaignStatus.SENDING


async def test_a_campaign_smaller_than_its_chains_offers_what_there_is() -> None:
    assert numbers(await Desk(slices=2, chains=32).send(NOW_PLEASE)) == [0, 1]


async def test_a_repeated_request_changes_nothing_and_offers_where_the_chains_stand() -> None:
    desk = Desk()
    lost: list[Message] = list(await desk.send(NOW_PLEASE))
    before = desk.stored
    assert await desk.send(NOW_PLEASE) == lost
    for number in (0, 3, 1):
        _, held = await desk.slices.claim("spring", number, "w", 60)
        await desk.slices.start(held, 60)
        await desk.slices.finish(held)
    assert numbers(await desk.send(NOW_PLEASE)) == [2, 4, 6]
    assert desk.stored == before


async def test_a_time_to_come_schedules_it_and_sends_nothing() -> None:
    desk = Desk()
    at = later(3600)
    assert await desk.send(SendRequested(campaign_id="spring", at=at)) == []
    assert (desk.stored.status, desk.stored.send_at) == (CampaignStatus.SCHEDULED, at)
    assert await desk.slices.unfinished("spring") == []


async def test_a_repeated_schedule_changes_nothing_and_another_time_moves_it() -> None:
    desk = Desk()
    for _ in range(2):
        await desk.send(SendRequested(campaign_id="spring", at=later(3600)))
    assert desk.stored.revision == 2
    await desk.send(SendRequested(campaign_id="spring", at=later(7200)))
    assert desk.stored.send_at == later(7200)


async def test_a_scheduled_campaign_is_sent_when_its_time_has_come() -> None:
    desk = Desk(status=CampaignStatus.SCHEDULED, send_at=NOW)
    assert numbers(await desk.send(SendRequested(campaign_id="spring", due=NOW))) == [0, 1, 2]
    assert desk.stored.send_at is None


@pytest.mark.parametrize(
    "now",
    [
        {"status": CampaignStatus.REVIEWED},  # taken off the schedule
        {"status": CampaignStatus.SCHEDULED, "send_at": later(7200)},  # put off
        {"status": CampaignStatus.SENT},  # asked for several times while nobody listened
    ],
)
async def test_the_schedulers_word_counts_only_for_the_time_that_it_names(now: dict[str, Any]) -> None:
    """It may have waited in the queue while people thought better of it."""
    desk = Desk(**now)
    before = desk.stored
    assert await desk.send(SendRequested(campaign_id="spring", due=NOW)) == []
    assert desk.stored == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"content": Content("Other", text="Other")}, "content"),
        ({"recipients": Selection(modules=("Contacts",))}, "recipients"),
        ({"topic": "offers"}, "list and topic"),
    ],
)
async def test_what_changed_since_the_review_is_named_and_nothing_is_sent(change: dict[str, Any], named: str) -> None:
    desk = Desk()
    before = desk.campaigns.stored["spring"] = replace(desk.stored, **change)
    with pytest.raises(Changed, match=f"changed: {named};.*campaigns campaign reopen spring"):
        await desk.send(NOW_PLEASE)
    assert desk.stored == before


async def test_no_company_details_no_send() -> None:
    desk = Desk(organisation=replace(GREEN, postal_address=""))
    with pytest.raises(NotReady, match="CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS"):
        await desk.send(NOW_PLEASE)
    assert desk.stored.status is CampaignStatus.REVIEWED


async def test_a_campaign_that_is_being_reopened_is_not_sent() -> None:
    with pytest.raises(NotReady, match="reopened"):
        await Desk(reviewed_hash=None).send(NOW_PLEASE)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (CampaignStatus.DRAFT, "campaigns campaign review spring"),
        (CampaignStatus.IN_REVIEW, "review is under way"),
        (CampaignStatus.REJECTED, "campaigns campaign reopen spring"),
        (CampaignStatus.PAUSED, "campaigns campaign resume spring"),
        (CampaignStatus.SENT, "campaigns campaign create"),
        (CampaignStatus.CANCELLED, "campaigns campaign create"),
    ],
)
async def test_only_what_is_reviewed_is_sent(status: CampaignStatus, wanted: str) -> None:
    with pytest.raises(IllegalTransition, match=wanted):
        await Desk(status=status).send(NOW_PLEASE)


async def test_an_unknown_campaign_is_refused() -> None:
    with pytest.raises(UnknownCampaign, match="nowhere"):
        await Desk().send(SendRequested(campaign_id="nowhere"))


# ---- R76: links, images and videos are looked at again

VIDEO = "https://youtu.be/dQw4w9WgXcQ"
OEMBED = "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3DdQw4w9WgXcQ"
THUMBNAIL = "https://i.ytimg.com/vi/dQw4w9WgXcQ/default.jpg"
SHOP, LOGO = "https://green.shop/", "https://green.shop/logo.png"


def linking(*urls: str) -> Content:
    return content(html="".join(f'<a href="{url}">see</a>' for url in urls) + f'<img src="{LOGO}">', text="Hello")


def with_video(**overrides: Any) -> Desk:
    desk = Desk(content=linking(SHOP, VIDEO), report=Report(to_send=3), **overrides)
    desk.assets.answers[OEMBED] = Fetched(404)
    return desk


async def test_what_is_all_there_is_sent() -> None:
    desk = Desk(content=linking(SHOP, VIDEO))
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]
    assert desk.assets.asked == sorted([SHOP, LOGO, OEMBED, THUMBNAIL])


@pytest.mark.parametrize("status", [CampaignStatus.REVIEWED, CampaignStatus.SCHEDULED])
async def test_a_deleted_video_cancels_the_campaign_with_the_reason(status: CampaignStatus) -> None:
    desk = with_video(status=status)
    assert await desk.send(NOW_PLEASE) == []
    assert desk.stored.status is CampaignStatus.CANCELLED
    assert desk.stored.status_reason == (
        "the video https://www.youtube.com/watch?v=dQw4w9WgXcQ was deleted (the server answered 404)"
    )
    assert [finding.rule for finding in desk.stored.report.findings] == ["deleted-video"]
    assert await desk.slices.unfinished("spring") == []


async def test_a_repeated_request_for_a_campaign_that_was_cancelled_changes_nothing() -> None:
    desk = with_video()
    await desk.send(NOW_PLEASE)
    before = desk.stored
    with pytest.raises(IllegalTransition, match=r"cancelled \(the video .* was deleted"):
        await desk.send(NOW_PLEASE)
    assert desk.stored == before


@pytest.mark.parametrize(("dead", "what"), [(SHOP, "the link https://green.shop/ is"), (LOGO, "the image")])
async def test_a_dead_link_or_image_keeps_a_campaign_from_being_sent_until_it_is_back(dead: str, what: str) -> None:
    desk = Desk(content=linking(SHOP), report=Report(to_send=3))
    desk.assets.answers[dead] = Fetched(410)
    refused = f"{what} .*dead: the server answered 410; .*campaigns campaign send spring"
    with pytest.raises(NotReady, match=refused):
        await desk.send(NOW_PLEASE)
    before = desk.stored
    with pytest.raises(NotReady, match=refused):
        await desk.send(NOW_PLEASE)
    assert desk.stored == before, "a repeat changes nothing"
    assert desk.stored.status is CampaignStatus.REVIEWED
    assert what in desk.stored.status_reason
    desk.assets.answers.clear()
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]
    assert (desk.stored.status_reason, desk.stored.report.findings) == (None, ())


async def test_a_scheduled_campaign_with_a_dead_link_is_reviewed_again_not_asked_for_for_ever() -> None:
    desk = Desk(content=linking(SHOP), status=CampaignStatus.SCHEDULED, send_at=NOW)
    desk.assets.answers[SHOP] = Fetched(404)
    due = SendRequested(campaign_id="spring", due=NOW)
    with pytest.raises(NotReady, match="is dead"):
        await desk.send(due)
    assert (desk.stored.status, desk.stored.send_at) == (CampaignStatus.REVIEWED, None)
    assert await desk.send(due) == []


async def test_a_dead_link_found_before_its_time_leaves_the_campaign_scheduled() -> None:
    desk = Desk(content=linking(SHOP), status=CampaignStatus.SCHEDULED, send_at=later(60))
    desk.assets.answers[SHOP] = Fetched(404)
    with pytest.raises(NotReady, match="is dead"):
        await desk.send(NOW_PLEASE)
    assert (desk.stored.status, desk.stored.send_at) == (CampaignStatus.SCHEDULED, later(60))


async def test_what_could_not_be_checked_is_shown_and_sent() -> None:
    earlier = Finding("dead-link", Severity.ERROR, "content", "of an earlier look", "")
    other = Finding("missing-alt", Severity.WARNING, "html", "1 of 1 images", "")
    desk = Desk(content=linking(SHOP), report=Report(to_send=3, findings=(other, earlier)))
    desk.assets.answers[SHOP] = Fetched(503)
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]
    assert [finding.rule for finding in desk.stored.report.findings] == ["missing-alt", "unchecked-asset"]


async def test_nothing_is_asked_for_a_campaign_that_is_sent_later_or_being_sent() -> None:
    desk = with_video()
    await desk.send(SendRequested(campaign_id="spring", at=later(60)))
    sending = with_video(status=CampaignStatus.SENDING, chains=3)
    await sending.send(NOW_PLEASE)
    assert desk.assets.asked == sending.assets.asked == []


# ---- D9: images and videos are what they were at the review


def with_logo(reviewed: str, now: Fetched, **overrides: Any) -> Desk:
    """Its logo had this ETag at the review."""
    before = hashes_of_assets(assets_of(linking()), {LOGO: Fetched(200, fingerprint=reviewed)})
    desk = Desk(content=linking(), reviewed_assets=before, report=Report(to_send=3), **overrides)
    desk.assets.answers[LOGO] = now
    return desk


@pytest.mark.parametrize("now", [Fetched(200, fingerprint='"1"'), Fetched(200), Fetched(trouble=Trouble.TIME_OUT)])
async def test_an_image_that_is_the_same_or_not_described_is_no_change(now: Fetched) -> None:
    """A time-out is no evidence."""
    assert numbers(await with_logo('"1"', now).send(NOW_PLEASE)) == [0, 1, 2]


async def test_an_image_that_changed_since_the_review_is_named_and_nothing_is_sent() -> None:
    desk = with_logo('"1"', Fetched(200, fingerprint='"2"'))
    for _ in range(2):
        with pytest.raises(Changed, match=rf"changed since its review: {LOGO};.*campaigns campaign reopen spring"):
            await desk.send(NOW_PLEASE)
    assert (desk.stored.status, desk.stored.revision) == (CampaignStatus.REVIEWED, 2)
    assert desk.stored.status_reason == f"changed since its review: {LOGO}"
    desk.assets.answers[LOGO] = Fetched(200, fingerprint='"1"')
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]


async def test_a_campaign_whose_image_changed_when_its_time_comes_is_reviewed_again_and_not_asked_for_again() -> None:
    desk = with_logo('"1"', Fetched(200, fingerprint='"2"'), status=CampaignStatus.SCHEDULED, send_at=NOW)
    with pytest.raises(Changed):
        await desk.send(SendRequested(campaign_id="spring", due=NOW))
    assert (desk.stored.status, desk.stored.send_at) == (CampaignStatus.REVIEWED, None)


# ---- four eyes

FOUR_EYES = replace(GREEN, four_eyes=True)


async def test_without_its_approval_it_is_not_sent_and_the_command_is_told() -> None:
    desk = Desk(organisation=FOUR_EYES, author="ann")
    before = desk.stored
    with pytest.raises(NotReady, match="other than ann, who wrote it: campaigns campaign approve spring --by NAME"):
        await desk.send(NOW_PLEASE)
    with pytest.raises(NotReady, match="approve"):
        await desk.send(SendRequested(campaign_id="spring", at=later(3600)))
    assert desk.stored == before


async def test_with_its_approval_it_is_sent() -> None:
    desk = Desk(organisation=FOUR_EYES, author="ann", approval=Approval("bob", NOW))
    assert numbers(await desk.send(NOW_PLEASE)) == [0, 1, 2]


async def test_a_scheduled_one_that_may_not_be_sent_when_its_time_comes_is_put_back_with_the_reason() -> None:
    """Four eyes were asked for only after it was scheduled. It is not asked for again every minute."""
    desk = Desk(organisation=FOUR_EYES, author="ann", status=CampaignStatus.SCHEDULED, send_at=NOW)
    due = SendRequested(campaign_id="spring", due=NOW)
    with pytest.raises(NotReady, match="approve"):
        await desk.send(due)
    assert (desk.stored.status, desk.stored.send_at) == (CampaignStatus.REVIEWED, None)
    assert "campaigns campaign approve spring" in desk.stored.status_reason
    assert await desk.send(due) == []


# ---- again

SCHEDULE = SendRequested(campaign_id="spring", at=later(3600), request_id="crm 1")
NOW_ONCE = SendRequested(campaign_id="spring", request_id="crm 1")


def moves_of(desk: Desk) -> CampaignMoves:
    return CampaignMoves(desk.campaigns, desk.emails, desk.slices, lambda: desk.now)


async def reviewed_again(desk: Desk) -> None:
    """Reopened, changed, and reviewed by another run."""
    draft = await moves_of(desk).reopen("spring")
    other = content(text="Hello {{ unsubscribe_url }} again")
    changed = replace(draft, content=other, review_run="spring-r9", slices=7)
    desk.campaigns.stored["spring"] = replace(changed, status=CampaignStatus.REVIEWED, reviewed_hash=hash_of(changed))


async def test_a_request_that_comes_again_does_not_schedule_what_was_taken_off_the_schedule() -> None:
    desk = Desk(review_run="spring-r1")
    await desk.send(SCHEDULE)
    before = await moves_of(desk).unschedule("spring")
    assert await desk.send(SCHEDULE) == []
    assert desk.stored == before
    await desk.send(SCHEDULE.model_copy(update={"request_id": "crm 2"}))
    assert desk.stored.status is CampaignStatus.SCHEDULED


async def test_a_request_that_comes_again_does_not_send_what_was_reopened_and_reviewed_again() -> None:
    desk = Desk(review_run="spring-r1")
    await desk.send(SCHEDULE)
    await moves_of(desk).unschedule("spring")
    await reviewed_again(desk)
    before = desk.stored
    assert await desk.send(SCHEDULE) == []
    assert desk.stored == before


async def test_a_scheduled_request_that_comes_again_leaves_the_later_time_that_was_asked_for() -> None:
    desk = Desk()
    await desk.send(SCHEDULE)
    await desk.send(SendRequested(campaign_id="spring", at=later(7200), request_id="crm 2"))
    assert await desk.send(SCHEDULE) == []
    assert desk.stored.send_at == later(7200)


async def test_what_a_message_scheduled_is_begun_by_the_scheduler_whatever_id_its_word_has() -> None:
    desk = Desk()
    await desk.send(SCHEDULE)
    desk.now = later(3600)
    due = SendRequested(campaign_id="spring", due=later(3600), request_id="crm 1", asked_at=later(9000))
    assert numbers(await desk.send(due)) == [0, 1, 2]


async def test_a_request_whose_worker_died_before_it_offered_batches_offers_them_when_it_comes_again() -> None:
    desk = Desk()
    lost = await desk.send(NOW_ONCE)
    assert await desk.send(NOW_ONCE) == lost


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.SENT, CampaignStatus.CANCELLED])
async def test_a_request_that_comes_again_after_it_was_sent_changes_nothing_and_is_answered(
    status: CampaignStatus,
) -> None:
    desk = Desk()
    await desk.send(NOW_ONCE)
    before = desk.campaigns.stored["spring"] = replace(desk.stored, status=status)
    assert await desk.send(NOW_ONCE) == []
    assert desk.stored == before


async def test_a_refused_request_is_carried_out_when_its_cause_is_mended() -> None:
    desk = Desk(organisation=FOUR_EYES, author="ann", review_run="spring-r1")
    for _ in range(2):
        with pytest.raises(NotReady):
            await desk.send(NOW_ONCE)
    assert desk.stored.revision == 2, "the refusal is remembered once"
    desk.campaigns.stored["spring"] = replace(desk.stored, approval=Approval("bob", NOW))
    assert numbers(await desk.send(NOW_ONCE)) == [0, 1, 2]


@pytest.mark.parametrize("status", [CampaignStatus.REVIEWED, CampaignStatus.DRAFT])
async def test_a_refused_request_is_not_about_what_was_reviewed_since(status: CampaignStatus) -> None:
    """A parked message that is replayed sends nothing that nobody has confirmed, however often."""
    run = "spring-r1" if status is CampaignStatus.REVIEWED else None
    desk = Desk(organisation=FOUR_EYES, author="ann", status=status, review_run=run)
    with pytest.raises((NotReady, IllegalTransition)):
        await desk.send(NOW_ONCE)
    await reviewed_again(desk)
    before = desk.campaigns.stored["spring"] = replace(desk.stored, approval=Approval("bob", NOW))
    for _ in range(2):
        with pytest.raises(Changed, match=r"reviewed again since .*campaigns campaign send spring"):
            await desk.send(NOW_ONCE)
    assert desk.stored == before


async def test_only_so_many_requests_are_remembered_the_newest_of_them() -> None:
    desk = Desk()
    for number in range(MOST + 2):
        await desk.send(SCHEDULE.model_copy(update={"request_id": f"crm {number}", "at": later(3600 + number)}))
    assert len(desk.stored.send_asks) == MOST
    assert asked_before(desk.stored, "crm 1") is None
    assert asked_before(desk.stored, "crm 2") is not None


# ---- a time that has passed


@pytest.mark.parametrize("time", [{"at": later(-61)}, {"local_at": later(-61).replace(tzinfo=None)}])
async def test_a_time_that_had_passed_when_it_was_asked_for_is_refused(time: dict[str, Any]) -> None:
    desk = Desk()
    before, [name] = desk.stored, time
    with pytest.raises(InvalidDefinition, match=f"{name}: when it was asked for, .* UTC, .*nothing is sent"):
        await desk.send(SendRequested(campaign_id="spring", asked_at=NOW, request_id="crm 1", **time))
    assert desk.stored == before


@pytest.mark.parametrize("asked_at", [later(-3600), later(-540), None])
async def test_a_time_that_passed_while_the_request_waited_is_now(asked_at: datetime | None) -> None:
    """A minute apart is no slip: clocks differ."""
    desk = Desk()
    assert numbers(await desk.send(SendRequested(campaign_id="spring", at=later(-600), asked_at=asked_at))) == [0, 1, 2]
