"""Keeps the descriptions of CRM modules."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.module_described import ModuleKeeper
from messages.module_described import ModuleDescribed
from workers.part import Part
from workers.resources import Resources


def build(resources: Resources) -> Sequence[Part]:
    keeper = ModuleKeeper(resources.stores.modules)
    return [resources.runtime.single(ModuleDescribed, keeper, concurrency=1)]
