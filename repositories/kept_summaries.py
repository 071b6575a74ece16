"""Numbers of campaigns that nobody need count again: of each whose emails have all ended, until one of them changes.

{_id: campaign id, changed: a text that every change of its emails replaces, of: the one when `numbers` were counted,
 numbers: {<field of a Summary>: count}}

Whoever changes emails says so afterwards, and before anybody takes it for done. What was counted meanwhile is of an
earlier `changed`, and is counted again.
"""

from __future__ import annotations

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, fields
from typing import Any
from uuid import uuid4

from domain.response import Response
from domain.summary import Summary, summary
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.email_numbers import RESPONSES, response_of
from repositories.errors import answered, streamed

AT_ONCE = 4  #: campaigns that are counted side by side: MongoDB works on each with one thread
_FIELDS = frozenset(field.name for field in fields(Summary))


class KeptSummaries:
    def __init__(self, database: Database) -> None:
        self._emails = collection(database, "emails")
        self._kept = collection(database, "summaries")

    async def summaries(self, campaign_ids: Collection[str]) -> Mapping[str, Summary]:
        """The numbers of each, by id; counted where none are kept.

        Counting looks at every row, 3 us each. Each campaign is an answer of its own: many large ones in one take
        longer than we wait for any.
        """
        known = await self.of(list(dict.fromkeys(campaign_ids)))
        open_ = [(key, mark) for key, mark in known.items() if isinstance(mark, str)]
        found = {key: numbers for key, numbers in known.items() if isinstance(numbers, Summary)}
        for at in range(0, len(open_), AT_ONCE):
            some = open_[at : at + AT_ONCE]
            counted = await gather(*(self._counted(*each) for each in some))
            found.update(zip((key for key, _ in some), counted, strict=True))
        return found

    async def changed(self, campaign_ids: Collection[str]) -> None:
        """Emails of these were changed. Of campaigns whose numbers nobody ever asked for, nothing is written."""
        if campaign_ids:
            named: Document = {"_id": {"$in": sorted(campaign_ids)}}
            await answered(self._kept.update_many(named, {"$set": {"changed": uuid4().hex}}))

    @asynccontextmanager
    async def changing(self, campaign_ids: Collection[str]) -> AsyncIterator[None]:
        """Says so before as well, for changes that nobody repeats if this process is killed in the middle."""
        await self.changed(campaign_ids)
        try:
            yield
        finally:
            await self.changed(campaign_ids)

    async def of(self, campaign_ids: Collection[str]) -> Mapping[str, Summary | str]:
        """The numbers of each, or the mark to keep them by, once they are counted."""
        found = await self._documents(campaign_ids)
        if new := [key for key in campaign_ids if key not in found]:
            await insert_missing(self._kept, [{"_id": key, "changed": uuid4().hex} for key in new])
            found |= await self._documents(new)
        return {key: _numbers(document) or document["changed"] for key, document in found.items()}

    async def keep(self, campaign_id: str, mark: str, numbers: Summary) -> None:
        """Unless anything changed since the mark was read."""
        kept = {"of": mark, "numbers": asdict(numbers)}
        await answered(self._kept.update_one({"_id": campaign_id, "changed": mark}, {"$set": kept}))

    async def _counted(self, campaign_id: str, mark: str) -> Summary:
        responses: Counter[Response] = Counter()
        async for found in streamed(self._emails.aggregate([{"$match": {"campaign_id": campaign_id}}, *RESPONSES])):
            responses[response_of(found["_id"])] += found["count"]
        numbers = summary(responses)
        if numbers.is_final:
            await self.keep(campaign_id, mark, numbers)
        return numbers

    async def _documents(self, campaign_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        cursor = self._kept.find({"_id": {"$in": list(campaign_ids)}})
        return {document["_id"]: document for document in await answered(cursor.to_list(None))}


def _numbers(document: Mapping[str, Any]) -> Summary | None:
    """None where they are of an earlier time, or of an earlier version that counted other things."""
    if document.get("of") != document["changed"] or document["numbers"].keys() != _FIELDS:
        return None
    return Summary(**document["numbers"])
