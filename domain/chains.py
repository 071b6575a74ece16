"""Chains: how the batches of a campaign follow one another (contracts.md, pacing).

K batches are under way at once; batch n ends and asks for batch n + K. Batches of the first round are numbered from 0;
those of later tries come after them and belong to no chain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from domain.campaign import Campaign

#: Mails a second that one batch is enough for, on one worker whose relay takes a second to answer.
_BATCH_PER_S = 100
_FEWEST = 4  #: while one waits for its last answers, others go on


def next_in_chain(campaign: Campaign, number: int) -> int | None:
    """The batch that follows this one, or None where its chain ends."""
    following = number + campaign.chains
    return following if number < campaign.slices and following < campaign.slices else None


def heads(first_round: int, chains: int, unfinished: Iterable[int]) -> list[int]:
    """The batches to offer so that each chain goes on: its first unfinished one, and every one of a later try."""
    found: dict[int, int] = {}
    for number in sorted(unfinished):
        chain = number % max(1, chains) if number < first_round else -1 - number
        found.setdefault(chain, number)
    return sorted(found.values())


def chains_at(most: int, per_s: float | None) -> int:
    """How many batches of a campaign are under way at once; fewer at a slow pace: no more is begun than can go.

    `per_s` is what all relays take together, None if that is not limited.
    """
    if per_s is None:
        return most
    return min(most, max(_FEWEST, math.ceil(per_s / _BATCH_PER_S)))
