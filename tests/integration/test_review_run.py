"""Reviews by real processes, dry runs, test mails and schedules as people type them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.campaign import UNDER_REVIEW, CampaignStatus
from domain.email import EmailState
from domain.slices import Run
from gateways.catcher import Catcher, CatcherOptions
from handlers.review_start import RECIPIENTS
from messages.review_requested import ReviewRequested
from tests.builders import a_list, a_member, a_record, a_suppression
from tests.handlers.reviewing import a_draft
from tests.integration.typed import typed
from tests.integration.whole_way import World, people, world
from tests.integration.worker_process import process
from tests.quiet_logs import logs_as_before
from tests.waiting import wait_until

REVIEW = "review-requested"


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield


async def crm(here: World, count: int) -> None:
    """So many leads, of whom every fiftieth shares its address with the one before, and a draft to all of them."""
    addresses = [f"p{number - (number % 50 == 1)}@crm.example" for number in range(count)]
    records = [a_record(f"{number:06}", {"Email": each, "First_Name": "Ann"}) for number, each in enumerate(addresses)]
    await here.stores.records.save(records)
    await here.stores.lists.add(a_list())
    await here.stores.campaigns.add(a_draft())


async def shown(here: World, *arguments: str) -> Any:
    one = await typed(here, *arguments, "--json")
    assert one.code == 0, one
    return json.loads(one.out)


async def test_a_review_whose_worker_is_killed_is_finished_by_the_next_one_without_double_rows(
    deployment: dict[str, str],
) -> None:
    async with world(deployment, REVIEW, smtp_port=1) as here:
        await crm(here, 3_000)

        async def run() -> Run | None:
            return await here.stores.review_runs.latest("spring")

        async def some_done() -> bool:
            found = await run()
            return found is not None and (bool(found.done) or found.phase != RECIPIENTS)

        async with process(here, REVIEW) as first:
            await here.publish(ReviewRequested(campaign_id="spring"))
            await wait_until(some_done, timeout_s=60, what="some slices are done")
            await first.killed()
        assert (await here.campaign()).status in UNDER_REVIEW
        async with process(here, REVIEW):
            campaign = await here.until_status(CampaignStatus.REVIEWED, timeout_s=60)
        assert campaign.report is not None
        assert (campaign.report.selected, campaign.report.skipped) == (3_000, {"duplicate": 60})
        books = await here.books()
        assert books.balanced
        assert books.states == {EmailState.PLANNED: 2_940, EmailState.SKIPPED: 60}
        found = await run()
        assert found is not None
        assert found.ended_at is not None
        assert await here.stores.parked.counts() == {}


async def everything(here: World) -> dict[str, list[Any]]:
    database = here.stores.database
    names = await database.list_collection_names()
    return {name: [each async for each in database[name].find().sort("_id", 1)] for name in sorted(names)}


async def test_a_dry_run_names_everybody_and_writes_nothing(deployment: dict[str, str], tmp_path: Path) -> None:
    """X8: the database is the same before and after."""
    file = tmp_path / "people.csv"
    async with world(deployment, REVIEW, smtp_port=1, throttle__relay_per_s="2") as here:
        await crm(here, 1_200)
        await here.stores.suppressions.add([a_suppression("p7@crm.example")])
        await here.stores.contacts.save(
            [a_member("bob@crm.example", sources={}), a_member("p3@crm.example", sources={})]
        )
        before = await everything(here)
        dry = await shown(here, "campaign", "dry-run", "spring", "--include-existing-members", "--people", str(file))
        assert await everything(here) == before
        with file.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
        text = await typed(here, "campaign", "dry-run", "spring")
        async with here.working(REVIEW):
            real = await shown(here, "campaign", "review", "spring", "--include-existing-members", "--yes")
    assert dry["report"] == real["report"]
    assert dry["report"]["skipped"] == {"duplicate": 24, "hard_bounced": 1}
    assert dry["duration"]["seconds"] == dry["report"]["to_send"] / 2
    assert (len(rows), len([row for row in rows if row["mailed"] == "yes"])) == (1_201, dry["report"]["to_send"])
    [dead] = [row for row in rows if row["reason"] == "hard_bounced"]
    assert dead == {
        "address": "p7@crm.example", "name": "Ann", "record": "Leads:000007", "mailed": "no", "reason": "hard_bounced",
        "detail": "",
    }  # fmt: skip
    assert text.code == 0
    assert "It would pass the review." in text.text
    assert "about 0:09:4" in text.text


async def test_a_test_mail_is_waited_for_and_told_with_the_relays_word(deployment: dict[str, str]) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, "test-requested", smtp_port=catcher.port) as here,
        here.working("test-requested"),
    ):
        await here.stores.campaigns.add(a_draft())
        told = await shown(
            here, "campaign", "test", "spring", "--to", "Tester@green.example", "--to", "b@green.example"
        )
        ledger = (await here.books()).states
        parked = await typed(here, "campaign", "test", "spring", "--to", "b@green.example", "--value", "first_name=Bo")
    assert [(each["address"], each["state"], each["reply"]["code"]) for each in told["outcomes"]] == [
        ("b@green.example", "taken", 250), ("Tester@green.example", "taken", 250),
    ]  # fmt: skip
    assert (ledger, catcher.accepted.total()) == ({}, 3)
    assert (parked.code, "250" in parked.out) == (0, True)


async def test_a_campaign_is_put_on_the_schedule_of_its_readers_clocks_and_taken_off(
    deployment: dict[str, str],
) -> None:
    async with (
        world(deployment, "send-requested", smtp_port=1, organisation__time_zone="Europe/Berlin") as here,
        here.working("send-requested"),
    ):
        await here.reviewed(people(3))
        zones = {"p0@crm.example": "Asia/Tokyo", "p1@crm.example": "America/New_York"}
        for address, zone in zones.items():
            await here.stores.database["emails"].update_one({"address": address}, {"$set": {"time_zone": zone}})
        nine = ("--local", "2999-01-02T09:00", "--yes")
        planned = await shown(here, "campaign", "schedule", "spring", *nine)
        assert (planned["status"], planned["send_at"]) == ("scheduled", "2999-01-02T00:00:00Z")  # nine in Tokyo
        text = await typed(here, "campaign", "schedule", "spring", *nine)
        moved = await shown(here, "campaign", "schedule", "spring", "--at", "2999-01-03T09:00", "--yes")
        assert (moved["send_at"], moved["local_time"]) == ("2999-01-03T09:00:00Z", None)
        past = await typed(here, "campaign", "schedule", "spring", "--local", "2020-01-02T09:00", "--yes")
        never = await typed(here, "campaign", "schedule", "spring", "--yes")
        reviewed = await shown(here, "campaign", "unschedule", "spring")
        assert (reviewed["status"], reviewed["send_at"], reviewed["local_time"]) == ("reviewed", None, None)
    assert "Asia/Tokyo 2999-01-02 00:00:00 1" in text.text
    assert "not known 2999-01-02 08:00:00 1" in text.text
    assert "count as living in Europe/Berlin" in text.err
    assert (past.code, "past for everybody; send it now: campaigns campaign send spring" in past.text) == (1, True)
    assert (never.code, "The campaign's document has no schedule" in never.text) == (2, True)
