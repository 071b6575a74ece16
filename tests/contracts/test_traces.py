"""Every collection either tells what it keeps of people, so that it can be erased and exported, or keeps nothing."""

from __future__ import annotations

import re
from pathlib import Path

from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.erasure import Person
from repositories.connection import Document
from repositories.traces import traces
from tests.builders import ADDRESS_KEY, an_id

REPOSITORIES = Path(__file__).parents[2] / "repositories"
#: Of these nothing is about a person, or only a key and no word. A new collection is one of these, or has traces.
IMPERSONAL = {
    "anonymous_visits", "erasures", "feed_streams", "imports", "integration", "leases", "lists", "modules", "replays",
    "retention", "series", "slices", "syncs", "templates", "throttles", "tokens", "topics", "webhook_positions",
}  # fmt: skip


def collections() -> set[str]:
    """Every collection that a repository opens by its name."""
    texts = [path.read_text() for path in REPOSITORIES.rglob("*.py")]
    return {name for text in texts for name in re.findall(r'collection\(database, "(\w+)"', text)}


def test_every_collection_has_traces_or_keeps_nothing_of_people(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    traced = {each.collection for each in traces(mongo_database)}
    assert traced.isdisjoint(IMPERSONAL)
    assert collections() <= traced | IMPERSONAL


async def test_of_somebody_unknown_there_is_nothing_to_tell_and_nothing_to_erase(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    nobody = Person.of(an_id("nobody@example.com"), "nobody@example.com", ["Leads:1"], ADDRESS_KEY)
    later = Person(keys=frozenset({an_id("nobody@example.com")}))
    for person in (nobody, later):
        for each in traces(mongo_database):
            assert (each.collection, list(await each.of(person)), await each.erase(person)) == (each.collection, [], 0)
