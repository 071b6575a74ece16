"""What a campaign's report shows, counted by MongoDB: rows of the ledger, and clicks among the events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from domain.breakers import TRIED_STATES
from domain.email import EmailState, ServiceStatus
from domain.figures import Figures, Step, by_step, links_of, providers_of, step_for
from domain.response import HARD_BOUNCES, SOFT_BOUNCES, Response, any_of
from repositories.connection import Database, Document, collection
from repositories.email_numbers import KIND, SIGNS, response_of, within
from repositories.errors import streamed

_SENT, _FIRST = "sent", "first_tried_at"
_SHOWN = [str(ServiceStatus.OPENED), str(ServiceStatus.CLICKED)]
_MOST_URLS = 1000  #: different ones that are looked at; of more, those most clicked
#: Why a row bounced after it was taken: the first of what bounces told.
_WHY: Document = {
    "$ifNull": ["$reason", {"$ifNull": ["$proved.hard_bounced", {"$ifNull": ["$proved.soft_bounced", "unknown"]}]}]
}


class MongoFigures:
    def __init__(self, database: Database) -> None:
        self._emails = collection(database, "emails")
        self._events = collection(database, "events")

    async def of(self, campaign_id: str) -> Figures:
        """Reads every row of the campaign twice, and every click once; nothing of them is held."""
        tried, reasons = await self._tried(campaign_id)
        by_hour = await self._by_hour(campaign_id)
        step = step_for(min(by_hour), max(by_hour)) if by_hour else Step.DAY
        return Figures(
            step=step,
            over_time=by_step(by_hour, step),
            links=links_of([click async for click in self._clicked(campaign_id)]),
            reasons=reasons,
            providers=providers_of((domain, ended, count) for (domain, ended), count in tried.items()),
        )

    async def _tried(self, campaign_id: str) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """People by domain and end, and by end and reason."""
        ended: Document = {"domain": {"$arrayElemAt": [{"$split": ["$identity", "@"]}, -1]}, "reason": _WHY}
        stages: list[Document] = [
            {"$match": {"campaign_id": campaign_id, "state": {"$in": sorted(TRIED_STATES)}}},
            SIGNS,
            {"$group": {"_id": {**KIND, **ended}, "count": {"$sum": 1}}},
        ]
        domains, reasons = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        async for found in self._asked(stages):
            kind, count = found["_id"], found["count"]
            end = _end(response_of(kind))
            domains[kind["domain"] or "", end] += count
            if end != _SENT:
                reasons[end, kind["reason"]] += count
        return domains, reasons

    async def _by_hour(self, campaign_id: str) -> Mapping[datetime, Mapping[str, int]]:
        signs: Document = {"$filter": {"input": {"$objectToArray": "$times"}, "cond": {"$in": ["$$this.k", _SHOWN]}}}
        sent: Document = {"$cond": [{"$gt": [f"${_FIRST}", None]}, [{"k": _SENT, "v": f"${_FIRST}"}], []]}
        hour: Document = {"$dateTrunc": {"date": "$told.v", "unit": "hour"}}
        stages: list[Document] = [
            {"$match": {"campaign_id": campaign_id}},
            {"$project": {"told": {"$concatArrays": [signs, sent]}}},
            {"$unwind": "$told"},
            {"$group": {"_id": {"at": hour, "what": "$told.k"}, "count": {"$sum": 1}}},
        ]
        found: dict[datetime, dict[str, int]] = defaultdict(dict)
        async for each in self._asked(stages):
            found[each["_id"]["at"]][each["_id"]["what"]] = each["count"]
        return found

    async def _clicked(self, campaign_id: str) -> AsyncIterator[tuple[str, int, int]]:
        clicks: Document = {"email_id": within(campaign_id)["_id"], "event": "clicked", "url": {"$gt": ""}}
        stages: list[Document] = [
            {"$match": {**clicks, "by_machine": {"$ne": True}}},
            {"$group": {"_id": {"url": "$url", "email": "$email_id"}, "clicks": {"$sum": 1}}},
            {"$group": {"_id": "$_id.url", "people": {"$sum": 1}, "clicks": {"$sum": "$clicks"}}},
            {"$sort": {"people": -1, "_id": 1}},
            {"$limit": _MOST_URLS},
        ]
        async for found in streamed(self._events.aggregate(stages, allowDiskUse=True)):
            yield found["_id"], found["people"], found["clicks"]

    def _asked(self, stages: list[Document]) -> AsyncIterator[Mapping[str, Any]]:
        return streamed(self._emails.aggregate(stages, allowDiskUse=True))


def _end(response: Response) -> str:
    if any_of(HARD_BOUNCES, response):
        return "hard"
    if any_of(SOFT_BOUNCES, response):
        return "soft"
    return "failed" if response.state is EmailState.FAILED else _SENT
