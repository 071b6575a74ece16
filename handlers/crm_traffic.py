"""Whoever carries data of the CRM over says so, before looking whether the two are linked: leaving waits for them.

Either they see that the CRM was left, or whoever leaves sees them. Nothing of theirs comes after leaving is confirmed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from domain.errors import StoreUnavailable
from handlers.ports.operations import Leases

_TRAFFIC = "crm-traffic:"


@dataclass(frozen=True, slots=True)
class CrmTraffic:
    leases: Leases
    new_id: Callable[[], str]
    lease_s: float = 60  #: a slice is seconds of work; of a process that was killed, leaving waits so long

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Look within this whether it may be done, and do it.

        Raises:
            StoreUnavailable: nobody would know of it.
        """
        name = _TRAFFIC + self.new_id()
        await self.leases.take(name, name, self.lease_s)
        try:
            yield
        finally:
            with suppress(StoreUnavailable):  # it runs out by itself
                await self.leases.give_back(name)

    async def is_flowing(self) -> bool:
        return await self.leases.any_held(_TRAFFIC)
