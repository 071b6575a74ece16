"""Chains: how the batches of a campaign follow one another (contracts.md, pacing).

K batches are under way at once; batch n ends and asks for batch n + K. Batches of the first round are numbered from 0;
those of later tries come after them and belong to no chain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from domain.campaign import Campaign

#: What a campaign has under way where relays are limited, in seconds of their pace: the next campaign stands in line
#: behind it. Behind 32 batches of 80 at 100 a second that would be 26 s, and then 26 s for the other.
TURN_S = 1.5
FEWEST = 4  #: so that no worker stands idle with its part of the pace, which the others would not get
SMALLEST = 10  #: what is done once a batch costs as much as ten mails


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


def batch_at(most: int, per_s: float | None) -> int:
    """Emails per batch: at a slow pace so few that the batches of a turn are shared by all workers.

    `per_s` as for `chains_at`. At 100 a second it is 100 * 1.5 / 4: 38.
    """
    if per_s is None:
        return most
    return min(most, max(SMALLEST, math.ceil(per_s * TURN_S / FEWEST)))


def chains_at(most: int, per_s: float | None, batch_size: int) -> int:
    """How many batches of a campaign are under way at once; fewer at a slow pace, so that campaigns take turns.

    `per_s` is what all relays take together, None if that is not limited. At 100 a second in batches of 38 it is
    100 * 1.5 / 38, rounded up: 4.
    """
    if per_s is None:
        return most
    return min(most, max(FEWEST, math.ceil(per_s * TURN_S / batch_size)))
