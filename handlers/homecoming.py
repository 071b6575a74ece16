"""Somebody who was erased comes back by own wish: an operator says so."""

from __future__ import annotations

from dataclasses import dataclass

from domain.eligibility import SuppressionReason
from domain.erasure import key_of
from handlers.ports.audience import ErasedContacts
from handlers.ports.clock import Clock
from handlers.ports.privacy import Erasures
from handlers.ports.responses import Suppressions


@dataclass(frozen=True, slots=True)
class Homecoming:
    """Lets the address and the records of an erased person be stored again. What was erased stays away."""

    suppressions: Suppressions
    erasures: Erasures
    contacts: ErasedContacts
    now: Clock

    async def __call__(self, contact_id: str, because: str) -> bool:
        """Whether the person had been erased. The suppression goes last: until then everything holds."""
        erasure = await self.erasures.get(contact_id)
        records = sorted(map(key_of, erasure.records)) if erasure else []
        await self.contacts.admit(contact_id)
        for key in records:
            await self._lift(key, because)
        await self.erasures.lift(contact_id, self.now())
        return await self._lift(contact_id, because)

    async def _lift(self, key: str, because: str) -> bool:
        lifted = [
            await self.suppressions.lift(each, at=self.now(), because=because)
            for each in await self.suppressions.details(key)
            if each.reason is SuppressionReason.ERASED
        ]
        return any(lifted)
