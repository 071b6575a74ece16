"""Whether what somebody reads may be told, whoever saw it: our own pages, or others (D12)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.consent import Tracking
from domain.tracking_policy import TrackingPolicy, is_tracked
from handlers.gathered import Gathered
from handlers.page_tokens import contact_of


@dataclass(frozen=True, slots=True)
class TrackedReaders:
    said: Gathered[Tracking]  #: what people said to being tracked
    policy: TrackingPolicy

    async def __call__(self, email_id: str) -> bool:
        """Asked at each event: withdrawing consent holds for mails that are out already. Who was erased is nobody.

        Raises:
            StoreUnavailable: it can't be told now.
        """
        if self.policy is TrackingPolicy.OFF:
            return False
        said = await self.said.of(contact_of(email_id))
        return said is not None and is_tracked(self.policy, said)
