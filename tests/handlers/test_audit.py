"""What people ask for by message is noted; what is ours, or carries data, is not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domain.audit import DONE, AuditEntry
from domain.campaign import CampaignStatus
from domain.integration import Integration, IntegrationState
from handlers.audit import ASKING, AuditTrail, about
from messages.base import Message
from messages.catalog import INCOMING
from messages.delivery_event import DeliveryEvent
from messages.envelope import envelope
from messages.erasure_requested import ErasureRequested
from messages.integration_changed import IntegrationChanged
from messages.module_described import ModuleDescribed
from messages.record_changed import RecordChanged
from messages.review_requested import ReviewRequested
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.snapshot_finished import SnapshotFinished
from messages.sync_requested import SyncRequested
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_sync
from tests.fakes.audit import MemoryAudit
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.integrations import MemoryIntegrations
from tests.fakes.series import MemorySeries
from tests.fakes.syncs import MemorySyncs


class Office:
    def __init__(self) -> None:
        self.audit = MemoryAudit()
        self.campaigns = MemoryCampaigns(a_campaign(status=CampaignStatus.REVIEWED))
        self.integrations = MemoryIntegrations()
        self.trail = AuditTrail(
            self.audit,
            self.campaigns,
            MemorySyncs(a_sync()),
            MemorySeries(),
            self.integrations,
            lambda: NOW,
            ADDRESS_KEY,
        )

    async def asked(self, message: Message, id_: str = "e1") -> AuditEntry | None:
        return await self.trail.asked(message, envelope(message, id=id_, time=NOW, source="/crm"))

    @property
    def entries(self) -> list[AuditEntry]:
        return list(self.audit.stored.values())


async def test_who_asked_for_what_is_noted_before_and_after() -> None:
    office = Office()
    entry = await office.asked(SendRequested(campaign_id="spring", confirmed_by="ann"))
    assert entry is not None
    office.campaigns.stored["spring"] = a_campaign(status=CampaignStatus.SENDING)
    await office.trail.ended(entry)
    assert office.entries == [
        AuditEntry(
            "send-requested campaign:spring /crm e1",
            NOW,
            "ann",
            "message:/crm",
            "send-requested",
            "campaign:spring",
            "reviewed",
            "sending",
            DONE,
        )
    ]


async def test_a_repeated_message_changes_nothing() -> None:
    office = Office()
    message = SendRequested(campaign_id="spring", confirmed_by="ann")
    for outcome in (DONE, "conflict"):
        entry = await office.asked(message)
        assert entry is not None
        await office.trail.ended(entry, outcome)
        office.campaigns.stored["spring"] = a_campaign(status=CampaignStatus.SENDING)
    (noted,) = office.entries
    assert (noted.before, noted.after, noted.outcome) == ("reviewed", "reviewed", DONE)


def test_every_message_from_outside_asks_for_something_or_carries_data() -> None:
    """Say of a new one which it is, in handlers/audit.py or here."""
    assert set(INCOMING.values()) - set(ASKING) == {RecordChanged, SnapshotFinished, ModuleDescribed, DeliveryEvent}


async def test_what_was_posted_with_a_token_is_one_entry_that_names_it() -> None:
    office = Office()
    message = SendRequested(campaign_id="spring", confirmed_by="ann")
    await office.trail.posted(message, source="/crm", event_id="e1", token="crm-live")
    entry = await office.asked(message)
    assert entry is not None
    await office.trail.ended(entry)
    assert [(each.who, each.via, each.outcome) for each in office.entries] == [("ann", "token:crm-live", DONE)]


async def test_an_event_id_that_was_used_before_hides_nothing() -> None:
    office = Office()
    for message in (
        SyncRequested(sync_id="leads"),
        SendRequested(campaign_id="spring", confirmed_by="ann"),
        SendRequested(campaign_id="autumn", confirmed_by="ann"),
        ReviewRequested(campaign_id="spring"),
    ):
        await office.trail.posted(message, source="/crm", event_id="e1", token="crm-live")
        assert await office.asked(message) is not None
    assert [(each.what, each.subject, each.via) for each in office.entries] == [
        ("sync-requested", "sync:leads", "token:crm-live"),
        ("send-requested", "campaign:spring", "token:crm-live"),
        ("send-requested", "campaign:autumn", "token:crm-live"),
        ("review-requested", "campaign:spring", "token:crm-live"),
    ]


async def test_source_and_id_cannot_be_cut_so_that_they_look_like_anothers() -> None:
    office = Office()
    message = SendRequested(campaign_id="spring", confirmed_by="ann")
    for source, event_id in (("/crm a", "b"), ("/crm", "a b"), ("/crm", "a%20b")):
        await office.trail.posted(message, source=source, event_id=event_id, token="crm-live")
    assert len(office.entries) == 3


@pytest.mark.parametrize(
    "message",
    [
        SendBatch(campaign_id="spring", slice=3),
        SendRequested(campaign_id="spring", due=NOW),
        ReviewRequested(campaign_id="spring", run_id="r1", phase="recipients", slice=0),
        SnapshotFinished(module="Leads", count=1, taken_at=NOW),
    ],
)
async def test_messages_of_ours_and_data_are_not_noted(message: Message) -> None:
    office = Office()
    assert await office.asked(message) is None
    assert office.entries == []


async def test_the_addresses_of_a_batch_from_outside_are_not_kept() -> None:
    office = Office()
    await office.asked(SendBatch(campaign_id="spring", addresses=["ann@example.com"]))
    assert "ann@example.com" not in repr(office.entries)
    assert [each.what for each in office.entries] == ["send-batch"]


@pytest.mark.parametrize("named", ["erase ann@example.com", "erase-ann%40example.com"])
async def test_an_id_that_names_somebody_is_kept_as_a_hash_and_is_one_entry(named: str) -> None:
    """Entries outlive who is erased; who asked, when and for what stays."""
    office = Office()
    message = ErasureRequested(address="ann@example.com", request_id=named, confirmed_by="dpo")
    for _ in range(2):
        assert await office.asked(message, named) is not None
    assert await office.asked(message, f"{named}, again") is not None
    assert len(office.entries) == 2
    assert not re.search("ann|example|@|%40", repr(office.entries))
    assert [(each.who, each.what, each.via, each.at) for each in office.entries] == [
        ("dpo", "erasure-requested", "message:/crm", NOW)
    ] * 2
    assert office.entries[0].subject == office.entries[1].subject


async def test_a_sync_is_noted_with_its_status_and_revision() -> None:
    office = Office()
    await office.asked(SyncRequested(sync_id="leads"))
    assert [(each.subject, each.before) for each in office.entries] == [("sync:leads", "active, revision 1")]


async def test_a_change_of_the_integration_is_noted_with_what_it_was_and_what_it_became() -> None:
    office = Office()
    entry = await office.asked(IntegrationChanged(change="disable", confirmed_by="ann", confirmation="Green Ltd"))
    assert entry is not None
    office.integrations.stored = Integration(IntegrationState.DISABLED)
    await office.trail.ended(entry)
    [noted] = office.entries
    assert (noted.who, noted.subject, noted.before, noted.after) == ("ann", "integration:disable", "active", "disabled")


async def test_a_source_or_a_token_that_is_called_by_an_address_is_kept_as_a_hash() -> None:
    office = Office()
    message = SyncRequested(sync_id="leads")
    await office.trail.asked(message, envelope(message, id="e1", time=NOW, source="mailto:ann@example.com"))
    await office.trail.posted(message, source="/crm", event_id="e2", token="of ann@example.com")
    assert [each.via.partition(":~")[0] for each in office.entries] == ["message", "token"]
    assert "@" not in repr(office.entries)


async def test_a_subject_that_names_an_address_is_kept_as_a_hash_and_its_kind_stays() -> None:
    office = Office()
    entry = await office.trail.began("e1", who="bob", via="cli", what="suppression import", subject="file:a@b.csv")
    assert entry.subject.startswith("file:~")
    assert "@" not in repr(office.entries)


async def test_what_has_no_status_is_noted_as_the_few_words_that_tell() -> None:
    office = Office()
    told = iter(["News", None])

    async def mailing_list(list_id: str) -> str | None:
        assert list_id == "news"
        return next(told)

    trail = replace(office.trail, standings={"list": mailing_list})
    await trail.ended(await trail.began("e1", who="bob", via="cli", what="list edit", subject="list:news"))
    assert [(each.before, each.after, each.outcome) for each in office.entries] == [("News", None, DONE)]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (SendRequested(campaign_id="spring", confirmed_by="ann"), "campaign:spring"),
        (SnapshotFinished(module="Leads", count=1, taken_at=NOW), ""),
    ],
)
def test_a_message_is_about_what_it_asks_something_for(message: Message, told: str) -> None:
    assert about(message) == told
