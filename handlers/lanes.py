"""Which campaigns the batches here are of: one that a throttle holds up leaves room for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from messages.send_batch import SendBatch

#: Batches of a campaign that is held up: while one waits for its last answers, the other goes on.
_MOST = 2


@dataclass(slots=True)
class Lanes:
    """A third batch of a campaign that is held up would go no sooner; in line before the batches of others it would
    hold them up as well. So it is set aside, and published again when a batch here ends well.

    What is set aside dies with its process, and stays where no other batch ends well: the scheduler offers it again, as
    any chain that stands still.
    """

    size: int  #: ordinary batches at once
    are_held_up: Callable[[], bool]  #: whether throttles make batches wait here
    _taken: Counter[str] = field(default_factory=Counter)  #: by campaign
    _aside: dict[tuple[str, int | None], SendBatch] = field(default_factory=dict)

    def enter(self, batch: SendBatch) -> bool:
        """False: it was set aside."""
        if not _is_ordinary(batch):
            return True
        if self._taken[batch.campaign_id] >= _MOST and self.are_held_up():
            self._aside[batch.campaign_id, batch.slice] = batch
            return False
        self._taken[batch.campaign_id] += 1
        return True

    def leave(self, batch: SendBatch) -> None:
        if _is_ordinary(batch):
            self._taken -= Counter([batch.campaign_id])

    def are_full(self) -> bool:
        return self._taken.total() >= self.size

    def back(self) -> Sequence[SendBatch]:
        """Those set aside for which there may be room now."""
        found = [key for key in self._aside if self._taken[key[0]] < _MOST]
        return [self._aside.pop(key) for key in found]


def _is_ordinary(batch: SendBatch) -> bool:
    return batch.slice is not None and not batch.urgent
