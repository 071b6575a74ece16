"""Whether what somebody reads may be told, whoever saw it: our own pages, or others (D12)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.consent import Tracking
from domain.tracking import is_nobody
from domain.tracking_policy import Telling, TrackingPolicy, telling
from handlers.gathered import Gathered
from handlers.page_tokens import contact_of


@dataclass(frozen=True, slots=True)
class TrackedReaders:
    said: Gathered[Tracking]  #: what people said to being tracked
    policy: TrackingPolicy

    async def __call__(self, email_id: str) -> bool:
        """Whether it may be told who it was. Raises as `telling`."""
        return await self.telling(email_id) is Telling.NAMED

    async def telling(self, email_id: str) -> Telling:
        """Asked at each event: withdrawing consent holds for mails that are out already. Who was erased is nobody.

        What names only a campaign is counted, as long as anything is.

        Raises:
            StoreUnavailable: it can't be told now.
        """
        if self.policy is TrackingPolicy.OFF:
            return Telling.NOTHING
        if is_nobody(email_id):
            return Telling.COUNTED
        said = await self.said.of(contact_of(email_id))
        return Telling.NOTHING if said is None else telling(self.policy, said)
