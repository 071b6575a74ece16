"""What time brings to campaigns. Any number of processes may run it; one has the lease."""

from __future__ import annotations

from collections.abc import Sequence

from config.sending import InDoubt
from handlers.scheduler import Scheduler
from handlers.scheduler_rounds import Rhythm, rounds
from handlers.timers import Timers
from handlers.warm_up_gate import WarmUpGate
from workers.apart import apart
from workers.feed_counts import FEED_COUNTS_S, FeedCounts
from workers.options import batch_size, pacing
from workers.parked_counts import PARKED_COUNTS_S, ParkedCounts
from workers.part import Part
from workers.resources import Resources, new_id, now
from workers.series import series_keeper


def build(resources: Resources) -> Sequence[Part]:
    stores, settings = resources.stores, resources.settings
    timers = Timers(now)
    gate = WarmUpGate(stores.throttles, pacing(settings).warm_up_caps)
    rhythm = _rhythm(resources)
    scheduler = Scheduler(
        rounds=rounds(stores.campaigns, stores.emails, stores.slices, gate, timers, rhythm),
        campaigns=stores.campaigns,
        leases=stores.leases,
        timers=timers,
        apart=apart,
        owner=new_id(),
    )
    runtime = resources.runtime
    counts = ParkedCounts(stores.parked, runtime.metrics.parked_stored)
    positions = stores.webhook_positions if settings.feed.webhook_url else None
    feed_counts = FeedCounts(stores.outbox, stores.feed_marks, stores.replays, positions, runtime.metrics, now)
    return [
        runtime.periodic("scheduler", scheduler.tick, settings.sending.tick_s),
        runtime.periodic("series", series_keeper(resources).tick, settings.sending.tick_s),
        runtime.periodic("parked-counts", counts, PARKED_COUNTS_S),
        runtime.periodic("feed-counts", feed_counts, FEED_COUNTS_S),
    ]


def _rhythm(resources: Resources) -> Rhythm:
    sending = resources.settings.sending
    return Rhythm(
        stall_s=sending.stall_s,
        grace_s=sending.lease_s / 4,
        books_every_s=2 * sending.tick_s,
        harm_every_s=5 * sending.tick_s,
        batch_size=batch_size(resources.settings),
        resend_after_s=sending.resend_after_s if sending.in_doubt is InDoubt.RESEND else None,
    )
