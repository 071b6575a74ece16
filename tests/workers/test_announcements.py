"""Entries of the feed on their way: as CloudEvents, in order, and once more where a replay wants them."""

from __future__ import annotations

import json
from dataclasses import replace

from domain.feed import Entry, Replay
from tests.builders import NOW
from tests.workers.fake_channel import MemoryPublisher
from workers.announcements import REPLAY, Announcements
from workers.outgoing import MSG_ID

ENTRY = Entry("e1", "contacts", "contact-replied", NOW, {"contact_id": "c"}, number=1)
ENTRIES = [replace(ENTRY, id=f"e{number}", number=number) for number in range(1, 6)]


async def unheeded(entry: Entry) -> None:
    pass


async def test_an_entry_is_a_cloudevent_with_its_stream_and_number() -> None:
    publisher = MemoryPublisher()
    await Announcements(publisher).announce([ENTRY], unheeded, unheeded)
    [message] = publisher.published
    event = json.loads(message.body)
    assert (event["id"], event["type"], event["time"]) == ("e1", "campaigns.contact-replied.v1", "2026-03-02T09:00:00Z")
    assert event["data"] == {"contact_id": "c", "stream": "contacts", "number": 1}
    assert (message.exchange, message.routing_key, message.headers) == (
        "campaigns.feed",
        "contact-replied",
        {MSG_ID: "e1"},
    )
    assert not message.mandatory  # nobody has to follow


async def test_each_stream_is_published_in_its_order() -> None:
    publisher = MemoryPublisher()
    others = [replace(entry, id=f"s{entry.number}", stream="syncs") for entry in ENTRIES]
    await Announcements(publisher).announce([*ENTRIES, *others], unheeded, unheeded)
    ids = [str(message.headers[MSG_ID]) for message in publisher.published]
    assert [id_ for id_ in ids if id_.startswith("e")] == [entry.id for entry in ENTRIES]
    assert [id_ for id_ in ids if id_.startswith("s")] == [entry.id for entry in others]


async def test_a_replay_is_the_same_event_and_says_whose_it_is() -> None:
    publisher = MemoryPublisher()
    announcements = Announcements(publisher)
    await announcements.announce([ENTRY], unheeded, unheeded)
    await announcements.repeat([ENTRY], Replay("r1", "contacts", 1, queue="crm"), unheeded)
    await announcements.repeat([ENTRY], Replay("r2", "contacts", 1), unheeded)
    first, to_queue, to_all = publisher.published
    assert first.body == to_queue.body == to_all.body
    assert (to_queue.exchange, to_queue.routing_key, to_queue.mandatory) == ("", "crm", True)
    assert (to_queue.headers[REPLAY], to_all.headers[REPLAY], to_all.exchange) == ("r1", "r2", "campaigns.feed")
