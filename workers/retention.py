"""What is too old goes, and what late workers wrote of people who were erased. Any number of processes may run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from config.retention import RetentionSettings
from config.settings import Settings
from domain.erasure import Erasure
from domain.errors import Unavailable
from handlers.erasure_requested import Eraser
from handlers.ports.operations import Leases
from handlers.retention import Retention
from messages.base import Message
from repositories.aging import MongoPositions, aging
from repositories.stores import Stores
from workers.erasure_requested import eraser
from workers.part import Part
from workers.resources import Resources, new_id, now

_LOOK_S = 60.0  #: how often erasures are looked for that are due again
#: Renewed before each person; this long nobody looks when a process is killed.
_LEASE_S = 600.0
_log = structlog.get_logger()


def build(resources: Resources) -> Sequence[Part]:
    settings, stores = resources.settings, resources.stores
    again = Again(eraser(settings, stores), stores.leases, new_id())
    return [
        resources.runtime.periodic("retention", retention(settings, stores).tick, settings.retention.tick_s),
        resources.runtime.periodic("erasures", again.tick, _LOOK_S),
    ]


@dataclass(frozen=True, slots=True)
class Again:
    """Looks for late news of the erased, in one process at a time."""

    eraser: Eraser
    leases: Leases
    owner: str  #: names this process

    async def tick(self) -> Sequence[Message]:
        """One that fails stays due and holds up nobody behind it.

        Raises:
            Unavailable: a server is away, which is everybody's trouble.
        """
        if not await self._is_mine():
            return []
        for erasure in await self.eraser.due():
            if not await self._is_mine():
                break
            await self._looked(erasure)
        return []

    async def _is_mine(self) -> bool:
        return await self.leases.take("erasures", self.owner, _LEASE_S)

    async def _looked(self, erasure: Erasure) -> None:
        try:
            await self.eraser.look_again(erasure)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a document that breaks us is one person's trouble; its text may name them
            _log.error("erasure_not_looked_at_again", erasure=erasure.id, error=type(error).__name__)


def retention(settings: Settings, stores: Stores) -> Retention:
    return Retention(
        aging=aging(stores.database),
        days=days(settings.retention),
        positions=MongoPositions(stores.database),
        leases=stores.leases,
        now=now,
        owner=new_id(),
    )


def days(given: RetentionSettings) -> Mapping[str, float]:
    """By the kind that it limits."""
    suffix = "_days"
    limits = {name: value for name, value in given.model_dump().items() if name.endswith(suffix)}
    return {name.removesuffix(suffix): value for name, value in limits.items()}
