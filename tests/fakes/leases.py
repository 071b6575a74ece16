"""Leases in memory, on a clock that stands still until it is told to go on."""

from __future__ import annotations


class MemoryLeases:
    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.held: dict[str, tuple[str, float]] = {}  #: owner and end, by name
        self.taken_once: set[str] = set()

    def pass_time(self, seconds: float) -> None:
        self.elapsed_s += seconds

    async def take(self, name: str, owner: str, lease_s: float) -> bool:
        holder, until_s = self.held.get(name, (owner, 0.0))
        if holder != owner and self.elapsed_s < until_s:
            return False
        self.held[name] = (owner, self.elapsed_s + lease_s)
        return True

    async def give_back(self, name: str) -> None:
        self.held.pop(name, None)

    async def any_held(self, prefix: str) -> bool:
        over = {name for name, (_, until_s) in self.held.items() if until_s <= self.elapsed_s}
        self.held = {name: held for name, held in self.held.items() if not (name.startswith(prefix) and name in over)}
        return any(name.startswith(prefix) for name in self.held)

    async def once(self, name: str) -> bool:
        if name in self.taken_once:
            return False
        self.taken_once.add(name)
        return True

    async def forget(self, name: str) -> None:
        self.taken_once.discard(name)
