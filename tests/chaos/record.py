"""What the sink wrote down, read while it is being written and after all is over."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.chaos.sink import Verdict


@dataclass(frozen=True, slots=True)
class Line:
    at: float  #: seconds since the epoch
    verdict: Verdict
    message_id: str
    recipient: str


class Record:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0
        self._counted = 0

    def count(self) -> int:
        """Mails with a final dot so far; cheap to ask again and again."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read_bytes)
                fresh = file.read()
            whole = fresh.rfind(b"\n") + 1
            self._read_bytes += whole
            self._counted += fresh.count(b"\n", 0, whole)
        return self._counted

    def lines(self) -> list[Line]:
        return [_line(text) for text in self._path.read_text().splitlines()]


def _line(text: str) -> Line:
    at, verdict, message_id, recipient = text.split("\t")
    return Line(float(at), Verdict(verdict), message_id, recipient)


def first_after(times: Sequence[float], moment: float) -> float | None:
    """Seconds from a moment until the next of the ascending times; None: there is none."""
    place = bisect_right(times, moment)
    return times[place] - moment if place < len(times) else None


def longest_silence(times: Sequence[float], since: float, until: float) -> float:
    """The longest time without any of the ascending times that began within the period, however long it went on."""
    later = [since, *times[bisect_right(times, since) :]]
    return max((end - begin for begin, end in pairwise(later) if begin <= until), default=0.0)
