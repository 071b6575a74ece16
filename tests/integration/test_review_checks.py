"""A verdict by real workers with a policy of one's own, and four eyes before it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded.ports import any_free
from domain.campaign import CampaignStatus
from domain.findings import Severity
from messages.review_requested import ReviewRequested
from tests.builders import a_list, a_record
from tests.handlers.reviewing import a_draft, content
from tests.integration.typed import typed
from tests.integration.web_server import web_server
from tests.integration.whole_way import World, world
from tests.quiet_logs import logs_as_before

LAX = '[severity]\ndead-link = "warning"\nbare-ip-link = "off"\n'


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield


async def asked_for_a_review(here: World, link: str) -> None:
    await here.stores.records.save([a_record()])
    await here.stores.lists.add(a_list())
    linking = content(html=f'{content().html}\n<a href="{link}">see</a>')
    await here.stores.campaigns.add(a_draft(content=linking, author="ann"))
    await here.publish(ReviewRequested(campaign_id="spring"))


async def test_the_policy_decides_whoever_is_away_does_not_and_somebody_else_approves(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(LAX)
    settings = {
        "assets__allow_networks": "127.0.0.1/32",
        "review__policy": str(policy),
        "review__spamd_host": "127.0.0.1",
        "review__spamd_port": str(any_free()),
        "review__four_eyes": "true",
    }
    async with (
        web_server() as web,
        world(deployment, "review-requested", "send-requested", smtp_port=1, **settings) as here,
        here.working("review-requested"),
    ):
        await asked_for_a_review(here, web.url("404"))
        reviewed = await here.until_status(CampaignStatus.REVIEWED)
        assert reviewed.report is not None
        assert {each.rule: each.severity for each in reviewed.report.findings} == {
            "dead-link": Severity.WARNING,
            "no-dkim-key": Severity.WARNING,
            "sample-sender-domain": Severity.WARNING,
            "spam-engine-away": Severity.UNKNOWN,
        }

        alone = await typed(here, "campaign", "send", "spring", "--yes", "--no-wait")
        assert (alone.code, "campaigns campaign approve spring --by NAME" in alone.text) == (1, True), alone
        own = await typed(here, "campaign", "approve", "spring", "--by", "Ann")
        assert (own.code, "somebody else has to approve it" in own.text) == (1, True), own
        approved = await typed(here, "campaign", "approve", "spring", "--by", "bob", "--json")
        assert json.loads(approved.out)["approval"]["by"] == "bob"
        sent = await typed(here, "campaign", "send", "spring", "--yes", "--no-wait")
        assert sent.code == 0, sent
        assert "by bob, " in (await typed(here, "campaign", "show", "spring")).text

        checked = await typed(here, "check")
        assert f"Review policy {policy}" in checked.text
        assert "SpamAssassin spamd at 127.0.0.1" in checked.text


async def test_a_policy_that_names_what_there_is_not_starts_no_worker(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[severity]\ndead-links = "warning"\n')
    async with world(deployment, "review-requested", smtp_port=1, review__policy=str(policy)) as here:
        said = "there is no rule 'dead-links'; did you mean 'dead-link'?"
        started, checked = await typed(here, "worker", "review-requested"), await typed(here, "check")
        assert (started.code, said in started.text, "Traceback" in started.text) == (1, True, False), started
        assert said in checked.text
