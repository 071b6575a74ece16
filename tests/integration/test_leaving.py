"""Leaving the CRM on real servers (R96-R102): rehearsed, confirmed, in the midst of a send, and what comes late."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from domain.campaign import CampaignStatus
from domain.email import EmailState, SkipReason
from domain.record import Record
from domain.sync import SyncStatus
from messages.delivery_event import DeliveryEvent, EventType
from messages.integration_changed import IntegrationChanged
from messages.send_requested import SendRequested
from messages.sync_requested import SyncMode, SyncRequested
from tests.builders import a_campaign, a_record, a_sync
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.typed import typed
from tests.integration.whole_way import SENDERS, World, people, world
from tests.integration.worker_process import process
from tests.waiting import wait_until
from workers.resources import now

PEOPLE = 400
LEAVING = ("integration-changed", "sync-requested")


async def audience(here: World) -> None:
    """A sync whose people are on its list, and a draft."""
    records: list[Record] = [a_record(str(number)) for number in range(5)]
    await here.stores.records.save(records)
    await here.stores.syncs.save(a_sync(status=SyncStatus.DRAFT))
    await here.stores.campaigns.add(a_campaign("unsent", created_at=now()))
    await here.publish(SyncRequested(sync_id="leads", mode=SyncMode.INITIATE))

    async def synced() -> bool:
        run = await here.stores.sync_runs.latest("leads")
        return run is not None and run.ended_at is not None

    await wait_until(synced, timeout_s=60, what="the sync has run")


async def test_disabled_in_the_midst_of_a_send_nothing_is_sent_once_the_command_returns(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    async with (
        ScriptedRelay(final_s=0.05) as relay,
        world(deployment, *SENDERS, *LEAVING, "delivery-event", smtp_port=relay.port) as here,
        here.working("send-requested", "scheduler", "delivery-event", *LEAVING),
        process(here, "send-batch") as sender,
    ):
        await sender.until("worker_started")
        await audience(here)
        await here.reviewed(people(PEOPLE))
        await here.publish(SendRequested(campaign_id="spring"))

        async def some_taken() -> bool:
            return len(relay.mails) >= 40

        await wait_until(some_taken, timeout_s=60, what="40 mails are taken")
        await _is_rehearsed(here)
        await _is_refused_without_the_name(here)
        to = str(tmp_path / "kept")
        told = await typed(here, "integration", "disable", "--yes-i-mean-it", "--export", to, "--by", "ann", "--json")
        taken = len(relay.mails)
        assert (told.code, json.loads(told.out)["state"]) == (0, "disabled"), told.text
        await asyncio.sleep(1)
        assert len(relay.mails) == taken < PEOPLE, "nothing more is sent"
        await _balances(here, taken)
        await _is_kept(here, tmp_path / "kept")
        await _ignores_what_comes_late(here)
        await _is_taken_up(here)
        await _comes_back(here, tmp_path / "kept")


async def _is_rehearsed(here: World) -> None:
    plan = json.loads((await typed(here, "integration", "disable", "--dry-run", "--json")).out)
    assert plan["campaigns"] == {"draft": ["unsent"], "sending": ["spring"]}
    [sending] = plan["under_way"]
    assert sending["mails"] > 0
    [sync] = plan["syncs"]
    assert (sync["name"], sync["becomes"], sync["memberships"]) == ("All leads", "deleted for good", 5)
    shown = await typed(here, "integration", "deactivate", "--dry-run")
    assert "Campaigns that become offline, for good" in shown.text
    assert await here.statuses("spring", "unsent") == {CampaignStatus.SENDING, CampaignStatus.DRAFT}


async def _is_refused_without_the_name(here: World) -> None:
    unsure = await typed(here, "integration", "disable", "--no-export")
    assert (unsure.code, "nothing was changed" in unsure.err) == (1, True)
    undecided = await typed(here, "integration", "disable", "--yes-i-mean-it")
    assert (undecided.code, "--no-export keeps nothing" in undecided.text) == (2, True)
    wrong = IntegrationChanged(change="disable", confirmed_by="eve", confirmation="yes", request_id="wrong")
    await here.publish(wrong)
    parked = await here.parked(IntegrationChanged.queue)
    assert (parked.reason, "type the organisation's name: Green Ltd" in parked.error) == ("not_confirmed", True)
    assert (await here.stores.integrations.get()).active


async def _balances(here: World, taken: int) -> None:
    assert (await here.campaign()).status is CampaignStatus.OFFLINE
    books = await here.books()
    assert books.count(EmailState.SENT) == taken, "every mail that went out is in the books"
    assert (books.open, books.skips) == (0, {SkipReason.OFFLINE: PEOPLE - taken})
    assert await here.stores.syncs.all() == []
    left = [contact async for contact in here.stores.contacts.members("news")]
    assert left == []
    [entry] = [
        each for each in (await _audited(here)) if each["what"] == "integration disable" and each["who"] == "ann"
    ]
    assert (entry["via"], entry["outcome"]) == ("cli", "done")
    shown = await typed(here, "campaign", "summary", "spring")
    assert "is no longer shown on it (R97)" in shown.text
    assert "delivered" not in shown.out
    assert f"sent {taken}" in (await typed(here, "campaign", "summary", "spring", "--kept")).text


async def _audited(here: World) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((await typed(here, "audit", "list", "--json")).out)
    return found


async def _is_kept(here: World, kept: Path) -> None:
    """What was exported makes the sync anew, once somebody is back."""
    assert sorted(path.name for path in (kept / "reports").iterdir()) == [
        "spring.html", "spring.json", "unsent.html", "unsent.json"
    ]  # fmt: skip
    message = json.loads((kept / "syncs/leads.json").read_text())
    assert message["definition"]["map"] == dict(a_sync().field_map)
    assert (kept / "campaigns/unsent.yaml").read_text().startswith("campaign_id: unsent")


async def _ignores_what_comes_late(here: World) -> None:
    """R102: kept with the events, and no row, no member status, no feed of the campaign changes."""
    [row] = (await here.rows(EmailState.SENT))[:1]
    stored = await here.stores.database["emails"].find_one({"_id": row.id})
    late = DeliveryEvent(event_id="late", event=EventType.OPENED, email_id=row.id, occurred_at=now())
    await here.publish(late)

    async def is_kept() -> bool:
        return bool(await here.stores.events.of_email(row.id))

    await wait_until(is_kept, timeout_s=60, what="the event is stored")
    assert await here.stores.database["emails"].find_one({"_id": row.id}) == stored


async def _is_taken_up(here: World) -> None:
    """R98: from here, and not from the CRM; the old one stays offline."""
    assert (await typed(here, "campaign", "take-up", "unsent", "again")).code == 0
    assert (await here.campaign("again")).status is CampaignStatus.DRAFT
    sent = await typed(here, "campaign", "take-up", "spring", "more")
    assert (sent.code, "was sending when it went offline" in sent.err) == (1, True)


async def _comes_back(here: World, kept: Path) -> None:
    """Old campaigns stay offline; a sync is made anew of what was exported."""
    back = await typed(here, "integration", "activate", "--json")
    assert (back.code, json.loads(back.out)["state"]) == (0, "active")
    assert await here.statuses("spring", "unsent") == {CampaignStatus.OFFLINE}
    assert (await typed(here, "publish", "sync-requested", str(kept / "syncs/leads.json"))).code == 0

    async def is_there() -> bool:
        return bool(await here.stores.syncs.active())

    await wait_until(is_there, timeout_s=60, what="the sync is active again")
    [sync] = await here.stores.syncs.all()
    assert (sync.name, sync.field_map) == ("All leads", a_sync().field_map)
