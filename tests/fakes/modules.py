"""CRM modules in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.module import BUILT_IN, Module


class MemoryModules:
    def __init__(self, *modules: Module) -> None:
        self.stored: dict[str, Module] = {module.name: module for module in modules}

    async def get(self, name: str) -> Module | None:
        return self.stored.get(name) or BUILT_IN.get(name)

    async def save(self, module: Module) -> bool:
        known = self.stored.get(module.name)
        if known and known.described_at and module.described_at and known.described_at > module.described_at:
            return False
        self.stored[module.name] = module
        return True

    async def all(self) -> Sequence[Module]:
        known = {**BUILT_IN, **self.stored}
        return [known[name] for name in sorted(known)]
