"""Batches of the ledger in memory, on a clock that stands still until it is told to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.chains import heads
from domain.errors import UnknownCampaign
from domain.slices import Claim, Slice, SliceState

_HELD = frozenset({SliceState.CLAIMED, SliceState.STARTED})


class MemorySlices:
    def __init__(self, *slices: Slice) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.stored: dict[str, Slice] = {each.id: each for each in slices}
        self.until: dict[str, datetime] = {}  #: when each lease ends

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def plan(self, campaign_id: str, numbers: Sequence[int]) -> None:
        for number in numbers:
            new = Slice(campaign_id, number, moved_at=self.now)
            self.stored.setdefault(new.id, new)

    async def claim(self, campaign_id: str, number: int, owner: str, lease_s: float) -> tuple[Claim, Slice]:
        known = self.stored.get(f"{campaign_id}:{number}")
        if known is None:
            raise UnknownCampaign(f"campaign {campaign_id} has no slice {number}")
        if known.state is SliceState.DONE:
            return Claim.DONE, known
        if known.state is SliceState.STARTED:
            return (Claim.HELD if self._live(known) else Claim.ABANDONED), known
        if known.state is SliceState.CLAIMED and self._live(known) and known.owner != owner:
            return Claim.HELD, known
        return Claim.MINE, self._held(known, owner, lease_s)

    async def start(self, held: Slice, lease_s: float, *, through: str | None = None) -> bool:
        known = self._mine(held)
        if known is None or not self._live(known):
            return False
        self._move(replace(known, state=SliceState.STARTED, started_through=through))
        self.until[known.id] = self.now + timedelta(seconds=lease_s)
        return True

    async def renew(self, held: Slice, lease_s: float) -> bool:
        known = self._mine(held)
        if known is None or not self._live(known):
            return False
        self.until[known.id] = self.now + timedelta(seconds=lease_s)
        return True

    async def release(self, held: Slice) -> None:
        if known := self._mine(held):
            self._move(_free(known))

    async def finish(self, held: Slice) -> None:
        if known := self._mine(held):
            self._move(replace(known, state=SliceState.DONE))

    async def abandoned(self, campaign_id: str) -> Sequence[Slice]:
        return [each for each in self._of(campaign_id) if each.state in _HELD and not self._live(each)]

    async def give_up(self, abandoned: Slice) -> Slice | None:
        known = self._mine(abandoned)
        if known is None or known.state is not SliceState.STARTED or self._live(known):
            return None
        self.stored[known.id] = replace(known, epoch=known.epoch + 1)
        return self.stored[known.id]

    async def close(self, abandoned: Slice) -> None:
        known = self._mine(abandoned)
        if known and known.state is SliceState.STARTED and not self._live(known):
            self._move(replace(known, state=SliceState.DONE) if known.started_through is None else _free(known))

    async def held(self, campaign_id: str) -> Sequence[Slice]:
        return [each for each in self._of(campaign_id) if each.state in _HELD]

    async def unfinished_from(self, campaign_id: str, first: int, *, most: int) -> int:
        return len([each for each in await self.unfinished(campaign_id) if each.number >= first][:most])

    async def heads(self, campaign_id: str, first_round: int, chains: int) -> Sequence[Slice]:
        open_ = {each.number: each for each in await self.unfinished(campaign_id)}
        return [open_[number] for number in heads(first_round, chains, open_)]

    async def unfinished(self, campaign_id: str) -> Sequence[Slice]:
        return [each for each in self._of(campaign_id) if each.state is not SliceState.DONE]

    async def holding(self, campaign_id: str, number: int) -> Slice | None:
        return self.stored.get(f"{campaign_id}:{number}")

    def _of(self, campaign_id: str) -> list[Slice]:
        own = [each for each in self.stored.values() if each.campaign_id == campaign_id]
        return sorted(own, key=lambda each: each.number)

    def _live(self, known: Slice) -> bool:
        return self.until.get(known.id, self.now) > self.now

    def _mine(self, held: Slice) -> Slice | None:
        known = self.stored.get(held.id)
        same = known and known.state in _HELD and (known.owner, known.epoch) == (held.owner, held.epoch)
        return known if same else None

    def _held(self, known: Slice, owner: str, lease_s: float) -> Slice:
        self.until[known.id] = self.now + timedelta(seconds=lease_s)
        claimed = replace(known, state=SliceState.CLAIMED, owner=owner, epoch=known.epoch + 1, started_through=None)
        return self._move(claimed)

    def _move(self, changed: Slice) -> Slice:
        self.stored[changed.id] = replace(changed, moved_at=self.now)
        return self.stored[changed.id]


def _free(known: Slice) -> Slice:
    return replace(known, state=SliceState.PLANNED, owner=None, started_through=None)
