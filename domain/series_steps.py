"""What is due for one person of a series, and when somebody has to look again. The same state gives the same answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.email import Email
from domain.series import NOT_FINAL, Entry, EntryEnd, Passed, Series, Step, TriggerKind, key_and_year, turn_of
from domain.series_turns import HOURLY, Person, Turn, Turns, row_of


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be planned."""

    step: Step
    turn: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at an entry came to."""

    entry: Entry  #: as it is once `due` is planned
    due: tuple[Due, ...] = ()


def rows_wanted(series: Series, entry: Entry) -> Iterator[str]:
    """Ids of the ledger rows that decide about what is not done yet."""
    steps = {step.key: step for step in series.steps}
    for step in series.steps:
        yield from _right_before(series, step, entry)
        earlier = steps.get(step.trigger.message or "")
        for name in entry.done if earlier else ():
            key, year = key_and_year(name)
            if earlier and key == earlier.key and _is_open(entry, turn_of(step.key, year)):
                yield row_of(earlier, entry, year)


def _right_before(series: Series, step: Step, entry: Entry) -> Iterator[str]:
    """Those that the same trigger had planned last: the next one keeps its distance from them."""
    if step.trigger.kind is TriggerKind.DATE:
        return
    keys = {each.key: each for each in series.steps if each.trigger == step.trigger and each.key != step.key}
    turns = [(name, *key_and_year(name)) for name in entry.done]
    mine = [(name, key, year) for name, key, year in turns if key in keys and _is_open(entry, turn_of(step.key, year))]
    last = max((entry.done[name] for name, _, _ in mine), default=None)
    yield from (row_of(keys[key], entry, year) for name, key, year in mine if entry.done[name] == last)


def ended(entry: Entry, why: EntryEnd, now: datetime) -> Entry:
    return replace(entry, ended=why, ended_at=now, next_at=None, waits=frozenset())


def look(
    series: Series,
    entry: Entry,
    person: Person,
    rows: Mapping[str, Email],
    sending: Collection[str],
    now: datetime,
    over: Collection[str] = (),
) -> Look:
    """What is due of the messages whose campaigns are `sending`, by key; the others' people wait.

    Nobody waits for those whose campaigns are `over`.

    `rows` has what is stored of `rows_wanted`, by id.
    """
    steps = {step.key: step for step in series.steps}
    found: list[Due] = []
    while True:
        # What is planned now, or never will be, decides about those that follow it.
        fresh = {due.turn for due in found}
        one = _looked(steps, Turns(entry, person, steps, rows, now, over, fresh), sending)
        found += one.due
        is_settled = not one.due and one.entry.passed == entry.passed
        entry = one.entry
        if is_settled:
            return Look(entry, tuple(found))


def _looked(steps: Mapping[str, Step], turns: Turns, sending: Collection[str]) -> Look:
    entry, now = turns.entry, turns.now
    stand = [(step, turn) for step in steps.values() for turn in turns.of(step) if _is_open(entry, turn.name)]
    due = tuple(Due(step, turn.name, turn.due) for step, turn in stand if turn.due and step.key in sending)
    waits = frozenset(step.key for step, turn in stand if turn.due and step.key not in sending)
    again = [*(turn.again for _, turn in stand if turn.again), *([now + HOURLY] if waits else [])]
    after = replace(
        entry,
        done={**entry.done, **{each.turn: each.at for each in due}},
        passed=_passed(entry, [turn for _, turn in stand]),
        waits=waits,
        next_at=min(again, default=None),
    )
    return Look(after if due or again else ended(after, EntryEnd.COMPLETED, now), due)


def _passed(entry: Entry, turns: Collection[Turn]) -> Mapping[str, Passed]:
    said = {turn.name for turn in turns}
    kept = {
        name: why
        for name, why in entry.passed.items()
        if why not in NOT_FINAL or (key_and_year(name)[1] is not None and name not in said)
    }
    return {**kept, **{turn.name: turn.passed for turn in turns if turn.passed}}


def _is_open(entry: Entry, name: str) -> bool:
    """Whether anything is left to decide of it: a date may be mended, and then its day of the year is still to come."""
    settled = entry.passed.get(name)
    return name not in entry.done and (settled is None or settled in NOT_FINAL)
