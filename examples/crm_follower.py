"""A CRM that follows the feed: whoever wants no more mail, or can get none, has Email Opt Out set in its records.

    python examples/crm_follower.py "$(campaigns url)" crm.json

All it needs is `pip install aio-pika`. The file stands for your CRM and its database: {"position": {stream: the last
number that was done}, "records": {"Leads:1": {"Email_Opt_Out": true}}}. Kept together with the changes, the position
makes repeats harmless and gaps visible.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType

QUEUE = "crm-follower"
#: RabbitMQ keeps what comes while this program is away, up to so many; what it has to drop is asked for again.
ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum", "x-max-length": 1_000_000}
PATIENCE_S = 300  #: a replay of which nothing comes for so long is asked for again
OPT_OUT = {"campaigns.contact-unsubscribed.v1", "campaigns.contact-complained.v1", "campaigns.contact-bounced.v1"}


class Crm:
    def __init__(self, file: Path) -> None:
        self.file = file
        known = json.loads(file.read_text()) if file.exists() else {}
        self.position: dict[str, int] = known.get("position", {})
        self.records: dict[str, dict[str, Any]] = known.get("records", {})

    def apply(self, event: dict[str, Any]) -> None:
        """The change and the position in one write: both are there, or neither is."""
        data = event["data"]
        if event["type"] in OPT_OUT:
            for record in data.get("records", []):
                self.records.setdefault(record, {})["Email_Opt_Out"] = True
        self.position[data["stream"]] = data["number"]
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"position": self.position, "records": self.records}))
        os.replace(fresh, self.file)


class Follower:
    def __init__(self, crm: Crm, channel: AbstractChannel) -> None:
        self.crm, self.channel = crm, channel
        self.asked: dict[str, str] = {}  #: id of the replay that is to fill the gap, by stream
        self.heard_s: dict[str, float] = {}  #: when that was asked for, or last heard

    async def take(self, message: AbstractIncomingMessage) -> None:
        event = json.loads(message.body)
        data = event["data"]
        if "number" in data:  # some of the feed belongs to no stream
            await self._in_order(event, data["stream"], data["number"], message.headers)
        await message.ack()

    async def _in_order(self, event: dict[str, Any], stream: str, number: int, headers: HeadersType) -> None:
        expected = self.crm.position.get(stream, 0) + 1
        if number < expected:
            return  # a repeat
        # A replay begins with what is still kept: what comes first of it is all that there is.
        replay = headers.get("x-feed-replay")
        if replay is not None and replay == self.asked.get(stream):
            self.heard_s[stream] = time.monotonic()
        if number == expected or replay == self.asked.get(stream, ""):
            self.crm.apply(event)
            if replay is None:
                self.asked.pop(stream, None)  # nothing is missing any more
        elif stream not in self.asked or time.monotonic() - self.heard_s[stream] > PATIENCE_S:
            self.asked[stream] = await self._ask(stream, expected)
            self.heard_s[stream] = time.monotonic()
        # What is left out here comes again: the replay goes on to the end of the stream.

    async def _ask(self, stream: str, first: int) -> str:
        request = str(uuid.uuid4())
        event = {
            "specversion": "1.0",
            "id": request,
            "source": "/my-crm",
            "type": "campaigns.feed-replay-requested.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": {"request_id": request, "stream": stream, "from_number": first, "to_queue": QUEUE},
        }
        body = aio_pika.Message(json.dumps(event).encode(), content_type="application/cloudevents+json")
        exchange = await self.channel.get_exchange("campaigns.in")
        await exchange.publish(body, routing_key="feed-replay-requested", mandatory=True)
        print(f"{stream}: {first} is missing, asked for it", flush=True)
        return request


async def main(url: str, file: Path) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=50)
        queue = await channel.declare_queue(QUEUE, durable=True, arguments=ARGUMENTS)
        await queue.bind("campaigns.feed", "#")
        follower = Follower(Crm(file), channel)
        print("following", flush=True)
        async with queue.iterator() as messages:
            async for message in messages:
                await follower.take(message)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
