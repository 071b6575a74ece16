"""From the text of a token to the email that it names: for mails that come in, and for pages."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping

from domain.errors import Incomplete
from domain.tracking import campaign_hint
from handlers.ports.campaigns import CampaignIds

_PATIENCE_S = 5.0  #: a hint that nobody knows makes us look for new campaigns, this often at most


class TokenReader:
    """Knows the ids of all campaigns by the hint that tokens begin with, some forty bytes each.

    A hint it does not know may be of a campaign that is new: then it looks again, unless it just did.
    """

    def __init__(self, campaigns: CampaignIds, monotonic_s: Callable[[], float]) -> None:
        self._campaigns = campaigns
        self._monotonic_s = monotonic_s
        self._by_hint: Mapping[str, frozenset[str]] = {}
        self._ids: frozenset[str] = frozenset()
        self._looked_at_s = float("-inf")
        self._looks = 0
        self._looking = asyncio.Lock()

    async def campaigns_of(self, hint: str) -> frozenset[str]:
        """The campaigns whose tokens begin with this hint; none where there is none.

        Raises:
            Incomplete: nobody knows it, and we looked only just now; a moment later the answer is certain.
            StoreUnavailable: it is not known, and MongoDB does not answer. Those that are known need no MongoDB.
        """
        if hint not in self._by_hint:
            await self._look()
        return self._by_hint.get(hint, frozenset())

    async def exists(self, campaign_id: str) -> bool:
        """Whether there is such a campaign. Raises as `campaigns_of`."""
        if campaign_id not in self._ids:
            await self._look()
        return campaign_id in self._ids

    async def _look(self) -> None:
        looks = self._looks
        async with self._looking:
            if self._looks > looks:
                return  # somebody else looked while we waited
            if self._monotonic_s() - self._looked_at_s < _PATIENCE_S:
                raise Incomplete("a token of a campaign that is not known, or not yet")
            begun_s = self._monotonic_s()
            self._ids = await self._campaigns.ids()
            self._by_hint = _by_hint(self._ids)
            self._looked_at_s, self._looks = begun_s, self._looks + 1


def _by_hint(ids: frozenset[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for each in ids:
        found[campaign_hint(each)].add(each)
    return {hint: frozenset(sharing) for hint, sharing in found.items()}
