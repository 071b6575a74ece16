"""Slices: long work cut into messages of seconds, and batches of emails that one worker holds at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.errors import InvalidMessage


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Documents with `after` < _id <= `through`."""

    number: int
    after: str
    through: str
    label: str = ""  #: the module or list that the keys belong to


def ranges(keys: Iterable[str], size: int, label: str, first: int = 0) -> Iterator[KeyRange]:
    """Ranges of at most `size` keys that cover all of the ascending `keys`, numbered from `first`."""
    after, last, count, number = "", "", 0, first
    for key in keys:
        last, count = key, count + 1
        if count == size:
            yield KeyRange(number, after, last, label)
            after, count, number = last, 0, number + 1
    if count:
        yield KeyRange(number, after, last, label)


@dataclass(frozen=True, slots=True)
class Run:
    """One sync run or one review: which slices there are and which are done.

    Counts are kept per slice, so that a slice that ran twice counts once.
    """

    id: str
    subject: str  #: the sync or campaign
    phase: str
    ranges: tuple[KeyRange, ...]
    done: frozenset[int] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)  #: summed over the slices of all phases
    mode: str = ""
    options: Mapping[str, str | bool] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_because: str = ""  #: why it ended before its end
    requests: frozenset[str] = frozenset()  #: who asked for it: a request that comes again begins nothing new
    holds: frozenset[str] = frozenset()  #: while it is open, no other run holds any of these

    @property
    def complete(self) -> bool:
        return len(self.done) == len(self.ranges)

    def slice(self, number: int) -> RunSlice:
        """
        Raises:
            InvalidMessage: it has no such slice.
        """
        check_slice(self.id, number, len(self.ranges))
        return self.at(self.ranges[number])

    def at(self, keys: KeyRange) -> RunSlice:
        """One range of this run; a dry run has some that are not stored with it."""
        return RunSlice(
            run_id=self.id,
            subject=self.subject,
            phase=self.phase,
            keys=keys,
            is_done=keys.number in self.done,
            slices_left=len(self.ranges) - len(self.done),
            last_keys={each.label: each.through for each in self.ranges},
            mode=self.mode,
            options=self.options,
            ended_at=self.ended_at,
            ended_because=self.ended_because,
        )


@dataclass(frozen=True, slots=True)
class RunSlice:
    """One slice, and all that its work needs of its run: runs of hundreds of slices are large, and read for each."""

    run_id: str
    subject: str
    phase: str
    keys: KeyRange
    is_done: bool
    slices_left: int  #: of this phase
    last_keys: Mapping[str, str]  #: by label: where the last of its ranges ends
    mode: str
    options: Mapping[str, str | bool]
    ended_at: datetime | None
    ended_because: str

    @property
    def number(self) -> int:
        return self.keys.number

    @property
    def completes(self) -> bool:
        """Whether nothing is left of its phase."""
        return self.slices_left == 0


def check_slice(run_id: str, number: int, count: int) -> None:
    """
    Raises:
        InvalidMessage: a run of so many slices has no such one.
    """
    if not 0 <= number < count:
        raise InvalidMessage(f"slice: run {run_id} has slices 0 to {count - 1}")


class SliceState(StrEnum):
    """Of a batch of ledger rows."""

    PLANNED = "planned"  #: nobody holds it
    CLAIMED = "claimed"  #: a worker holds it and has sent nothing of it
    STARTED = "started"  #: its worker may have begun to send: what has no outcome of that is in doubt if it dies
    DONE = "done"  #: every row in it has an outcome, or is deferred


@dataclass(frozen=True, slots=True)
class Slice:
    campaign_id: str
    number: int
    state: SliceState = SliceState.PLANNED
    owner: str | None = None
    epoch: int = 0  #: counts claims: a late owner is told apart by it
    moved_at: datetime | None = field(default=None, compare=False)  #: of its last change of state, the server's clock
    started_through: str | None = None  #: of a started one: the last row that may have been sent; None: all of them

    @property
    def id(self) -> str:
        return f"{self.campaign_id}:{self.number}"


class Claim(StrEnum):
    """What came of trying to claim a slice."""

    MINE = "mine"
    HELD = "held"  #: by a live worker; it goes on with the chain
    DONE = "done"
    ABANDONED = "abandoned"  #: started by a worker whose lease ran out; the scheduler closes it
