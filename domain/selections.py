"""People chosen one by one, when they are too many to stand in a campaign: 400,000 refs are 23 MB, a document holds 16.

They are kept apart, in chunks, under a key that is never written again once a campaign names it. So what a campaign
points to is frozen, and its digest stands for all of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MOST_INLINE = 1_000  #: refs that stand in the campaign itself
CHUNK = 500  #: refs that are read and written at once: a slice of a review
_MODULUS = 2**256


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the refs of a selection are, and what there is to know without reading them."""

    key: str
    counts: Mapping[str, int]  #: by module
    digest: str  #: of all of them, in whatever order

    def holds(self, refs: Collection[str]) -> bool:
        """Whether it holds these, each of which is named once, and nothing else."""
        return len(refs) == sum(self.counts.values()) and Tally().after(refs).digest == self.digest


@dataclass(frozen=True, slots=True)
class Tally:
    """Refs as they come by, each once: how many of each module, and their digest.

    The digest is the sum of their SHA-256 numbers: it needs neither their order nor more than one of them at a time.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    def after(self, refs: Iterable[str]) -> Tally:
        counts, total = Counter(self.counts), self.total
        for ref in refs:
            counts[module_of(ref)] += 1
            total += int.from_bytes(hashlib.sha256(ref.encode()).digest())
        return Tally(dict(counts), total % _MODULUS)

    @property
    def digest(self) -> str:
        return f"{self.total:064x}"

    def kept(self, key: str) -> Kept:
        return Kept(key, self.counts, self.digest)


def gathered(sizes: Mapping[int, int], most: int) -> Iterator[tuple[int, ...]]:
    """Chunks by number in their order, as many together as hold at most so many refs; empty ones are left out."""
    group: list[int] = []
    held = 0
    for number in sorted(number for number, size in sizes.items() if size):
        if group and held + sizes[number] > most:
            yield tuple(group)
            group, held = [], 0
        group.append(number)
        held += sizes[number]
    if group:
        yield tuple(group)


def module_of(ref: str) -> str:
    return ref.partition(":")[0]


def key_of(campaign_id: str, revision: int, name: str) -> str:
    """Where whoever loaded the campaign at this revision may write. Only one of them will save the campaign."""
    return f"{campaign_id}:{revision}:{name}"


def frozen_key(run_id: str) -> str:
    """Where a review keeps whom its filters picked."""
    return f"run:{run_id}"
