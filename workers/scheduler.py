"""What time brings: deferred emails, campaigns that begin and end. Any number may run; one has the lease."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.scheduler import Scheduler
from workers.options import batch_size
from workers.part import Part
from workers.resources import Resources, new_id, now


def build(resources: Resources) -> Sequence[Part]:
    stores, sending = resources.stores, resources.settings.sending
    scheduler = Scheduler(
        campaigns=stores.campaigns,
        emails=stores.emails,
        slices=stores.slices,
        leases=stores.leases,
        owner=new_id(),
        now=now,
        stall_s=sending.stall_s,
        grace_s=sending.lease_s / 4,
        books_every_s=2 * sending.tick_s,
        batch_size=batch_size(resources.settings),
    )
    return [resources.runtime.periodic("scheduler", scheduler.tick, sending.tick_s)]
