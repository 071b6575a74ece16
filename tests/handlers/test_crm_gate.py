"""What a CRM that was left may no longer ask for (R98), at each of the doors where it is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import CampaignStatus, Origin
from domain.errors import Busy, IllegalTransition, NotReady
from domain.integration import Integration, IntegrationState
from domain.sync import SyncStatus
from handlers.crm_gate import CrmGate
from handlers.sync_requested import SyncInitiator
from messages.send_requested import SendRequested
from messages.sync_requested import SyncMode, SyncRequested
from tests.builders import NOW, a_sync
from tests.fakes.integrations import MemoryIntegrations
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import Audience
from tests.handlers.test_campaign_saved import Desk as Drafts
from tests.handlers.test_campaign_saved import document
from tests.handlers.test_send_requested import Desk as Sends
from tests.handlers.test_test_requested import Desk as TryOuts
from tests.handlers.test_test_requested import request

LEFT = Integration(IntegrationState.DEACTIVATED, NOW, "Ann", left_at=NOW, detached_at=NOW, finished_at=NOW)


def gate(known: Integration = LEFT) -> CrmGate:
    return CrmGate(MemoryIntegrations(known))


async def test_the_crm_creates_nothing_any_more_and_this_side_does() -> None:
    desk = Drafts()
    keep = replace(desk.keep, gate=gate())
    with pytest.raises(NotReady, match="create it here, campaigns campaign create spring"):
        await keep(document())
    assert not desk.campaigns.stored
    await keep(document(origin=Origin.CAMPAIGNS))
    assert desk.stored.origin is Origin.CAMPAIGNS


async def test_the_crm_sends_nothing_any_more_and_this_side_does() -> None:
    desk = Sends()
    send = replace(desk.send, gate=gate())
    with pytest.raises(NotReady, match="send it here, campaigns campaign send spring"):
        await send(SendRequested(campaign_id="spring", origin=Origin.CRM))
    assert desk.stored.status is CampaignStatus.REVIEWED
    await send(SendRequested(campaign_id="spring"))
    assert desk.stored.status is CampaignStatus.SENDING


async def test_while_the_crm_is_being_left_a_new_campaign_waits() -> None:
    """Nobody could tell it from those that go offline."""
    desk = Drafts()
    keep = replace(desk.keep, gate=gate(replace(LEFT, detached_at=None, finished_at=None)))
    with pytest.raises(Busy, match="being taken offline"):
        await keep(document(origin=Origin.CAMPAIGNS))
    assert not desk.campaigns.stored


async def test_of_an_offline_campaign_the_refusal_says_how_to_take_it_up() -> None:
    desk = Sends(status=CampaignStatus.OFFLINE)
    with pytest.raises(IllegalTransition, match="make a draft of it: campaigns campaign take-up spring NEW"):
        await desk.send(SendRequested(campaign_id="spring"))


@pytest.mark.parametrize("mode", [SyncMode.INITIATE, SyncMode.REINITIATE, SyncMode.RESUME, SyncMode.BACKFILL])
async def test_no_sync_runs_once_the_crm_was_left(mode: SyncMode) -> None:
    crm = Audience(syncs=MemorySyncs(a_sync(status=SyncStatus.PAUSED)))
    begin = SyncInitiator(crm.syncs, crm.modules, crm.lists, crm.topics, crm.sync_runs, gate())
    with pytest.raises(NotReady, match="sync leads rests: the integration is deactivated"):
        await begin(SyncRequested(sync_id="leads", mode=mode))
    assert crm.syncs.stored["leads"].status is SyncStatus.PAUSED


async def test_of_an_offline_campaign_not_even_a_test_mail_is_sent() -> None:
    desk = TryOuts(status=CampaignStatus.OFFLINE)
    with pytest.raises(NotReady, match="is offline: nothing of it is sent any more"):
        await desk.send(request())
    assert not desk.relay.taken
