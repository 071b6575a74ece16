"""Checks that all records of a module have come (R9)."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.snapshot_finished import SnapshotChecker
from messages.snapshot_finished import SnapshotFinished
from workers.part import Part
from workers.resources import Resources


def build(resources: Resources) -> Sequence[Part]:
    checker = SnapshotChecker(resources.stores.records, resources.stores.modules, resources.stores.erasures)
    return [resources.runtime.single(SnapshotFinished, checker, concurrency=1)]
