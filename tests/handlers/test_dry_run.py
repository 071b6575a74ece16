"""Dry runs (X8): what a review would say, and nothing is written."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from domain.campaign import Campaign, CampaignStatus, Purpose, Selection
from domain.contact import Contact, OptOut, SubscriptionType
from domain.email import NO_SLICE, Email, EmailState
from domain.errors import IllegalTransition, NotReady
from domain.findings import Finding
from domain.record import Record
from handlers.dry_addresses import Addressees
from handlers.dry_run import Decided, DryReport, DryRun
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_member, a_record, a_suppression, a_sync, an_id, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.reviewing import House, a_draft, content


@dataclass
class Rehearsed:
    told: DryReport
    people: list[Decided]
    seen: list[float]


async def rehearsed(house: House, campaign_id: str = "spring", *, members: bool = False) -> Rehearsed:
    reviewer = house.reviewer
    people: list[Decided] = []
    seen: list[float] = []

    async def findings(campaign: Campaign) -> tuple[Finding, ...]:
        return (await house.checks(campaign)).findings

    dry = DryRun(
        reviewer.start, reviewer.start.people, house.syncs, house.suppressions, findings, ADDRESS_KEY, lambda: NOW
    )
    draft = house.campaigns.stored[campaign_id]
    told = await dry(draft, include_existing_members=members, tell=people.extend, see=seen.append)
    return Rehearsed(told, people, seen)


def written(house: House) -> Mapping[str, Any]:
    """All that the house has stored."""
    return copy.deepcopy({name: vars(store) for name, store in vars(house).items() if hasattr(store, "stored")})


def without_slice(rows: Any) -> dict[str, Email]:
    """Numbers of batches are of the sending, not of the report."""
    return {row.id: replace(row, slice=NO_SLICE) for row in rows}


# ---- the same as a review, whoever the people are

MODULES = ("Leads", "Contacts")


def a_crowd(random_: random.Random, count: int = 40) -> list[Record]:
    """Records that share a few addresses, in two modules; some are gone, opted out, or without a good address."""
    found = []
    for number in range(count):
        address = random_.choice(
            [f"P{random_.randrange(count // 2)}@example.com", "", "none", f"q{number}@example.com"]
        )
        fields = {"Email": address, "First_Name": f"No {number}", "Email_Opt_Out": random_.random() < 0.1}
        life = {"alive_version": 0, "deleted_version": 1} if random_.random() < 0.1 else {}
        at = later(random_.randrange(5))
        found.append(a_record(f"{number:03}", fields, module=random_.choice(MODULES), changed_at=at, **life))
    return found


def members(random_: random.Random) -> list[Contact]:
    """On the list by other ways: imported, some of them known to have left."""
    texts = [f"p{number}@example.com" for number in range(0, 20, 3)] + ["m1@example.com", "m2@example.com"]
    some = [a_member(text, sources={}) for text in texts]
    return [
        replace(
            each,
            opt_out=OptOut(NOW, "operator") if random_.random() < 0.2 else None,
            topics=frozenset(random_.sample(["events", "offers", "marketing"], random_.randrange(3))),
            subscription=random_.choice([None, *SubscriptionType]),
        )
        for each in some
    ]


async def changed_meanwhile(house: House, random_: random.Random) -> None:
    """Records moved, were deleted or lost their address after an earlier campaign carried them over."""
    for ref, record in list(house.records.stored.items()):
        if random_.random() < 0.3:
            address = random_.choice(["", f"p{random_.randrange(20)}@example.com", f"r{ref[-3:]}@example.com"])
            newer = a_record(record.record_id, {"Email": address}, module=record.module, version=2, changed_at=later(9))
            house.records.stored[ref] = replace(newer, projected=record.projected, revision=record.revision)


PICKED = (
    Selection(modules=MODULES),
    Selection(modules=("Leads",)),
    Selection(refs=tuple(f"Leads:{number:03}" for number in range(0, 50, 2))),
    Selection(filters={"Leads": 'First_Name != "No 7"'}, modules=("Contacts",)),
)


@pytest.mark.parametrize("seed", range(16))
async def test_a_dry_run_says_what_the_review_then_says(seed: int) -> None:
    random_ = random.Random(seed)
    picked = random_.choice(PICKED)
    crowd, with_members = a_crowd(random_), random_.random() < 0.7
    everybody = a_draft("winter", recipients=Selection(modules=MODULES))
    house = House(
        campaigns=MemoryCampaigns(everybody, a_draft(recipients=picked)),
        records=MemoryRecords(*crowd),
        contacts=MemoryContacts(*members(random_)),
        suppressions=MemorySuppressions(a_suppression("p3@example.com"), a_suppression("q5@example.com")),
        syncs=MemorySyncs(a_sync()) if random_.random() < 0.5 else MemorySyncs(),
    )
    if random_.random() < 0.7:
        await house.reviewed("winter")
        await changed_meanwhile(house, random_)
    before = written(house)
    found = await rehearsed(house, members=with_members)
    assert written(house) == before, "nothing was written"
    campaign = await house.reviewed(include_existing_members=with_members)
    assert campaign.report == found.told.report
    rows = [row for row in house.emails.stored.values() if row.campaign_id == "spring"]
    assert without_slice(each.row for each in found.people) == without_slice(rows)


# ---- what it tells


def a_house(*records: Record, **draft: Any) -> House:
    return House(campaigns=MemoryCampaigns(a_draft(**draft)), records=MemoryRecords(*records))


async def test_everybody_is_named_with_the_reason() -> None:
    house = a_house(
        a_record("1", {"Email": "ann@gmail.com", "First_Name": "Ann", "Last_Name": "Lee"}),
        a_record("2", {"Email": "", "First_Name": "Bob"}),
        a_record("3", {"Email": "ANN@gmail.com", "First_Name": "Old"}, changed_at=later(-60)),
        a_record("4", {"Email": "cy@example.com"}),
    )
    found = await rehearsed(house)
    assert [(each.row.ref, each.name, each.row.reason, each.row.detail) for each in found.people] == [
        ("Leads:1", "Ann Lee", None, None),
        ("Leads:2", "Bob", "no_email", None),
        ("Leads:3", "Old", "duplicate", "same address as Leads:1"),
        ("Leads:4", "", None, None),
    ]
    assert found.told.destinations == {"group:google": 1, "group:other": 1}
    assert found.told.rejected is None


async def test_it_says_why_it_would_be_rejected() -> None:
    found = await rehearsed(a_house(a_record("1", {"Email": "x"})))
    assert found.told.rejected == "none of the 1 people selected would be mailed: 1 invalid_email"
    assert "no unsubscribe link" in str(
        (await rehearsed(a_house(a_record(), content=content(text="Hi", html=None)))).told.rejected
    )


async def test_it_says_how_far_it_is_and_never_goes_back() -> None:
    found = await rehearsed(a_house(*(a_record(f"{n:03}") for n in range(30))))
    assert found.seen == sorted(found.seen)
    assert (len(found.seen), found.seen[-1]) == (20, 1.0), "ten slices, looked at twice"


@pytest.mark.parametrize("status", [CampaignStatus.IN_REVIEW, CampaignStatus.REVIEWED, CampaignStatus.SENT])
async def test_only_a_draft_is_rehearsed(status: CampaignStatus) -> None:
    with pytest.raises(IllegalTransition):
        await rehearsed(a_house(a_record(), status=status))


async def test_what_is_missing_is_told_as_by_a_review() -> None:
    with pytest.raises(NotReady, match="a mailing list"):
        await rehearsed(a_house(a_record(), list_id=None))


async def test_a_campaign_to_its_list_alone_is_rehearsed() -> None:
    house = a_house(recipients=Selection(), purpose=Purpose.TRANSACTIONAL)
    house.contacts = MemoryContacts(a_member("bob@example.com", sources={}), a_contact("zoe@example.com"))
    found = await rehearsed(house, members=True)
    assert [(each.row.address, each.name, each.row.state) for each in found.people] == [
        ("bob@example.com", "Ann", EmailState.PLANNED)
    ]


# ---- who shares an address


def test_those_who_share_an_address_are_found_wherever_they_are() -> None:
    found, ann, bob = Addressees(), an_id("ann@example.com"), an_id("bob@example.com")
    found.add([("Leads:1", ann), ("Leads:2", bob)])
    found.add([])
    found.add([("Contacts:7", ann), ("Contacts:8", an_id("cy@example.com"))])
    found.complete()
    assert found.others([ann, bob], {"Leads:1", "Leads:2"}) == ["Contacts:7"]
    assert found.others([bob], ()) == []
    assert [found.holds(each) for each in (ann, bob, an_id("zoe@example.com"))] == [True, True, False]


async def test_a_message_of_a_series_passes_without_people_who_come_later() -> None:
    house = House()
    house.campaigns = MemoryCampaigns(a_draft(series="welcome", recipients=Selection()))
    assert (await rehearsed(house)).told.rejected is None
