"""What still comes to one person of a series, and when, as far as anybody can tell now. It decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.series import Passed, Step, key_and_year, turn_of
from domain.series_turns import Turn, Turns


class Outlook(StrEnum):
    PLANNED = "planned"  #: it is in the ledger: `campaigns explain` says what became of it
    PASSED = "passed"  #: it does not come
    COMES = "comes"  #: at the time that is given, if nothing ends the way before
    DUE = "due"  #: it is planned with the next look
    HELD = "held"  #: it is due, and its campaign does not send
    WAITS = "waits"  #: for what it counts from, or for the message before it


@dataclass(frozen=True, slots=True)
class Ahead:
    """How one message stands for the person."""

    message: str  #: its key; of a yearly one with the year, as `domain.series.turn_of`
    stands: Outlook
    at: datetime | None = None  #: of what is planned, since when it was due; of what comes, when
    why: Passed | None = None  #: of what is passed


def outlook(turns: Turns, sending: Collection[str]) -> tuple[Ahead, ...]:
    """In the order of the series; nothing ahead of who has ended."""
    return tuple(each for step in turns.steps.values() for each in _of(turns, step, sending))


def _of(turns: Turns, step: Step, sending: Collection[str]) -> Iterator[Ahead]:
    entry = turns.entry
    mine = [name for name in (*entry.done, *entry.passed) if key_and_year(name)[0] == step.key]
    yield from (Ahead(name, Outlook.PLANNED, entry.done[name]) for name in mine if name in entry.done)
    if entry.ended is not None:
        yield from (Ahead(name, Outlook.PASSED, why=entry.passed[name]) for name in mine if name in entry.passed)
        return
    found = [each for each in turns.of(step) if each.name not in entry.done]
    passed = {name: entry.passed[name] for name in mine if name in entry.passed}
    passed |= {each.name: each.passed for each in found if each.passed}
    yield from (Ahead(name, Outlook.PASSED, why=why) for name, why in passed.items())
    ahead = [each for each in found if each.name not in passed]
    if ahead or not (mine or passed):
        yield _next(step, ahead, sending)


def _next(step: Step, ahead: Collection[Turn], sending: Collection[str]) -> Ahead:
    """The first of a message's times: of a yearly one only the next year is of interest."""
    if due := next((each for each in ahead if each.due), None):
        return Ahead(due.name, Outlook.DUE if step.key in sending else Outlook.HELD, due.due)
    timed = [(each.comes, each.name) for each in ahead if each.comes]
    if timed:
        at, name = min(timed)
        return Ahead(name, Outlook.COMES, at)
    return Ahead(next((each.name for each in ahead), turn_of(step.key)), Outlook.WAITS)
