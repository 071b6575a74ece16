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

    async def __call__(self, erased: str, because: str) -> bool:
        """Whether the person had been erased; `erased` is the contact's id, or the key of a record without address.

        The suppression goes last: until then everything holds. A record that came in between is let back after it.
        """
        await self.contacts.admit(erased)
        records = await self._lift_records(erased, because)
        await self.erasures.lift(erased, self.now())
        return any([records, await self._lift(erased, because), await self._lift_records(erased, because)])

    async def _lift_records(self, erased: str, because: str) -> bool:
        erasure = await self.erasures.get(erased)
        keys = sorted(set(map(key_of, erasure.records)) - {erased}) if erasure else []
        return any([await self._lift(key, because) for key in keys])

    async def _lift(self, key: str, because: str) -> bool:
        lifted = [
            await self.suppressions.lift(each, at=self.now(), because=because)
            for each in await self.suppressions.details(key)
            if each.reason is SuppressionReason.ERASED
        ]
        return any(lifted)
