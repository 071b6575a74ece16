"""Send to the remainder on real servers, and `explain` of who was reached, who was not and who was never selected."""

from __future__ import annotations

import json
from typing import Any

from domain.campaign import CampaignStatus
from domain.email import EmailState
from gateways.catcher import Catcher, CatcherOptions
from tests.builders import a_contact
from tests.integration.typed import typed
from tests.integration.whole_way import SENDERS, World, people, world

HAS_IT, REFUSED, LEFT, DOUBTED = PEOPLE = people(4)


async def sent(here: World) -> None:
    """One of four has it; the others were refused for a fault of ours, had left, and are in doubt."""
    rows = {row.address: row for row in await here.reviewed(PEOPLE)}
    stands: dict[str, dict[str, Any]] = {
        HAS_IT: {"state": "sent"},
        REFUSED: {"state": "failed", "reason": "auth_failure"},
        LEFT: {"state": "skipped", "reason": "opted_out"},
        DOUBTED: {"state": "in_doubt", "reason": "reply_lost"},
    }
    for address, changes in stands.items():
        await here.stores.database["emails"].update_one({"_id": rows[address].id}, {"$set": changes})
    await here.stores.database["campaigns"].update_one({"_id": "spring"}, {"$set": {"status": "sent"}})


async def test_the_remainder_gets_it_and_nobody_gets_it_twice(deployment: dict[str, str]) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
    ):
        await sent(here)
        rehearsed = json.loads((await typed(here, "campaign", "remainder", "spring", "--dry-run", "--json")).out)
        assert rehearsed["reached"] == {"failed: auth_failure": 1, "skipped: opted_out": 1}
        unasked = await typed(here, "campaign", "remainder", "spring")
        assert (unasked.code, "Nothing was changed" in unasked.err) == (1, True)
        assert (await here.campaign()).status is CampaignStatus.SENT
        stranger = await typed(here, "campaign", "remainder", "spring", "--even-in-doubt", HAS_IT, "--yes")
        assert (stranger.code, "nothing was done" in stranger.err) == (1, True)

        asked = await typed(here, "campaign", "remainder", "spring", "--yes", "--by", "ann")
        assert "The scheduler sends them within seconds" in asked.text
        assert "in doubt: reply_lost in_doubt 1" in asked.text
        async with here.working("send-batch", "scheduler"):
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
        assert dict(catcher.accepted) == {REFUSED: 1, LEFT: 1}
        assert (await here.books()).states == {EmailState.SENT: 3, EmailState.IN_DOUBT: 1}
        told = (await typed(here, "explain", "spring", REFUSED)).text
        assert "ann failed: auth_failure" in told
        doubted = (await typed(here, "explain", "spring", DOUBTED)).text
        assert "held until evidence" in doubted
        again = await typed(here, "campaign", "remainder", "spring", "--yes")
        assert "Nobody of spring is left to be sent to." in again.text


async def test_who_was_never_selected_is_told_why_not(deployment: dict[str, str]) -> None:
    async with world(deployment, smtp_port=1) as here:
        await here.reviewed(people(1))
        await here.stores.contacts.save([a_contact("late@crm.example")])
        found = json.loads((await typed(here, "explain", "spring", "late@crm.example", "--json")).out)
    assert [each["by"] for each in found["missed"]] == ["Leads:1"]
