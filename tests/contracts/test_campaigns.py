"""One suite over the campaigns in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.breakers import Counts, Rule, Trip
from domain.campaign import Approval, Campaign, CampaignStatus, LawfulBasis, Origin, Report, Selection, SendAsk, hash_of
from domain.errors import Conflict, UnknownCampaign
from domain.findings import Finding, Severity
from domain.selections import Kept
from repositories.campaigns import MongoCampaigns
from repositories.connection import Database
from tests.builders import a_campaign, later
from tests.fakes.campaigns import MemoryCampaigns

AnyCampaigns: TypeAlias = MemoryCampaigns | MongoCampaigns
DRAFT = [CampaignStatus.DRAFT]


@pytest.fixture(params=["memory", "mongo"])
def campaigns(request: pytest.FixtureRequest) -> AnyCampaigns:
    if request.param == "memory":
        return MemoryCampaigns()
    return MongoCampaigns(request.getfixturevalue("mongo_database"))


async def stored(campaigns: AnyCampaigns, campaign_id: str = "spring") -> Campaign:
    found = await campaigns.get(campaign_id)
    assert found is not None
    return found


def with_everything() -> Campaign:
    findings = tuple(Finding("size", each, "html", "It is large.", "Make it smaller.") for each in Severity)
    return a_campaign(
        recipients=Selection(
            ("Leads", "Contacts"), ("Deals:1",), {"Dragons": "Age > 3"}, Kept("spring:1:a", {"Deals": 9}, "ff"), True
        ),
        schedule="2026-12-01T09:00",
        source_order=7,
        lawful_basis=LawfulBasis.CONSENT,
        information={"Budget in $.": "$100"},
        report=Report({"Leads": 3}, 1, {"no_email": 1}, {"a.b": 2}, 3, findings),
        reviewed_hash="x",
        reviewed_assets={"https://green.shop/$1.png": "0123456789abcdef"},
        author="Ann Green",
        approval=Approval("Bob Brown", later(7)),
        send_at=later(60),
        send_asks=(SendAsk("0f", "spring-r1", False), SendAsk("1f", None, True)),
        series="welcome",
        trip=Trip(1, Rule.COMPLAINTS, later(5), Counts(1_000, 2, 3, 4)),
        include_existing_members=True,
        left_as=CampaignStatus.REVIEWED,
    )


async def test_what_is_added_is_loaded_at_revision_1(campaigns: AnyCampaigns) -> None:
    await campaigns.add(with_everything())
    assert await stored(campaigns) == replace(with_everything(), revision=1)
    assert hash_of(await stored(campaigns)) == hash_of(with_everything())
    assert await campaigns.get("nothing") is None


async def test_a_severity_of_a_newer_version_is_read_as_unknown(mongo_database: Database) -> None:
    """Two versions run side by side for a while."""
    campaigns = MongoCampaigns(mongo_database)
    await campaigns.add(with_everything())
    await mongo_database.campaigns.update_one({"_id": "spring"}, {"$set": {"report.findings.0.severity": "dire"}})
    report = (await stored(campaigns)).report
    assert report is not None
    assert report.findings[0].severity is Severity.UNKNOWN


async def test_an_id_is_taken_once(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign())
    with pytest.raises(Conflict, match="spring"):
        await campaigns.add(a_campaign(name="Another"))
    assert (await stored(campaigns)).name == "Spring news"


async def test_a_save_answers_what_is_stored_then(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign())
    moved = (await stored(campaigns)).moved_to(CampaignStatus.SYNCING_RECIPIENTS)
    assert await campaigns.save(moved, expected=DRAFT) == replace(moved, revision=2)
    assert await stored(campaigns) == replace(moved, revision=2)


async def test_a_save_that_was_overtaken_is_refused(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign())
    loaded = await stored(campaigns)
    await campaigns.save(replace(loaded, name="First"), expected=DRAFT)
    with pytest.raises(Conflict, match="spring"):
        await campaigns.save(replace(loaded, name="Second"), expected=DRAFT)
    assert (await stored(campaigns)).name == "First"


async def test_a_save_from_another_status_is_refused(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign())
    with pytest.raises(Conflict):
        await campaigns.save(await stored(campaigns), expected=[CampaignStatus.REVIEWED])


async def test_a_campaign_that_is_not_stored_cannot_be_saved(campaigns: AnyCampaigns) -> None:
    with pytest.raises(Conflict):
        await campaigns.save(a_campaign(), expected=DRAFT)


async def test_campaigns_are_found_by_status(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign("b"))
    await campaigns.add(a_campaign("a", status=CampaignStatus.SENDING))
    assert [each.id for each in await campaigns.in_status([CampaignStatus.SENDING])] == ["a"]
    assert [each.id for each in await campaigns.all()] == ["a", "b"]


async def test_campaigns_are_found_by_status_and_since_when_they_have_it(campaigns: AnyCampaigns) -> None:
    for name, minutes in (("early", 1), ("late", 2)):
        stopped = a_campaign(name, status=CampaignStatus.STOPPED, status_at=later(60 * minutes))
        await campaigns.add(stopped)
    await campaigns.add(a_campaign("never", status=CampaignStatus.STOPPED, status_at=None))
    found = await campaigns.in_status([CampaignStatus.STOPPED], since=later(90))
    assert [each.id for each in found] == ["late"]


async def test_campaigns_are_found_when_they_are_due(campaigns: AnyCampaigns) -> None:
    for name, minutes in (("early", 1), ("late", 3)):
        await campaigns.add(a_campaign(name, status=CampaignStatus.SCHEDULED, send_at=later(60 * minutes)))
    await campaigns.add(a_campaign("timeless", status=CampaignStatus.SCHEDULED, send_at=None))
    assert [each.id for each in await campaigns.in_status([CampaignStatus.SCHEDULED], due=later(60))] == ["early"]


async def test_slice_numbers_are_taken_once_and_follow_the_first_round(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign(slices=4))
    assert await campaigns.take_slice_numbers("spring", 2) == 4
    assert await campaigns.take_slice_numbers("spring", 1) == 6
    await campaigns.save(replace(await stored(campaigns), slices=20), expected=DRAFT)
    assert await campaigns.take_slice_numbers("spring", 1) == 20


async def test_a_save_does_not_give_slice_numbers_back(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign(slices=4))
    loaded = await stored(campaigns)
    await campaigns.take_slice_numbers("spring", 2)
    await campaigns.save(loaded, expected=DRAFT)
    assert await campaigns.take_slice_numbers("spring", 1) == 6


async def test_an_unknown_campaign_has_no_slice_numbers(campaigns: AnyCampaigns) -> None:
    with pytest.raises(UnknownCampaign):
        await campaigns.take_slice_numbers("nothing", 1)


async def test_the_ids_of_all_campaigns_are_told(campaigns: AnyCampaigns) -> None:
    assert await campaigns.ids() == frozenset()
    for each in ("spring", "autumn"):
        await campaigns.add(a_campaign(each))
    assert await campaigns.ids() == {"spring", "autumn"}


# ---- leaving the CRM (R96)


async def test_all_that_may_go_offline_in_one_write_and_what_each_was_is_kept(campaigns: AnyCampaigns) -> None:
    for status in CampaignStatus:
        await campaigns.add(a_campaign(str(status), status=status, status_at=later(0), name="$name"))
    await campaigns.take_offline("the $integration was left", later(60))
    await campaigns.take_offline("again", later(90))
    left = await campaigns.left(later(60))
    assert left == {str(status): status for status in sorted(CampaignStatus) if status is not CampaignStatus.OFFLINE}
    one = await stored(campaigns, "sending")
    before = a_campaign("sending", status=CampaignStatus.SENDING, status_at=later(0), name="$name", revision=1)
    expected = before.moved_to(CampaignStatus.OFFLINE, "the $integration was left", at=later(60))
    assert one == replace(expected, revision=2)
    assert (await stored(campaigns, "offline")).revision == 1, "who was offline before stays as it was"


async def test_of_one_origin_those_that_may_go_offline_and_how_many_did(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign("ours", origin=Origin.CAMPAIGNS))
    await campaigns.add(a_campaign("theirs", origin=Origin.CRM))
    await campaigns.add(a_campaign("gone", origin=Origin.CRM, status=CampaignStatus.OFFLINE))
    assert await campaigns.going(Origin.CRM) == {"theirs"}
    assert await campaigns.take_offline("left", later(60), origin=Origin.CRM) == 1
    assert await campaigns.going(Origin.CRM) == frozenset()
    assert await campaigns.take_offline("left", later(60)) == 1
    assert (await stored(campaigns, "ours")).status is CampaignStatus.OFFLINE


async def test_who_read_a_campaign_before_it_went_offline_saves_nothing(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign())
    known = await stored(campaigns)
    await campaigns.take_offline("left", later(60))
    with pytest.raises(Conflict):
        await campaigns.save(known, expected=list(CampaignStatus))


async def test_those_of_some_that_are_offline(campaigns: AnyCampaigns) -> None:
    await campaigns.add(a_campaign("old", status=CampaignStatus.OFFLINE))
    await campaigns.add(a_campaign("older", status=CampaignStatus.OFFLINE))
    await campaigns.add(a_campaign("new"))
    assert await campaigns.offline({"old", "new", "nothing"}) == {"old"}
    assert await campaigns.offline(set()) == frozenset()
