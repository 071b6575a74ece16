"""Runs syncs over all records of their modules, slice by slice, and takes them away again."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.crm_gate import CrmGate
from handlers.crm_traffic import CrmTraffic
from handlers.sync_removal import SyncRemover
from handlers.sync_requested import SyncInitiator, SyncRunner
from handlers.sync_runs import SyncRuns
from handlers.sync_slices import SyncSlicer
from messages.sync_requested import SyncRequested
from repositories.stores import Stores
from workers.part import Part
from workers.resources import Resources, new_id, now


def build(resources: Resources) -> Sequence[Part]:
    s = resources.stores
    slicer = SyncSlicer(s.syncs, s.modules, s.records, s.sync_runs, resources.carry_over, now)
    runner = SyncRunner(sync_initiator(s), slicer, sync_remover(s), CrmTraffic(s.leases, new_id))
    return [resources.runtime.single(SyncRequested, runner, concurrency=resources.settings.workers.concurrency)]


def sync_runs(stores: Stores) -> SyncRuns:
    return SyncRuns(stores.records, stores.sync_runs, now, new_id)


def sync_initiator(stores: Stores) -> SyncInitiator:
    gate = CrmGate(stores.integrations)
    return SyncInitiator(stores.syncs, stores.modules, stores.lists, stores.topics, sync_runs(stores), gate)


def sync_remover(stores: Stores) -> SyncRemover:
    return SyncRemover(stores.syncs, stores.records, stores.contacts, sync_runs(stores))
