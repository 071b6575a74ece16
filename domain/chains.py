"""Chains: how the batches of a campaign follow one another (contracts.md, pacing).

K batches are under way at once; batch n ends and asks for batch n + K. Batches of the first round are numbered from 0;
those of later tries come after them and belong to no chain.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.campaign import Campaign


def next_in_chain(campaign: Campaign, number: int) -> int | None:
    """The batch that follows this one, or None where its chain ends."""
    following = number + campaign.chains
    return following if number < campaign.slices and following < campaign.slices else None


def heads(campaign: Campaign, unfinished: Iterable[int]) -> list[int]:
    """The batches to offer so that each chain goes on: its first unfinished one, and every one of a later try."""
    found: dict[int, int] = {}
    for number in sorted(unfinished):
        chain = number % max(1, campaign.chains) if number < campaign.slices else number
        found.setdefault(chain, number)
    return sorted(found.values())
