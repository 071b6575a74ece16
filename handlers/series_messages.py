"""The messages of a series as campaigns: made, changed and ended with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.campaign import Campaign, CampaignStatus, hash_of
from domain.campaign_definition import redefined
from domain.errors import Busy, CampaignsError, InvalidDefinition
from domain.series import Series, child_id
from domain.series_child import CHILD_NEXT, OVER, paused_with, reopened
from handlers.campaign_moves import CampaignMoves
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock

_S = CampaignStatus
_SENT = frozenset({_S.SENDING, _S.PAUSED})


@dataclass(frozen=True, slots=True)
class Children:
    campaigns: Campaigns
    moves: CampaignMoves
    now: Clock

    async def of(self, series: Series) -> Mapping[str, Campaign]:
        """The campaigns of its messages, by key; without those that are not stored yet."""
        found = {step.key: await self.campaigns.get(step.campaign_id) for step in series.steps}
        return {key: each for key, each in found.items() if each is not None}

    async def save(self, known: Campaign | None, wanted: Campaign) -> None:
        """Store what a document says of one message, after `check`; what it says already is not written again.

        Raises:
            Conflict, IllegalTransition: somebody else changed it at the same time.
        """
        if known is None:
            await self.campaigns.add(replace(wanted, created_at=self.now(), status_at=self.now()))
            return
        changed = redefined(known, wanted)
        if changed == known:
            return
        if hash_of(changed) != hash_of(known):  # names for ourselves need no other review
            changed = replace(reopened(changed, self.now()), author=wanted.author)
        await self.campaigns.save(changed, expected={known.status})

    async def end(self, child: Campaign, reason: str) -> bool:
        """End a message for good; whether nobody holds anything of it any more (`CampaignMoves.settle`)."""
        if child.status in OVER:
            return await self.moves.settle(child.id)
        if child.status in _SENT:
            return await self.moves.stop(child.id, reason)
        return await self.moves.cancel(child.id, reason)

    async def end_taken_out(self, series: Series) -> None:
        """End the messages that a series no longer has; of those that have ended, what is left."""
        for key in series.taken_out:
            child = await self.campaigns.get(child_id(series.id, key))
            if child is not None and child.series == series.id:
                await self.end(child, f"taken out of series {series.id}")

    async def end_all(self, series: Series) -> bool:
        """End every message of a series that was stopped or cancelled, each apart from the others; as `end`.

        Raises:
            CampaignsError: of the first that could not be ended, after the others were.
        """
        settled, trouble = True, None
        for child in (await self.of(series)).values():
            try:
                settled = await self.end(child, f"series {series.id} was {series.status}") and settled
            except CampaignsError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        return settled

    async def pause_all(self, series: Series) -> None:
        """Pause every message that sends with its series."""
        for child in (await self.of(series)).values():
            if child.status is _S.SENDING:
                await self.moves.pause(child.id, paused_with(series.id))


def check(known: Campaign | None, wanted: Campaign, *, was_there: bool) -> None:
    """`was_there`: the series has this message already.

    Raises:
        InvalidDefinition: another campaign has its id, or it has ended: it was taken out of the series, or cancelled.
        Busy: it is under review, and what is reviewed must not change.
    """
    if known is None:
        return
    if known.series != wanted.series:
        raise InvalidDefinition(f"key: there is a campaign {known.id} already that is no message of this series")
    is_same = redefined(known, wanted) == known
    if known.status in OVER and not (was_there and is_same):
        raise InvalidDefinition(f"key: campaign {known.id} is {known.status}, and never goes on; choose another key")
    if not is_same and _is_locked(known):
        raise Busy(f"campaign {known.id} is {known.status}; apply it again when the review has ended")


def _is_locked(known: Campaign) -> bool:
    return known.status is not _S.DRAFT and _S.DRAFT not in CHILD_NEXT[known.status]
