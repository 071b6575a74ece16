"""What is too old goes, and what late workers wrote of people who were erased. Any number of processes may run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.retention import RetentionSettings
from config.settings import Settings
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
_LEASE_S = 600.0  #: going through all collections takes minutes; this long nobody does when a process is killed


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
        if await self.leases.take("erasures", self.owner, _LEASE_S):
            await self.eraser.look_again()
        return []


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
