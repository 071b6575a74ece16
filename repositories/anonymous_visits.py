"""Opens and clicks without names.

{_id: campaign id, opens, clicks, machine_opens, machine_clicks, links: {place of the link: clicks of people}}
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from pymongo import UpdateOne

from domain.anonymous_visits import AnonymousVisit, VisitCounts, number_of
from repositories.bulk import written
from repositories.connection import Database, collection
from repositories.errors import answered


class MongoAnonymousVisits:
    def __init__(self, database: Database) -> None:
        self._visits = collection(database, "anonymous_visits")

    async def add(self, counts: Mapping[AnonymousVisit, int]) -> None:
        more: dict[str, Counter[str]] = defaultdict(Counter)
        for visit, count in counts.items():
            more[visit.campaign_id][number_of(visit)] += count
            if visit.link is not None and not visit.by_machine:
                more[visit.campaign_id][f"links.{visit.link}"] += count
        await written(
            self._visits, [UpdateOne({"_id": key}, {"$inc": dict(inc)}, upsert=True) for key, inc in more.items()]
        )

    async def of(self, campaign_id: str) -> VisitCounts:
        found = await answered(self._visits.find_one({"_id": campaign_id})) or {}
        numbers = {name: found.get(name, 0) for name in ("opens", "clicks", "machine_opens", "machine_clicks")}
        return VisitCounts(**numbers, links={int(link): count for link, count in found.get("links", {}).items()})
