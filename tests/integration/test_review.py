"""A whole review on a real MongoDB, by two workers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.campaign import Campaign, CampaignStatus
from domain.email import EmailState
from domain.errors import Conflict
from domain.record import Record
from handlers.campaign_moves import CampaignMoves
from handlers.review_requested import CampaignReviewer
from handlers.send_requested import SendStarter
from messages.base import Message
from messages.review_requested import ReviewRequested
from messages.send_requested import SendRequested
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.builders import NOW, a_list, a_record, a_suppression, a_topic
from tests.handlers.reviewing import GREEN, House, a_draft

PEOPLE = 2_000


def crm() -> list[Record]:
    """Every tenth lead shares its address with the next; every twentieth has none."""
    return [a_record(f"{n:05}", {"Email": address(n), "First_Name": f"No. {n}"}) for n in range(PEOPLE)]


def address(number: int) -> str:
    if number % 20 == 5:
        return ""
    return f"p{number - (number % 10 == 1)}@example.com"


async def a_house(database: AsyncIOMotorDatabase[Any]) -> tuple[House, Stores]:
    await ensure_indexes(database)
    stores = Stores.of(database)
    await stores.records.save(crm())
    await stores.lists.add(a_list())
    await stores.topics.add(a_topic())
    await stores.suppressions.add([a_suppression("p2@example.com")])
    await stores.campaigns.add(a_draft())
    same: Any = stores
    house = House(
        slice_size=300, batch_size=100, campaigns=same.campaigns, records=same.records, contacts=same.contacts,
        lists=same.lists, topics=same.topics, modules=same.modules, syncs=same.syncs, emails=same.emails,
        suppressions=same.suppressions, runs=same.review_runs, leases=same.leases,
    )  # fmt: skip
    return house, stores


async def reviewed(house: House, stores: Stores, requests: Sequence[Message], *, workers: int = 2) -> Campaign:
    """Workers take messages from one queue until nothing follows; a Transient is tried again."""
    waiting: asyncio.Queue[Message] = asyncio.Queue()
    for request in requests:
        waiting.put_nowait(request)

    async def worker(reviewer: CampaignReviewer) -> None:
        while True:
            message = await waiting.get()
            assert isinstance(message, ReviewRequested)
            try:
                for following in await reviewer(message):
                    waiting.put_nowait(following)
            except Conflict:
                waiting.put_nowait(message)
            waiting.task_done()

    tasks = [asyncio.create_task(worker(house.reviewer)) for _ in range(workers)]
    await waiting.join()
    for task in tasks:
        task.cancel()
    found = await stores.campaigns.get("spring")
    assert found is not None
    return found


async def test_two_workers_and_two_requests_make_one_review(mongo_database: AsyncIOMotorDatabase[Any]) -> None:
    house, stores = await a_house(mongo_database)
    request = ReviewRequested(campaign_id="spring")
    campaign = await reviewed(house, stores, [request, request])
    assert campaign.status is CampaignStatus.REVIEWED, campaign.status_reason
    assert campaign.report is not None
    assert campaign.report.skipped == {"no_email": 100, "duplicate": 200, "hard_bounced": 1}
    assert campaign.report.selected == PEOPLE
    books = await stores.emails.books("spring", campaign.report.selected)
    assert books.balanced
    assert books.count(EmailState.PLANNED) == campaign.report.to_send
    run = await stores.review_runs.get(campaign.review_run or "")
    assert run is not None
    assert run.ended_at is not None


async def test_after_it_the_campaign_is_sent_in_batches_or_reopened(mongo_database: AsyncIOMotorDatabase[Any]) -> None:
    house, stores = await a_house(mongo_database)
    moves = CampaignMoves(stores.campaigns, stores.emails, stores.slices, lambda: NOW)
    first = await reviewed(house, stores, [ReviewRequested(campaign_id="spring")])
    await moves.reopen("spring")
    assert (await stores.emails.books("spring", 0)).states == {}
    again = await reviewed(house, stores, [ReviewRequested(campaign_id="spring")])
    assert again.report == first.report

    start = SendStarter(stores.campaigns, stores.emails, stores.slices, GREEN, lambda: NOW, chains=4)
    offered = await start(SendRequested(campaign_id="spring"))
    assert len(offered) == 4
    rows = 0
    for each in await stores.slices.unfinished("spring"):
        batch = await stores.emails.due_in_slice("spring", each.number)
        assert len(batch) <= house.batch_size
        rows += len(batch)
    assert again.report is not None
    assert rows == again.report.to_send
    assert await moves.cancel("spring", "wrong price") is True
    assert (await stores.emails.books("spring", again.report.selected)).closed
