"""CRM modules in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.module import BUILT_IN, Module


class MemoryModules:
    def __init__(self, *modules: Module) -> None:
        self.stored: dict[str, Module] = {module.name: module for module in modules}

    async def get(self, name: str) -> Module | None:
        return self.stored.get(name) or BUILT_IN.get(name)

    async def save(self, module: Module) -> None:
        self.stored[module.name] = module

    async def all(self) -> Sequence[Module]:
        known = {**BUILT_IN, **self.stored}
        return [known[name] for name in sorted(known)]
