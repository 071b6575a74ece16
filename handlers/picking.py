"""Picking records for a draft, a window at a time: 400,000 of them are never in memory together (R45-R48)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from domain.campaign import Campaign, CampaignStatus, Selection
from domain.errors import IllegalTransition, InvalidDefinition
from domain.readiness import over_limits
from domain.selections import CHUNK, MOST_INLINE, Tally, key_of
from handlers.ports.campaigns import Campaigns
from handlers.selection import Selector


@dataclass(frozen=True, slots=True)
class Picker:
    campaigns: Campaigns
    selector: Selector

    async def check(self, draft: Campaign, refs: Iterable[Sequence[str]], name: str) -> Selection:
        """The draft's selection with these records too. Those that are picked already stay; nothing else is stored.

        `name` stands for exactly these records: whoever repeats the pick finds under it what was written before.

        Raises:
            IllegalTransition: it is no draft, or a message of a series.
            InvalidDefinition: they would be more than are allowed (R46, R47); nothing is cut.
        """
        _check_draft(draft)
        staged = await self._staged(draft, refs, key_of(draft.id, draft.revision, name))
        if problems := over_limits(await self.selector.at_most(staged)):
            raise InvalidDefinition(f"campaign {draft.id}: {'; '.join(problems)}")
        return await self._inline(staged)

    async def __call__(self, draft: Campaign, refs: Iterable[Sequence[str]], name: str, *, author: str) -> Campaign:
        """The draft as it is stored then; see `check`. Whoever picks somebody new is its author from then on.

        Raises:
            Conflict: somebody changed it at the same time; nothing of this is stored.
        """
        recipients = await self.check(draft, refs, name)
        if recipients == draft.recipients:
            return draft
        picked = replace(draft, recipients=recipients, author=author)
        saved = await self.campaigns.save(picked, expected={CampaignStatus.DRAFT})
        await self.selector.forget_stale(saved)
        return saved

    async def _staged(self, draft: Campaign, refs: Iterable[Sequence[str]], key: str) -> Selection:
        """All of them in chunks under `key`: a chunk that an earlier try has written is taken as it is."""
        store, tally, number = self.selector.selections, Tally(), 0
        async for window in _all(self._before(draft.recipients), refs):
            held = await store.holding(key, window)
            fresh = [ref for ref in dict.fromkeys(window) if ref not in held]
            stored = await (
                store.put(key, number, fresh, campaign_id=draft.id, revision=draft.revision)
                if fresh
                else store.chunk(key, number)
            )
            tally, number = tally.after(stored), number + 1
        before = draft.recipients.kept
        if before is not None and before.digest == tally.digest:
            return draft.recipients
        return replace(draft.recipients, refs=(), kept=tally.kept(key))

    async def _before(self, selection: Selection) -> AsyncIterator[Sequence[str]]:
        for first in range(0, len(selection.refs), CHUNK):
            yield selection.refs[first : first + CHUNK]
        async for chunk in self.selector.kept_chunks(selection):
            yield chunk

    async def _inline(self, staged: Selection) -> Selection:
        """A few stand in the campaign itself, in the order in which they were picked."""
        if staged.kept is None or sum(staged.kept.counts.values()) > MOST_INLINE:
            return staged
        refs = [ref async for chunk in self.selector.kept_chunks(staged) for ref in chunk]
        return replace(staged, refs=tuple(refs), kept=None)


async def _all(before: AsyncIterator[Sequence[str]], refs: Iterable[Sequence[str]]) -> AsyncIterator[Sequence[str]]:
    async for chunk in before:
        yield chunk
    for window in refs:
        yield window


def _check_draft(campaign: Campaign) -> None:
    if campaign.series is not None:
        raise IllegalTransition(
            f"campaign {campaign.id} is a message of series {campaign.series}: who is on list {campaign.list_id} comes "
            f"to it, nobody is picked; campaigns import people FILE --list {campaign.list_id}"
        )
    if campaign.status is not CampaignStatus.DRAFT:
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}; recipients are picked for a draft: "
            f"campaigns campaign reopen {campaign.id}"
        )
