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

    async def once(self, name: str) -> bool:
        if name in self.taken_once:
            return False
        self.taken_once.add(name)
        return True

    async def forget(self, name: str) -> None:
        self.taken_once.discard(name)
