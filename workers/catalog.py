"""All workers by name, and how a process of them is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from config.settings import Settings
from messages.catalog import INCOMING
from messages.send_batch import URGENT, SendBatch
from messages.test_requested import TestRequested
from repositories.connection import ping
from repositories.stores import Stores
from workers import shell
from workers.erased_aside import ParkedAside
from workers.options import address_key, database, runtime_options, shell_options
from workers.part import Part
from workers.relays import connection_shares, looking_up, opened
from workers.resources import Resources, audit_trail
from workers.runtime import Runtime
from workers.watched import Watched

#: Every queue that is consumed; `campaigns init` declares them.
QUEUES: tuple[str, ...] = (*INCOMING, URGENT)

#: All workers. Each is the module of its name beside this one, read only when it is run: a process of one worker is
#: some 10 MiB smaller so.
WORKERS: tuple[str, ...] = (
    "record-changed",
    "snapshot-finished",
    "module-described",
    "sync-requested",
    "campaign-saved",
    "series-saved",
    "review-requested",
    "test-requested",
    "send-requested",
    "send-batch",
    "delivery-event",
    "feed-replay-requested",
    "erasure-requested",
    "retention",
    "feed",
    "integration-changed",
    "scheduler",
    "inbound",
    "web",
)

_SENDERS = frozenset({SendBatch.queue, TestRequested.queue})  #: those that open connections to relays


def run(names: Sequence[str], settings: Settings) -> int:
    """Run these workers in this process until it is told to stop; its exit code."""
    return shell.run(_run(names, settings))


async def _run(names: Sequence[str], settings: Settings) -> int:
    stores = Stores.of(database(settings), feed=settings.feed.enabled)
    parking = ParkedAside(stores.parked, stores.suppressions, address_key(settings))
    runtime = Runtime(runtime_options(settings), parking, audit_trail(settings, stores))
    store = Watched("MongoDB", lambda: ping(stores.database))
    try:
        async with opened(settings) as relays, looking_up(settings) as mail_hosts:
            built = parts(names, Resources(settings, stores, runtime, relays, mail_hosts))
            return await shell.run_workers(runtime, [*built, store], shell_options(settings), also_ready=store.missing)
    finally:
        stores.close()


def parts(names: Sequence[str], resources: Resources) -> list[Part]:
    """The workers' own parts, and for each of their queues one that parks what RabbitMQ gave up."""
    own = [part for name in names for part in _builder(name)(resources)]
    queues = [queue for name in names for queue in queues_of(name)]
    if not _SENDERS.isdisjoint(names):
        own.append(connection_shares(resources))
    return [*own, *(resources.runtime.parker(queue) for queue in queues)]


def _builder(name: str) -> Callable[[Resources], Sequence[Part]]:
    build: Callable[[Resources], Sequence[Part]] = import_module(f"workers.{name.replace('-', '_')}").build
    return build


def queues_of(name: str) -> tuple[str, ...]:
    if name == SendBatch.queue:
        return (name, URGENT)
    return (name,) if name in INCOMING else ()
