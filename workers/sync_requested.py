"""Runs syncs over all records of their modules, slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.sync_requested import SyncInitiator, SyncRunner, SyncSlicer
from messages.sync_requested import SyncRequested
from workers.part import Part
from workers.resources import Resources, new_id, now


def build(resources: Resources) -> Sequence[Part]:
    s = resources.stores
    initiator = SyncInitiator(s.syncs, s.modules, s.lists, s.topics, s.records, s.sync_runs, now=now, new_id=new_id)
    slicer = SyncSlicer(s.syncs, s.modules, s.records, s.sync_runs, resources.carry_over, now)
    concurrency = resources.settings.workers.concurrency
    return [resources.runtime.single(SyncRequested, SyncRunner(initiator, slicer), concurrency=concurrency)]
