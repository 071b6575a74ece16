"""D11 on the whole way: a campaign whose addresses are bad stops by itself, and says so."""

from __future__ import annotations

import asyncio

from domain.breakers import Rule
from domain.campaign import CampaignStatus
from domain.email import EmailState
from messages.send_requested import SendRequested
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.test_campaign_moves import until_quiet
from tests.integration.whole_way import SENDERS, world


def one_in_ten_unknown(count: int) -> list[str]:
    return [f"{'rcpt-550-' if number % 10 == 0 else 'p'}{number}@crm.example" for number in range(count)]


async def test_a_campaign_with_a_tenth_of_hard_bounces_is_paused_and_nothing_further_is_sent(
    deployment: dict[str, str],
) -> None:
    async with (
        ScriptedRelay() as relay,
        world(deployment, *SENDERS, smtp_port=relay.port, throttle__relay_per_s="150") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(one_in_ten_unknown(1200))
        await here.publish(SendRequested(campaign_id="spring"))
        paused = await here.until_status(CampaignStatus.PAUSED)
        sent = await until_quiet(here, relay)
        await asyncio.sleep(1)
        assert len(relay.mails) == sent
        books = await here.books()
        assert paused.trip is not None
        assert (paused.trip.rule, paused.trip.at) == (Rule.HARD_BOUNCES, paused.status_at)
        assert books.count(EmailState.SENT) == sent
        assert books.balanced
        assert books.open > 0
        assert books.count(EmailState.IN_DOUBT) == 0
        said = (await here.run("campaign", "show", "spring")).text
        assert "hard bounces of" in said
        assert "campaigns campaign resume spring" in said
