"""The outgoing feed on real servers: its relay killed, and a CRM that follows it and was away."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika

from domain.contact import Source
from domain.eligibility import SuppressionReason
from domain.feed import Entry
from messages.base import FEED
from tests.builders import NOW, a_campaign, a_contact, a_stamp, a_suppression, an_outcome, emails, later
from tests.integration.whole_way import World, world
from tests.waiting import wait_until
from workers.resources import now

FOLLOWER = Path(__file__).parents[2] / "examples/crm_follower.py"
QUEUE = "crm-follower"
COUNT = 1200


@asynccontextmanager
async def connected(here: World) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    url = here.settings.amqp.url
    assert url is not None
    async with await aio_pika.connect(url.get_secret_value()) as connection:
        yield await connection.channel()


async def test_a_relay_that_is_killed_leaves_no_gap_and_loses_nothing(deployment: dict[str, str]) -> None:
    """What comes twice has the same id and number, and nothing comes before the number in front of it."""
    async with world(deployment, "feed", smtp_port=1, feed__tick_s="0.05") as here, connected(here) as channel:
        heard = await listening(channel)
        await here.stores.campaigns.add(a_campaign())
        rows = emails(COUNT)
        await here.stores.emails.plan(rows)
        await here.stores.emails.store([an_outcome(row) for row in rows])
        for count in (1, COUNT // 2):
            relay = await here.start("worker", "feed")
            await heard_at_least(heard, count)
            relay.kill()
            await relay.communicate()
        async with here.working("feed"):
            await heard_at_least(heard, COUNT + 1)
        told = [(event["data"]["number"], event["id"]) for event in heard if event["data"]["stream"] != "contacts"]
    assert list(dict.fromkeys(told)) == sorted(set(told))
    assert [number for number, _ in sorted(set(told))] == list(range(1, COUNT + 2))  # the campaign itself is the first
    assert len({id_ for _, id_ in told}) == COUNT + 1


async def test_a_crm_that_was_away_sets_email_opt_out_for_everybody(deployment: dict[str, str], tmp_path: Path) -> None:
    crm = tmp_path / "crm.json"
    workers = ("feed", "feed-replay-requested")
    async with world(deployment, *workers, smtp_port=1, feed__tick_s="0.05") as here, here.working(*workers):
        async with following(here, crm):
            await leaves(here, "p0@crm.example", SuppressionReason.UNSUBSCRIBED)
            await opted_out(crm, {"Leads:p0@crm.example"})
        async with connected(here) as channel:
            await channel.queue_delete(QUEUE)  # nothing was kept for it
        await leaves(here, "p1@crm.example", SuppressionReason.COMPLAINED)
        await leaves(here, "p2@crm.example", SuppressionReason.HARD_BOUNCED)
        await numbered(here, 3)
        async with following(here, crm):
            await leaves(here, "p3@crm.example", SuppressionReason.UNSUBSCRIBED)
            await opted_out(crm, {f"Leads:p{n}@crm.example" for n in range(4)})
        shown = await here.run("feed", "show", "--json")
        again = await here.run("feed", "replay", "--stream", "contacts", "--from", "2", "--to", "3")
        unknown = await here.run("feed", "replay", "--stream", "contact", "--from", "2")
    assert json.loads(crm.read_text())["position"] == {"contacts": 4}
    [stream] = json.loads(shown.out)["streams"]
    assert (stream["stream"], stream["first"], stream["last"], stream["unpublished"]) == ("contacts", 1, 4, 0)
    assert "Asked for contacts 2 to 3" in again.text
    assert (unknown.code, "there are: contacts" in unknown.text) == (1, True)


async def test_a_queue_that_is_full_holds_up_no_other_and_gets_all_once_there_is_room(
    deployment: dict[str, str],
) -> None:
    """Whoever leaves out what is ahead of its number has every number once, in order."""
    full = {"x-queue-type": "quorum", "x-max-length": 100, "x-overflow": "reject-publish"}
    async with world(deployment, "feed", smtp_port=1, feed__tick_s="0.05") as here, connected(here) as channel:
        heard = await listening(channel)
        queue = await channel.declare_queue("follower", durable=True, arguments=full)
        await queue.bind(FEED, "#")
        entries = [Entry(f"e{n}", "contacts", "contact-replied", NOW, {}, number=n) for n in range(1, 301)]
        await here.stores.outbox.append(entries, now())  # not NOW: that is long enough ago to be forgotten
        async with here.working("feed"):
            await heard_at_least(heard, 300)  # with nobody at the full queue
            shown = await here.run("feed", "show", "--json")
            taken = 0
            async with asyncio.timeout(90):
                while taken < 300:
                    for number in await taken_from(queue):
                        taken += number == taken + 1
    [waits] = json.loads(shown.out)["replays"]
    assert (waits["stream"], waits["queue"], "takes no more" in waits["why"]) == ("contacts", None, True)
    first_time = list(dict.fromkeys(event["data"]["number"] for event in heard))
    assert first_time == list(range(1, 301))


async def taken_from(queue: aio_pika.abc.AbstractQueue) -> list[int]:
    """The numbers of all that is in it now."""
    found = list[int]()
    while (message := await queue.get(fail=False)) is not None:
        await message.ack()
        found.append(json.loads(message.body)["data"]["number"])
    return found


async def listening(channel: aio_pika.abc.AbstractChannel) -> list[dict[str, Any]]:
    """Everything that comes from the feed from now on, in the order in which it does."""
    heard: list[dict[str, Any]] = []
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(FEED, "#")

    async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        heard.append(json.loads(message.body))

    await queue.consume(hear, no_ack=True)
    return heard


async def heard_at_least(heard: list[dict[str, Any]], count: int) -> None:
    async with asyncio.timeout(90):
        while len({event["id"] for event in heard}) < count:
            await asyncio.sleep(0.005)


async def leaves(here: World, address: str, reason: SuppressionReason) -> None:
    ref = f"Leads:{address}"
    await here.stores.contacts.save([a_contact(address, sources={ref: Source(ref, a_stamp(ref))})])
    await here.stores.suppressions.add([a_suppression(address, reason=reason, at=later(60))])


async def numbered(here: World, last: int) -> None:
    async def reached() -> bool:
        return (
            not await here.stores.outbox.unpublished(1)
            and last in (await here.stores.outbox.heads(["contacts"])).values()
        )

    await wait_until(reached, timeout_s=60, what=f"contacts {last} is published")


async def opted_out(crm: Path, wanted: set[str]) -> None:
    async def reached() -> bool:
        known = json.loads(crm.read_text())["records"] if crm.exists() else {}
        return {record for record, fields in known.items() if fields.get("Email_Opt_Out")} == wanted

    await wait_until(reached, timeout_s=60, what=f"the CRM has {wanted} opted out")


@asynccontextmanager
async def following(here: World, crm: Path) -> AsyncIterator[None]:
    """The example in a process of its own, killed at the end."""
    assert here.settings.amqp.url is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FOLLOWER), here.settings.amqp.url.get_secret_value(), str(crm),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"following\n"
        yield
    finally:
        process.kill()
        await process.communicate()
