"""The audit log on real servers: commands and messages, who, when and how they ended."""

from __future__ import annotations

import json

from domain.audit import AuditEntry, AuditQuery
from domain.campaign import CampaignStatus
from messages.send_requested import SendRequested
from tests.builders import an_id
from tests.integration.typed import typed
from tests.integration.whole_way import World, people, world
from tests.waiting import wait_until


async def entries(here: World) -> list[AuditEntry]:
    """The oldest first."""
    return list(reversed(await here.stores.audit.find(AuditQuery())))


async def test_commands_that_change_something_are_noted_and_those_that_look_are_not(
    deployment: dict[str, str],
) -> None:
    async with world(deployment, smtp_port=1) as here:
        await here.reviewed(people(2))
        await typed(here, "campaign", "show", "spring")
        await typed(here, "campaign", "unschedule", "spring")
        await typed(here, "campaign", "pause", "spring")
        await typed(here, "contact", "opt-out", people(2)[0])
        await typed(here, "campaign", "reopen", "spring")
        noted = await entries(here)
        shown = json.loads((await typed(here, "audit", "list", "--subject", "campaign:spring", "--json")).out)
    assert [(each.what, each.subject, each.before, each.after, each.outcome) for each in noted] == [
        ("campaign unschedule", "campaign:spring", "reviewed", "reviewed", "done"),
        ("campaign pause", "campaign:spring", "reviewed", "reviewed", "illegal_transition"),
        ("contact opt-out", f"contact:{an_id(people(2)[0])}", None, None, "done"),
        ("campaign reopen", "campaign:spring", "reviewed", "draft", "done"),
    ]
    assert len(shown) == 3
    assert people(2)[0] not in repr(noted)


async def test_what_is_asked_for_by_message_is_noted_once(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-requested", smtp_port=1) as here:
        await here.reviewed(people(2))
        async with here.working("send-requested"):
            await here.publish(SendRequested(campaign_id="spring", confirmed_by="ann"))
            await here.until_status(CampaignStatus.SENDING)

            async def ended() -> bool:
                return [each.outcome for each in await entries(here)] == ["done"]

            await wait_until(ended, timeout_s=60, what="the end to be noted")
        (noted,) = await entries(here)
    assert (noted.who, noted.what, noted.before, noted.after) == ("ann", "send-requested", "reviewed", "sending")
