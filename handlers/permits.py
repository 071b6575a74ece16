"""The permits that one worker holds of one throttle, and which of its batches is next to use them.

Times are seconds on the worker's own clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

#: A moment that went by unused for so long is lost: what was saved up would go out as a burst.
KEPT_S = 1.0
ASK_EVERY_S = 1.0
AHEAD_S = 0.25  #: new moments are asked for so long before the last one


@dataclass(slots=True)
class Run:
    """Permits, each a moment after the one before."""

    next_s: float
    gap_s: float
    count: int
    kept_s: float = KEPT_S

    @property
    def end_s(self) -> float:
        return self.next_s + self.count * self.gap_s

    def due(self, now_s: float) -> int:
        """How many moments have come and are not lost."""
        self._drop(now_s - self.kept_s)
        if self.next_s > now_s:
            return 0
        return min(self.count, 1 + int((now_s - self.next_s) / self.gap_s)) if self.gap_s else self.count

    def use(self, count: int) -> None:
        self.count -= count
        self.next_s += count * self.gap_s

    def _drop(self, before_s: float) -> None:
        if self.next_s < before_s:
            late = math.ceil((before_s - self.next_s) / self.gap_s) if self.gap_s else self.count
            self.use(min(self.count, late))


@dataclass(slots=True)
class Permits:
    """What a worker may send one way. Changes as time goes by; lives as long as its process."""

    runs: deque[Run] = field(default_factory=deque)
    closed_until_s: float = 0  #: end of a pause
    asked_s: float = -math.inf
    short: bool = False  #: whether the last answer was less than what was wanted
    waiting: dict[object, str] = field(default_factory=dict)  #: batches with their campaigns, who is next first
    turns: dict[str, None] = field(default_factory=dict)  #: their campaigns, whose turn it is first
    good: int = 0  #: mails taken since it was asked last
    slow: int = 0  #: replies that asked to slow down since then
    workers: int = 1  #: that share the throttle

    def granted(self, run: Run, *, wanted: int, now_s: float) -> None:
        self.asked_s, self.short = now_s, run.count < wanted
        if run.count:
            self.runs.append(run)

    def close(self, until_s: float) -> None:
        """Nothing goes this way until then."""
        self.runs.clear()
        self.closed_until_s = until_s

    def reopen(self) -> None:
        """There may be more than was said: it is asked at once."""
        self.closed_until_s, self.short = 0, False

    def pause_s(self, now_s: float) -> float:
        return max(0.0, self.closed_until_s - now_s)

    def is_to_ask(self, now_s: float) -> bool:
        """About once a second while there is less than is wanted; at once where all that was wanted came."""
        if self.pause_s(now_s):
            return False
        spent = self.due(now_s) == 0 and (not self.runs or self.runs[-1].end_s - now_s <= AHEAD_S)
        return spent and (not self.short or now_s - self.asked_s >= ASK_EVERY_S)

    def due(self, now_s: float) -> int:
        """Permits whose moment has come."""
        due = sum(run.due(now_s) for run in self.runs)
        while self.runs and not self.runs[0].count:
            self.runs.popleft()
        return due

    def share(self, who: object, campaign_id: str, now_s: float) -> int:
        """How many of them are for this batch: campaigns take turns, and the batches of each, so none is starved."""
        self.waiting.setdefault(who, campaign_id)
        self.turns.setdefault(campaign_id)
        part = _part(self.due(now_s), list(self.turns), campaign_id)
        return _part(part, [each for each, of in self.waiting.items() if of == campaign_id], who)

    def use(self, count: int, campaign_id: str) -> None:
        """So many of those that are due; then it is the others' turn."""
        if campaign_id in self.turns:
            self.turns[campaign_id] = self.turns.pop(campaign_id)
        while count and self.runs:
            part = min(count, self.runs[0].count)
            self.runs[0].use(part)
            count -= part
            if not self.runs[0].count:
                self.runs.popleft()

    def leave(self, who: object) -> None:
        """It does not wait any more; when it comes back it is last."""
        campaign_id = self.waiting.pop(who, None)
        if campaign_id is not None and campaign_id not in self.waiting.values():
            self.turns.pop(campaign_id)

    def wait_s(self, now_s: float) -> float:
        """Until the next moment, or until it is time to ask again."""
        if self.runs:
            return max(0.0, self.runs[0].next_s - now_s)
        return max(0.0, self.asked_s + ASK_EVERY_S - now_s) if self.short else 0.0


def _part(total: int, order: Sequence[object], one: object) -> int:
    """Equal parts; what is over goes to the first in the order."""
    equal, over = divmod(total, len(order))
    return equal + (order.index(one) < over)
