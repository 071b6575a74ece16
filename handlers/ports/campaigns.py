"""Campaigns, what is picked for them, and templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.campaign import Campaign, CampaignStatus, Origin
from domain.saved_template import SavedTemplate


class Templates(Protocol):
    """Templates that people saved; the pre-designed ones are in domain/predesigned.py."""

    async def get(self, name: str) -> SavedTemplate | None: ...

    async def save(self, template: SavedTemplate) -> None:
        """Store it, in place of one with the same name."""

    async def all(self) -> Sequence[SavedTemplate]:
        """All of them, in the order of their names."""


class Campaigns(Protocol):
    async def get(self, campaign_id: str) -> Campaign | None: ...

    async def add(self, campaign: Campaign) -> None:
        """Store a new one. Raises Conflict when its id is taken."""

    async def save(self, campaign: Campaign, *, expected: Collection[CampaignStatus]) -> Campaign:
        """Store it if the stored one has this revision and one of these statuses. Raises Conflict otherwise."""

    async def in_status(
        self,
        statuses: Collection[CampaignStatus],
        *,
        since: datetime | None = None,
        due: datetime | None = None,
    ) -> Sequence[Campaign]:
        """Campaigns with one of these statuses.

        With `since`, only those that got it at that time or later; with `due`, only those to be sent by then.
        """

    async def take_slice_numbers(self, campaign_id: str, count: int) -> int:
        """Reserve `count` slice numbers; the first of them."""

    async def take_offline(self, reason: str, at: datetime, *, origin: Origin | None = None) -> int:
        """Make every campaign (of this origin) that may become so offline, as `Campaign.moved_to` does; how many.

        It is one write. One that is added meanwhile may be left out: only 0 says that there is none any more.
        """

    async def going(self, origin: Origin) -> frozenset[str]:
        """The ids of those of this origin that may become offline."""

    async def left(self, at: datetime) -> Mapping[str, CampaignStatus | None]:
        """Campaigns that went offline at that time, with what each was before, by id."""


class OfflineCampaigns(Protocol):
    async def offline(self, campaign_ids: Collection[str]) -> frozenset[str]:
        """Those of these that are offline: nothing reaches them any more (R102)."""


class Selections(Protocol):
    """Refs of records that were picked and are too many to stand in a campaign; see domain/selections.py."""

    async def put(
        self, key: str, number: int, refs: Sequence[str], *, campaign_id: str, revision: int
    ) -> Sequence[str]:
        """Store a chunk; one that is stored already stays. The refs of the chunk as it is stored then."""

    async def chunk(self, key: str, number: int) -> Sequence[str]:
        """The refs of one chunk; none when it is not stored."""

    async def numbers(self, key: str) -> Sequence[int]:
        """Which chunks there are, ascending."""

    async def sizes(self, key: str) -> Mapping[int, int]:
        """How many refs each chunk has, by its number."""

    async def holding(self, key: str, refs: Collection[str]) -> frozenset[str]:
        """Those of these refs that are in the selection."""

    async def forget(self, campaign_id: str, *, before: int, keep: str) -> None:
        """Remove what was written for the campaign at an earlier revision, but for one key."""


class CampaignIds(Protocol):
    async def ids(self) -> frozenset[str]:
        """Of every campaign that is stored."""
