"""R76 for the messages of a series: what they show is looked at again before each begins to be sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain.campaign import Campaign, CampaignStatus
from domain.errors import Conflict
from domain.series import Series, SeriesStatus
from domain.series_fixes import with_fixes
from handlers.asset_check import AssetCheck, LookedAt
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.series import SeriesStore
from handlers.timers import Timers

_S = CampaignStatus
_AGAIN_S = 600  #: what was dead is looked at again so often
_SLOW = timedelta(seconds=5)
#: After a look that took longer, other series have their turn: servers that do not answer take half a minute.
_REST = timedelta(minutes=1)
_log = structlog.get_logger()


@dataclass(slots=True)
class SeriesAssets:
    """Looks before a message begins, once; every ten minutes while something keeps it back."""

    look: AssetCheck | None  #: None: nobody looks at links, images and videos again
    series: SeriesStore
    campaigns: Campaigns
    timers: Timers
    now: Clock
    rests_until: datetime | None = None

    async def __call__(self, series: Series, child: Campaign) -> Campaign | None:
        """The reviewed message as it may begin; None while it may not, which it says, or was cancelled."""
        if self.look is None:
            return child
        timer = f"assets:{child.id}:{child.review_run}"
        if self._rests() or not self.timers.is_time(timer, _AGAIN_S):
            return None
        self.timers.forget()
        looked = await self._looked(self.look, child)
        if not await self._goes_on(series):
            self.timers.stop(timer)  # it is looked at when its series goes on
            return None
        if looked.deleted or looked.dead or looked.changed_since_review_of(child):
            await self._kept_back(child, looked)
            return None
        return looked.told_in(child)

    def _rests(self) -> bool:
        return self.rests_until is not None and self.now() < self.rests_until

    async def _looked(self, look: AssetCheck, child: Campaign) -> LookedAt:
        began = self.now()
        looked = await look(child.content)
        if self.now() - began > _SLOW:
            self.rests_until = self.now() + _REST
        return replace(looked, findings=with_fixes(child, looked.findings))

    async def _goes_on(self, series: Series) -> bool:
        """A look takes its time: the series may have been paused or changed meanwhile."""
        stored = await self.series.get(series.id)
        return stored is not None and stored.status is SeriesStatus.RUNNING and stored.revision == series.revision

    async def _kept_back(self, child: Campaign, looked: LookedAt) -> None:
        told = looked.told_in(child)
        if looked.deleted:
            told = told.moved_to(_S.CANCELLED, looked.deleted, at=self.now())
        else:
            told = replace(told, status_reason=looked.dead or looked.changed_since_review_of(child))
        if told == child:
            return
        try:
            await self.campaigns.save(told, expected={_S.REVIEWED})
        except Conflict:
            return  # somebody reopened it: the next look sees how it stands
        _log.info("series_message_kept_back", series_id=child.series, campaign_id=child.id, reason=told.status_reason)
