"""Picked records in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


class MemorySelections:
    def __init__(self) -> None:
        self.stored: dict[tuple[str, int], tuple[str, ...]] = {}
        self.written: dict[tuple[str, int], tuple[str, int]] = {}  #: for which campaign, at which revision

    async def put(
        self, key: str, number: int, refs: Sequence[str], *, campaign_id: str, revision: int
    ) -> Sequence[str]:
        if (key, number) not in self.stored:
            self.stored[key, number] = tuple(refs)
            self.written[key, number] = (campaign_id, revision)
        return self.stored[key, number]

    async def chunk(self, key: str, number: int) -> Sequence[str]:
        return self.stored.get((key, number), ())

    async def numbers(self, key: str) -> Sequence[int]:
        return sorted(number for known, number in self.stored if known == key)

    async def sizes(self, key: str) -> Mapping[int, int]:
        return {number: len(refs) for (known, number), refs in self.stored.items() if known == key}

    async def holding(self, key: str, refs: Collection[str]) -> frozenset[str]:
        return frozenset(refs) & self.all(key)

    async def forget(self, campaign_id: str, *, before: int, keep: str) -> None:
        for place, (campaign, revision) in list(self.written.items()):
            if campaign == campaign_id and revision < before and place[0] != keep:
                del self.stored[place], self.written[place]

    def all(self, key: str) -> frozenset[str]:
        return frozenset(ref for (known, _), refs in self.stored.items() if known == key for ref in refs)

    @property
    def keys(self) -> set[str]:
        return {key for key, _ in self.stored}
