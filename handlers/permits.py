"""The permits that one worker holds of one throttle, and which of its batches is next to use them.

Times are seconds on the worker's own clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: A moment that went by unused for so long is lost: what was saved up would go out as a burst.
KEPT_S = 1.0
ASK_EVERY_S = 1.0
AHEAD_S = 0.25  #: new moments are asked for so long before the last one
_AWAY_S = 0.5  #: while a campaign waits for the answers to what it got, its turn is kept for it so long
_MISSED = 5.0  #: permits that a campaign gets afterwards, if it was not there when its turn came
_SPARE = 1.5  #: asks beyond one a second


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
    spare: float = _SPARE  #: asks that are left beyond one a second
    short: bool = False  #: whether the last answer was less than what was wanted
    wants: dict[object, tuple[str, int]] = field(default_factory=dict)  #: campaigns and mails of batches
    waiting: dict[object, str] = field(default_factory=dict)  #: batches with their campaigns, who is next first
    passing: set[object] = field(default_factory=set)  #: batches that took none of their share when they looked last
    had: dict[str, float] = field(default_factory=dict)  #: permits of their campaigns, by the parts of them
    seen_s: dict[str, float] = field(default_factory=dict)  #: when they waited last
    parts: Mapping[str, float] = field(default_factory=dict)  #: of campaigns, that are this worker's
    good: int = 0  #: mails taken since it was asked last
    slow: int = 0  #: replies that asked to slow down since then

    @property
    def wanted(self) -> int:
        """Mails of all batches here that have no permit."""
        return max(0, sum(count for _, count in self.wants.values()) - sum(run.count for run in self.runs))

    @property
    def campaigns(self) -> tuple[str, ...]:
        return tuple(sorted({campaign_id for campaign_id, _ in self.wants.values()}))

    def is_often_asked(self, now_s: float) -> bool:
        """Whether one more ask is more than one a second: it should be for mails to come as well."""
        return min(_SPARE, self.spare + now_s - self.asked_s) < 1

    def granted(self, run: Run, *, wanted: int, now_s: float) -> None:
        self.spare = max(-1.0, min(_SPARE, self.spare + now_s - self.asked_s) - 1)
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
        return spent and now_s >= self._ask_again_s(now_s)

    def due(self, now_s: float) -> int:
        """Permits whose moment has come."""
        due = sum(run.due(now_s) for run in self.runs)
        while self.runs and not self.runs[0].count:
            self.runs.popleft()
        return due

    def share(self, who: object, campaign_id: str, now_s: float) -> int:
        """How many of them are for this batch: campaigns take turns, and the batches of each, so none is starved.

        Who waits for another throttle and can use none keeps nothing from the others, until it does.
        """
        self.waiting.setdefault(who, campaign_id)
        least = max(self.had.values(), default=0.0) - _MISSED
        self.had[campaign_id] = max(least, self.had.get(campaign_id, least))
        self.seen_s[campaign_id] = now_s
        self.passing.discard(who)
        there = {each: had for each, had in self.had.items() if each == campaign_id or self._is_there(each, now_s)}
        part = _turns(self.due(now_s), there, self.parts)[campaign_id]
        order = [each for each, of in self.waiting.items() if of == campaign_id and each not in self.passing]
        share = _part(part, order, who)
        if share:
            self.passing.add(who)  # until it uses some
        return share

    def use(self, who: object, campaign_id: str, count: int) -> None:
        """So many of those that are due; then it is the others' turn."""
        self.passing.discard(who)
        if campaign_id in self.had:
            self.had[campaign_id] += count / self.parts.get(campaign_id, 1.0)
        while count and self.runs:
            part = min(count, self.runs[0].count)
            self.runs[0].use(part)
            count -= part
            if not self.runs[0].count:
                self.runs.popleft()

    def want(self, who: object, campaign_id: str, count: int) -> None:
        """So many mails of this batch have no permit yet."""
        if count:
            self.wants[who] = (campaign_id, count)
        else:
            self.wants.pop(who, None)

    def step_back(self, who: object) -> None:
        """It does not wait at this moment; when it comes back it is last."""
        self.waiting.pop(who, None)

    def leave(self, who: object) -> None:
        """It wants nothing any more."""
        self.step_back(who)
        self.passing.discard(who)
        self.wants.pop(who, None)
        here = {*self.waiting.values(), *(of for of, _ in self.wants.values())}
        self.had = {each: had for each, had in self.had.items() if each in here}
        self.seen_s = {each: at_s for each, at_s in self.seen_s.items() if each in here}

    def wait_s(self, now_s: float) -> float:
        """Until the next moment, or until it is time to ask again."""
        if self.runs:
            return max(0.0, self.runs[0].next_s - now_s)
        return max(0.0, self._ask_again_s(now_s) - now_s)

    def _is_there(self, campaign_id: str, now_s: float) -> bool:
        """Whether its turn is kept for it: one of its batches waits here, or comes back soon, and passes nothing on."""
        if now_s - self.seen_s[campaign_id] >= _AWAY_S:
            return False
        here = [who for who, of in self.waiting.items() if of == campaign_id]
        away = [who for who, (of, _) in self.wants.items() if of == campaign_id]
        batches = here or away
        return not batches or not self.passing.issuperset(batches)

    def _ask_again_s(self, now_s: float) -> float:
        """When more may be asked for: what was refused is there a little later, and there is an ask a second."""
        if not self.short:
            return self.asked_s
        return self.asked_s + (ASK_EVERY_S if self.is_often_asked(now_s) else AHEAD_S)


def _turns(total: int, had: Mapping[str, float], parts: Mapping[str, float]) -> Mapping[str, int]:
    """One by one to who had least, by the part of it that is here."""
    found, had = dict.fromkeys(had, 0), dict(had)
    for _ in range(total):
        poorest = min(had, key=had.__getitem__)
        found[poorest] += 1
        had[poorest] += 1 / parts.get(poorest, 1.0)
    return found


def _part(total: int, order: Sequence[object], one: object) -> int:
    """Equal parts; what is over goes to the first in the order."""
    equal, over = divmod(total, len(order))
    return equal + (order.index(one) < over)
