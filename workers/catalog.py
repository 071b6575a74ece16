"""All workers by name, and how a process of them is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config.settings import Settings
from messages.catalog import INCOMING
from messages.send_batch import URGENT, SendBatch
from messages.test_requested import TestRequested
from repositories.connection import ping
from repositories.stores import Stores
from workers import (
    campaign_saved,
    delivery_event,
    module_described,
    record_changed,
    review_requested,
    scheduler,
    send_batch,
    send_requested,
    shell,
    snapshot_finished,
    sync_requested,
    test_requested,
)
from workers.options import database, runtime_options, shell_options
from workers.part import Part
from workers.relays import connection_shares, looking_up, opened
from workers.resources import Resources
from workers.runtime import Runtime
from workers.watched import Watched

#: Every queue that is consumed; `campaigns init` declares them.
QUEUES: tuple[str, ...] = (*INCOMING, URGENT)

WORKERS: Mapping[str, Callable[[Resources], Sequence[Part]]] = {
    "record-changed": record_changed.build,
    "snapshot-finished": snapshot_finished.build,
    "module-described": module_described.build,
    "sync-requested": sync_requested.build,
    "campaign-saved": campaign_saved.build,
    "review-requested": review_requested.build,
    "test-requested": test_requested.build,
    "send-requested": send_requested.build,
    "send-batch": send_batch.build,
    "delivery-event": delivery_event.build,
    "scheduler": scheduler.build,
}

_SENDERS = frozenset({SendBatch.queue, TestRequested.queue})  #: those that open connections to relays


def run(names: Sequence[str], settings: Settings) -> int:
    """Run these workers in this process until it is told to stop; its exit code."""
    return shell.run(_run(names, settings))


async def _run(names: Sequence[str], settings: Settings) -> int:
    stores = Stores.of(database(settings))
    runtime = Runtime(runtime_options(settings), stores.parked)
    store = Watched("MongoDB", lambda: ping(stores.database))
    try:
        async with opened(settings) as relays, looking_up(settings) as mail_hosts:
            built = parts(names, Resources(settings, stores, runtime, relays, mail_hosts))
            return await shell.run_workers(runtime, [*built, store], shell_options(settings), also_ready=store.missing)
    finally:
        stores.close()


def parts(names: Sequence[str], resources: Resources) -> list[Part]:
    """The workers' own parts, and for each of their queues one that parks what RabbitMQ gave up."""
    own = [part for name in names for part in WORKERS[name](resources)]
    queues = [queue for name in names for queue in queues_of(name)]
    if not _SENDERS.isdisjoint(names):
        own.append(connection_shares(resources))
    return [*own, *(resources.runtime.parker(queue) for queue in queues)]


def queues_of(name: str) -> tuple[str, ...]:
    if name == SendBatch.queue:
        return (name, URGENT)
    return (name,) if name in INCOMING else ()
