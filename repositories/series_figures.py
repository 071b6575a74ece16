"""What the summary of a series shows beside those of its messages: how many distinct people are behind each number."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from domain.series_figures import SeriesFigures, people
from domain.summary import Summary
from repositories.connection import Database, Document, collection
from repositories.email_numbers import KIND, SIGNS, response_of
from repositories.emails import MongoEmails
from repositories.errors import streamed


class MongoSeriesFigures:
    def __init__(self, database: Database) -> None:
        self._ledger = MongoEmails(database)
        self._emails = collection(database, "emails")

    async def of(self, campaign_ids: Collection[str]) -> SeriesFigures:
        """Of the campaigns of one series. Reads every row of theirs twice; a few dozen kinds of people are held."""
        ids = list(campaign_ids)
        found = await self._ledger.summaries(ids)
        messages: Mapping[str, Summary] = {each: found.get(each, Summary()) for each in ids}
        stages: list[Document] = [
            {"$match": {"campaign_id": {"$in": ids}}},
            SIGNS,
            {"$group": {"_id": "$contact_id", "kinds": {"$addToSet": KIND}}},
            {"$group": {"_id": "$kinds", "count": {"$sum": 1}}},
        ]
        counted = [
            ([response_of(kind) for kind in each["_id"]], each["count"])
            async for each in streamed(self._emails.aggregate(stages, allowDiskUse=True))
        ]
        return SeriesFigures(messages, people(counted))
