"""`campaigns parked` on real servers: what is shown, given back, dropped; 10,000 at once, interrupted in the middle."""

from __future__ import annotations

import asyncio
import csv
import json
import signal
import time

from domain.parked import ParkedMessage
from messages.envelope import MAX_BODY_BYTES, envelope, pack
from messages.send_batch import SendBatch
from repositories.parked import MongoParked
from tests.builders import NOW, a_parked_message, later
from tests.integration.typed import typed
from tests.integration.whole_way import World, world
from tests.waiting import wait_until
from workers.depths import depths
from workers.options import amqp_options

MANY = 10_000


def batch(number: int) -> ParkedMessage:
    """A message that a bug once refused."""
    body = pack(envelope(SendBatch(campaign_id="gone", slice=number), id=f"offer-{number}", time=NOW))
    return a_parked_message(
        f"{number:032x}", message_id=f"offer-{number}", queue="send-batch", type="send-batch",
        reason="unexpected_error", body=body, content_type="application/cloudevents+json",
        parked_at=later(number % 60), headers={},
    )  # fmt: skip


async def ready(here: World, queue: str = "send-batch") -> int:
    (depth,) = await depths(amqp_options(here.settings), [queue])
    return depth.ready


async def mixed(parked: MongoParked) -> None:
    await parked.park(batch(1))
    await parked.park(a_parked_message("ff00", body=b"x" * (MAX_BODY_BYTES + 1), error="body: too large"))
    await parked.park(a_parked_message("ff01", error="changed_at: field required\nTraceback"))


async def test_parked_messages_are_listed_shown_and_dropped(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-batch", "record-changed", smtp_port=1) as here:
        assert "Nothing is parked." in (await typed(here, "parked", "list")).out
        await mixed(here.stores.parked)
        listed = json.loads((await typed(here, "parked", "list", "--json")).out)
        assert {each["id"] for each in listed} == {batch(1).id, "ff00", "ff01"}
        lines = (await typed(here, "parked", "list", "--queue", "record-changed", "--csv")).out.splitlines()
        assert {row["id"] for row in csv.DictReader(lines)} == {"ff00", "ff01"}
        shown = await typed(here, "parked", "show", "ff00")
        assert (shown.code, "1,048,577 bytes" in shown.text, "1,046,577 bytes more" in shown.text) == (0, True, True)
        whole = await here.run("parked", "show", "ff00", "--body")
        assert len(whole.out) == MAX_BODY_BYTES + 1
        assert "say more of it" in (await typed(here, "parked", "show", "ff")).err
        assert "there is no parked message 77" in (await typed(here, "parked", "show", "77")).err

        status = await typed(here, "status")
        assert "send-batch unexpected_error 1" in status.text
        assert json.loads((await typed(here, "status", "--json")).out)["queues"][0]["parked_by_reason"] == {
            "invalid_message": 2
        }

        assert (await typed(here, "parked", "drop")).code == 2
        assert (await typed(here, "parked", "drop", "ff00", "--dry-run")).text == "1 message would be dropped."
        assert (await typed(here, "parked", "drop", "ff00")).code == 1  # nobody is there to be asked
        assert (await typed(here, "parked", "drop", "ff00", "--yes")).text == "1 message dropped."
        assert (await typed(here, "parked", "drop", "ff00", "--yes")).code == 1
        assert await here.stores.database["parked_bodies.files"].count_documents({}) == 0


async def test_what_is_replayed_is_handled_and_what_fails_again_says_so(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-batch", "record-changed", smtp_port=1) as here:
        await mixed(here.stores.parked)
        dry = await typed(here, "parked", "replay", "--all", "--dry-run")
        assert "1 message is larger than 1 MiB" in dry.err
        assert dry.out.strip() == "2 messages would be replayed."
        done = await typed(here, "parked", "replay", "--type", "send-batch", "--json")
        assert json.loads(done.out) == {"replayed": 1}
        assert await ready(here) == 1

        async def parked_again() -> bool:
            return await here.stores.parked.count() == 3

        async with here.working("send-batch"):
            await wait_until(parked_again, timeout_s=60, what="a batch of no campaign is parked again")
        (again,) = [each for each in await here.stores.parked.page() if each.queue == "send-batch"]
        assert (again.message_id, again.replayed, again.reason) == ("offer-1", 1, "unknown_campaign")
        assert "times replayed 1" in (await typed(here, "parked", "show", again.id)).text


async def test_ten_thousand_are_replayed_once_though_interrupted_and_by_two_operators(
    deployment: dict[str, str],
) -> None:
    async with world(deployment, "send-batch", smtp_port=1) as here:
        for first in range(0, MANY, 500):
            await asyncio.gather(*(here.stores.parked.park(batch(first + n)) for n in range(500)))
        running = await here.start("parked", "replay", "--reason", "unexpected_error")

        async def begun() -> bool:
            return await here.stores.parked.count() < MANY - 500

        await wait_until(begun, timeout_s=60, what="some are replayed")
        running.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(running.communicate(), 60)
        left = await here.stores.parked.count()
        assert 0 < left < MANY
        assert running.returncode == 130
        assert f"Stopped after {MANY - left:,} of 10,000; the same command goes on with the rest." in said.decode()
        assert await ready(here) == MANY - left
        began = time.monotonic()
        ended = await asyncio.gather(*(here.run("parked", "replay", "--all", "--json") for _ in range(2)))
        assert sum(json.loads(each.out)["replayed"] for each in ended) == left
        print(f"\n{left:,} replayed by two operators in {time.monotonic() - began:.1f} s, their start included")
        assert await here.stores.parked.count() == 0
        assert await ready(here) == MANY
