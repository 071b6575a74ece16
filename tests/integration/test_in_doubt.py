"""`campaigns in-doubt` on real servers, and the policy that sends doubts once more."""

from __future__ import annotations

import csv
import io
import json

from domain.campaign import CampaignStatus
from domain.email import NOT_SENT, EmailState
from gateways.catcher import Catcher, CatcherOptions
from messages.send_requested import SendRequested
from tests.integration.typed import typed
from tests.integration.whole_way import SENDERS, World, people, world
from tests.integration.worker_process import frozen_in_a_batch, process, reached

PEOPLE = people(4)


async def doubtful(here: World) -> None:
    """Two of four are in doubt, for two reasons."""
    rows = await here.reviewed(PEOPLE)
    emails = here.stores.database["emails"]
    await emails.update_many({}, {"$set": {"state": "sent"}})
    for row, why in zip(rows[:2], ("worker_died", "reply_lost"), strict=True):
        await emails.update_one(
            {"_id": row.id}, {"$set": {"state": "in_doubt", "reason": why, "state_at": row.state_at}}
        )


async def test_doubts_are_listed_and_settled_by_hand(deployment: dict[str, str]) -> None:
    async with world(deployment, *SENDERS, smtp_port=1) as here:
        await doubtful(here)
        found = json.loads((await typed(here, "in-doubt", "spring", "--json")).out)["in_doubt"]
        assert {each["address"]: each["why"] for each in found} == {
            PEOPLE[0]: "worker_died",
            PEOPLE[1]: "reply_lost",
        }
        text = (await typed(here, "in-doubt", "spring")).text
        assert "its worker was killed or cut off" in text
        assert "the relay's answer was lost" in text
        table = list(csv.DictReader(io.StringIO((await typed(here, "in-doubt", "spring", "--csv")).out)))
        assert {row["Message-ID"] for row in table} == {row.message_id for row in await here.rows(EmailState.IN_DOUBT)}

        assert (await typed(here, "in-doubt", "settle", "spring", "--as", "sent")).code == 2
        stranger = await typed(here, "in-doubt", "settle", "spring", PEOPLE[0], PEOPLE[3], "--as", "sent")
        assert (stranger.code, f"not in doubt in spring: {PEOPLE[3]}" in stranger.err) == (1, True)
        assert "Nothing was changed" in stranger.err
        one = await typed(here, "in-doubt", "settle", "spring", PEOPLE[0], "--as", "sent", "--by", "ann")
        assert one.text == "1 email settled as sent."
        unasked = await typed(here, "in-doubt", "settle", "spring", "--all", "--as", "not-sent")
        assert (unasked.code, "Nothing was changed." in unasked.err) == (1, True)
        await typed(here, "in-doubt", "settle", "spring", "--all", "--as", "not-sent", "--by", "ann", "--yes")
        books = await here.books()
        assert books.states == {EmailState.SENT: 3, EmailState.FAILED: 1}
        assert books.failures == {NOT_SENT: 1}
        assert "Nobody is in doubt in spring." in (await typed(here, "in-doubt", "spring")).text
        assert "there is no campaign autumn" in (await typed(here, "in-doubt", "autumn")).err


async def test_with_resend_nobody_is_left_out_and_who_may_have_it_twice_is_counted(deployment: dict[str, str]) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(
            deployment,
            *SENDERS,
            smtp_port=catcher.port,
            sending__in_doubt="resend",
            sending__resend_after_s="1",
            throttle__relay_per_s="100",
        ) as here,
        here.working("send-requested", "scheduler"),
    ):
        rows = await here.reviewed(people(300))
        await here.publish(SendRequested(campaign_id="spring"))
        async with process(here, "send-batch") as victim:
            await reached(catcher, 60)
            await frozen_in_a_batch(here, victim)
            await victim.killed()
        async with process(here, "send-batch"):
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
        assert (await here.books()).states == {EmailState.SENT: 300}
        assert set(catcher.accepted) == {row.address for row in rows}, "nobody is missed"
        twice = sum(count > 1 for count in catcher.accepted.values())
        resent = await here.stores.emails.resent("spring")
        print(f"\nresend: {resent} sent once more, {twice} of them had it already")
        assert max(catcher.accepted.values()) <= 2
        assert twice <= resent <= here.settings.sending.claim_window
        assert f"{resent} emails were sent once more" in (await typed(here, "in-doubt", "spring")).text
