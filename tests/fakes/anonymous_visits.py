"""See handlers.ports.responses.AnonymousVisits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from domain.anonymous_visits import AnonymousVisit, VisitCounts, number_of
from domain.errors import StoreUnavailable


class MemoryAnonymousVisits:
    def __init__(self) -> None:
        self.counts = Counter[AnonymousVisit]()
        self.writes = 0
        self.is_away = False

    async def add(self, counts: Mapping[AnonymousVisit, int]) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.writes += 1
        self.counts.update(counts)

    async def of(self, campaign_id: str) -> VisitCounts:
        ours = {visit: count for visit, count in self.counts.items() if visit.campaign_id == campaign_id}
        numbers, links = Counter[str](), Counter[int]()
        for visit, count in ours.items():
            numbers[number_of(visit)] += count
            if visit.link is not None and not visit.by_machine:
                links[visit.link] += count
        return VisitCounts(**numbers, links=dict(links))
